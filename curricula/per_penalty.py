"""One controller per named penalty."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax.numpy as jnp

from curricula.conditions import Condition
from curricula.controller import ControllerError, CurriculumController, Decision
from curricula.controllers.shared import MOVES
from curricula.penalties import PenaltyLadder
from curricula.statistics import Statistics

__all__ = ["PerPenalty", "PerPenaltyState"]


class PerPenaltyState(NamedTuple):
    """``inner`` states in the order of the penalties, ``severities`` ``[P]`` (NaN before)."""

    inner: tuple[Any, ...]
    severities: Any


class PerPenalty(CurriculumController):
    """Each named penalty climbs the ladder under its own controller.

    A term's price is that of the ladder at its own controller's severity; terms without one keep
    that of the first rung. The severity shown is the highest of them.

    Args:
      ladder: of prices. controllers: ``{term: controller}``.

    Raises:
      ControllerError: no controller, or a term that the ladder does not price.
    """

    reasons = MOVES

    def __init__(
        self, ladder: PenaltyLadder, controllers: Mapping[str, CurriculumController]
    ) -> None:
        if not controllers:
            raise ControllerError("per-penalty: needs at least one controller")
        for term in controllers:
            if term not in ladder.names:
                known = ", ".join(ladder.names)
                raise ControllerError(
                    f"per-penalty: no term {term!r} on the ladder; terms: {known}"
                )
        self.ladder, self.controllers = ladder, dict(controllers)
        self._columns = [ladder.names.index(term) for term in controllers]

    @property
    def name(self) -> str:
        inside = ", ".join(f"{t}: {c.name}" for t, c in self.controllers.items())
        return f"per-penalty({inside})"

    @property
    def metrics(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(m for c in self.controllers.values() for m in c.metrics))

    @property
    def conditions(self) -> tuple[Condition, ...]:
        return tuple(c for inner in self.controllers.values() for c in inner.conditions)

    def lean(self) -> PerPenalty:
        """Of lean controllers."""
        return PerPenalty(self.ladder, {t: c.lean() for t, c in self.controllers.items()})

    def init(self) -> PerPenaltyState:
        return PerPenaltyState(
            tuple(c.init() for c in self.controllers.values()),
            jnp.full((len(self.controllers),), jnp.nan, jnp.float32),
        )

    def update(
        self, state: PerPenaltyState, statistics: Statistics
    ) -> tuple[Decision, PerPenaltyState]:
        here = jnp.where(jnp.isnan(state.severities), statistics.severity, state.severities)
        wishes, states = [], []
        for i, (controller, inner) in enumerate(zip(self.controllers.values(), state.inner)):
            decision, after = controller.update(inner, statistics.at(here[i]))
            wishes.append(jnp.asarray(decision.severity, jnp.float32))
            states.append(after)
        severities = jnp.stack(wishes)
        prices = jnp.asarray(self.ladder.at(0.0).weights)
        rungs = jnp.arange(len(self.ladder), dtype=jnp.float32)
        for i, column in enumerate(self._columns):
            along = jnp.asarray(self.ladder.weights[:, column])
            prices = prices.at[column].set(jnp.interp(severities[i], rungs, along))
        rose, fell = (severities > here).any(), (severities < here).any()
        reason = jnp.where(rose, 1, jnp.where(fell, 2, 0)).astype(jnp.int32)
        decision = Decision(severities.max(), reason, prices=prices)
        return decision, PerPenaltyState(tuple(states), severities)
