"""Sums over the rolling window, at a cost that does not grow with its length.

A running total that adds the newest step and takes the oldest away drifts in floating point. So
the sums of the single steps are the leaves of a binary tree whose nodes are the sums of their two
children: a step renews one leaf and the nodes above it, log2 of the window's length in all, and the
root is never further from the true sum than one pairwise summation (Higham 2002, *Accuracy and
Stability of Numerical Algorithms*, sec. 4.2).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from curricula.window import Window

if TYPE_CHECKING:
    from curricula.statistics import Metrics

__all__ = ["Flips", "Sums", "flip_share", "init_flips", "init_sums", "read_sums", "update_sums"]


def tree_init(steps: int, width: int) -> Any:
    """``[2 P, width]`` zeros, P the power of two that holds ``steps`` leaves."""
    return jnp.zeros((2 * 2 ** (steps - 1).bit_length(), width), jnp.float32)


def tree_put(tree: Any, slot: Any, leaf: Any) -> Any:
    """The tree with one leaf ``[width]`` renewed, and every sum above it."""
    node = tree.shape[0] // 2 + slot
    tree = tree.at[node].set(leaf)
    for _ in range((tree.shape[0] // 2).bit_length() - 1):
        node = node // 2
        tree = tree.at[node].set(tree[2 * node] + tree[2 * node + 1])
    return tree


def tree_of(leaves: Any) -> Any:
    """The tree of ``[W, width]`` leaves, as :func:`tree_put` would have left it."""
    steps, width = leaves.shape
    level = jnp.pad(leaves, ((0, 2 ** (steps - 1).bit_length() - steps), (0, 0)))
    levels = [level]
    while len(level) > 1:
        level = level[0::2] + level[1::2]
        levels.insert(0, level)
    return jnp.concatenate([jnp.zeros((1, width), jnp.float32), *levels])


def tree_total(tree: Any) -> Any:
    """``[width]`` sum of all leaves."""
    return tree[1]


class Sums(NamedTuple):
    """Sums over the window that do not depend on the prices asked for.

    Attributes:
      hits, known: ``[M]`` per metric, units of its range; the responses that count and are known.
      terms: ``[K]`` facts of responses whose every fact is known. live: [] their rewards as priced.
      valid: [] their number. lost: [] responses that found no room.
    """

    hits: Any
    known: Any
    terms: Any
    live: Any
    valid: Any
    lost: Any


def init_sums(steps: int, metrics: int, terms: int) -> Any:
    """A tree of :class:`Sums`, flattened in their order, of no step."""
    return tree_init(steps, 2 * metrics + terms + 3)


def update_sums(tree: Any, window: Window, metrics: Metrics, weights: Any) -> Any:
    """Renew the newest step's leaf; call after every change of the window.

    Args:
      tree: of :func:`init_sums`. weights: ``[K]`` the yardstick's.
    """
    slot = window.cursor
    terms, mask = window.terms[slot], window.mask[slot]
    reward = (terms * jnp.asarray(weights)).sum(-1)
    hit, trial, unknown = metrics.facts(reward, window.events[slot], mask)
    valid = mask & ~jnp.isnan(terms.sum(-1))
    counted = jnp.where(valid[:, None], terms, 0.0).sum(0)
    rest = jnp.stack([(counted * window.prices[slot]).sum(), valid.sum(), window.lost[slot]])
    leaf = jnp.concatenate([hit.sum(-1), (trial - unknown).sum(-1), counted, rest])
    return tree_put(tree, slot, leaf)


def read_sums(tree: Any, metrics: int) -> Sums:
    """The sums over the whole window."""
    total = tree_total(tree)
    return Sums(total[:metrics], total[metrics : 2 * metrics], total[2 * metrics : -3], *total[-3:])


class Flips(NamedTuple):
    """Per step, how many groups flip from answering to not answering, and how many there are.

    Attributes:
      tree: of ``[2]`` leaves. now, then: ``[K]`` the prices compared.
    """

    tree: Any
    now: Any
    then: Any


def init_flips(steps: int, terms: int) -> Flips:
    """No step; any prices are new to it."""
    nothing = jnp.full((terms,), jnp.nan, jnp.float32)
    return Flips(tree_init(steps, 2), nothing, nothing)


def flip_share(flips: Flips, window: Window, attempt: int, now: Any, then: Any) -> tuple[Any, Any]:
    """Share of the window's groups whose best response flips from trying to not trying.

    A group tries under some prices where no other response pays more than its best attempt. Only
    the newest step is looked at as long as the prices stay; where they change, the whole window.

    Args:
      flips: as it was. window: responses.
      attempt: column of the event that means "tried".
      now, then: ``[K]`` prices compared.

    Returns:
      The share [], 0 without a group, and the new state.
    """

    def of_step(slot: Any) -> Any:
        return _flips(
            window.terms[slot], window.events[slot, :, attempt] > 0, window.lead[slot],
            window.mask[slot], now, then,
        )  # fmt: skip

    def newest() -> Any:
        return tree_put(flips.tree, window.cursor, of_step(window.cursor))

    def all_steps() -> Any:
        return tree_of(jax.vmap(of_step)(jnp.arange(len(window.mask))))

    now, then = jnp.asarray(now, jnp.float32), jnp.asarray(then, jnp.float32)
    same = (flips.now == now).all() & (flips.then == then).all()
    tree = jax.lax.cond(same, newest, all_steps)
    flipped, groups = tree_total(tree)
    return flipped / jnp.maximum(groups, 1), Flips(tree, now, then)


def _flips(terms: Any, tried: Any, lead: Any, mask: Any, now: Any, then: Any) -> Any:
    """``[2]``: groups of one step that flip, and groups."""
    rows = len(mask)

    def best(of: Any, reward: Any) -> Any:
        return jax.ops.segment_max(jnp.where(of, reward, -jnp.inf), lead, rows)

    def tries(weights: Any) -> Any:
        reward = (terms * weights).sum(-1)
        reward = jnp.where(mask & ~jnp.isnan(reward), reward, -jnp.inf)
        attempts, others = best(tried, reward), best(~tried, reward)
        return (attempts >= others) & (attempts > -np.inf)

    present = mask & (lead == jnp.arange(rows))  # a group's first response stands for it
    flips = tries(now) & ~tries(then) & present
    return jnp.stack([flips.sum(), present.sum()]).astype(jnp.float32)
