"""Schedules of the step alone: the baselines, and what the report did by hand."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from curricula.controller import ControllerError, CurriculumController, Decision
from curricula.statistics import Statistics

__all__ = ["Blocks", "OpenLoopState", "Ramp", "blocks", "constant", "ramp"]


class OpenLoopState(NamedTuple):
    """``step`` [] int32, steps seen."""

    step: Any


class Blocks(CurriculumController):
    """A severity per block of steps; the last block lasts.

    The report's annealing was three blocks of 300 steps: soft, medium, soft.

    Args:
      severities: one per block.
      length: steps per block.

    Raises:
      ControllerError: no block, a length below 1, or a severity that is negative or not finite.
    """

    reasons = ("the schedule holds", "the schedule moves")

    def __init__(self, severities: Sequence[float], length: int, name: str = "blocks") -> None:
        if not severities:
            raise ControllerError(f"{name}: needs at least one block")
        if length < 1:
            raise ControllerError(f"{name}: a block must have at least 1 step, got {length!r}")
        for severity in severities:
            if not (math.isfinite(severity) and severity >= 0):
                raise ControllerError(f"{name}: severity must be >= 0, got {severity!r}")
        self.severities = np.asarray(severities, np.float32)
        self.length = int(length)
        self._name = name

    @property
    def name(self) -> str:
        return self._name

    def init(self) -> OpenLoopState:
        return OpenLoopState(jnp.zeros((), jnp.int32))

    def update(
        self, state: OpenLoopState, statistics: Statistics
    ) -> tuple[Decision, OpenLoopState]:
        step = state.step + 1
        block = jnp.minimum(step // self.length, len(self.severities) - 1)
        severity = jnp.asarray(self.severities)[block]
        moved = severity != statistics.severity
        return Decision(severity, moved.astype(jnp.int32)), OpenLoopState(step)

    def start(self) -> float:
        """Severity of the first step."""
        return float(self.severities[0])


def constant(severity: float = 0.0) -> Blocks:
    """Never moves; the control of every comparison."""
    return Blocks([severity], 1, name="constant")


def blocks(severities: Sequence[float] = (0.0, 1.0, 0.0), length: int = 300) -> Blocks:
    """The report's schedule: soft, medium, soft, 300 steps each."""
    return Blocks(severities, length)


class Ramp(CurriculumController):
    """Severity as a function of the step: any optax schedule, or any function that traces.

    Args:
      schedule: ``step -> severity``, or -> break-even u where ``levels`` is given.
      levels: break-even u of every rung, strictly rising; the schedule's value is then a u, and
        the severity is the one with that u (linear between rungs).

    Raises:
      ControllerError: levels that do not rise, so that u does not determine the severity.
    """

    reasons = ("the schedule holds", "the schedule moves")

    def __init__(
        self, schedule: Callable[[Any], Any], levels: Sequence[float] | None = None
    ) -> None:
        if levels is not None and not (np.diff(levels) > 0).all():
            shown = ", ".join(f"{u:.2f}" for u in levels)
            raise ControllerError(f"ramp: break-even must rise with every rung, got {shown}")
        self.schedule = schedule
        self.levels = None if levels is None else np.asarray(levels, np.float32)

    @property
    def name(self) -> str:
        return "ramp"

    def _severity(self, step: Any, top: Any) -> Any:
        value = jnp.asarray(self.schedule(step), jnp.float32)
        if self.levels is not None:
            value = jnp.interp(value, self.levels, np.arange(len(self.levels), dtype=np.float32))
        return jnp.clip(value, 0.0, top)

    def init(self) -> OpenLoopState:
        return OpenLoopState(jnp.zeros((), jnp.int32))

    def update(
        self, state: OpenLoopState, statistics: Statistics
    ) -> tuple[Decision, OpenLoopState]:
        step = state.step + 1
        severity = self._severity(step, statistics.top)
        moved = severity != statistics.severity
        return Decision(severity, moved.astype(jnp.int32)), OpenLoopState(step)


def ramp(end: float, steps: int, start: float = 0.0, levels: Sequence[float] | None = None) -> Ramp:
    """A straight line from ``start`` to ``end`` over ``steps`` steps, then flat.

    Raises:
      ControllerError: fewer than one step.
    """
    if steps < 1:
        raise ControllerError(f"ramp: steps must be at least 1, got {steps!r}")
    return Ramp(lambda step: start + (end - start) * jnp.minimum(step / steps, 1.0), levels)
