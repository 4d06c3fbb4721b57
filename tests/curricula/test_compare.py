"""Comparison statistics against brute force, scipy and known cases."""

import itertools

import numpy as np
import pytest
from scipy import stats

from curricula.offline.compare import (
    compare,
    holm,
    interval_of,
    iqm,
    over_scenarios,
    probability_of_improvement,
    sign_flip,
)

RNG = np.random.default_rng(0)


def test_the_interquartile_mean_is_scipys_trimmed_mean():
    for size in (4, 7, 30, 101):
        x = RNG.normal(size=size)
        assert iqm(x) == pytest.approx(stats.trim_mean(x, 0.25))
    several = RNG.normal(size=(5, 3, 8))
    expected = stats.trim_mean(several, 0.25, axis=-1)
    np.testing.assert_allclose(iqm(several), expected)
    np.testing.assert_allclose(over_scenarios(several), expected.mean(-1))


def test_probability_of_improvement_is_mann_whitneys_statistic():
    one, other = RNG.integers(0, 6, (2, 3, 20)).astype(float)
    u = [stats.mannwhitneyu(a, b).statistic / 400 for a, b in zip(one, other)]
    found = probability_of_improvement(one, other)
    assert found.value == pytest.approx(np.mean(u))
    assert found.lower < found.value < found.upper
    assert probability_of_improvement(one, one).value == pytest.approx(0.5)
    assert probability_of_improvement(one + 100, one).lower == 1.0


def test_the_interval_of_an_improvement_is_around_it_also_for_close_pairs():
    base = RNG.normal(0, 10, (3, 8))
    found = probability_of_improvement(base + 0.01, base)  # only the eight own pairs are won
    assert found.value == pytest.approx((8 + 28) / 64)
    assert found.lower < found.value < found.upper
    assert (found.lower + found.upper) / 2 == pytest.approx(found.value, abs=0.03)


def test_the_sign_flip_test_is_the_exact_one_up_to_monte_carlo():
    one, other = RNG.normal(0.4, 1, 10), RNG.normal(0, 1, 10)
    difference = one - other
    sums = [abs(np.dot(s, difference)) for s in itertools.product((-1, 1), repeat=10)]
    exact = np.mean(np.array(sums) >= abs(difference.sum()) - 1e-12)
    assert sign_flip(one, other) == pytest.approx(exact, abs=0.015)
    assert sign_flip(one, one) == 1.0


def test_under_the_null_the_sign_flip_test_errs_as_often_as_it_says():
    p = [sign_flip(*RNG.normal(size=(2, 25)), seed=i, flips=199) for i in range(400)]
    low, high = stats.binom.interval(0.999, 400, 0.10)
    assert low <= sum(x <= 0.10 for x in p) <= high


def test_holm_by_hand():
    # 0.01 x 4; 0.02 x 3; 0.03 x 2 = 0.06, not below the one before; 0.5 x 1.
    assert holm([0.03, 0.01, 0.5, 0.02]) == pytest.approx([0.06, 0.04, 0.5, 0.06])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


def test_bootstrap_intervals_cover_the_iqm():
    """Of 200 samples of a normal, about 95% of the intervals hold its IQM, which is 0."""
    inside = 0
    for i in range(200):
        found = interval_of(np.random.default_rng(i).normal(size=(2, 40)), seed=i)
        inside += found.lower <= 0 <= found.upper
    assert 0.89 <= inside / 200 <= 0.99


def test_strata_are_resampled_apart():
    """Two scenarios that differ, without spread in either: nothing is uncertain."""
    found = interval_of(np.array([[0.0] * 10, [1.0] * 10]))
    assert (found.value, found.lower, found.upper) == (0.5, 0.5, 0.5)


def test_pairs_cancel_what_seeds_share():
    """A constant gain on very different seeds is certain; unpaired it would drown."""
    base = RNG.normal(0, 10, (2, 30))
    better = compare({"base": base, "better": base + 0.5, "same": base}, "base")
    assert [v.policy for v in better] == ["better", "same"]
    assert better[0].difference.lower == pytest.approx(0.5)
    assert better[0].adjusted < 0.01
    assert [better[0].verdict(m) for m in (0.1, 0.6, 0.9)] == ["better", "same", "same"]
    assert compare({"a": base, "b": base - 0.5}, "a")[0].verdict(0.1) == "worse"
    assert better[0].improvement.value < 0.6
    assert better[1].p_value == better[1].adjusted == 1.0
