"""Controllers around controllers: each limits how another's wishes reach the ladder.

The controller inside is told that its wishes were granted (it sees its own last severity as the one
in force), so that a gate that has promoted counts evidence for the next rung while a wrapper still
delays the move. :class:`~curricula.hand.Hand` is the exception: a person's move is seen by all.
"""

from __future__ import annotations

import copy
from typing import Any, NamedTuple

import jax.numpy as jnp

from curricula.conditions import Condition
from curricula.controller import CurriculumController, Decision
from curricula.controllers.shared import check
from curricula.statistics import Statistics

__all__ = ["Clip", "Cooldown", "Hysteresis", "Patience", "RateLimit", "Shadow", "WrapperState"]


class WrapperState(NamedTuple):
    """``inner`` state, ``wish`` [] its last severity (NaN before), ``memory`` of the limit."""

    inner: Any
    wish: Any
    memory: Any


class Wrapper(CurriculumController):
    """Base of the wrappers: runs ``inner`` and passes its wish through :meth:`limit`."""

    verb = "limited"
    told = "held: limited"

    def __init__(self, inner: CurriculumController) -> None:
        self.inner = inner

    @property
    def name(self) -> str:
        return f"{self.verb}({self.inner.name})"

    @property
    def reasons(self) -> tuple[str, ...]:  # type: ignore[override]
        return (*self.inner.reasons, self.told)

    @property
    def metrics(self) -> tuple[str, ...]:
        return self.inner.metrics

    @property
    def conditions(self) -> tuple[Condition, ...]:
        return self.inner.conditions

    def start(self) -> float:
        return self.inner.start()

    def lean(self) -> Wrapper:
        """Around the lean inner controller."""
        plain = copy.copy(self)
        plain.inner = self.inner.lean()
        return plain

    def remember(self) -> Any:
        """The limit's memory before the first step."""
        return jnp.zeros((), jnp.int32)

    def limit(self, memory: Any, wish: Any, here: Any, top: Any) -> tuple[Any, Any]:
        """What of a wish is granted now: ``(severity, memory)``."""
        raise NotImplementedError

    def init(self) -> WrapperState:
        return WrapperState(self.inner.init(), jnp.asarray(jnp.nan, jnp.float32), self.remember())

    def update(self, state: WrapperState, statistics: Statistics) -> tuple[Decision, WrapperState]:
        here = statistics.severity
        believed = jnp.where(jnp.isnan(state.wish), here, state.wish)
        decision, inner = self.inner.update(state.inner, statistics.at(believed))
        wish = jnp.asarray(decision.severity, jnp.float32)
        severity, memory = self.limit(state.memory, wish, here, statistics.top)
        # A NaN wish must come out as the error it is.
        severity = jnp.where(jnp.isnan(wish), wish, severity)
        kept = (severity != wish) & (severity == here)
        reason = jnp.where(kept, len(self.inner.reasons), decision.reason).astype(jnp.int32)
        return (
            decision._replace(severity=severity, reason=reason),
            WrapperState(inner, wish, memory),
        )


class Patience(Wrapper):
    """Grants a move once it has been wished for ``steps`` steps in a row, in the same direction."""

    verb, told = "patience", "held: the wish is too young"

    def __init__(self, inner: CurriculumController, steps: int) -> None:
        super().__init__(inner)
        check("patience", steps=(steps, steps >= 1))
        self.steps = steps

    def limit(self, memory: Any, wish: Any, here: Any, top: Any) -> tuple[Any, Any]:
        # Memory counts upward wishes as positive, downward as negative.
        up, down = wish > here, wish < here
        risen = jnp.where(up, jnp.maximum(memory, 0) + 1, 0)
        run = jnp.where(down, jnp.minimum(memory, 0) - 1, risen)
        grant = jnp.abs(run) >= self.steps
        return jnp.where(grant, wish, here), jnp.where(grant, 0, run).astype(jnp.int32)


class Cooldown(Wrapper):
    """After a granted move, no other for ``steps`` steps."""

    verb, told = "cooldown", "held: cooling down"

    def __init__(self, inner: CurriculumController, steps: int) -> None:
        super().__init__(inner)
        check("cooldown", steps=(steps, steps >= 1))
        self.steps = steps

    def limit(self, memory: Any, wish: Any, here: Any, top: Any) -> tuple[Any, Any]:
        severity = jnp.where(memory > 0, here, wish)
        left = jnp.where(severity != here, self.steps, jnp.maximum(memory - 1, 0))
        return severity, left.astype(jnp.int32)


class Hysteresis(Wrapper):
    """Ignores wishes closer than ``band`` to the severity in force: noise does not move it."""

    verb, told = "hysteresis", "held: too small a move"

    def __init__(self, inner: CurriculumController, band: float) -> None:
        super().__init__(inner)
        check("hysteresis", band=(band, band > 0))
        self.band = band

    def limit(self, memory: Any, wish: Any, here: Any, top: Any) -> tuple[Any, Any]:
        return jnp.where(jnp.abs(wish - here) < self.band, here, wish), memory


class RateLimit(Wrapper):
    """Moves by at most ``step`` of severity per training step."""

    verb, told = "rate-limit", "held: limited"

    def __init__(self, inner: CurriculumController, step: float) -> None:
        super().__init__(inner)
        check("rate-limit", step=(step, step > 0))
        self.step = step

    def limit(self, memory: Any, wish: Any, here: Any, top: Any) -> tuple[Any, Any]:
        near = jnp.abs(wish - here) <= self.step
        return jnp.where(near, wish, here + jnp.sign(wish - here) * self.step), memory


class Clip(Wrapper):
    """Keeps the severity between two levels."""

    verb, told = "clip", "held: at the limit"

    def __init__(self, inner: CurriculumController, lowest: float, highest: float) -> None:
        super().__init__(inner)
        check("clip", highest=(highest, 0 <= lowest <= highest))
        self.lowest, self.highest = lowest, highest

    def start(self) -> float:
        return min(max(self.inner.start(), self.lowest), self.highest)

    def limit(self, memory: Any, wish: Any, here: Any, top: Any) -> tuple[Any, Any]:
        return jnp.clip(wish, self.lowest, jnp.minimum(self.highest, top)), memory


class Shadow(Wrapper):
    """Records what a controller would do, and does nothing.

    The receipts carry the inner controller's clauses; :attr:`WrapperState.wish` is where it would
    be.
    """

    verb, told = "shadow", "held: in the shadow, it would have moved"

    def limit(self, memory: Any, wish: Any, here: Any, top: Any) -> tuple[Any, Any]:
        return here, memory
