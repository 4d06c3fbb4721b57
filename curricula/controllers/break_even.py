"""Steers break-even u itself, and keeps it below the model's proven competence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from curricula import evidence
from curricula.controller import ControllerError, CurriculumController, Decision
from curricula.controllers.shared import check, reason_of
from curricula.penalties import PenaltyLadder
from curricula.statistics import Statistics

__all__ = ["BreakEven", "BreakEvenState"]

GRID = np.linspace(0.02, 0.98, 49, dtype=np.float32)


class BreakEvenState(NamedTuple):
    """Two overlapping bodies of evidence on competence, so that one is always half a span old.

    Attributes:
      older, younger: evidence against "at most". age: [] int32 steps of the younger one.
      level: [] float32, the break-even in force.
    """

    older: evidence.SequenceState
    younger: evidence.SequenceState
    age: Any
    level: Any


class BreakEven(CurriculumController):
    """Moves along break-even u, and keeps it below what the model has proven it can do.

    Trying pays where the chance of being right exceeds u = (A - L) / (R - L) (Chow 1970). A rung
    whose u is above the model's competence teaches it to stop trying, whatever the rung is called;
    so u rises slowly towards ``goal`` and never above a lower confidence bound of P(right | tried)
    less a margin, and falls at once where that bound falls. Ours; no published counterpart known.

    The bound forgets: two betting sequences restart in turn every ``span`` steps, and the older one
    (span to 2 span steps) is read. Each is an anytime-valid bound at level alpha for a model that
    stands still over that time.

    Args:
      ladder: must have outcomes, and break-even must rise with every rung.
      metric: P(right | tried), a rate such as
        ``Rate("correct", given=("answered", "answerable"))``.
      goal: break-even to reach; None for the last rung's. margin: kept below the bound.
      rise: largest rise of u per step. span: steps. alpha: of the bound.

    Raises:
      ControllerError: break-even does not rise along the ladder, or a number out of its range.
    """

    reasons = ("held", "harsher: competence allows it", "softer: competence is not proven")

    def __init__(
        self,
        ladder: PenaltyLadder,
        metric: str = "competence",
        *,
        goal: float | None = None,
        margin: float = 0.05,
        rise: float = 0.01,
        span: int = 32,
        alpha: float = 0.05,
        mix: Any = None,
    ) -> None:
        levels = [ladder.break_even(k, mix) for k in range(len(ladder))]
        if not (np.diff(levels) > 0).all():
            shown = ", ".join(f"{u:.2f}" for u in levels)
            raise ControllerError(
                f"break-even: u must rise with every rung of {ladder.name!r}, got {shown};"
                " try the caution ladder"
            )
        self._setup(levels, metric, goal, margin, rise, span, alpha)

    def _setup(
        self, levels: Sequence[float], metric: str, goal: float | None, margin: float,
        rise: float, span: int, alpha: float,
    ) -> None:  # fmt: skip
        goal = levels[-1] if goal is None else goal
        check(
            "break-even",
            goal=(goal, levels[0] <= goal <= levels[-1]),
            margin=(margin, 0 <= margin < 1),
            rise=(rise, rise > 0),
            span=(span, span >= 2),
            alpha=(alpha, 0 < alpha < 1),
        )
        self.levels = np.asarray(levels, np.float32)
        self.metric, self.goal, self.margin = metric, goal, margin
        self.rise, self.span, self.alpha = rise, span, alpha

    @property
    def name(self) -> str:
        return "break-even"

    @property
    def metrics(self) -> tuple[str, ...]:
        return (self.metric,)

    def init(self) -> BreakEvenState:
        empty = evidence.sequence_init(len(GRID))
        return BreakEvenState(empty, empty, jnp.zeros((), jnp.int32), jnp.asarray(self.levels[0]))

    def update(
        self, state: BreakEvenState, statistics: Statistics
    ) -> tuple[Decision, BreakEvenState]:
        i = statistics.index(self.metric)
        hits, trials = statistics.hits[i], statistics.trials[i]
        older = evidence.sequence_update(state.older, GRID, hits, trials)
        younger = evidence.sequence_update(state.younger, GRID, hits, trials)
        proven = evidence.lower_bound(evidence.sequence_log(older), GRID, self.alpha)
        proven = jnp.fmin(proven, statistics.point(self.metric))
        rungs = np.arange(len(self.levels), dtype=np.float32)
        level = jnp.interp(statistics.severity, rungs, self.levels)
        allowed = jnp.minimum(self.goal, proven - self.margin)
        level = jnp.clip(jnp.minimum(allowed, level + self.rise), self.levels[0], self.levels[-1])
        severity = jnp.interp(level, self.levels, rungs)
        # Float rounding of u -> severity -> u must not look like a move.
        same = jnp.abs(severity - statistics.severity) < 1e-5
        severity = jnp.where(same, statistics.severity, severity)
        turn = state.age + 1 >= self.span
        empty = evidence.sequence_init(len(GRID))
        older = jax.tree.map(lambda a, b: jnp.where(turn, a, b), younger, older)
        younger = jax.tree.map(lambda a, b: jnp.where(turn, a, b), empty, younger)
        age = jnp.where(turn, 0, state.age + 1).astype(jnp.int32)
        after = BreakEvenState(older, younger, age, level.astype(jnp.float32))
        return Decision(severity, reason_of(statistics.severity, severity)), after
