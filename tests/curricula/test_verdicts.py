"""How conditions are judged: bounds that decide, three values, and budgets."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from curricula.conditions import And, Comparison, Not, Or, metric, parse
from curricula.controllers import constant
from curricula.offline.simulate import Simulator
from curricula.offline.streams import stream
from curricula.verdicts import FAIL, INCONCLUSIVE, PASS, Judge, _combine, _shares
from tests.curricula.lab import NAMES, exact, limits

STAGE = Simulator(constant(), NAMES, limits(), window=8)


def seen_of(data, steps):
    """Statistics after each step of a stream's first run."""
    feed = STAGE.init()
    for hits, trials in zip(data.hits[0, :steps], data.trials[0, :steps]):
        feed = STAGE._take(feed, hits, trials)
        yield STAGE._seen(feed, hits, trials)


def judged(text, data, steps, alpha=0.05, **options):
    judge = Judge(parse(text), **options)
    update, state, out = jax.jit(judge.update), judge.init(), []
    for seen in seen_of(data, steps):
        verdict, report, state = update(state, seen, alpha)
        out.append((int(verdict), jax.tree.map(np.asarray, report)))
    return out


@pytest.mark.parametrize("text", ["safe > 90%", "safe >= 93%", "mean > 5", "hallucination < 10%"])
def test_a_clause_passes_exactly_when_the_bound_shown_reaches_the_threshold(text):
    data = stream(NAMES, {"safe": 0.96, "hallucination": 0.04}, runs=1, steps=60, seed=3)
    clause = parse(text)
    verdicts = []
    for verdict, report in judged(text, data, 60):
        threshold = np.float32(clause.threshold)
        assert report.threshold[0] == threshold
        if clause.rising:
            passes, fails = report.lower[0] >= threshold, report.upper[0] <= threshold
        else:
            passes, fails = report.upper[0] <= threshold, report.lower[0] >= threshold
        assert verdict == (PASS if passes else FAIL if fails else INCONCLUSIVE)
        verdicts.append(verdict)
    assert PASS in verdicts
    assert INCONCLUSIVE in verdicts


def test_sweeps_without_shown_bounds_pass_at_the_same_steps():
    data = stream(NAMES, {"safe": 0.95}, runs=1, steps=60, seed=4)
    text = "mean > 5 and safe > 90%"
    full = [v == PASS for v, _ in judged(text, data, 60)]
    bare = [v == PASS for v, _ in judged(text, data, 60, resolution=0)]
    assert full == bare
    assert any(full)
    assert not all(full)


def test_a_bound_never_outruns_the_window():
    level = np.where(np.arange(60) < 40, 0.97, 0.5)
    reports = judged("safe > 90%", exact(60, safe=level), 60)
    assert reports[39][0] == PASS
    assert reports[-1][0] != PASS
    assert all(r.lower[0] <= r.value[0] + 1e-6 for _, r in reports)


def test_a_certified_failure_is_told_from_missing_evidence():
    verdicts = [v for v, _ in judged("safe > 90%", exact(30, safe=0.85), 30)]
    assert verdicts[0] == INCONCLUSIVE
    assert verdicts[-1] == FAIL


def test_nothing_seen_is_inconclusive_and_never_zero():
    for text in ("safe > 90%", "safe < 90%", "point(safe) > 90%", "not (safe > 90%)"):
        for verdict, report in judged(text, exact(5, safe=np.nan), 5):
            assert verdict == INCONCLUSIVE
            assert np.isnan(report.value[0])
            assert report.n_groups[0] == 0


def test_too_few_groups_are_inconclusive():
    assert judged("point(safe) > 90%", exact(1, safe=1.0), 1, min_groups=9)[0][0] == INCONCLUSIVE
    assert judged("point(safe) > 90%", exact(1, safe=1.0), 1, min_groups=8)[0][0] == PASS


def test_missing_outcomes_count_against_every_bound():
    """Unknown outcomes move a bound exactly as the worst outcome would, on either side."""
    judge = Judge(parse("safe > 50% and safe < 99%"))
    update = jax.jit(judge.update)
    i = NAMES.index("safe")
    quarter = jnp.zeros((len(NAMES), 8)).at[i].set(0.25)

    def last(**levels):
        state, report = judge.init(), None
        unknown = levels.pop("unknown", False)
        for seen in seen_of(exact(30, **levels), 30):
            if unknown:
                seen = dataclasses.replace(seen, missing=quarter)
            _, report, state = update(state, seen, 0.05)
        return report

    unknown, bad, good = last(safe=0.7, unknown=True), last(safe=0.7), last(safe=0.95)
    assert float(unknown.lower[0]) == float(bad.lower[0])  # unknown as bad: 0.70
    assert float(unknown.upper[0]) == pytest.approx(float(good.upper[0]), abs=0.011)  # as good


def test_sustained_counts_a_run_of_passes():
    level = np.where(np.arange(12) == 6, 0.1, 0.99)
    verdicts = [v for v, _ in judged("sustained(point(safe) > 97%, 3)", exact(12, safe=level), 12)]
    # The window of 8 steps holds the bad step from step 7 on: six passes, then none.
    assert verdicts == [INCONCLUSIVE] * 2 + [PASS] * 4 + [FAIL] * 6


def test_kleene_logic_and_the_split_of_the_error_budget():
    a, b = metric("safe") > 0.9, metric("mean") > 5
    table = {
        (PASS, FAIL): (FAIL, PASS),
        (PASS, INCONCLUSIVE): (INCONCLUSIVE, PASS),
        (FAIL, INCONCLUSIVE): (FAIL, INCONCLUSIVE),
        (PASS, PASS): (PASS, PASS),
        (FAIL, FAIL): (FAIL, FAIL),
    }
    for (x, y), (both, either) in table.items():
        for p, q in ((x, y), (y, x)):
            assert int(_combine(And((a, b)), iter(map(jnp.int32, (p, q))), iter(()))[0]) == both
            assert int(_combine(Or((a, b)), iter(map(jnp.int32, (p, q))), iter(()))[0]) == either
        assert int(_combine(Not(a), iter([jnp.int32(x)]), iter(()))[0]) == -x
    assert _shares(a & b, 1, 1) == [(1, 0.5), (1, 0.5)]
    assert _shares(a | b, 1, 1) == [(0.5, 1), (0.5, 1)]
    assert _shares(~(a & b), 1, 1) == [(1, 0.5), (1, 0.5)]
    assert _shares(a & (b | a), 1, 1) == [(1, 0.5), (0.5, 0.5), (0.5, 0.5)]


def test_an_or_of_two_clauses_spends_half_the_budget_on_each():
    report = judged("safe > 90% or correct > 90%", exact(3), 3, alpha=0.04)[-1][1]
    np.testing.assert_allclose(report.alpha, [0.02, 0.02])


def test_a_not_that_holds_is_proven_at_its_own_level():
    verdicts = [v for v, _ in judged("not (hallucination > 20%)", exact(30), 30)]
    assert verdicts[0] == INCONCLUSIVE
    assert verdicts[-1] == PASS


def test_a_drop_from_where_the_rung_began():
    level = np.where(np.arange(60) < 30, 0.9, 0.3)
    out = judged("drop(answer)", exact(60, answer=level), 60)
    verdicts = [v for v, _ in out]
    assert verdicts[:10] == [INCONCLUSIVE] * 10  # the baseline is being learnt
    assert set(verdicts[10:30]) == {FAIL}
    assert verdicts[-1] == PASS
    assert verdicts.index(PASS) <= 36
    # 80 groups at 0.9: the Chernoff bound solves 80 kl(0.9, m) = log 20.
    m = out[20][1].threshold[0]
    gap = 0.9 * np.log(0.9 / m) + 0.1 * np.log(0.1 / (1 - m))
    assert 80 * gap == pytest.approx(np.log(20), rel=1e-2)


def test_the_pace_tells_how_many_groups_are_missing():
    out = judged("safe > 90%", exact(60, safe=0.96), 60)
    first = next(i for i, (v, _) in enumerate(out) if v == PASS)
    halfway = first // 2
    assert out[halfway][1].groups_needed[0] == pytest.approx(8 * (first - halfway), rel=0.6)
    assert out[first][1].groups_needed[0] == 0


def test_comparisons_know_their_side():
    assert Comparison("safe", ">", 0.5).rising
    assert not Comparison("safe", "<=", 0.5).rising
