"""Each objective against a loop over tokens, finite differences, and itself in parts."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from grpo_core.importance import Truncated
from grpo_core.kl import StraightThrough, k1, k2, k3
from grpo_core.losses import (
    LossScalars,
    PerConstant,
    Scored,
    cispo,
    dapo,
    dr_grpo,
    grpo,
    gspo,
    supervised_loss,
    without_dead_groups,
    without_truncated,
)

LOSSES = {
    "grpo": grpo(),
    "dr_grpo": dr_grpo(9),
    "dapo": dapo(),
    "gspo": gspo(),
    "cispo": cispo(),
    "grpo, k1": replace(grpo(), kl=k1),
    "grpo, k2": replace(grpo(), kl=k2),
    "gspo, by ratio": replace(gspo(), kl_by_ratio=True),
    "dapo, corrected": replace(dapo(), correction=Truncated(1.1)),
    "gspo, corrected": replace(gspo(), correction=Truncated(1.3, per_sequence=True)),
    "cispo, entropy": replace(cispo(), entropy_bonus=True),
}
LOW, HIGH, BETA, COEF = 0.2, 0.28, 0.08, 0.02
SHAPE = (3, 4, 6)


def scalars(low=LOW, high=HIGH, beta=BETA) -> LossScalars:
    return LossScalars(*map(jnp.asarray, (low, high, beta, COEF)))


def random_case(seed=0) -> Scored:
    rng = np.random.default_rng(seed)
    logps = -rng.exponential(1.0, SHAPE)
    old, reference, sampler = (logps + rng.normal(0, s, SHAPE) for s in (0.3, 0.3, 0.1))
    lengths = rng.integers(1, SHAPE[2] + 1, SHAPE[:2])
    mask = np.arange(SHAPE[2]) < lengths[..., None]
    advantages, entropy = rng.normal(size=SHAPE[:2]), rng.exponential(1.0, SHAPE)
    case = Scored(logps, old, reference, advantages, mask, sampler, entropy)
    return Scored(*(np.asarray(x, np.float32) for x in case))


def by_loop(name: str, s: Scored) -> float:
    """The objectives as their papers write them, token by token, in Python floats."""
    tokens = s.mask.sum()
    total = 0.0
    for n, g in np.ndindex(*SHAPE[:2]):
        a, size = s.advantages[n, g], int(s.mask[n, g].sum())
        change = (s.logps - s.old_logps)[n, g, :size]
        drift = (s.old_logps - s.sampler_logps)[n, g, :size]
        for t in range(size):
            r = np.exp(change.mean() if name.startswith("gspo") else change[t])
            gain = min(r * a, min(max(r, 1 - LOW), 1 + HIGH) * a)
            if name.startswith("cispo"):
                gain = min(r, 1 + HIGH) * a * s.logps[n, g, t]
            if name == "dapo, corrected":
                gain *= min(np.exp(drift[t]), 1.1)
            if name == "gspo, corrected":
                gain *= min(np.exp(drift.sum()), 1.3)
            d = s.reference_logps[n, g, t] - s.logps[n, g, t]
            kl = {"grpo, k1": -d, "grpo, k2": d * d / 2}.get(name, np.exp(d) - d - 1)
            kl *= r if name == "gspo, by ratio" else 1
            share = 1 / tokens if name[:4] in ("dapo", "cisp") else 1 / (size * 12)
            share = 1 / (9 * 12) if name == "dr_grpo" else share
            total += share * (BETA * kl - gain)
    if name == "cispo, entropy":
        total -= COEF * (s.entropy * s.mask).sum() / tokens
    return total


@pytest.mark.parametrize("name", sorted(LOSSES))
def test_a_loss_equals_a_loop_over_tokens(name):
    case = random_case()
    if "corrected" not in name:
        assert LOSSES[name].correction is None
    loss, _ = LOSSES[name](case, scalars())
    assert float(loss) == pytest.approx(by_loop(name, case), abs=2e-6)


@pytest.mark.parametrize("name", sorted(LOSSES))
def test_a_gradient_agrees_with_finite_differences(name):
    with jax.enable_x64(True):
        case = Scored(*(jnp.asarray(x, jnp.float64) for x in random_case(1)))
        frozen = case.logps

        def loss(x):
            if name.startswith("cispo"):  # its weights are constants: hold them where they were
                moved = case._replace(logps=x, old_logps=case.old_logps + (x - frozen))
                return LOSSES[name](moved, scalars())[0]
            return LOSSES[name](case._replace(logps=x), scalars())[0]

        def actual(x):
            return LOSSES[name](case._replace(logps=x), scalars())[0]

        gradient, slope_of = np.asarray(jax.grad(actual)(frozen)), jax.jit(loss)
        rng = np.random.default_rng(2)
        for _ in range(3):
            direction, step = rng.normal(size=SHAPE), 1e-6
            slope = slope_of(frozen + step * direction) - slope_of(frozen - step * direction)
            wanted = float((gradient * direction).sum())
            assert float(slope) / (2 * step) == pytest.approx(wanted, abs=1e-7)


@pytest.mark.parametrize("name", sorted(LOSSES))
def test_parts_of_a_batch_add_up_to_the_whole(name):
    case, loss = random_case(2), LOSSES[name]
    whole, told = loss(case, scalars())
    weights = loss.weights(case.mask)
    parts = [loss(cut(case, n), scalars(), cut(weights, n)) for n in range(SHAPE[0])]
    assert float(sum(p[0] for p in parts)) == pytest.approx(float(whole), abs=1e-6)
    for metric, value in told.items():
        assert float(sum(p[1][metric] for p in parts)) == pytest.approx(float(value), abs=1e-5)


def cut(tree, n):
    return jax.tree.map(lambda x: x[n : n + 1], tree)


@pytest.mark.parametrize("name", sorted(LOSSES))
def test_padding_says_nothing_even_where_it_would_overflow(name):
    case = random_case(3)
    noisy = case._replace(logps=np.where(case.mask > 0, case.logps, 500.0).astype(np.float32))
    first, told = LOSSES[name](case, scalars())
    second, again = LOSSES[name](noisy, scalars())
    gradient = jax.grad(lambda x: LOSSES[name](noisy._replace(logps=x), scalars())[0])(noisy.logps)
    assert float(first) == pytest.approx(float(second), abs=1e-6)
    assert float(told["kl"]) == pytest.approx(float(again["kl"]), abs=1e-6)
    assert np.asarray(gradient)[case.mask == 0].tolist() == [0.0] * int((case.mask == 0).sum())


def test_on_policy_every_ratio_gives_the_policy_gradient():
    case = random_case(4)
    advantages = case.advantages[..., None] * case.mask
    for name, size in [
        ("grpo", case.mask.sum(-1, keepdims=True) * 12),
        ("dapo", case.mask.sum()),
        ("cispo", case.mask.sum()),
        ("dr_grpo", 9 * 12),
        ("gspo", case.mask.sum(-1, keepdims=True) * 12),
    ]:

        def loss(x, name=name):
            now = case._replace(logps=x, old_logps=jax.lax.stop_gradient(x))
            return LOSSES[name](now, scalars(beta=0.0))[0]

        found = jax.grad(loss)(jnp.asarray(case.logps))
        np.testing.assert_allclose(found, -advantages / size, atol=1e-6, err_msg=name)


def test_clipping_stops_the_gradient_and_is_counted_and_cispo_keeps_it():
    # Ratios of e: far above 1.28. With a positive advantage there is nothing more to gain.
    one = np.ones((1, 1, 2), np.float32)
    case = Scored(0 * one, -one, None, np.ones((1, 1), np.float32), one)

    def gradient(loss):
        return jax.grad(lambda x: loss(case._replace(logps=x), scalars()), has_aux=True)(case.logps)

    stopped, told = gradient(grpo())
    assert np.asarray(stopped).tolist() == [[[0.0, 0.0]]]
    assert (float(told["clip_ratio/high_mean"]), float(told["clip_ratio/low_mean"])) == (1.0, 0.0)
    assert "kl" not in told  # there is no reference
    kept, told = gradient(cispo())
    np.testing.assert_allclose(kept, -0.5 * (1 + HIGH) * one, rtol=1e-6)
    assert float(told["cispo_clip_ratio"]) == 1.0


def test_kl_estimates_by_hand():
    # The reference is twice as likely as the actor: d = ln 2.
    actor, reference = jnp.log(0.25), jnp.log(0.5)
    assert float(k1(actor, reference)) == pytest.approx(-np.log(2), abs=1e-6)
    assert float(k2(actor, reference)) == pytest.approx(np.log(2) ** 2 / 2, abs=1e-6)
    assert float(k3(actor, reference)) == pytest.approx(1 - np.log(2), abs=1e-6)


def test_expected_values_and_gradients_of_the_estimates_are_what_they_claim():
    # All of a three-word vocabulary, weighted by its probabilities: expectations without sampling.
    theta, other = jnp.array([0.3, -0.2, 0.5]), jnp.array([0.1, 0.4, -0.3])
    p, log_q = jax.nn.softmax(theta), jax.nn.log_softmax(other)

    def expected(kl):
        return lambda x: jnp.sum(p * kl(jax.nn.log_softmax(x), log_q))

    def reverse(x):
        log_p = jax.nn.log_softmax(x)
        return jnp.sum(jnp.exp(log_p) * (log_p - log_q))

    def forward(x):
        return jnp.sum(jnp.exp(log_q) * (log_q - jax.nn.log_softmax(x)))

    divergence, slope = jax.value_and_grad(reverse)(theta)
    for unbiased in (k1, k3, StraightThrough(k1), StraightThrough(k3)):
        assert float(expected(unbiased)(theta)) == pytest.approx(float(divergence), abs=1e-6)
    for right in (k2, StraightThrough(k1), StraightThrough(k3)):
        np.testing.assert_allclose(jax.grad(expected(right))(theta), slope, atol=1e-6)
    np.testing.assert_allclose(jax.grad(expected(k1))(theta), 0.0, atol=1e-6)
    np.testing.assert_allclose(jax.grad(expected(k3))(theta), jax.grad(forward)(theta), atol=1e-6)


def test_truncated_weights_by_hand():
    log = np.log(np.array([[[2.0, 0.5, 8.0]]], np.float32))
    mask = np.array([[[1.0, 1.0, 0.0]]], np.float32)
    assert Truncated(1.5)(log, 0 * log, mask).tolist() == [[[1.5, 0.5, 1.0]]]
    assert Truncated(1.5, per_sequence=True)(log, 0 * log, mask).tolist() == [[[1.0]]]
    with pytest.raises(ValueError, match=r"cap 0\.5 must be at least 1"):
        Truncated(0.5)


def test_truncated_completions_and_dead_groups_are_left_out():
    mask = np.array([[[1, 1, 1], [1, 1, 0]], [[1, 1, 1], [1, 0, 0]]], np.float32)
    # The end token is 7. The second row's own end lies in its padding, which does not count.
    tokens = np.array([[[4, 4, 7], [4, 4, 7]], [[4, 4, 4], [7, 0, 0]]])
    assert without_truncated(mask, tokens, 7).sum(-1).tolist() == [[3, 0], [0, 1]]
    several = np.array([9, 7])
    assert without_truncated(mask, tokens, several).sum(-1).tolist() == [[3, 0], [0, 1]]
    advantages = np.array([[1.0, -1.0], [0.0, 0.0]], np.float32)
    assert without_dead_groups(mask, advantages).sum(-1).tolist() == [[3, 2], [0, 0]]


def test_a_batch_of_which_nothing_is_left_changes_nothing():
    case = random_case()
    empty = case._replace(mask=np.zeros_like(case.mask))
    for loss in LOSSES.values():
        value, gradient = jax.value_and_grad(
            lambda x, loss=loss: loss(empty._replace(logps=x), scalars())[0]
        )(empty.logps)
        assert float(value) == 0.0
        assert not np.asarray(gradient).any()


def test_a_constant_of_no_tokens_is_refused():
    with pytest.raises(ValueError, match="tokens 0 must be at least 1"):
        PerConstant(0)


def test_supervised_loss_is_the_mean_over_tokens():
    logps = jnp.array([[[-1.0, -2.0, -9.0]]])
    assert float(supervised_loss(logps, jnp.array([[[1.0, 1.0, 0.0]]]))) == 1.5
