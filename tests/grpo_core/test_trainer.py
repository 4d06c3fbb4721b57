import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx

from grpo_core.logprobs import completion_logps
from grpo_core.losses import LossScalars, supervised_loss
from grpo_core.trainer import (
    GrpoTargets,
    grpo_step,
    init_actor,
    logps_of,
    make_optimizer,
    supervised_step,
    warmup_cosine,
)
from tests.grpo_core.conftest import random_batch

ONE = jnp.float32(1.0)
OPTIMIZER = make_optimizer()  # one for all: a step is compiled for its optimizer


def scalars(beta=0.0, epsilon=0.2):
    return LossScalars(jnp.float32(epsilon), jnp.float32(epsilon), jnp.float32(beta))


@pytest.fixture
def actor(tiny):
    graph, params = nnx.split(tiny, nnx.Param)
    return graph, OPTIMIZER, lambda: init_actor(jax.tree.map(jnp.copy, params), OPTIMIZER)


def as_numpy(tree):
    return [np.asarray(x) for x in jax.tree.leaves(tree)]


def test_a_supervised_step_is_optax_adam_on_the_mean_loss(actor):
    graph, optimizer, fresh = actor
    batch = random_batch()
    after, metrics = supervised_step(graph, optimizer, fresh(), batch, jnp.float32(1e-2))

    def loss(params):
        found = completion_logps(nnx.merge(graph, params), batch, ONE)
        return supervised_loss(found.logps, batch.completion_mask)

    params = fresh().params
    value, gradients = jax.jit(jax.value_and_grad(loss))(params)
    reference = optax.chain(optax.clip_by_global_norm(1.0), optax.adam(1e-2))
    updates, _ = reference.update(gradients, reference.init(params), params)
    wanted = optax.apply_updates(params, updates)
    assert float(metrics["loss"]) == pytest.approx(float(value), rel=1e-5)
    for found, expected in zip(as_numpy(after.params), as_numpy(wanted), strict=True):
        # Adam divides by the size of the gradient, so that rounding shows in its smallest ones.
        np.testing.assert_allclose(found, expected, atol=1e-4)


def test_supervised_steps_learn_a_batch_by_heart(actor):
    graph, optimizer, fresh = actor
    state, batch = fresh(), random_batch()
    losses = []
    for _ in range(60):
        state, metrics = supervised_step(graph, optimizer, state, batch, jnp.float32(2e-2))
        losses.append(float(metrics["loss"]))
    assert losses[-1] < 0.1 * losses[0]


def test_a_step_keeps_every_dtype_also_of_weights_in_bfloat16(actor):
    graph, optimizer, fresh = actor
    params = jax.tree.map(lambda x: x.astype(jnp.bfloat16), fresh().params)
    state = init_actor(params, optimizer)
    before = [(x.shape, x.dtype) for x in jax.tree.leaves(state)]
    state, _ = supervised_step(graph, optimizer, state, random_batch(), jnp.float32(1e-2))
    assert [(x.shape, x.dtype) for x in jax.tree.leaves(state)] == before


def grpo_setting(actor):
    graph, optimizer, fresh = actor
    batch = random_batch()
    reference = logps_of(graph, fresh().params, batch, ONE).logps
    targets = GrpoTargets(jnp.array([[1.0, -1.0]] * 3), reference)
    return graph, optimizer, fresh, batch, targets


def test_a_grpo_step_raises_what_was_better_than_its_group(actor):
    graph, optimizer, fresh, batch, targets = grpo_setting(actor)
    rate = jnp.float32(1e-3)
    state, metrics = grpo_step(graph, optimizer, fresh(), batch, targets, scalars(), ONE, rate)
    before = np.asarray((targets.reference_logps * batch.completion_mask).sum(-1))
    logps = logps_of(graph, state.params, batch, ONE).logps
    after = np.asarray((logps * batch.completion_mask).sum(-1))
    assert (after - before)[:, 0].min() > 0
    assert (after - before)[:, 1].max() < 0
    assert float(metrics["kl"]) == pytest.approx(0.0, abs=1e-6)
    assert float(metrics["clip_ratio/region_mean"]) == 0.0
    assert int(state.updates) == 1


def test_scheduled_scalars_act_at_once_and_compile_nothing(actor):
    graph, optimizer, fresh, batch, targets = grpo_setting(actor)
    moved = targets._replace(reference_logps=targets.reference_logps - 0.5)
    grpo_step.clear_cache()
    results = []
    for beta, epsilon, rate in [(0.0, 0.2, 1e-3), (0.5, 0.2, 1e-3), (0.0, 0.2, 2e-3)]:
        state, _ = grpo_step(
            graph, optimizer, fresh(), batch, moved, scalars(beta, epsilon), ONE, jnp.float32(rate)
        )
        results.append(np.concatenate([x.ravel() for x in as_numpy(state.params)]))
    assert grpo_step._cache_size() == 1
    assert np.abs(results[0] - results[1]).max() > 1e-5  # beta
    assert np.abs(results[0] - results[2]).max() > 1e-5  # learning rate


def test_epsilon_bounds_the_second_update_of_a_batch(actor):
    graph, optimizer, fresh, batch, targets = grpo_setting(actor)
    old = targets.reference_logps - 1.0  # every ratio is e: past any sensible bound
    off = targets._replace(old_logps=old)
    rate = jnp.float32(1e-3)
    _, tight = grpo_step(graph, optimizer, fresh(), batch, off, scalars(epsilon=0.2), ONE, rate)
    _, loose = grpo_step(graph, optimizer, fresh(), batch, off, scalars(epsilon=5.0), ONE, rate)
    assert float(tight["clip_ratio/high_mean"]) > 0
    assert float(loose["clip_ratio/high_mean"]) == 0


def test_a_large_gradient_is_clipped_to_the_norm():
    optimizer = make_optimizer(max_grad_norm=0.5)
    params = {"w": jnp.zeros(4)}
    state = optimizer.init(params)
    _, moved = optimizer.update({"w": jnp.full(4, 10.0)}, state, params)
    adam = next(s for s in moved if hasattr(s, "mu"))
    # After clipping each entry is 0.5 / 2; Adam's first moment is a tenth of it.
    np.testing.assert_allclose(adam.mu["w"], 0.025, rtol=1e-5)
    with pytest.raises(ValueError, match="max_grad_norm 0"):
        make_optimizer(max_grad_norm=0)


def test_warm_up_then_cosine():
    rates = [warmup_cosine(s, peak=2.0, warmup=10, total=110, floor=0.1) for s in range(110)]
    assert rates[4] == pytest.approx(1.0)
    assert rates[9] == pytest.approx(2.0)
    assert rates[59] == pytest.approx((2.0 + 0.2) / 2, rel=1e-3)
    assert rates[109] == pytest.approx(0.2, rel=1e-3)
    assert max(rates) == rates[9]
