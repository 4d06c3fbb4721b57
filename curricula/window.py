"""The last W steps of responses, as a ring buffer that is a pytree."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from curricula.observations import Observation

__all__ = ["Description", "Window", "advance", "describe", "group_ids", "init", "update"]


class Window(NamedTuple):
    """Responses of the last W steps; a step has room for B of them.

    Attributes:
      terms: ``[W, B, K]`` float32.
      events: ``[W, B, E]`` float32.
      ids: ``[W, B]`` int32, group ids as given.
      lead: ``[W, B]`` int32, row of the first response of the same group in the step.
      mask: ``[W, B]`` bool, rows that hold a response.
      prices: ``[W, K]`` float32, the weights in force when the step was taken.
      lost: ``[W]`` int32, responses that found no room; statistics are NaN where there are any.
      cursor: [] int32, the newest step's slot.
      closed: [] bool, the newest step is complete: the next update opens a new slot.
    """

    terms: Any
    events: Any
    ids: Any
    lead: Any
    mask: Any
    prices: Any
    lost: Any
    cursor: Any
    closed: Any


def init(steps: int, batch_size: int, terms: int, events: int) -> Window:
    """An empty window of ``steps`` steps.

    Raises:
      ValueError: a size below 1.
    """
    for name, size in (("window", steps), ("batch_size", batch_size), ("terms", terms)):
        if size < 1:
            raise ValueError(f"{name} must be at least 1, got {size!r}")
    return Window(
        jnp.zeros((steps, batch_size, terms), jnp.float32),
        jnp.zeros((steps, batch_size, events), jnp.float32),
        jnp.zeros((steps, batch_size), jnp.int32),
        jnp.zeros((steps, batch_size), jnp.int32),
        jnp.zeros((steps, batch_size), bool),
        jnp.zeros((steps, terms), jnp.float32),
        jnp.zeros((steps,), jnp.int32),
        jnp.asarray(steps - 1, jnp.int32),
        jnp.asarray(True),
    )


def update(window: Window, observation: Observation, prices: Any) -> Window:
    """Add responses to the open step, opening one if the last is closed.

    Merges: two half-batches leave the same window as one whole. Costs the same for any W where the
    caller donates the window (``jax.jit(update, donate_argnums=0)``); pure all the same.

    Args:
      window: as it was.
      observation: ``[b]`` responses, b <= B, padding masked.
      prices: ``[K]`` weights in force.
    """
    steps, room = window.mask.shape
    slot = jnp.where(window.closed, (window.cursor + 1) % steps, window.cursor)
    fresh = window.closed
    kept = jnp.where(fresh, False, window.mask[slot])  # [B]
    new = jnp.asarray(observation.mask, bool)
    place = kept.sum() + jnp.cumsum(new) - 1
    lost = jnp.where(fresh, 0, window.lost[slot]) + (new & (place >= room)).sum()
    place = jnp.where(new, place, room)  # out of range: dropped by the scatter

    def put(old: Any, rows: Any) -> Any:
        return old[slot].at[place].set(jnp.asarray(rows, old.dtype), mode="drop")

    mask = kept.at[place].set(True, mode="drop")
    ids = put(window.ids, observation.groups)
    same = (ids[:, None] == ids[None, :]) & mask[None, :]
    return Window(
        window.terms.at[slot].set(put(window.terms, observation.terms)),
        window.events.at[slot].set(put(window.events, observation.events)),
        window.ids.at[slot].set(ids),
        window.lead.at[slot].set(jnp.argmax(same, axis=1).astype(jnp.int32)),
        window.mask.at[slot].set(mask),
        window.prices.at[slot].set(jnp.asarray(prices, jnp.float32)),
        window.lost.at[slot].set(lost.astype(jnp.int32)),
        slot.astype(jnp.int32),
        jnp.asarray(False),
    )


def advance(window: Window) -> Window:
    """Close the open step: the next update begins a new one."""
    return window._replace(closed=jnp.asarray(True))


def group_ids(window: Window) -> Any:
    """``[W, B]`` a number per response, equal exactly for responses of one group of one step."""
    steps, room = window.mask.shape
    return window.lead + jnp.arange(steps, dtype=jnp.int32)[:, None] * room


class Description(NamedTuple):
    """Reward statistics of a window under some prices; NaN where there is no response.

    Attributes:
      mean, median, std, minimum, maximum, range: [] of the valid rewards (std of the sample, with
        n - 1; NaN for a single one).
      quantiles: ``[Q]`` at the levels asked for, linear interpolation.
      n_responses: [] int32 valid rewards. n_missing: [] int32 rewards that are NaN.
      n_groups: [] int32 groups with a valid reward.
      correlation: [] within-group (intraclass) correlation, 0 to 1.
      effective_n: [] independent responses that would tell as much.
    """

    mean: Any
    median: Any
    std: Any
    minimum: Any
    maximum: Any
    range: Any
    quantiles: Any
    n_responses: Any
    n_missing: Any
    n_groups: Any
    correlation: Any
    effective_n: Any


def rewards(window: Window, weights: Any = None) -> tuple[Any, Any]:
    """``[W, B]`` rewards under ``weights [K]`` (None: as priced at each step), and the mask."""
    prices = window.prices[:, None, :] if weights is None else jnp.asarray(weights)
    return (window.terms * prices).sum(-1), window.mask


def describe(
    window: Window, weights: Any = None, quantiles: tuple[float, ...] = (0.05, 0.25, 0.75, 0.95)
) -> Description:
    """Statistics of the window under ``weights [K]``, or as it was priced where None.

    Within-group correlation is the one-way analysis-of-variance estimator for unequal groups
    (Donner 1986, *Int. Stat. Rev.* 54), clipped to [0, 1]; the effective sample size is
    n / (1 + (c - 1) rho) with c = sum n_g^2 / n (Kish 1965).
    """
    reward, mask = rewards(window, weights)
    valid = mask & ~jnp.isnan(reward)
    n = valid.sum()
    usable = (n > 0) & (window.lost.sum() == 0)
    count = jnp.maximum(n, 1)
    clean = jnp.where(valid, reward, 0.0)
    mean = clean.sum() / count
    centred = jnp.where(valid, reward - mean, 0.0)
    ordered = jnp.sort(jnp.where(valid, reward, jnp.inf).ravel())
    levels = _quantile(ordered, n, jnp.asarray((0.0, 0.5, 1.0, *quantiles)))
    correlation, size, groups = _correlation(centred, valid, group_ids(window))
    effective = n / (1 + (size - 1) * correlation)

    def shown(figure: Any) -> Any:
        return jnp.where(usable, figure, jnp.nan)

    return Description(
        mean=shown(mean),
        median=shown(levels[1]),
        std=shown(jnp.where(n > 1, jnp.sqrt(jnp.square(centred).sum() / (count - 1)), jnp.nan)),
        minimum=shown(levels[0]),
        maximum=shown(levels[2]),
        range=shown(levels[2] - levels[0]),
        quantiles=shown(levels[3:]),
        n_responses=n,
        n_missing=(mask & jnp.isnan(reward)).sum(),
        n_groups=groups,
        correlation=correlation,
        effective_n=effective,
    )


def _quantile(ordered: Any, n: Any, levels: Any) -> Any:
    """Linearly interpolated quantiles of the first n entries of a sorted array."""
    place = levels * jnp.maximum(n - 1, 0)
    low = jnp.floor(place).astype(jnp.int32)
    high = jnp.minimum(low + 1, jnp.maximum(n - 1, 0))
    share = place - low
    return jnp.where(share > 0, (1 - share) * ordered[low] + share * ordered[high], ordered[low])


def _correlation(centred: Any, valid: Any, groups: Any) -> tuple[Any, Any, Any]:
    """Intraclass correlation of centred rewards, Kish's mean group size and the group count."""
    segments = groups.size
    flat = groups.ravel()
    sizes = jax.ops.segment_sum(valid.ravel().astype(jnp.float32), flat, segments)
    sums = jax.ops.segment_sum(centred.ravel(), flat, segments)
    n, k = sizes.sum(), (sizes > 0).sum()
    means = sums / jnp.maximum(sizes, 1)
    between = (sizes * jnp.square(means)).sum()
    within = jnp.where(valid.ravel(), jnp.square(centred.ravel() - means[flat]), 0).sum()
    squares = jnp.square(sizes).sum()
    size0 = (n - squares / jnp.maximum(n, 1)) / jnp.maximum(k - 1, 1)
    between = between / jnp.maximum(k - 1, 1)
    within = within / jnp.maximum(n - k, 1)
    total = between + (size0 - 1) * within
    known = (k > 1) & (n > k) & (total > 0)
    rho = jnp.where(known, (between - within) / jnp.where(known, total, 1.0), 0.0)
    return jnp.clip(rho, 0.0, 1.0), squares / jnp.maximum(n, 1), k
