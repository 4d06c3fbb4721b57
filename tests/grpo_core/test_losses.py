import jax
import jax.numpy as jnp
import numpy as np
import pytest

from grpo_core.losses import LossScalars, grpo_loss, kl_k3, supervised_loss


def scalars(low=0.2, high=0.2, beta=0.0) -> LossScalars:
    return LossScalars(jnp.float32(low), jnp.float32(high), jnp.float32(beta))


def random_case(seed=0, shape=(3, 4, 6)):
    rng = np.random.default_rng(seed)
    logps = -rng.exponential(1.0, shape).astype(np.float32)
    old = (logps + rng.normal(0, 0.3, shape)).astype(np.float32)
    reference = (logps + rng.normal(0, 0.3, shape)).astype(np.float32)
    advantages = rng.normal(size=shape[:2]).astype(np.float32)
    lengths = rng.integers(1, shape[2] + 1, shape[:2])
    mask = (np.arange(shape[2]) < lengths[..., None]).astype(np.float32)
    return logps, old, reference, advantages, mask


def test_k3_by_hand_and_never_negative():
    # reference twice as likely as the actor: exp(ln 2) - ln 2 - 1
    assert float(kl_k3(jnp.log(0.25), jnp.log(0.5))) == pytest.approx(1 - np.log(2), abs=1e-6)
    assert float(kl_k3(jnp.float32(-3.0), jnp.float32(-3.0))) == 0.0
    logps, _, reference, _, _ = random_case()
    assert np.asarray(kl_k3(logps, reference)).min() >= 0


def test_the_loss_equals_a_loop_over_tokens():
    logps, old, reference, advantages, mask = random_case()
    low, high, beta = 0.2, 0.28, 0.08
    total = 0.0
    for n in range(3):
        for g in range(4):
            tokens = []
            for t in range(int(mask[n, g].sum())):
                ratio = np.exp(logps[n, g, t] - old[n, g, t])
                a = advantages[n, g]
                gain = min(ratio * a, np.clip(ratio, 1 - low, 1 + high) * a)
                d = reference[n, g, t] - logps[n, g, t]
                tokens.append(-gain + beta * (np.exp(d) - d - 1))
            total += np.mean(tokens)
    loss, _ = grpo_loss(logps, old, reference, advantages, mask, scalars(low, high, beta))
    assert float(loss) == pytest.approx(total / 12, abs=1e-5)


def test_gradient_agrees_with_finite_differences():
    logps, old, reference, advantages, mask = (x.astype(np.float64) for x in random_case(1))
    with jax.enable_x64(True):
        at = jnp.asarray(logps)

        def loss(x):
            return grpo_loss(x, old, reference, advantages, mask, scalars(beta=0.3))[0]

        gradient = np.asarray(jax.grad(loss)(at))
        rng = np.random.default_rng(2)
        for _ in range(5):
            direction = rng.normal(size=logps.shape)
            step = 1e-6
            slope = (loss(at + step * direction) - loss(at - step * direction)) / (2 * step)
            assert float(slope) == pytest.approx(float((gradient * direction).sum()), abs=1e-6)


def test_on_policy_the_gradient_is_the_policy_gradient():
    logps, _, reference, advantages, mask = random_case(2)

    def loss(x):
        return grpo_loss(x, jax.lax.stop_gradient(x), reference, advantages, mask, scalars())[0]

    wanted = -advantages[..., None] * mask / mask.sum(-1, keepdims=True) / 12
    np.testing.assert_allclose(jax.grad(loss)(jnp.asarray(logps)), wanted, atol=1e-6)


def test_clipping_stops_the_gradient_and_is_counted():
    # Ratios of e: far above 1.2. With a positive advantage there is nothing more to gain.
    logps, old = jnp.zeros((1, 1, 2)), jnp.full((1, 1, 2), -1.0)
    mask, advantages = jnp.ones((1, 1, 2)), jnp.ones((1, 1))

    def loss(x):
        return grpo_loss(x, old, x, advantages, mask, scalars())

    gradient, metrics = jax.grad(loss, has_aux=True)(logps)
    assert np.asarray(gradient).tolist() == [[[0.0, 0.0]]]
    assert float(metrics["clip_ratio/high_mean"]) == 1.0
    assert float(metrics["clip_ratio/low_mean"]) == 0.0


def test_padding_says_nothing():
    logps, old, reference, advantages, mask = random_case(3)
    noisy = np.where(mask > 0, logps, -7.0)
    first, told = grpo_loss(logps, old, reference, advantages, mask, scalars(beta=0.1))
    second, again = grpo_loss(noisy, old, reference, advantages, mask, scalars(beta=0.1))
    assert float(first) == pytest.approx(float(second), abs=1e-6)
    assert float(told["kl"]) == pytest.approx(float(again["kl"]), abs=1e-6)


def test_supervised_loss_is_the_mean_over_tokens():
    logps = jnp.array([[[-1.0, -2.0, -9.0]]])
    assert float(supervised_loss(logps, jnp.array([[[1.0, 1.0, 0.0]]]))) == 1.5
