"""Log-probabilities a block of words at a time: the same numbers, a small share of the memory."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import log_softmax
from scipy.stats import entropy

from grpo_core.logprobs import token_logps
from grpo_core.losses import LossScalars, Scored, grpo
from grpo_core.vocabulary import token_logps_of

TEMPERATURE = 0.7
# Words, tokens, words in a block: one block; equal blocks; a narrower last one, of a vocabulary
# that falls into eight stretches and of one that does not.
SHAPES = [(24, 9, None), (64, 7, 16), (200, 7, 56), (131, 5, 20)]


def random_case(words, tokens, width=8):
    rng = np.random.default_rng(words)
    hidden, table = rng.normal(size=(tokens, width)) * 2, rng.normal(size=(words, width))
    targets = rng.integers(0, words, tokens)
    targets[:2] = 0, words - 1
    return hidden.astype(np.float32), table.astype(np.float32), targets


@pytest.mark.parametrize(("words", "tokens", "block"), SHAPES)
def test_values_equal_scipy(words, tokens, block):
    hidden, table, targets = random_case(words, tokens)
    logps, found = token_logps_of(hidden, table, targets, TEMPERATURE, block_words=block)
    wanted = log_softmax(hidden.astype(np.float64) @ table.T / TEMPERATURE, axis=-1)
    np.testing.assert_allclose(logps, wanted[np.arange(tokens), targets], atol=2e-5)
    np.testing.assert_allclose(found, entropy(np.exp(wanted), axis=-1), atol=2e-5)


@pytest.mark.parametrize("entropy_gradient", [False, True])
@pytest.mark.parametrize(("words", "tokens", "block"), SHAPES)
def test_gradients_equal_those_of_all_logits_at_once(words, tokens, block, entropy_gradient):
    hidden, table, targets = random_case(words, tokens)
    by_logp, by_entropy = np.random.default_rng(1).normal(size=(2, tokens))

    def in_blocks(hidden, table):
        logps, found = token_logps_of(
            hidden,
            table,
            targets,
            TEMPERATURE,
            block_words=block,
            entropy_gradient=entropy_gradient,
        )
        return jnp.sum(by_logp * logps + by_entropy * found)

    def at_once(hidden, table):
        logps, found = token_logps(hidden @ table.T / TEMPERATURE, jnp.asarray(targets))
        found = found if entropy_gradient else jax.lax.stop_gradient(found)
        return jnp.sum(by_logp * logps + by_entropy * found)

    found = jax.jit(jax.grad(in_blocks, (0, 1)))(hidden, table)
    wanted = jax.jit(jax.grad(at_once, (0, 1)))(hidden, table)
    for mine, theirs in zip(found, wanted, strict=True):
        np.testing.assert_allclose(mine, theirs, atol=2e-5)


def test_huge_and_equal_logits_stay_finite():
    hidden, table = np.full((2, 4), 50.0, np.float32), np.ones((48, 4), np.float32)
    table[40] = 9.0  # 1,800 against 200: the sums of earlier blocks must vanish, not overflow
    logps, found = token_logps_of(hidden, table, np.array([40, 3]), 1.0, block_words=16)
    assert np.asarray(logps).tolist() == [0.0, -1600.0]
    assert np.asarray(found).tolist() == [0.0, 0.0]
    logps, found = token_logps_of(hidden, table[:40], np.array([4, 3]), 1.0, block_words=16)
    np.testing.assert_allclose(logps, -np.log(40), rtol=1e-7)
    np.testing.assert_allclose(found, np.log(40), rtol=1e-7)


def test_bfloat16_differs_by_its_rounding_only():
    hidden, table, targets = random_case(200, 64, width=32)
    hidden, table = (jnp.asarray(x * 0.3, jnp.bfloat16) for x in (hidden, table))

    def total(hidden, table):
        return jnp.sum(token_logps_of(hidden, table, targets, 1.0, block_words=40)[0])

    value, rows = jax.value_and_grad(total, 1)(hidden, table)
    wide = [jnp.asarray(x, jnp.float32) for x in (hidden, table)]
    wanted, exact = jax.value_and_grad(total, 1)(*wide)
    assert rows.dtype == jnp.bfloat16
    assert float(value) == pytest.approx(float(wanted), rel=1e-5)
    # The sum over tokens is rounded once, and each token's slope once: 2^-8 of the largest.
    assert np.abs(np.asarray(rows, np.float32) - exact).max() < 2**-7 * np.abs(exact).max()


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_the_loss_over_a_large_vocabulary_takes_a_twentieth_of_the_memory(dtype):
    # By XLA's own analysis; nothing of this size is ever allocated here.
    prompts, group, length, words, width = 4, 4, 1536, 262_144, 1152
    tokens = prompts * group * length

    def step(logps_of, hidden, table, targets, reference, advantages, mask):
        def loss(hidden, table):
            logps, entropy = logps_of(hidden, table, targets)
            logps, entropy = (x.reshape(mask.shape) for x in (logps, entropy))
            old = jax.lax.stop_gradient(logps)
            scored = Scored(logps, old, reference, advantages, mask, None, entropy)
            return grpo()(scored, LossScalars(0.2, 0.2, 0.08))

        return jax.value_and_grad(loss, (0, 1), has_aux=True)(hidden, table)

    def in_blocks(hidden, table, targets):
        return token_logps_of(hidden, table, targets, 1.0)

    def at_once(hidden, table, targets):
        logits = jnp.matmul(hidden, table.T, preferred_element_type=jnp.float32)
        return token_logps(logits, targets)

    per_token = jax.ShapeDtypeStruct((prompts, group, length), jnp.float32)
    arguments = (
        jax.ShapeDtypeStruct((tokens, width), dtype),
        jax.ShapeDtypeStruct((words, width), dtype),
        jax.ShapeDtypeStruct((tokens,), jnp.int32),
        per_token,
        jax.ShapeDtypeStruct((prompts, group), jnp.float32),
        per_token,
    )

    def temporaries(logps_of):
        compiled = jax.jit(lambda *a: step(logps_of, *a)).lower(*arguments).compile()
        return compiled.memory_analysis().temp_size_in_bytes

    naive = temporaries(at_once)
    assert naive > 2 * tokens * words * 4  # the logits and their gradient
    assert temporaries(in_blocks) <= naive / 20
