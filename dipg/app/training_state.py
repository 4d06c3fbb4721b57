"""All that the next step of a run depends on, besides its configuration and the step's number.

Random numbers, the order of the prompts and the learning rate are functions of the seed and the
step, so no generator and no position is kept.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, Self

import jax
import jax.numpy as jnp

from curricula.curriculum import CurriculumState
from dipg.app.config import GuardsConfig
from dipg.app.guards import Guards
from grpo_core.trainer import ActorState


class Arrays(NamedTuple):
    """What is saved as arrays.

    actor: parameters, optimizer state, number of updates. curriculum: window, evidence, prices in
    force, and the controller's own state with its error budget.
    """

    actor: ActorState
    curriculum: CurriculumState


@dataclass
class TrainingState:
    """A run after `step` steps.

    good: steps of the promotions that led to the present rung, in order: the weights of the last
    one are those to go back to.
    """

    arrays: Arrays
    guards: Guards
    step: int = 0
    good: list[int] = field(default_factory=list)

    @property
    def actor(self) -> ActorState:
        """The model in training."""
        return self.arrays.actor

    @property
    def curriculum(self) -> CurriculumState:
        """The state of the curriculum."""
        return self.arrays.curriculum

    def advance(self, step: int, actor: ActorState, curriculum: CurriculumState) -> None:
        """The state after a step. Leaves that a policy made in plain Python become arrays."""
        kept = jax.tree.map(jnp.asarray, curriculum)
        self.step, self.arrays = step, Arrays(actor, kept)

    def to_json(self) -> dict[str, Any]:
        """What is saved beside the arrays."""
        return {"step": self.step, "good": list(self.good), "guards": self.guards.to_json()}

    def restored(self, arrays: Arrays, data: dict[str, Any], config: GuardsConfig) -> Self:
        """This state with everything from a checkpoint."""
        guards = Guards.from_json(config, data["guards"])
        return replace(
            self, arrays=arrays, guards=guards, step=data["step"], good=list(data["good"])
        )
