"""Sums over the window: equal to a recomputation, without drift, at a cost that does not grow."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curricula import running, window
from curricula.observations import Observation, Rate, Schema
from curricula.statistics import Metrics

ROOM, STEPS = 6, 5
SCHEMA = Schema(("a", "b"), ("e", "given", "tried"), {"e": Rate("e"), "part": Rate("e", "given")})
METRICS = Metrics(SCHEMA, (-10.0, 10.0), ("rate(reward >= 3)",))
YARDSTICK = np.array([6.0, -4.0], np.float32)
PUT = jax.jit(running.tree_put)
UPDATE = jax.jit(window.update)
SUM = jax.jit(lambda tree, w: running.update_sums(tree, w, METRICS, YARDSTICK))
FLIP = jax.jit(lambda f, w, now, then: running.flip_share(f, w, 2, now, then))


def observation(rng, rows):
    terms = rng.integers(0, 2, (ROOM, 2)).astype(np.float32)
    terms[rng.random((ROOM, 2)) < 0.1] = np.nan
    events = rng.integers(0, 2, (ROOM, 3)).astype(np.float32)
    events[rng.random((ROOM, 3)) < 0.05] = np.nan
    mask = rng.permutation(np.arange(ROOM) < rows)
    return Observation(terms, events, rng.integers(0, 3, ROOM).astype(np.int32), mask)


def flipped(steps, now, then):
    """By loops: share of the groups whose best response tries now and does not then."""
    flips = groups = 0
    for seen in steps:
        for group in set(seen.groups[seen.mask]):
            rows = (seen.groups == group) & seen.mask
            tried = seen.events[rows, 2] > 0

            def tries(prices, rows=rows, tried=tried):
                reward = (seen.terms[rows] * prices).sum(-1)  # noqa: B023
                known = ~np.isnan(reward)
                best = max(reward[known & tried], default=None)
                return best is not None and best >= max(reward[known & ~tried], default=best)

            groups += 1
            flips += tries(now) and not tries(then)
    return flips / max(groups, 1)


@settings(max_examples=40)
@given(st.integers(0, 10**6), st.lists(st.integers(0, ROOM), min_size=1, max_size=12))
def test_sums_and_flips_equal_a_recomputation_across_wrap_around_and_new_prices(seed, sizes):
    rng, state, kept = np.random.default_rng(seed), window.init(STEPS, ROOM, 2, 3), []
    tree = running.init_sums(STEPS, len(METRICS.names), 2)
    flips, now, then = running.init_flips(STEPS, 2), YARDSTICK, YARDSTICK * [1, 3]
    for rows in sizes:
        if rng.random() < 0.3:  # prices change now and then
            now, then = rng.normal(size=(2, 2)).astype(np.float32) * 5
        seen = observation(rng, rows)
        state = window.advance(UPDATE(state, seen, now))
        tree, (share, flips) = SUM(tree, state), FLIP(flips, state, now, then)
        kept = [*kept, (seen, now)][-STEPS:]
        assert float(share) == pytest.approx(flipped([s for s, _ in kept], now, then))
    found = running.read_sums(tree, len(METRICS.names))
    terms, events = (np.concatenate([s[i][s.mask] for s, _ in kept]) for i in (0, 1))
    reward, valid = (terms * YARDSTICK).sum(-1), ~np.isnan(terms).any(-1)
    live = np.concatenate([(s.terms * p).sum(-1)[s.mask] for s, p in kept])
    np.testing.assert_allclose(found.terms, terms[valid].sum(0), rtol=1e-6)
    np.testing.assert_allclose(found.live, live[valid].sum(), rtol=1e-5, atol=1e-4)
    assert float(found.valid) == valid.sum()
    value, count = METRICS.values(found)
    e, given = events[:, 0], events[:, 1]
    rates = {"mean": reward, "e": e, "part": np.where(given == 0, np.nan, e * given)}
    rates["rate(reward >= 3)"] = np.where(np.isnan(reward), np.nan, reward >= 3)
    for i, name in enumerate(METRICS.names):
        known = rates[name][~np.isnan(rates[name])]
        if name == "part":  # an unknown event is unknown also where the condition fails
            known = known[~np.isnan(e[~np.isnan(rates[name])])]
        assert int(count[i]) == len(known)
        expected = known.mean() if len(known) else np.nan
        np.testing.assert_allclose(value[i], expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("steps", [1, 2, 3, 8, 11])
def test_a_tree_renewed_leaf_by_leaf_is_the_tree_of_its_leaves(steps):
    rng, tree = np.random.default_rng(0), running.tree_init(steps, 3)
    leaves = np.zeros((steps, 3), np.float32)
    for t in range(3 * steps):
        leaves[t % steps] = rng.normal(size=3)
        tree = PUT(tree, t % steps, leaves[t % steps])
    np.testing.assert_array_equal(tree, running.tree_of(jnp.asarray(leaves)))
    np.testing.assert_allclose(running.tree_total(tree), leaves.sum(0), rtol=1e-5)


def test_sums_do_not_drift():
    """A huge reward enters and leaves: nothing of it stays, after twenty thousand steps."""

    def step(tree, t):
        leaf = jnp.where(t == 0, 1e9, jnp.sin(t * 1.0))[None]
        return running.tree_put(tree, t % 64, leaf), None

    count = 20_000
    tree, _ = jax.jit(lambda s: jax.lax.scan(step, s, jnp.arange(count)))(running.tree_init(64, 1))
    last = np.sin(np.arange(count - 64, count, dtype=np.float32))
    assert float(running.tree_total(tree)[0]) == pytest.approx(last.sum(), abs=1e-4)
