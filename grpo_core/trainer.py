"""One optimisation step, supervised or GRPO, as a jitted pure function.

Parameters, optimizer state and every scheduled scalar are arguments: nothing is remembered between
steps, and changing beta, epsilon or the learning rate compiles nothing.
"""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
import optax.contrib
from flax import nnx
from optax.contrib import MuonDimensionNumbers

from grpo_core.batch import Batch
from grpo_core.logprobs import TokenLogps, completion_logps
from grpo_core.losses import Loss, LossScalars, Scored, grpo, supervised_loss
from grpo_core.models.decoder import Decoder

GRPO = grpo()


class ActorState(NamedTuple):
    """The model in training: parameters, optimizer state, number of updates applied."""

    params: nnx.State
    opt_state: optax.OptState
    updates: jax.Array


class GrpoTargets(NamedTuple):
    """What a GRPO step compares with.

    advantages `[N, G]`; the others `[N, G, T]` in nats. reference_logps None leaves out the KL
    term; old_logps None means that the batch was sampled from the present parameters (one update
    per batch): the ratio is then exactly 1. sampler_logps are the sampler's own, for losses with a
    correction.
    """

    advantages: jax.Array
    reference_logps: jax.Array | None = None
    old_logps: jax.Array | None = None
    sampler_logps: jax.Array | None = None


def make_optimizer(
    *, max_grad_norm: float = 1.0, weight_decay: float = 0.0, b2: float = 0.999
) -> optax.GradientTransformation:
    """AdamW (Loshchilov & Hutter 2019) after clipping to a global norm; the step applies the
    learning rate."""
    if not max_grad_norm > 0:
        raise ValueError(f"max_grad_norm {max_grad_norm} must be above 0")
    parts = [optax.clip_by_global_norm(max_grad_norm), optax.scale_by_adam(b2=b2)]
    if weight_decay:
        parts.append(optax.add_decayed_weights(weight_decay))
    return optax.chain(*parts)


def make_muon(*, max_grad_norm: float = 1.0, b2: float = 0.98) -> optax.GradientTransformation:
    """Muon (Jordan et al. 2024) on matrices, Adam on the rest; takes Adam's learning rates.

    Orthogonalised momentum finds the copying circuits of a small model in about two thirds of the
    steps. Updates are scaled to Adam's usual size, 0.2 (Liu et al. 2025, "Muon is scalable").
    """

    def matrices(params: nnx.State) -> Any:
        def spec(path: Any, _: jax.Array) -> MuonDimensionNumbers | None:
            return MuonDimensionNumbers() if "kernel" in jax.tree_util.keystr(path) else None

        return jax.tree_util.tree_map_with_path(spec, params)

    muon = optax.contrib.muon(
        1.0, adam_b2=b2, consistent_rms=0.2, muon_weight_dimension_numbers=matrices
    )
    return optax.chain(optax.clip_by_global_norm(max_grad_norm), muon, optax.scale(-1.0))


def warmup_cosine(step: int, *, peak: float, warmup: int, total: int, floor: float = 0.0) -> float:
    """Linear warm-up to `peak`, then a cosine down to `floor * peak` at `total`; steps count from
    0."""
    schedule = optax.warmup_cosine_decay_schedule(
        0.0, peak, max(warmup, 1), max(total, warmup + 1), floor * peak
    )
    return float(schedule(step + 1))


def init_actor(params: nnx.State, optimizer: optax.GradientTransformation) -> ActorState:
    """A model about to be trained."""
    return ActorState(params, optimizer.init(params), jnp.zeros((), jnp.int32))


def _apply(
    actor: ActorState,
    gradients: nnx.State,
    optimizer: optax.GradientTransformation,
    learning_rate: jax.Array,
) -> ActorState:
    updates, opt_state = optimizer.update(gradients, actor.opt_state, actor.params)
    params = jax.tree.map(lambda p, u: p - learning_rate * u.astype(p.dtype), actor.params, updates)
    return ActorState(params, opt_state, actor.updates + 1)


@partial(jax.jit, static_argnames=("graph", "optimizer"), donate_argnames=("actor",))
def supervised_step(
    graph: nnx.GraphDef,
    optimizer: optax.GradientTransformation,
    actor: ActorState,
    batch: Batch,
    learning_rate: jax.Array,
) -> tuple[ActorState, dict[str, jax.Array]]:
    """One step of cross-entropy on the completions of a batch."""

    def loss_of(params: nnx.State) -> jax.Array:
        found = completion_logps(nnx.merge(graph, params), batch, jnp.float32(1.0))
        return supervised_loss(found.logps, batch.completion_mask)

    loss, gradients = jax.value_and_grad(loss_of)(actor.params)
    metrics = {"loss": loss, "grad_norm": optax.tree.norm(gradients)}
    return _apply(actor, gradients, optimizer, learning_rate), metrics


@partial(jax.jit, static_argnames=("graph",))
def logps_of(
    graph: nnx.GraphDef, params: nnx.State, batch: Batch, temperature: jax.Array
) -> TokenLogps:
    """Log-probabilities of a batch under given parameters: of the reference, or before several
    updates."""
    return completion_logps(nnx.merge(graph, params), batch, temperature)


@partial(jax.jit, static_argnames=("graph", "optimizer", "loss"), donate_argnames=("actor",))
def grpo_step(
    graph: nnx.GraphDef,
    optimizer: optax.GradientTransformation,
    actor: ActorState,
    batch: Batch,
    targets: GrpoTargets,
    scalars: LossScalars,
    temperature: jax.Array,
    learning_rate: jax.Array,
    loss: Loss = GRPO,
) -> tuple[ActorState, dict[str, jax.Array]]:
    """One GRPO update. Metrics are scalars under TRL's names, measured before the update."""

    def loss_of(params: nnx.State) -> tuple[jax.Array, dict[str, jax.Array]]:
        model: Decoder = nnx.merge(graph, params)
        found = completion_logps(model, batch, temperature, entropy_gradient=loss.entropy_bonus)
        old = targets.old_logps
        scored = Scored(
            found.logps,
            jax.lax.stop_gradient(found.logps) if old is None else old,
            targets.reference_logps,
            targets.advantages,
            batch.completion_mask,
            targets.sampler_logps,
            found.entropy,
        )
        return loss(scored, scalars)

    (value, metrics), gradients = jax.value_and_grad(loss_of, has_aux=True)(actor.params)
    metrics |= {"loss": value, "grad_norm": optax.tree.norm(gradients)}
    return _apply(actor, gradients, optimizer, learning_rate), metrics
