"""What each filter keeps, against the plain reading of its definition."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grpo_core.sampling import MinP, Temperature, TopK, TopP

probabilities = st.lists(st.integers(1, 50), min_size=3, max_size=3).map(
    lambda x: np.array([*x, 3, 7, 11, 20], float) / (sum(x) + 41)
)


def kept(keep, p):
    return set(np.flatnonzero(np.isfinite(np.asarray(keep(jnp.log(jnp.asarray(p)))))).tolist())


@settings(max_examples=40)
@given(p=probabilities, k=st.integers(1, 9))
def test_top_k_keeps_the_k_most_probable_and_their_equals(p, k):
    last = sorted(p, reverse=True)[min(k, len(p)) - 1]
    assert kept(TopK(k), p) == {i for i, x in enumerate(p) if np.float32(x) >= np.float32(last)}


@settings(max_examples=40)
@given(p=probabilities, threshold=st.sampled_from([0.013, 0.31, 0.517, 0.77, 0.951]))
def test_top_p_keeps_the_fewest_that_reach_the_probability(p, threshold):
    found = kept(TopP(threshold), p)
    total = sum(p[i] for i in found)
    assert total >= threshold - 1e-5
    least = min(p[i] for i in found)
    assert all(x >= least - 1e-9 for i, x in enumerate(p) if i in found)
    # Without its least probable tokens (there may be equals) it would not reach the threshold.
    assert sum(p[i] for i in found if p[i] > least + 1e-9) < threshold + 1e-5


@settings(max_examples=40)
@given(p=probabilities, share=st.sampled_from([0.0, 0.1234, 0.5432, 0.999]))
def test_min_p_keeps_what_is_a_share_of_the_best(p, share):
    assert kept(MinP(share), p) == {i for i, x in enumerate(p) if x >= share * max(p) * (1 - 1e-6)}


def test_top_p_of_one_keeps_everything():
    assert kept(TopP(1.0), np.full(7, 1 / 7)) == set(range(7))


def test_filters_apply_in_their_order_after_the_temperature():
    logits = jnp.log(jnp.asarray([0.5, 0.3, 0.15, 0.05]))
    # At temperature 0.5 the probabilities are proportional to their squares: 0.685 for the first.
    sampling = Temperature(0.5, (TopK(3), TopP(0.68)))
    keys = jax.random.split(jax.random.key(0), 50)
    assert set(np.asarray(jax.vmap(lambda k: sampling(logits, k))(keys)).tolist()) == {0}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: TopK(0), "top-k 0 must be at least 1"),
        (lambda: TopP(0.0), "top-p 0.0 must be above 0"),
        (lambda: TopP(1.5), "top-p 1.5"),
        (lambda: MinP(-0.1), "min-p -0.1"),
        (lambda: Temperature(-1.0), "temperature -1.0 must be above 0"),
    ],
)
def test_impossible_numbers_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
