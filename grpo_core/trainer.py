"""One optimisation step, supervised or GRPO, as a jitted pure function.

Parameters, optimizer state and every scheduled scalar are arguments: nothing is remembered between
steps, and changing beta, epsilon or the learning rate compiles nothing.
"""

from collections.abc import Callable
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
from grpo_core.losses import Loss, LossScalars, Metrics, Scored, grpo, per_token
from grpo_core.mesh import by_rule
from grpo_core.passes import NOTHING, PLAIN, Pass

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
    metrics: Metrics,
    optimizer: optax.GradientTransformation,
    learning_rate: jax.Array,
) -> tuple[ActorState, Metrics]:
    """The updated actor, or the actor as it was where loss or gradient are not finite.

    Metrics gain `grad_norm` and `skipped`, 1 where nothing was updated.
    """
    gradients = by_rule(gradients)
    norm = optax.tree.norm(gradients)
    updates, opt_state = optimizer.update(gradients, actor.opt_state, actor.params)
    # A weight keeps its dtype, or the next step would compile again and take more memory.
    params = jax.tree.map(
        lambda p, u: (p - learning_rate * u).astype(p.dtype), actor.params, updates
    )
    finite = jnp.isfinite(metrics["loss"]) & jnp.isfinite(norm)
    updated = ActorState(params, opt_state, actor.updates + 1)
    kept = jax.tree.map(lambda new, old: jnp.where(finite, new, old), updated, actor)
    return by_rule(kept), metrics | {"grad_norm": norm, "skipped": 1.0 - finite.astype(jnp.float32)}


def _summed(
    part_of: Callable[[nnx.State, Any], tuple[jax.Array, Metrics]],
    params: nnx.State,
    whole: Any,
    how: Pass,
) -> tuple[nnx.State, Metrics]:
    """Gradients and metrics, `loss` among them, summed over the parts of `whole`."""

    def graded(part: Any) -> tuple[nnx.State, Metrics]:
        (loss, metrics), gradients = jax.value_and_grad(part_of, has_aux=True)(params, part)
        return gradients, metrics | {"loss": loss}

    if how.parts == 1:
        return graded(whole)
    parts = jax.tree.map(how.cut, whole)
    first = jax.eval_shape(graded, jax.tree.map(lambda x: x[0], parts))
    zero = jax.tree.map(lambda x: jnp.zeros(x.shape, x.dtype), first)

    def add(total: Any, part: Any) -> tuple[Any, None]:
        return jax.tree.map(jnp.add, total, graded(part)), None

    return jax.lax.scan(add, zero, parts)[0]


@partial(jax.jit, static_argnames=("graph", "optimizer", "how"), donate_argnames=("actor",))
def supervised_step(
    graph: nnx.GraphDef,
    optimizer: optax.GradientTransformation,
    actor: ActorState,
    batch: Batch,
    learning_rate: jax.Array,
    frozen: nnx.State = NOTHING,
    how: Pass = PLAIN,
) -> tuple[ActorState, Metrics]:
    """One step of cross-entropy on the completions of a batch, in nats per token.

    The actor's parameters are trained, `frozen` ones (the base under adapters) are not.
    """

    def part_of(params: nnx.State, part: Any) -> tuple[jax.Array, Metrics]:
        piece, weights = part
        model = how.model(graph, params, frozen)
        found = completion_logps(model, piece, jnp.float32(1.0), remat=how.remat)
        return -jnp.sum(found.logps * weights), {}

    whole = (batch, per_token(batch.completion_mask))
    gradients, metrics = _summed(part_of, actor.params, whole, how)
    return _apply(actor, gradients, metrics, optimizer, learning_rate)


@partial(jax.jit, static_argnames=("graph", "how"))
def logps_of(
    graph: nnx.GraphDef,
    params: nnx.State,
    batch: Batch,
    temperature: jax.Array,
    frozen: nnx.State = NOTHING,
    how: Pass = PLAIN,
) -> TokenLogps:
    """Log-probabilities of a batch under given parameters: of the reference, or before several
    updates."""
    model = how.model(graph, params, frozen)
    if how.parts == 1:
        return completion_logps(model, batch, temperature)
    parts = jax.lax.map(lambda part: completion_logps(model, part, temperature), how.split(batch))
    return jax.tree.map(lambda x: x.reshape(batch.completion.shape), parts)


@partial(jax.jit, static_argnames=("graph", "optimizer", "loss", "how"), donate_argnames=("actor",))
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
    frozen: nnx.State = NOTHING,
    how: Pass = PLAIN,
) -> tuple[ActorState, Metrics]:
    """One GRPO update. Metrics are scalars under TRL's names, measured before the update."""

    def part_of(params: nnx.State, part: Any) -> tuple[jax.Array, Metrics]:
        piece, wanted, weights = part
        model = how.model(graph, params, frozen)
        found = completion_logps(
            model, piece, temperature, entropy_gradient=loss.entropy_bonus, remat=how.remat
        )
        old = wanted.old_logps
        scored = Scored(
            found.logps,
            jax.lax.stop_gradient(found.logps) if old is None else old,
            wanted.reference_logps,
            wanted.advantages,
            piece.completion_mask,
            wanted.sampler_logps,
            found.entropy,
        )
        return loss(scored, scalars, weights)

    whole = (batch, targets, loss.weights(batch.completion_mask))
    gradients, metrics = _summed(part_of, actor.params, whole, how)
    return _apply(actor, gradients, metrics, optimizer, learning_rate)
