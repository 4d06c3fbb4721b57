"""One batch's GRPO updates, as a run configures them."""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
import optax

from dipg.app.config import GRPOConfig
from dipg.app.model import Model
from dipg.app.objectives import advantages_of, leave_out, loss_of, scalars_of
from dipg.app.rollout import Rollout
from grpo_core.mesh import spread
from grpo_core.sampler import as_batch
from grpo_core.trainer import ActorState, GrpoTargets, grpo_step, logps_of, make_optimizer


class Update(NamedTuple):
    """How an actor learns from a rollout: a function of its arguments alone.

    model: the reference, whose shape is the actor's.
    """

    grpo: GRPOConfig
    model: Model
    optimizer: optax.GradientTransformation

    def __call__(
        self, actor: ActorState, rollout: Rollout, rewards: np.ndarray, step: int
    ) -> tuple[ActorState, dict[str, float]]:
        """The actor after the updates of one batch, and the metrics of the last one.

        Args:
          actor: given away: its arrays are gone afterwards.
          rewards: `[N, G]`. step: counts from 1, for the learning rate's warm-up.
        """
        grpo, model, start = self.grpo, self.model, self.model.start
        graph, how = model.graph, model.how
        batch = spread(as_batch(rollout.prompts, rollout.completions))
        temperature = jnp.float32(grpo.temperature)
        reference = logps_of(start.graph, start.params, batch, temperature, start.frozen, how).logps
        old = None
        if grpo.updates_per_batch > 1:
            old = logps_of(graph, actor.params, batch, temperature, model.frozen, how).logps
        advantages = spread(advantages_of(grpo)(jnp.asarray(rewards)))
        batch = leave_out(grpo, batch, jnp.asarray(model.tokenizer.stop_ids), advantages)
        targets = GrpoTargets(advantages, reference, old, spread(rollout.completions.logps))
        rate = grpo.learning_rate * min(1.0, step / max(grpo.warmup_steps, 1))
        skipped = 0.0
        for _ in range(grpo.updates_per_batch):
            actor, metrics = grpo_step(
                graph,
                self.optimizer,
                actor,
                batch,
                targets,
                scalars_of(grpo),
                temperature,
                jnp.float32(rate),
                loss_of(grpo),
                model.frozen,
                how,
            )
            skipped += float(metrics.get("skipped", 0.0))
        found = {k: float(v) for k, v in metrics.items()}
        return actor, {"learning_rate": rate} | found | {"skipped": skipped}


def make_update(grpo: GRPOConfig, model: Model) -> Update:
    """The update of a run, with its optimizer. `model` is the reference."""
    return Update(grpo, model, make_optimizer(max_grad_norm=grpo.max_grad_norm))
