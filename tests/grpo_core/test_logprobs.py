import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from scipy.special import log_softmax
from scipy.stats import entropy

import grpo_core.logprobs as logprobs
from grpo_core.logprobs import completion_logps, token_logps
from grpo_core.trainer import logps_of
from tests.grpo_core.conftest import plain_logits, random_batch


def test_token_logps_agree_with_scipy():
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 5, (7, 11))
    targets = rng.integers(0, 11, 7)
    logps, entropies = token_logps(jnp.asarray(logits), jnp.asarray(targets))
    wanted = log_softmax(logits, axis=-1)
    np.testing.assert_allclose(logps, wanted[np.arange(7), targets], atol=1e-5)
    np.testing.assert_allclose(entropies, entropy(np.exp(wanted), axis=-1), atol=1e-5)


def test_huge_logits_do_not_overflow():
    logps, entropies = token_logps(jnp.array([1e4, -1e4, 0.0]), jnp.array(0))
    assert float(logps) == 0.0
    assert float(entropies) == 0.0


def logps_under(model, batch, temperature=1.0):
    graph, params = nnx.split(model, nnx.Param)
    return logps_of(graph, params, batch, jnp.float32(temperature))


@pytest.mark.parametrize("temperature", [1.0, 0.5])
def test_completions_on_a_shared_prompt_equal_whole_sequences(model, temperature):
    """The prompt's keys are computed once per group; one plain pass per sequence is the oracle."""
    batch = random_batch()
    found = logps_under(model, batch, temperature).logps
    for n in range(3):
        prompt = np.asarray(batch.prompts.tokens[n, : batch.prompts.lengths[n]]).tolist()
        for g in range(2):
            size = int(batch.completion_mask[n, g].sum())
            completion = np.asarray(batch.completion[n, g, :size]).tolist()
            logits = plain_logits(model, prompt + completion) / temperature
            wanted = log_softmax(np.asarray(logits), axis=-1)
            rows = np.arange(len(prompt) - 1, len(prompt) + size - 1)
            np.testing.assert_allclose(found[n, g, :size], wanted[rows, completion], atol=1e-4)


def test_what_padding_contains_does_not_leak(model):
    batch = random_batch()
    hidden = np.arange(8) >= np.asarray(batch.prompts.lengths)[:, None]
    prompts = batch.prompts._replace(tokens=jnp.where(hidden, 1, batch.prompts.tokens))
    completion = jnp.where(batch.completion_mask > 0, batch.completion, 1)
    cleaned = batch._replace(prompts=prompts, completion=completion)
    first, second = (logps_under(model, b).logps for b in (batch, cleaned))
    mask = np.asarray(batch.completion_mask) > 0
    np.testing.assert_allclose(np.asarray(first)[mask], np.asarray(second)[mask], atol=1e-5)


def test_blocks_of_words_give_what_all_at_once_give(model, monkeypatch):
    batch = random_batch(prompts=4, group=3, length=7)
    one = jnp.float32(1.3)
    whole = logps_under(model, batch, one)
    monkeypatch.setattr(logprobs, "KEPT_ELEMENTS", 0)
    blocks = completion_logps(model, batch, one)
    np.testing.assert_allclose(whole.logps, blocks.logps, atol=1e-5)
    np.testing.assert_allclose(whole.entropy, blocks.entropy, atol=1e-5)
