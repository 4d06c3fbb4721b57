"""Small laws of one rate: slow up and fast down, and steering to a target."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp

from curricula.controller import CurriculumController, Decision
from curricula.controllers.shared import MOVES, check, hold_where_unknown, reason_of, smooth
from curricula.statistics import Statistics

__all__ = ["Multiplicative", "MultiplicativeState", "TargetRate", "TargetState"]


class MultiplicativeState(NamedTuple):
    """``average`` [] smoothed metric, ``best`` [] its best since the last back-off, ``step`` []."""

    average: Any
    best: Any
    step: Any


class Multiplicative(CurriculumController):
    """Slow up while a metric holds, fast down when it falls: AIMD with factors.

    The law of ACOER (arXiv 2606.22716: x1.02 while accuracy holds, x0.95 on a drop of the moving
    average by 0.02), applied to 1 + severity. We differ: the drop is measured from the best average
    since the last back-off, and the smoothing is longer, because at 16 completions a call theirs
    backs off about one time in six from noise alone.

    Args:
      metric: what must hold. up, down: factors per step on 1 + severity.
      drop: fall of the average that counts, in the metric's units. decay: of the average.
      delay: steps without moves at the start.

    Raises:
      ControllerError: a number out of its range.
    """

    reasons = MOVES

    def __init__(
        self,
        metric: str = "correct",
        *,
        up: float = 1.005,
        down: float = 0.95,
        drop: float = 0.05,
        decay: float = 0.95,
        delay: int = 20,
    ) -> None:
        check(
            "multiplicative",
            up=(up, up >= 1),
            down=(down, 0 < down <= 1),
            drop=(drop, drop > 0),
            decay=(decay, 0 <= decay < 1),
            delay=(delay, delay >= 0),
        )
        self.metric, self.up, self.down = metric, up, down
        self.drop, self.decay, self.delay = drop, decay, delay

    @property
    def name(self) -> str:
        return "multiplicative"

    @property
    def metrics(self) -> tuple[str, ...]:
        return (self.metric,)

    def init(self) -> MultiplicativeState:
        nan = jnp.asarray(jnp.nan, jnp.float32)
        return MultiplicativeState(nan, nan, jnp.zeros((), jnp.int32))

    def update(
        self, state: MultiplicativeState, statistics: Statistics
    ) -> tuple[Decision, MultiplicativeState]:
        figure = statistics.now(self.metric)
        average = smooth(state.average, figure, self.decay)
        best = jnp.fmax(state.best, average)
        fell = average < best - self.drop
        factor = jnp.where(fell, self.down, self.up)
        severity = jnp.clip((1 + statistics.severity) * factor - 1, 0.0, statistics.top)
        acting = ~jnp.isnan(figure) & (state.step >= self.delay)
        severity = jnp.where(acting, severity, statistics.severity)
        after = MultiplicativeState(
            average, jnp.where(fell & acting, average, best), state.step + 1
        )
        return Decision(severity, reason_of(statistics.severity, severity)), after


class TargetState(NamedTuple):
    """``step`` [] int32 seen."""

    step: Any


class TargetRate(CurriculumController):
    """Keeps a rate near a target: harsher while it is above, softer while below.

    severity <- clip(severity + step tanh(gain (rate - target)), 0, top): the law of AdaRFT (Shi et
    al. 2025, arXiv 2504.05520), which moves a difficulty by 50 tanh(2 (R - 0.5)) on 0..100.

    Args:
      metric: the rate, over the rolling window. target: in its units.
      step: largest move per step. gain: of the tanh. delay: steps without moves at the start.

    Raises:
      ControllerError: a number out of its range.
    """

    reasons = MOVES

    def __init__(
        self,
        metric: str = "correct",
        target: float = 0.5,
        *,
        step: float = 0.02,
        gain: float = 4.0,
        delay: int = 10,
    ) -> None:
        check(
            "target-rate",
            step=(step, step > 0),
            gain=(gain, gain > 0),
            delay=(delay, delay >= 0),
        )
        self.metric, self.target, self.step = metric, target, step
        self.gain, self.delay = gain, delay

    @property
    def name(self) -> str:
        return "target-rate"

    @property
    def metrics(self) -> tuple[str, ...]:
        return (self.metric,)

    def init(self) -> TargetState:
        return TargetState(jnp.zeros((), jnp.int32))

    def update(self, state: TargetState, statistics: Statistics) -> tuple[Decision, TargetState]:
        rate, here = statistics.point(self.metric), statistics.severity
        move = self.step * jnp.tanh(self.gain * (rate - self.target))
        severity = jnp.clip(here + move, 0.0, statistics.top)
        severity = jnp.where(state.step < self.delay, here, severity)
        severity = hold_where_unknown(rate, severity, here)
        return Decision(severity, reason_of(here, severity)), TargetState(state.step + 1)
