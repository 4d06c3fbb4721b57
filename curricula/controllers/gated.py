"""The gate: one rung harsher on evidence, one back on a certified regression."""

from __future__ import annotations

import copy
import dataclasses
import functools
import operator
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from curricula.conditions import (
    Comparison,
    Condition,
    ConditionError,
    Drop,
    drop,
    metric,
    point,
)
from curricula.controller import ControllerError, CurriculumController, Decision
from curricula.evidence import rung_alpha, spent_alpha
from curricula.statistics import Statistics
from curricula.verdicts import PASS, Judge, JudgeState

__all__ = [
    "READY",
    "Gated",
    "GatedState",
    "check_thresholds",
    "forecast_gated",
    "gated",
    "gated_point",
]

READY = (metric("mean") > 5) & (metric("safe") > 0.90)  # the report's rule, as proof
RAW = (point("mean") > 5) & (point("safe") > 0.90)  # the report's rule, as it stands
SLACK = 0.05  # a rate must fall this far below its promotion threshold to count as a regression

(
    WAITING, PROMOTED, TOP, DWELL, COOLDOWN, FROZEN, ALARM, FORECAST, DEMOTED, LAST,
) = range(10)  # fmt: skip


class GatedState(NamedTuple):
    """State of the gate.

    Attributes:
      promote: evidence for promotion. guard: evidence of regressions.
      in_rung: [] int32 steps since the rung was entered.
      stint: [] int32 k, number of the present stint on a rung, from 1.
      cooldown: [] int32 steps before a promotion is considered again.
      demotions: [] int32 so far.
      severity: [] float32 last decided, NaN before the first step; where the severity in force is
        another, someone else moved it, and a new stint begins.
    """

    promote: JudgeState
    guard: Any
    in_rung: Any
    stint: Any
    cooldown: Any
    demotions: Any
    severity: Any


class Gated(CurriculumController):
    """Promotes one rung when a condition passes; goes back one on a certified regression.

    The rule is the one the GRPO report recommends in its section 4.2 (escalate once mean > 5 and
    safe > 90%), read as proof rather than as an estimate. In stint k on a rung, promotion spends
    6 alpha / (pi^2 k^2), so that a whole run promotes a model that was never good enough on some
    rung with probability at most alpha. Evidence starts anew with every stint.

    Args:
      promote: condition for one rung up.
      guard: drops; None for no guard. While one rings, no promotion; above the first rung, one
        rung back. With several, join them by ``|``.
      dwell: steps that a rung lasts at least before a promotion.
      cooldown: steps without promotion after the first demotion; doubles with each further one.
      limit: demotions after which the gate stops promoting for good.
      alpha: error budget of the whole run.
      run_length: average steps between false alarms of the guard.
      max_flips: refuse while more than this share of the window's groups would flip from
        answering to not answering under the next rung; None never refuses.
      resolution: nulls for the bounds that receipts show; see :class:`~curricula.verdicts.Judge`.
      name: shown in receipts.

    Raises:
      ControllerError: a number out of its range.
      ConditionError: a demotion level at or above the promotion threshold of the same metric.
    """

    reasons = (
        "held: the evidence is missing",
        "promoted: every clause passes",
        "held: already on the last rung",
        "held: the rung is too young",
        "held: cooling down after a regression",
        "held: frozen after too many regressions",
        "held: a guard rings",
        "held: the next rung would silence too many answers",
        "demoted: a guard rings",
        "demoted: a guard rings, for the last time; frozen from here",
    )

    def __init__(
        self,
        promote: Condition = READY,
        guard: Condition | None = None,
        *,
        dwell: int = 10,
        cooldown: int = 20,
        limit: int = 3,
        alpha: float = 0.05,
        run_length: float = 1000.0,
        max_flips: float | None = None,
        resolution: int = 99,
        name: str = "gated",
    ) -> None:
        checks = (
            ("dwell", dwell, dwell >= 0),
            ("cooldown", cooldown, cooldown >= 0),
            ("limit", limit, limit >= 1),
            ("alpha", alpha, 0 < alpha < 1),
            ("run_length", run_length, run_length > 1),
            ("resolution", resolution, resolution >= 0),
            ("max_flips", max_flips, max_flips is None or 0 <= max_flips <= 1),
        )
        for key, value, good in checks:
            if not good:
                raise ControllerError(f"{name}: {key} is out of range, got {value!r}")
        if guard is not None:
            check_thresholds(promote, guard)
        self.promote = Judge(promote, run_length, resolution=resolution)
        self.guard = None if guard is None else Judge(guard, run_length)
        self.dwell, self.cooldown, self.limit = dwell, cooldown, limit
        self.alpha, self.max_flips = alpha, max_flips
        self._name = name

    @property
    def name(self) -> str:
        return self._name

    @property
    def metrics(self) -> tuple[str, ...]:
        guarded = self.guard.condition.metrics() if self.guard else ()
        return tuple(dict.fromkeys((*self.promote.condition.metrics(), *guarded)))

    @property
    def conditions(self) -> tuple[Condition, ...]:
        judges = (self.promote, self.guard) if self.guard else (self.promote,)
        return tuple(judge.condition for judge in judges)

    def lean(self) -> Gated:
        """Without the grid of nulls behind the bounds: whether a clause passes needs one null."""
        plain = copy.copy(self)
        plain.promote = dataclasses.replace(self.promote, resolution=0)
        plain.guard = self.guard and dataclasses.replace(self.guard, resolution=0)
        return plain

    def init(self) -> GatedState:
        zero = jnp.zeros((), jnp.int32)
        return GatedState(
            self.promote.init(),
            self.guard.init() if self.guard else (),
            zero,
            zero + 1,
            zero,
            zero,
            jnp.asarray(jnp.nan, jnp.float32),
        )

    def update(self, state: GatedState, statistics: Statistics) -> tuple[Decision, GatedState]:
        state = self._moved_by_others(state, statistics)
        alpha = rung_alpha(self.alpha, state.stint)
        verdict, clauses, promote = self.promote.update(state.promote, statistics, alpha)
        alarm, guard = jnp.asarray(False), state.guard
        if self.guard is not None:
            rings, guarded, guard = self.guard.update(state.guard, statistics, alpha)
            alarm = rings == PASS
            clauses = jax.tree.map(lambda a, b: jnp.concatenate([a, b]), clauses, guarded)
        in_rung = state.in_rung + 1
        reason = self._reason(state, statistics, in_rung, verdict, alarm)
        down = (reason == DEMOTED) | (reason == LAST)
        up = reason == PROMOTED
        # Between two rungs (a start of 0.5, say) the gate moves to the neighbouring rung.
        rung = jnp.where(up, jnp.floor(statistics.severity) + 1, jnp.ceil(statistics.severity) - 1)
        severity = jnp.where(up | down, rung, statistics.severity)
        demotions = state.demotions + down
        pause = self.cooldown * 2 ** jnp.clip(demotions - 1, 0, 20)
        waited = jnp.maximum(state.cooldown - 1, 0)
        after = self._restart(
            up | down,
            GatedState(
                promote,
                guard,
                in_rung,
                state.stint,
                jnp.where(down, pause, waited).astype(jnp.int32),
                demotions.astype(jnp.int32),
                jnp.asarray(severity, jnp.float32),
            ),
        )
        spent = spent_alpha(self.alpha, state.stint)
        return Decision(severity, reason, clauses, alpha, spent), after

    def _restart(self, moved: Any, state: GatedState) -> GatedState:
        """A new stint with new evidence where ``moved``."""
        fresh = self.init()

        def anew(new: Any, kept: Any) -> Any:
            return jax.tree.map(lambda a, b: jnp.where(moved, a, b), new, kept)

        return state._replace(
            promote=anew(fresh.promote, state.promote),
            guard=anew(fresh.guard, state.guard),
            in_rung=jnp.where(moved, 0, state.in_rung).astype(jnp.int32),
            stint=state.stint + jnp.asarray(moved, jnp.int32),
        )

    def _moved_by_others(self, state: GatedState, seen: Statistics) -> GatedState:
        other = ~jnp.isnan(state.severity) & (seen.severity != state.severity)
        return self._restart(other, state)

    def _reason(
        self, state: GatedState, seen: Statistics, in_rung: Any, verdict: Any, alarm: Any
    ) -> Any:
        """The first that applies, in order of precedence."""
        flips = jnp.asarray(False)
        if self.max_flips is not None:
            # An unknown forecast (NaN) refuses as well.
            flips = ~(seen.flip_share <= self.max_flips)
        last = state.demotions + 1 >= self.limit
        cases = [
            (alarm & (seen.severity > 0), jnp.where(last, LAST, DEMOTED)),
            (verdict != PASS, WAITING),
            (seen.severity >= seen.top, TOP),
            (state.demotions >= self.limit, FROZEN),
            (alarm, ALARM),
            (state.cooldown > 0, COOLDOWN),
            (in_rung < self.dwell, DWELL),
            (flips, FORECAST),
        ]
        conditions, reasons = zip(*cases)
        return jnp.select(conditions, reasons, PROMOTED).astype(jnp.int32)


def check_thresholds(promote: Condition, demote: Condition) -> None:
    """Refuse a demotion level that a model fit for promotion may already be below.

    Raises:
      ConditionError: naming the two clauses.
    """
    for up in promote.leaves():
        for down in demote.leaves():
            if up.metric != down.metric or not isinstance(up, Comparison):
                continue
            level = down.below if isinstance(down, Drop) else down.threshold
            falls = isinstance(down, Drop) or not down.rising
            if level is not None and falls and up.rising and level >= up.threshold:
                raise ConditionError(
                    f"promotion at {up} overlaps demotion at {down}: a rung could be left both ways"
                )


def default_guard(promote: Condition, metrics: Sequence[str] | None = None) -> Condition | None:
    """Watches every rate that the promotion asks for, and the answer rate since the rung began.

    A rate with a promotion threshold is watched 5 points below it.

    Args:
      promote: the promotion's condition.
      metrics: that are observed; None for all. Others are not watched.

    Returns:
      The drops, joined; None where nothing can be watched.
    """
    drops: dict[str, Condition] = {}
    for leaf in promote.leaves():
        if isinstance(leaf, Comparison) and leaf.rising and leaf.metric != "mean":
            drops[leaf.metric] = drop(leaf.metric, max(round(leaf.threshold - SLACK, 6), 0.01))
    for name in ("safe", "answer"):
        drops.setdefault(name, drop(name))
    watched = [d for name, d in drops.items() if metrics is None or name in metrics]
    if not watched:
        return None
    return functools.reduce(operator.or_, watched)


def gated(promote: Condition = READY, **options: Any) -> Gated:
    """The default gate: anytime-valid evidence, safe and the answer rate guarded.

    ``options`` are those of :class:`Gated`; ``guard=None`` removes the guard.
    """
    options.setdefault("guard", default_guard(promote))
    return Gated(promote, **options)


def forecast_gated(promote: Condition = READY, max_flips: float = 0.2, **options: Any) -> Gated:
    """The gate that looks before it leaps: refuses where the next rung would silence the model.

    The window is re-priced under the next rung; a promotion waits while more than ``max_flips`` of
    its prompt groups would have a best response that does not answer, where now it answers. An
    unknown forecast (no ``attempt`` event in the schema) refuses as well.
    """
    return gated(promote, max_flips=max_flips, name="forecast-gated", **options)


def gated_point(promote: Condition = RAW, **options: Any) -> Gated:
    """The report's raw rule on point estimates: the negative control. No error bound holds.

    Comparisons that ask for proof are read as point estimates; there is no guard by default.
    """
    options.setdefault("guard", None)
    options.setdefault("dwell", 1)
    return Gated(_as_points(promote), name="gated-point", **options)


def _as_points(condition: Condition) -> Condition:
    if isinstance(condition, Comparison):
        return dataclasses.replace(condition, kind="point")
    if not condition.children():
        return condition
    parts = tuple(_as_points(c) for c in condition.children())
    if hasattr(condition, "items"):
        return dataclasses.replace(condition, items=parts)  # type: ignore[type-var]
    return dataclasses.replace(condition, item=parts[0])  # type: ignore[type-var]
