"""Harsher when learning stalls."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp

from curricula.controller import CurriculumController, Decision
from curricula.controllers.shared import MOVES, check, reason_of
from curricula.statistics import Statistics

__all__ = ["Plateau", "PlateauState"]


class PlateauState(NamedTuple):
    """State of the rule.

    Attributes:
      best: [] best average so far. stale: [] int32 averages without improvement.
      pause: [] int32 averages left of the cooldown.
      total: [] and count: [] int32 of the open average.
    """

    best: Any
    stale: Any
    pause: Any
    total: Any
    count: Any


class Plateau(CurriculumController):
    """One rung up once a metric has not improved for a while.

    The rule of optax's ``reduce_on_plateau`` (and of Keras's ReduceLROnPlateau), turned to
    severity, with an *absolute* improvement: a relative one takes any constant negative value for
    progress, and rewards are negative early on. A stall is not competence: the rule escalates a
    model that is stuck at 30% as readily as one at 95%. Steps without a figure are skipped.

    Args:
      metric: what should improve. tolerance: improvement that counts, in its units.
      accumulate: steps averaged into one figure. patience: figures without improvement.
      cooldown: figures ignored after a move. step: severity per move.

    Raises:
      ControllerError: a number out of its range.
    """

    reasons = MOVES

    def __init__(
        self,
        metric: str = "mean",
        *,
        tolerance: float = 0.5,
        accumulate: int = 5,
        patience: int = 5,
        cooldown: int = 5,
        step: float = 1.0,
    ) -> None:
        check(
            "plateau",
            tolerance=(tolerance, tolerance >= 0),
            accumulate=(accumulate, accumulate >= 1),
            patience=(patience, patience >= 1),
            cooldown=(cooldown, cooldown >= 0),
            step=(step, step > 0),
        )
        self.metric, self.tolerance, self.accumulate = metric, tolerance, accumulate
        self.patience, self.cooldown, self.step = patience, cooldown, step

    @property
    def name(self) -> str:
        return "plateau"

    @property
    def metrics(self) -> tuple[str, ...]:
        return (self.metric,)

    def init(self) -> PlateauState:
        zero = jnp.zeros((), jnp.int32)
        return PlateauState(
            jnp.asarray(-jnp.inf, jnp.float32), zero, zero, jnp.zeros((), jnp.float32), zero
        )

    def update(self, state: PlateauState, statistics: Statistics) -> tuple[Decision, PlateauState]:
        figure = statistics.now(self.metric)
        known = ~jnp.isnan(figure)
        total = state.total + jnp.where(known, figure, 0.0)
        count = state.count + known
        full = count >= self.accumulate
        average = total / jnp.maximum(count, 1)
        better = full & (average > state.best + self.tolerance)
        pausing = state.pause > 0
        stale = jnp.where(full, jnp.where(better | pausing, 0, state.stale + 1), state.stale)
        fire = full & (stale >= self.patience)
        severity = jnp.minimum(statistics.severity + fire * self.step, statistics.top)
        pause = jnp.where(fire, self.cooldown, jnp.maximum(state.pause - full, 0))
        after = PlateauState(
            jnp.where(better, average, state.best),
            jnp.where(fire, 0, stale).astype(jnp.int32),
            pause.astype(jnp.int32),
            jnp.where(full, 0.0, total),
            jnp.where(full, 0, count).astype(jnp.int32),
        )
        return Decision(severity, reason_of(statistics.severity, severity)), after
