"""Evidence against brute force, scipy and simulation."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import binomtest

from curricula import evidence
from curricula.evidence import BETS, RESTART_SCALE

ALPHA = 0.05


@pytest.fixture(autouse=True, scope="module")
def optimised():
    """Hundreds of thousands of steps are run here: compiling with care is worth its while."""
    kept = jax.config.read("jax_disable_most_optimizations")
    jax.config.update("jax_disable_most_optimizations", False)
    yield
    jax.config.update("jax_disable_most_optimizations", kept)


def groups(rng, rate, runs, steps, per_step=8, size=8, correlation=0.3):
    """[N, T, g] shares of successes in beta-binomial groups; rate is a number or [T]."""
    rate = np.broadcast_to(np.asarray(rate, float)[..., None], (steps, per_step))
    spread = (1 - correlation) / correlation
    chance = rng.beta(rate * spread, (1 - rate) * spread, (runs, steps, per_step))
    return (rng.binomial(size, chance) / size).astype(np.float32)


def run(hits, nulls):
    """[N, T, J] log e-value after every step, of N runs."""

    def one(stream):
        def step(state, x):
            state = evidence.sequence_update(state, nulls, x, jnp.ones_like(x))
            return state, evidence.sequence_log(state)

        return jax.lax.scan(step, evidence.sequence_init(len(nulls)), stream)[1]

    return np.asarray(jax.jit(jax.vmap(one))(hits))


def started(j):
    """Prior mass of starting before step j, straight from its definition."""
    return 0.0 if j == 0 else 1 - 0.5 * RESTART_SCALE / (j - 1 + RESTART_SCALE)


def brute_force(stream, null):
    """E_t = sum over starts j of gamma_j K_j..t + mass not yet started, averaged over bets."""
    values = []
    for t in range(1, len(stream) + 1):
        total = 1 - started(t)
        for j in range(t):
            gamma = started(j + 1) - started(j)
            for bet in BETS.astype(float):
                wealth = 1.0
                for step in stream[j:t]:
                    for x in step:
                        wealth *= 1 + bet / null * (x - null)
                total += gamma * wealth / len(BETS)
        values.append(math.log(total))
    return values


@pytest.mark.parametrize("null", [0.1, 0.5, 0.9])
def test_the_recursion_is_the_mixture_over_starts_and_bets(null):
    stream = groups(np.random.default_rng(1), 0.8, 1, 6, per_step=11)[0]
    found = run(stream[None], np.array([null], np.float32))[0, :, 0]
    np.testing.assert_allclose(found, brute_force(stream.astype(float), null), rtol=2e-4, atol=2e-4)


def test_a_group_that_is_absent_changes_no_wealth():
    with_gaps = np.array([[[0.5, 0.0, 1.0]]], np.float32)
    nulls = np.array([0.4], np.float32)
    trials = np.array([1.0, 0.0, 1.0], np.float32)
    state = evidence.sequence_update(evidence.sequence_init(1), nulls, with_gaps[0, 0], trials)
    plain = run(np.array([[[0.5, 1.0]]], np.float32), nulls)[0, 0, 0]
    assert float(evidence.sequence_log(state)[0]) == pytest.approx(float(plain), rel=1e-5)


@pytest.mark.parametrize("correlation", [0.05, 0.8])
@pytest.mark.parametrize("rate", [0.9, 0.5])
def test_false_promotion_over_300_peeks_stays_below_alpha_at_the_threshold(rate, correlation):
    hits = groups(np.random.default_rng(2), rate, 800, 300, correlation=correlation)
    crossed = run(hits, np.array([rate], np.float32)).max(axis=(1, 2)) >= -math.log(ALPHA)
    # The chance of more than this many of 800 is below 1e-3 if the true probability is alpha.
    assert crossed.sum() <= 60
    assert binomtest(int(crossed.sum()), 800, ALPHA, alternative="greater").pvalue > 1e-3


def test_the_null_may_drift_as_long_as_it_stays_a_null():
    drifting = 0.9 - 0.1 * np.abs(np.sin(np.arange(300) / 20))
    hits = groups(np.random.default_rng(3), drifting, 400, 300)
    crossed = run(hits, np.array([0.9], np.float32)).max(axis=(1, 2)) >= -math.log(ALPHA)
    assert crossed.mean() <= ALPHA


def test_a_bad_start_does_not_poison_the_evidence():
    rise = np.minimum(0.3 + 0.67 * np.arange(200) / 100, 0.97)
    hits = groups(np.random.default_rng(4), rise, 200, 200)
    over = run(hits, np.array([0.9], np.float32))[:, :, 0] >= -math.log(
        evidence.rung_alpha(ALPHA, 1)
    )
    first = np.where(over.any(1), over.argmax(1), 10_000)
    assert np.median(first) <= 130  # fit from step 100 on (90% is passed at step 90)
    assert (first > 90).mean() > 0.99


@pytest.mark.parametrize("rate", [0.3, 0.75, 0.97])
def test_confidence_sequences_cover_the_truth_at_every_peek(rate):
    hits = groups(np.random.default_rng(5), rate, 300, 150)
    nulls = np.linspace(0.01, 0.99, 99, dtype=np.float32)
    above, below = run(hits, nulls), run(1 - hits, 1 - nulls)
    level = -math.log(ALPHA)
    lower = np.where(above >= level, nulls, 0.0).max((1, 2))  # the highest at any peek
    upper = np.where(below >= level, nulls, 1.0).min((1, 2))
    # The null equal to the truth (to rounding) may itself be rejected with probability alpha.
    for missed in (lower >= rate - 1e-4, upper <= rate + 1e-4):
        assert binomtest(int(missed.sum()), 300, ALPHA, alternative="greater").pvalue > 1e-3
    final = np.where(above[:, -1] >= level, nulls, 0.0).max(1)
    assert (rate - final).mean() < 0.06  # and they are not trivial


def test_bounds_are_the_outermost_rejected_nulls():
    log_evidence = jnp.array([5.0, 3.5, 2.0, -1.0])
    nulls = jnp.array([0.2, 0.4, 0.6, 0.8])
    assert float(evidence.lower_bound(log_evidence, nulls, ALPHA)) == pytest.approx(0.4)
    assert float(evidence.lower_bound(log_evidence, nulls, 1e-9)) == 0.0
    assert float(evidence.upper_bound(log_evidence[::-1], nulls, ALPHA)) == pytest.approx(0.6)
    assert float(evidence.upper_bound(log_evidence, nulls, 1e-9)) == 1.0


def watch(hits, floor, run_length):
    def one(stream):
        def step(state, x):
            misses = jnp.ones_like(x) - x
            state = evidence.detector_update(state, floor, misses, jnp.ones_like(x), run_length)
            return state, evidence.detector_log(state)

        return jax.lax.scan(step, evidence.detector_init(), stream)[1]

    return np.asarray(jax.jit(jax.vmap(one))(hits)) >= math.log(run_length)


def test_the_detector_is_shiryaev_roberts():
    stream = groups(np.random.default_rng(6), 0.6, 1, 5, per_step=3)[0]
    floor, total = 0.85, 0.0
    for bet in BETS.astype(float):
        value = 0.0
        for step in stream:
            value = (value + 1) * np.prod(1 + bet / (1 - floor) * ((1 - step) - (1 - floor)))
        total += value / len(BETS)
    state = evidence.detector_init()
    for step in stream:
        state = evidence.detector_update(state, floor, 1 - step, np.ones(3, np.float32), 1e6)
    assert float(evidence.detector_log(state)) == pytest.approx(math.log(total), rel=1e-3)


def test_false_alarms_are_as_rare_as_stated():
    # At the floor itself, the worst case: an average run length of at least 100 steps means that
    # 200 runs of 200 steps may alarm; mean time to the first alarm is bounded from below.
    alarms = watch(groups(np.random.default_rng(7), 0.85, 300, 300), 0.85, 100.0)
    first = np.where(alarms.any(1), alarms.argmax(1) + 1, 300)  # censored: an underestimate
    assert first.mean() > 100
    # A healthy model at 0.95 practically never alarms.
    assert not watch(groups(np.random.default_rng(8), 0.95, 100, 500), 0.85, 1000.0).any()


@pytest.mark.parametrize(("rate", "steps"), [(0.80, 100), (0.70, 15), (0.50, 6)])
def test_drops_are_found_in_time(rate, steps):
    level = np.where(np.arange(160) < 40, 0.95, rate)
    alarms = watch(groups(np.random.default_rng(9), level, 200, 160), 0.85, 1000.0)
    assert not alarms[:, :40].any()
    waits = np.where(alarms.any(1), alarms.argmax(1) - 39, 10_000)
    assert np.median(waits) <= steps


def test_an_alarm_ends_once_the_model_has_recovered():
    level = np.where(np.arange(200) < 50, 0.2, 0.97)
    alarms = watch(groups(np.random.default_rng(10), level, 50, 200), 0.85, 1000.0)
    assert alarms[:, 49].all()
    assert not alarms[:, 70:].any()


@pytest.mark.parametrize(("k", "n"), [(0, 10), (3, 10), (10, 10), (49, 50), (1, 1000), (37, 60)])
@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
def test_fixed_intervals_equal_scipy(k, n, confidence):
    test = binomtest(k, n)
    wilson = test.proportion_ci(confidence, method="wilson")
    exact = test.proportion_ci(confidence, method="exact")
    assert evidence.wilson(k, n, confidence) == pytest.approx(tuple(wilson), abs=1e-9)
    assert evidence.clopper_pearson(k, n, confidence) == pytest.approx(tuple(exact), abs=1e-9)


def test_intervals_without_data_say_nothing():
    assert evidence.wilson(0, 0) == (0.0, 1.0)
    assert evidence.clopper_pearson(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize(("k", "n"), [(29, 29), (49, 50), (96, 100), (188, 200), (371, 400)])
def test_how_many_successes_prove_more_than_90_percent(k, n):
    proves = evidence.clopper_pearson(k, n, 0.95, sided=1)[0]
    one_fewer = evidence.clopper_pearson(k - 1, n, 0.95, sided=1)[0]
    assert one_fewer <= 0.9 < proves or (n == 29 and proves > 0.9)


@pytest.mark.parametrize(("hits", "trials"), [(40.0, 50.0), (9.5, 10.0), (50.0, 50.0)])
def test_the_chernoff_bound_solves_its_equation(hits, trials):
    bound, share = float(evidence.chernoff_lower(hits, trials, ALPHA)), hits / trials
    gap = share * math.log(share / bound)
    gap += (1 - share) * math.log((1 - share) / (1 - bound)) if share < 1 else 0.0
    assert trials * gap == pytest.approx(-math.log(ALPHA), rel=5e-3)


def test_the_chernoff_bound_covers():
    rng = np.random.default_rng(11)
    hits = groups(rng, 0.8, 2000, 1, per_step=50, correlation=0.9)[:, 0].sum(-1)
    bounds = np.asarray(evidence.chernoff_lower(jnp.asarray(hits), jnp.full(2000, 50.0), ALPHA))
    assert (bounds > 0.8).mean() <= ALPHA
    assert float(evidence.chernoff_lower(jnp.zeros(()), jnp.zeros(()), ALPHA)) == 0.0


def test_the_budget_of_all_stints_together_is_alpha():
    each = [float(evidence.rung_alpha(ALPHA, k)) for k in range(1, 2001)]
    assert each[:3] == pytest.approx([6 * ALPHA / (math.pi**2 * k * k) for k in (1, 2, 3)])
    assert sum(each) < ALPHA
    for k in (1, 2, 7):
        assert float(evidence.spent_alpha(ALPHA, k)) == pytest.approx(sum(each[:k]), rel=1e-4)
