import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from grpo_core.lora import Lora, adapt, linears, merge
from grpo_core.models.decoder import Decoder
from grpo_core.sampler import Ends, sample_jit
from grpo_core.sampling import completion_keys, greedy
from grpo_core.trainer import init_actor, logps_of, make_optimizer, supervised_step
from tests.grpo_core.conftest import random_batch

ONE = jnp.float32(1.0)


@pytest.fixture
def base(tiny: Decoder):
    return nnx.split(tiny, nnx.Param)


def trained(adapted, steps=2):
    """Adapters that are no longer zero."""
    optimizer = make_optimizer()
    actor = init_actor(jax.tree.map(jnp.copy, adapted.adapters), optimizer)
    for _ in range(steps):
        actor, _ = supervised_step(
            adapted.graph, optimizer, actor, random_batch(), jnp.float32(0.05), adapted.base
        )
    return adapted._replace(adapters=actor.params)


def leaves(tree):
    return [np.asarray(x) for x in jax.tree.leaves(tree)]


def test_fresh_adapters_change_nothing(base):
    adapted = adapt(*base, Lora(rank=3, alpha=6.0), seed=0)
    batch = random_batch()
    plain = logps_of(*base, batch, ONE).logps
    found = logps_of(adapted.graph, adapted.adapters, batch, ONE, adapted.base).logps
    np.testing.assert_allclose(found, plain, atol=1e-6)


def test_an_adapter_adds_alpha_over_rank_times_its_product(base):
    graph, params = base
    rank, alpha = 3, 6.0
    adapted = adapt(graph, params, Lora(rank, alpha, r"blocks\.1\.mlp\.up$"), seed=0)
    rng = np.random.default_rng(0)
    up = rng.normal(size=(rank, 64)).astype(np.float32)
    (path, down), (_, _) = [(p, v) for p, v in nnx.to_flat_state(adapted.adapters)]
    assert path == ("blocks", 1, "mlp", "up", "adapter", "down")
    adapted.adapters["blocks"][1]["mlp"]["up"]["adapter"]["up"] = nnx.LoRAParam(jnp.asarray(up))
    by_hand = jax.tree.map(jnp.copy, params)
    kernel = np.asarray(params["blocks"][1]["mlp"]["up"]["kernel"][...])
    kernel = kernel + alpha / rank * np.asarray(down[...]) @ up
    by_hand["blocks"][1]["mlp"]["up"]["kernel"] = nnx.Param(jnp.asarray(kernel))
    batch = random_batch()
    found = logps_of(adapted.graph, adapted.adapters, batch, ONE, adapted.base).logps
    wanted = logps_of(graph, by_hand, batch, ONE).logps
    mask = np.asarray(batch.completion_mask) > 0
    np.testing.assert_allclose(np.asarray(found)[mask], np.asarray(wanted)[mask], atol=1e-5)
    assert float(np.abs(np.asarray(found) - logps_of(graph, params, batch, ONE).logps).max()) > 1e-2


def test_only_adapters_are_trained_and_the_reference_stays(base):
    adapted = adapt(*base, Lora(rank=2, alpha=2.0), seed=0)
    before = leaves(adapted.base)
    after = trained(adapted)
    for old, new in zip(before, leaves(after.base), strict=True):
        np.testing.assert_array_equal(old, new)
    moved = [np.abs(a - b).max() for a, b in zip(*map(leaves, (adapted[1], after[1])), strict=True)]
    assert min(moved) > 0
    # The base without adapters is the reference, and shares its memory.
    for ours, theirs in zip(jax.tree.leaves(after.base), jax.tree.leaves(base[1]), strict=True):
        assert ours is theirs


def test_merged_weights_compute_what_adapters_do(base):
    graph, _ = base
    adapted = trained(adapt(*base, Lora(rank=2, alpha=4.0), seed=0))
    merged = merge(adapted)
    assert jax.tree.structure(merged) == jax.tree.structure(base[1])
    batch = random_batch()
    with_adapters = logps_of(adapted.graph, adapted.adapters, batch, ONE, adapted.base).logps
    np.testing.assert_allclose(logps_of(graph, merged, batch, ONE).logps, with_adapters, atol=2e-5)
    keys = completion_keys(0, 1, jnp.arange(3), 2)
    ends = Ends((1,), 6, 0)
    one = sample_jit(graph, merged, batch.prompts, keys, greedy, ends)
    two = sample_jit(
        adapted.graph, adapted.adapters, batch.prompts, keys, greedy, ends, adapted.base
    )
    np.testing.assert_array_equal(one.tokens, two.tokens)


def test_targets_choose_projections_by_path(tiny):
    names = [name for name, _ in linears(tiny, r"attention\.(query|value)$")]
    wanted = [f"blocks.{i}.attention.{part}" for i in range(2) for part in ("query", "value")]
    assert sorted(names) == sorted(wanted)


def test_the_seed_decides_the_adapters(base):
    first, again, other = (adapt(*base, Lora(2, 2.0), seed).adapters for seed in (0, 0, 1))
    for a, b in zip(leaves(first), leaves(again), strict=True):
        np.testing.assert_array_equal(a, b)
    assert any(not np.array_equal(a, b) for a, b in zip(leaves(first), leaves(other), strict=True))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Lora(rank=0), "rank 0 must be at least 1"),
        (lambda: Lora(alpha=0.0), "alpha 0.0 must be above 0"),
        (lambda: Lora(targets="("), "is no regular expression"),
    ],
)
def test_impossible_adapters_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_targets_that_match_nothing_are_refused(base):
    with pytest.raises(ValueError, match="'conv' match no projection"):
        adapt(*base, Lora(targets="conv"), seed=0)
