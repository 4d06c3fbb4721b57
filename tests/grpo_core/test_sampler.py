import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from scipy.stats import chisquare

from grpo_core.batch import Prompts
from grpo_core.sampler import Ends, as_batch, sample_jit, sample_until
from grpo_core.sampling import Temperature, TopK, TopP, completion_keys, greedy
from grpo_core.stop_strings import at_strings
from grpo_core.trainer import logps_of
from tests.grpo_core.conftest import VOCABULARY, plain_logits, random_batch

END, PAD = 1, 0


def draw(model, prompts, keys, sampling=Temperature(), length=6):  # noqa: B008
    graph, params = nnx.split(model, nnx.Param)
    return sample_jit(graph, params, prompts, keys, sampling, Ends((END,), length, PAD))


def keys_of(step=1, prompts=3, group=4, seed=0):
    return completion_keys(seed, step, jnp.arange(prompts), group)


def test_log_probabilities_equal_a_full_forward(model):
    prompts = random_batch().prompts
    out = draw(model, prompts, keys_of())
    graph, params = nnx.split(model, nnx.Param)
    full = logps_of(graph, params, as_batch(prompts, out), jnp.float32(1.0)).logps
    mask = np.asarray(out.mask) > 0
    np.testing.assert_allclose(np.asarray(out.logps)[mask], np.asarray(full)[mask], atol=1e-4)


def test_greedy_takes_the_most_probable_token_each_time(model):
    prompts = random_batch().prompts
    out = draw(model, prompts, keys_of(group=1), greedy)
    for n in range(3):
        tokens = np.asarray(prompts.tokens[n, : prompts.lengths[n]]).tolist()
        for t in range(int(out.mask[n, 0].sum())):
            wanted = int(jnp.argmax(plain_logits(model, tokens)[-1]))
            assert int(out.tokens[n, 0, t]) == wanted
            tokens.append(wanted)


def test_a_completion_does_not_depend_on_its_neighbours(tiny):
    prompts = random_batch(prompts=4).prompts
    keys = completion_keys(0, 1, jnp.arange(4), 3)
    together = draw(tiny, prompts, keys)
    alone = draw(tiny, Prompts(prompts.tokens[2:3], prompts.lengths[2:3]), keys[2:3, 1:2])
    assert together.tokens[2, 1].tolist() == alone.tokens[0, 0].tolist()


def test_the_same_prompt_gets_new_completions_at_every_step(tiny):
    prompts = random_batch().prompts
    steps = [draw(tiny, prompts, keys_of(step=s)).tokens for s in (1, 2)]
    assert not np.array_equal(steps[0], steps[1])
    again = draw(tiny, prompts, keys_of(step=1)).tokens
    assert np.array_equal(steps[0], again)


def test_every_key_is_different():
    data = [
        jax.random.key_data(completion_keys(seed, step, jnp.arange(3), 4)).reshape(-1, 2)
        for seed in (0, 1)
        for step in (1, 2)
    ]
    rows = np.concatenate([np.asarray(d) for d in data])
    assert len(np.unique(rows, axis=0)) == len(rows) == 48


def test_rows_end_with_the_end_token_and_padding_follows(tiny):
    out = draw(tiny, random_batch().prompts, keys_of(group=8), length=30)
    tokens, mask = np.asarray(out.tokens), np.asarray(out.mask)
    ended = 0
    for row, alive in zip(tokens.reshape(-1, 30), mask.reshape(-1, 30), strict=True):
        size = int(alive.sum())
        assert alive.tolist() == [1.0] * size + [0.0] * (30 - size)
        assert END not in row[: size - 1]
        assert row[size:].tolist() == [PAD] * (30 - size)
        assert size == 30 or row[size - 1] == END
        ended += row[size - 1] == END
    assert ended > 0


def test_sampled_frequencies_match_the_model(tiny):
    """4,000 first tokens of one prompt against the model's own probabilities."""
    prompts = random_batch(prompts=1).prompts
    out = draw(tiny, prompts, completion_keys(5, 1, jnp.arange(1), 4000), length=1)
    counts = np.bincount(np.asarray(out.tokens).reshape(-1), minlength=VOCABULARY)
    tokens = np.asarray(prompts.tokens[0, : prompts.lengths[0]]).tolist()
    expected = 4000 * np.asarray(jax.nn.softmax(plain_logits(tiny, tokens)[-1]), np.float64)
    assert expected.min() > 5  # a chi-square test's condition
    assert chisquare(counts, expected * 4000 / expected.sum()).pvalue > 0.01


def test_one_compilation_serves_every_step(tiny):
    graph, params = nnx.split(tiny, nnx.Param)
    sample_jit.clear_cache()
    for step in range(3):
        prompts = random_batch(seed=step).prompts
        cooler = Temperature(1.0 + step, (TopP(0.9 - 0.1 * step),))
        sample_jit(graph, params, prompts, keys_of(step=step), cooler, Ends((END,), 6, PAD))
    assert sample_jit._cache_size() == 1


def test_log_probabilities_are_those_at_the_temperature_before_filters(tiny):
    prompts = random_batch().prompts
    out = draw(tiny, prompts, keys_of(), Temperature(1.7, (TopK(3),)))
    graph, params = nnx.split(tiny, nnx.Param)
    full = logps_of(graph, params, as_batch(prompts, out), jnp.float32(1.7)).logps
    mask = np.asarray(out.mask) > 0
    np.testing.assert_allclose(np.asarray(out.logps)[mask], np.asarray(full)[mask], atol=1e-4)


def test_any_of_several_tokens_ends_a_completion(tiny):
    graph, params = nnx.split(tiny, nnx.Param)
    stop = (1, 5, 9)
    prompts = random_batch().prompts
    out = sample_jit(graph, params, prompts, keys_of(), Temperature(), Ends(stop, 30, PAD))
    tokens, lengths = np.asarray(out.tokens), np.asarray(out.mask).sum(-1).astype(int)
    last = np.take_along_axis(tokens, lengths[..., None] - 1, axis=-1)[..., 0]
    assert np.isin(last[lengths < 30], stop).all()
    assert len(set(last[lengths < 30].tolist())) > 1


def as_letters(row):
    return "".join(chr(ord("a") + token) for token in row)


@pytest.mark.parametrize("every", [1, 5, 64])
def test_completions_end_with_a_stop_string_and_are_otherwise_the_same(tiny, every):
    graph, params = nnx.split(tiny, nnx.Param)
    prompts, keys, ends = random_batch().prompts, keys_of(group=6), Ends((END,), 24, PAD)
    plain = sample_jit(graph, params, prompts, keys, Temperature(), ends)
    rows = np.asarray(plain.tokens).reshape(-1, 24)
    stops = [as_letters(rows[0][3:5]), as_letters(rows[7][2:3])]
    cut = at_strings(as_letters, stops)
    found = sample_until(graph, params, prompts, keys, Temperature(), ends, cut, every=every)
    shortened = 0
    lengths = np.asarray(plain.mask).sum(-1).astype(int).reshape(-1)
    for i, row in enumerate(rows):
        whole = as_letters(row[: lengths[i]])
        first = min((whole.find(s) + len(s) for s in stops if s in whole), default=len(whole))
        kept = np.asarray(found.mask).reshape(-1, 24)[i]
        assert kept.tolist() == [1.0] * first + [0.0] * (24 - first)
        got = np.asarray(found.tokens).reshape(-1, 24)[i]
        assert got.tolist() == [*row[:first], *[PAD] * (24 - first)]
        shortened += first < len(whole)
    assert shortened > 1


def test_stop_strings_that_would_end_everything_are_refused():
    for stops in ([], ["a", ""]):
        with pytest.raises(ValueError, match="at least one, and none empty"):
            at_strings(as_letters, stops)


def test_a_temperature_of_nothing_is_refused():
    with pytest.raises(ValueError, match="for 0 use `greedy`"):
        Temperature(0.0)
