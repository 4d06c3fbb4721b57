"""What a pass trades must not change what it computes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from grpo_core.losses import LossScalars, dapo, gspo
from grpo_core.passes import Pass
from grpo_core.trainer import (
    GrpoTargets,
    grpo_step,
    init_actor,
    logps_of,
    make_optimizer,
    supervised_step,
)
from tests.grpo_core.conftest import random_batch

ONE = jnp.float32(1.0)
BATCH = random_batch(prompts=4, group=3)
OPTIMIZER = make_optimizer()  # one for all: a step is compiled for its optimizer
BOTH = Pass(parts=4, remat=True)
WAYS = [
    pytest.param(Pass(parts=2), id="parts", marks=pytest.mark.slow),
    pytest.param(Pass(remat=True), id="remat", marks=pytest.mark.slow),
    pytest.param(BOTH, id="both"),
]


@pytest.fixture
def setting(model):
    graph, params = nnx.split(model, nnx.Param)
    return graph, lambda: init_actor(jax.tree.map(jnp.copy, params), OPTIMIZER)


def targets(graph, params):
    rng = np.random.default_rng(2)
    reference = logps_of(graph, params, BATCH, ONE).logps - 0.1
    old = jnp.asarray(reference + rng.normal(scale=0.2, size=reference.shape), jnp.float32)
    return GrpoTargets(jnp.asarray(rng.normal(size=(4, 3)), jnp.float32), reference, old)


def assert_close(one, two, atol):
    for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(two), strict=True):
        np.testing.assert_allclose(np.asarray(a), np.asarray(b), atol=atol)


@pytest.mark.parametrize("how", WAYS)
@pytest.mark.parametrize("loss", [dapo(), gspo()], ids=["dapo", "gspo"])
def test_a_grpo_step_is_the_same_in_parts_and_with_layers_computed_again(tiny, loss, how):
    graph, params = nnx.split(tiny, nnx.Param)
    scalars = LossScalars(jnp.float32(0.2), jnp.float32(0.28), jnp.float32(0.04))
    wanted = targets(graph, params)

    def step(how):
        actor = init_actor(jax.tree.map(jnp.copy, params), OPTIMIZER)
        rate = jnp.float32(1e-3)
        return grpo_step(
            graph, OPTIMIZER, actor, BATCH, wanted, scalars, ONE, rate, loss=loss, how=how
        )

    plain, metrics = step(Pass())
    actor, found = step(how)
    assert_close(actor.opt_state, plain.opt_state, 1e-6)  # the gradient and its square
    assert_close(found, metrics, 1e-5)


def test_a_supervised_step_in_parts_is_one_step(setting):
    graph, fresh = setting
    rate = jnp.float32(1e-3)
    plain, metrics = supervised_step(graph, OPTIMIZER, fresh(), BATCH, rate)
    actor, found = supervised_step(graph, OPTIMIZER, fresh(), BATCH, rate, how=BOTH)
    assert_close(actor.opt_state, plain.opt_state, 1e-6)
    assert_close(found, metrics, 1e-5)


def test_log_probabilities_in_parts(tiny):
    graph, params = nnx.split(tiny, nnx.Param)
    plain = logps_of(graph, params, BATCH, ONE)
    assert_close(logps_of(graph, params, BATCH, ONE, how=Pass(parts=2)), plain, 1e-6)


def test_bfloat16_passes_leave_float32_masters(tiny):
    graph, params = nnx.split(tiny, nnx.Param)
    half = Pass(dtype=jnp.bfloat16)
    actor = init_actor(jax.tree.map(jnp.copy, params), OPTIMIZER)
    # A step far below bfloat16's resolution of the weights must not be lost.
    actor, metrics = supervised_step(graph, OPTIMIZER, actor, BATCH, jnp.float32(1e-6), how=half)
    assert {x.dtype for x in jax.tree.leaves(actor.params)} == {np.dtype(np.float32)}
    moved = [
        float(jnp.abs(a - b).max())
        for a, b in zip(jax.tree.leaves(actor.params), jax.tree.leaves(params), strict=True)
    ]
    assert min(moved) > 0
    assert max(moved) < 3e-6
    exact = np.asarray(logps_of(graph, params, BATCH, ONE).logps)
    rough = np.asarray(logps_of(graph, params, BATCH, ONE, how=half).logps)
    mask = np.asarray(BATCH.completion_mask) > 0
    assert 1e-6 < np.abs(exact - rough)[mask].max() < 0.05
    assert float(metrics["loss"]) == pytest.approx(-float(exact[mask].mean()), abs=0.02)


def test_parts_that_are_not_equal_are_refused(tiny):
    graph, params = nnx.split(tiny, nnx.Param)
    with pytest.raises(ValueError, match="4 prompts do not make 3 equal parts"):
        logps_of(graph, params, BATCH, ONE, how=Pass(parts=3))
    with pytest.raises(ValueError, match="parts 0 must be at least 1"):
        Pass(parts=0)


@pytest.mark.parametrize("broken", [np.nan, np.inf])
def test_a_step_that_is_not_finite_leaves_the_actor_untouched(tiny, broken):
    graph, params = nnx.split(tiny, nnx.Param)
    wanted = targets(graph, params)
    wanted = wanted._replace(advantages=wanted.advantages.at[1, 0].set(broken))
    scalars = LossScalars(jnp.float32(0.2), jnp.float32(0.2), jnp.float32(0.04))
    actor = init_actor(jax.tree.map(jnp.copy, params), OPTIMIZER)
    rate = jnp.float32(1e-2)
    actor, metrics = grpo_step(graph, OPTIMIZER, actor, BATCH, wanted, scalars, ONE, rate)
    assert float(metrics["skipped"]) == 1.0
    fresh = init_actor(params, OPTIMIZER)
    for a, b in zip(jax.tree.leaves(actor), jax.tree.leaves(fresh), strict=True):
        np.testing.assert_array_equal(a, b)
    actor, metrics = grpo_step(
        graph, OPTIMIZER, actor, BATCH, targets(graph, params), scalars, ONE, rate
    )
    assert float(metrics["skipped"]) == 0.0
    assert int(actor.updates) == 1
