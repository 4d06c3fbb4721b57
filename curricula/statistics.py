"""What a controller sees after a step: values, bounds and this step's evidence per metric."""

from __future__ import annotations

import dataclasses
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from curricula import evidence
from curricula import window as windows
from curricula.observations import Rate, Schema, reward_event
from curricula.running import Sums

__all__ = ["Estimate", "Ledger", "Metrics", "Statistics", "StatisticsError"]

GRID = np.linspace(0.01, 0.99, 99, dtype=np.float32)  # nulls, in units of the metric's range


COMMANDS = ("", "hold", "escalate", "relax", "release")


def command_code(command: str | None) -> np.int32:
    """Index of a command in :data:`COMMANDS`; 0 for none.

    Raises:
      StatisticsError: no such command.
    """
    if (command or "") not in COMMANDS:
        raise StatisticsError(f"unknown command {command!r}; commands: {', '.join(COMMANDS[1:])}")
    return np.int32(COMMANDS.index(command or ""))


class StatisticsError(ValueError):
    """A metric that is not there, or limits that cannot hold."""


class Estimate(NamedTuple):
    """A metric of the window, in natural units (reward units, or a rate in [0, 1]).

    Attributes:
      value: point estimate over the window; NaN where nothing counts towards it.
      lower, upper: anytime-valid bounds from the evidence since the rung began.
      n_responses: responses in the window that count towards it.
      n_groups: prompt groups of evidence since the rung began.
    """

    value: Any
    lower: Any
    upper: Any
    n_responses: Any
    n_groups: Any


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Statistics:
    """Everything a controller may look at after a step. A pytree.

    Attributes:
      names: the M metrics (static): "mean", the schema's rates, rates of reward events.
      limits: ``(lowest, highest)`` of each metric, in natural units (static).
      step: [] int32 steps seen, this one included.
      steps_in_rung: [] int32 steps since the rung was entered.
      severity: [] float32 in force at this step. top: [] highest severity.
      value, lower, upper: ``[M]`` as in :class:`Estimate`.
      n_responses, n_groups: ``[M]`` int32, as in :class:`Estimate`.
      hits, trials, missing: ``[M, g]`` this step's groups in units of the metric's range, zero
        where there is no group. ``missing`` is the share of trials whose outcome is unknown (NaN):
        it counts against every bound.
      live_mean: [] mean of the window as it was priced at each step.
      rung_means: ``[R]`` mean of the window under each rung's prices.
      flip_share: [] share of the window's groups whose best response would flip from answering to
        not answering under the next rung (0 on the last rung, NaN without an attempt event).
      command: [] int32, a person's command at this step: an index into :data:`COMMANDS`.
    """

    names: tuple[str, ...] = dataclasses.field(metadata={"static": True})
    limits: tuple[tuple[float, float], ...] = dataclasses.field(metadata={"static": True})
    step: Any
    steps_in_rung: Any
    severity: Any
    top: Any
    value: Any
    lower: Any
    upper: Any
    n_responses: Any
    n_groups: Any
    hits: Any
    trials: Any
    missing: Any
    live_mean: Any
    rung_means: Any
    flip_share: Any
    command: Any

    def index(self, metric: str) -> int:
        """Row of a metric.

        Raises:
          StatisticsError: no such metric.
        """
        if metric not in self.names:
            known = ", ".join(self.names)
            raise StatisticsError(f"no metric {metric!r}; metrics: {known}")
        return self.names.index(metric)

    def __getitem__(self, metric: str) -> Estimate:
        i = self.index(metric)
        columns = (self.value, self.lower, self.upper, self.n_responses, self.n_groups)
        return Estimate(*(c[i] for c in columns))

    def point(self, metric: str) -> Any:
        """The window's point estimate of a metric; cheaper in sweeps than the whole estimate."""
        return self.value[self.index(metric)]

    def now(self, metric: str) -> Any:
        """This step's own value of a metric, every group weighing alike; NaN without trials."""
        i = self.index(metric)
        known = (self.trials[i] - self.missing[i]).sum()
        return self.from_unit(metric, self.hits[i].sum() / jnp.where(known > 0, known, jnp.nan))

    def at(self, severity: Any) -> Statistics:
        """The same figures, seen by a controller that believes itself at another severity."""
        return dataclasses.replace(self, severity=jnp.asarray(severity, jnp.float32))

    def to_unit(self, metric: str, value: Any) -> Any:
        """A natural value as a position in the metric's range, 0 to 1."""
        low, high = self.limits[self.index(metric)]
        return (value - low) / (high - low)

    def from_unit(self, metric: str, position: Any) -> Any:
        """The inverse of :meth:`to_unit`."""
        low, high = self.limits[self.index(metric)]
        return low + position * (high - low)


class Ledger(NamedTuple):
    """Evidence on every metric since the rung began.

    Attributes:
      above: wealth ``[M, J, D]`` against "at most"; below: against "at least".
      groups: ``[M]`` int32 groups that counted.
    """

    above: evidence.SequenceState
    below: evidence.SequenceState
    groups: Any


@dataclasses.dataclass(frozen=True)
class Metrics:
    """How metrics are read off responses; static.

    Attributes:
      schema: names of the columns.
      limits: (lowest, highest) possible yardstick reward.
      extra: metrics beside "mean" and the schema's rates, such as "rate(reward >= 36)".
    """

    schema: Schema
    limits: tuple[float, float]
    extra: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        low, high = self.limits
        if not (np.isfinite([low, high]).all() and low < high):
            raise StatisticsError(f"reward limits must be finite and rising, got {self.limits!r}")
        known = ("mean", *self.schema.rates)
        for name in self.extra:
            if name not in known and reward_event(name) is None:
                raise StatisticsError(f"no metric {name!r}; metrics: {', '.join(known)}")

    @property
    def names(self) -> tuple[str, ...]:
        """Metric names, "mean" first."""
        return tuple(dict.fromkeys(("mean", *self.schema.rates, *self.extra)))

    @property
    def ranges(self) -> tuple[tuple[float, float], ...]:
        """Limits of each metric."""
        return tuple(self.limits if n == "mean" else (0.0, 1.0) for n in self.names)

    def facts(self, reward: Any, events: Any, mask: Any) -> tuple[Any, Any, Any]:
        """Hits, trials and missing per metric and response, each ``[M, ...]`` in [0, 1].

        Args:
          reward: ``[...]`` yardstick rewards. events: ``[..., E]``. mask: ``[...]``.
        """
        low, high = self.limits
        outcome, counts = [(reward - low) / (high - low)], [jnp.ones_like(reward)]
        for name in self.names[1:]:
            rate = self.schema.rates.get(name)
            event, given = self._event(name, rate, reward, events)
            outcome.append(event * given)
            counts.append(given)
        hit, trial = jnp.stack(outcome), jnp.stack(counts)
        unknown = (jnp.isnan(hit) | jnp.isnan(trial)) & mask
        trial = jnp.where(mask, jnp.where(unknown, 1.0, trial), 0.0)
        hit = jnp.where(mask & ~unknown, hit, 0.0)
        return hit, trial, unknown.astype(jnp.float32)

    def _event(self, name: str, rate: Rate | None, reward: Any, events: Any) -> tuple[Any, Any]:
        if rate is None:
            op, level = reward_event(name) or (">", 0.0)
            compare = {">": reward > level, ">=": reward >= level}
            compare |= {"<": reward < level, "<=": reward <= level}
            event = jnp.where(jnp.isnan(reward), jnp.nan, compare[op])
            return event, jnp.ones_like(reward)
        event = events[..., self.schema.events.index(rate.event)]
        given = jnp.ones_like(event)
        for condition in rate.conditions:
            given = given * events[..., self.schema.events.index(condition)]
        return event, given

    def group_facts(self, window: windows.Window, weights: Any, groups: int) -> tuple[Any, ...]:
        """The newest step's hits, trials and missing per metric and group, ``[M, g]`` each."""
        slot = window.cursor
        mask, lead = window.mask[slot], window.lead[slot]
        reward = (window.terms[slot] * jnp.asarray(weights)).sum(-1)
        facts = jnp.stack(self.facts(reward, window.events[slot], mask))  # [3, M, B]
        first = mask & (lead == jnp.arange(len(mask)))
        column = (jnp.cumsum(first) - 1)[lead]  # [B]
        member = (column[:, None] == jnp.arange(groups)) & mask[:, None]  # [B, g]
        shares = member / jnp.maximum(member.sum(0), 1)
        # Elementwise, so that no accelerator rounds the products to bfloat16.
        return tuple((facts[..., None] * shares).sum(-2))

    def init_ledger(self) -> Ledger:
        """No evidence."""
        count = len(self.names)
        one = evidence.sequence_init(len(GRID))
        many = jax.tree.map(lambda x: jnp.broadcast_to(x, (count, *x.shape)), one)
        return Ledger(many, many, jnp.zeros((count,), jnp.int32))

    def update_ledger(self, ledger: Ledger, hits: Any, trials: Any, missing: Any) -> Ledger:
        """One more step's groups, ``[M, g]`` each."""
        bet = jax.vmap(evidence.sequence_update, in_axes=(0, None, 0, 0))
        return Ledger(
            bet(ledger.above, GRID, hits, trials),
            bet(ledger.below, 1 - GRID, trials - hits - missing, trials),
            ledger.groups + (trials > 0).sum(-1).astype(jnp.int32),
        )

    def bounds(self, ledger: Ledger, alpha: Any) -> tuple[Any, Any]:
        """Lower and upper bounds ``[M]``, natural units, each with error probability alpha."""
        each, logs = (0, None, None), jax.vmap(evidence.sequence_log)
        low = jax.vmap(evidence.lower_bound, in_axes=each)(logs(ledger.above), GRID, alpha)
        high = jax.vmap(evidence.upper_bound, in_axes=each)(logs(ledger.below), GRID, alpha)
        start, end = np.asarray(self.ranges, np.float32).T
        return start + low * (end - start), start + high * (end - start)

    def values(self, sums: Sums) -> tuple[Any, Any]:
        """Point estimates ``[M]`` over the window, natural units, and responses that count."""
        start, end = np.asarray(self.ranges, np.float32).T
        share = sums.hits / jnp.where(sums.known > 0, sums.known, jnp.nan)
        usable = sums.lost == 0
        return jnp.where(usable, start + share * (end - start), jnp.nan), sums.known.astype(
            jnp.int32
        )
