"""The rolling window against a recomputation with numpy."""

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curricula import window as windows
from curricula.observations import Observation

ROOM, TERMS = 6, 2
UPDATE = jax.jit(windows.update)
DESCRIBE = jax.jit(windows.describe)
PRICES = np.array([10.0, -4.0], np.float32)


def observation(rows, rng, nan=False):
    terms = rng.integers(0, 2, (ROOM, TERMS)).astype(np.float32)
    if nan:
        terms[rng.random((ROOM, TERMS)) < 0.2] = np.nan
    events = rng.integers(0, 2, (ROOM, 1)).astype(np.float32)
    mask = rng.permutation(np.arange(ROOM) < rows)
    return Observation(terms, events, rng.integers(0, 3, ROOM).astype(np.int32), mask)


def within_group_correlation(rewards, groups):
    """One-way analysis of variance, by loops."""
    parts = [rewards[groups == g] for g in np.unique(groups)]
    n, k = len(rewards), len(parts)
    if k < 2 or n <= k:
        return 0.0
    between = sum(len(p) * (p.mean() - rewards.mean()) ** 2 for p in parts) / (k - 1)
    within = sum(((p - p.mean()) ** 2).sum() for p in parts) / (n - k)
    size = (n - sum(len(p) ** 2 for p in parts) / n) / (k - 1)
    total = between + (size - 1) * within
    return float(np.clip((between - within) / total, 0, 1)) if total > 0 else 0.0


@settings(max_examples=60)
@given(st.integers(0, 10**6), st.lists(st.integers(0, ROOM), min_size=1, max_size=9), st.booleans())
def test_statistics_equal_numpy_across_wrap_around_ragged_batches_and_nan(seed, sizes, nan):
    rng = np.random.default_rng(seed)
    state, kept = windows.init(4, ROOM, TERMS, 1), []
    for step, rows in enumerate(sizes):
        seen = observation(rows, rng, nan)
        live = PRICES * (step + 1)  # prices change from step to step
        state = windows.advance(UPDATE(state, seen, live))
        kept.append((seen, live, step))
    kept = kept[-4:]
    for weights in (PRICES, PRICES * 3, None):
        reward, group = [], []
        for seen, live, step in kept:
            r = (seen.terms * (live if weights is None else weights)).sum(-1)[seen.mask]
            reward.append(r)
            group.append(seen.groups[seen.mask] + 10 * step)
        r, g = np.concatenate(reward), np.concatenate(group)
        found = DESCRIBE(state, weights)
        known = ~np.isnan(r)
        assert int(found.n_missing) == (~known).sum()
        r, g = r[known], g[known]
        assert int(found.n_responses) == len(r)
        assert int(found.n_groups) == len(np.unique(g))
        if not len(r):
            assert np.isnan([found.mean, found.median, found.maximum, found.range]).all()
            continue
        close = {"rtol": 2e-4, "atol": 2e-4}
        np.testing.assert_allclose(found.mean, r.mean(), **close)
        np.testing.assert_allclose(found.median, np.median(r), **close)
        np.testing.assert_allclose(
            [found.minimum, found.maximum, found.range], [r.min(), r.max(), np.ptp(r)], **close
        )
        levels = (0.05, 0.25, 0.75, 0.95)
        np.testing.assert_allclose(found.quantiles, np.quantile(r, levels), **close)
        if len(r) > 1:
            np.testing.assert_allclose(found.std, r.std(ddof=1), **close)
        rho = within_group_correlation(r.astype(float), g)
        np.testing.assert_allclose(found.correlation, rho, rtol=2e-3, atol=2e-3)
        sizes_of = np.unique(g, return_counts=True)[1]
        n_eff = len(r) / (1 + ((sizes_of**2).sum() / len(r) - 1) * rho)
        np.testing.assert_allclose(found.effective_n, n_eff, rtol=5e-3)


@settings(max_examples=30)
@given(st.integers(0, 10**6), st.integers(0, ROOM))
def test_two_half_batches_equal_one(seed, cut):
    rng = np.random.default_rng(seed)
    start = windows.advance(UPDATE(windows.init(2, ROOM, TERMS, 1), observation(3, rng), PRICES))
    whole = observation(5, rng)
    first = whole._replace(mask=whole.mask & (np.arange(ROOM) < cut))
    second = whole._replace(mask=whole.mask & (np.arange(ROOM) >= cut))
    once = UPDATE(start, whole, PRICES)
    twice = UPDATE(UPDATE(start, first, PRICES), second, PRICES)
    rows = np.asarray(once.mask)
    for name in ("terms", "events", "ids", "lead"):
        one, other = np.asarray(getattr(once, name)), np.asarray(getattr(twice, name))
        np.testing.assert_array_equal(one[rows], other[rows])
    np.testing.assert_array_equal(once.mask, twice.mask)
    assert int(once.cursor) == int(twice.cursor)


def test_responses_without_room_make_the_statistics_unknown_rather_than_wrong():
    rng = np.random.default_rng(0)
    full = observation(ROOM, rng)
    state = UPDATE(UPDATE(windows.init(2, ROOM, TERMS, 1), full, PRICES), full, PRICES)
    assert int(state.lost[state.cursor]) == ROOM
    assert np.isnan(DESCRIBE(state, PRICES).mean)


def test_perfectly_correlated_groups_count_once():
    terms = np.repeat([[1, 0], [0, 1], [1, 0]], 2, axis=0).astype(np.float32)
    groups = np.repeat([7, 3, 5], 2).astype(np.int32)
    seen = Observation(terms, np.zeros((6, 1), np.float32), groups, np.ones(6, bool))
    found = DESCRIBE(UPDATE(windows.init(1, ROOM, TERMS, 1), seen, PRICES), PRICES)
    assert float(found.correlation) == pytest.approx(1.0)
    assert float(found.effective_n) == pytest.approx(3.0)


@pytest.mark.parametrize("steps", [0, -1])
def test_a_window_needs_a_step(steps):
    with pytest.raises(ValueError, match=f"window must be at least 1, got {steps}"):
        windows.init(steps, 4, 1, 1)
