"""What a controller is: a pure pair that turns statistics into a severity."""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING, Any, NamedTuple

import jax.numpy as jnp

if TYPE_CHECKING:
    from curricula.conditions import Condition
    from curricula.statistics import Statistics

__all__ = ["ControllerError", "CurriculumController", "Decision"]


class ControllerError(ValueError):
    """A controller returned what cannot be acted on; the message begins with its name."""


class Decision(NamedTuple):
    """What a controller wants after a step.

    Attributes:
      severity: [] position on the ladder for the next step, 0 to ``statistics.top``.
      reason: [] int32 index into the controller's ``reasons``.
      clauses: a :class:`~curricula.verdicts.ClauseReport`, or () where nothing was judged.
      alpha: [] error level of this stint on the rung, NaN where none is spent.
      spent: [] error budget spent by the run so far, NaN where none is.
      prices: ``[K]`` weights to use in place of the ladder's, or ().
    """

    severity: Any
    reason: Any = 0
    clauses: Any = ()
    alpha: Any = jnp.nan
    spent: Any = jnp.nan
    prices: Any = ()


class CurriculumController(abc.ABC):
    """Moves the severity on evidence. Ten lines make one::

        class Careful(CurriculumController):
            def init(self):
                return ()

            def update(self, state, statistics):
                if statistics["safe"].lower > 0.9 and statistics["mean"].lower > 5:
                    return Decision(min(statistics.severity + 1, statistics.top)), state
                return Decision(statistics.severity), state

    ``init`` and ``update`` are pure: all memory is in the state, a pytree of arrays. A controller
    whose ``update`` traces is compiled; one with plain Python branches, as above, runs eagerly.

    Attributes:
      name: shown in receipts and errors; the class name by default.
      reasons: phrases that ``Decision.reason`` indexes.
    """

    reasons: tuple[str, ...] = ("",)

    @property
    def name(self) -> str:
        """What receipts and errors call it."""
        return type(self).__name__

    @property
    def metrics(self) -> tuple[str, ...]:
        """Metrics it reads, checked when a curriculum is built; "rate(reward >= 36)" works too."""
        return ()

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """Conditions it judges, checked against the reward's limits when a curriculum is built.

        Their leaves, in order, are the clauses of its decisions.
        """
        return ()

    def start(self) -> float:
        """Severity of the first step, where the user names none."""
        return 0.0

    def lean(self) -> CurriculumController:
        """A controller of the same decisions without the figures that only receipts show.

        Sweeps run this one. Itself, where there is nothing to leave out.
        """
        return self

    @abc.abstractmethod
    def init(self) -> Any:
        """The state before the first step: a pytree of arrays with fixed shapes and dtypes."""

    @abc.abstractmethod
    def update(self, state: Any, statistics: Statistics) -> tuple[Decision, Any]:
        """Look at one more step.

        Args:
          state: what ``init`` or the last ``update`` returned.
          statistics: figures and evidence up to and including this step.

        Returns:
          The decision, in force from the next step, and the new state.
        """
