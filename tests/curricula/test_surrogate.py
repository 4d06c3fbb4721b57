"""The surrogate learner: its updates by hand, and what a sweep shows a controller."""

import functools
import gc

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.extend.random import threefry_2x32
from scipy.stats import kstest

from curricula import Curriculum, CurriculumController, Decision, Observation
from curricula.controllers import blocks, constant, gated
from curricula.offline import surrogate
from curricula.offline.chance import uniforms
from curricula.offline.stage import Arena
from curricula.offline.surrogate import Draws, Learner, Scenario, chances, learn
from curricula.offline.sweep import Case, chunks_of
from curricula.offline.ways import WAYS, Ways, WaysError
from dipg.app.scenarios import BENCHMARK_LADDERS, SCENARIOS, arena, fitted
from dipg.app.ways import SCHEMA, ways
from dipg.pricing import CAUTION, EVALUATION, LIMITS, SOFT

TABLE = ways()
START = np.asarray([[0.6, 0.2, 0.1, 0.06, 0.04]] * 3, np.float32)
PLAIN = Scenario(START, np.full(3, 0.4, np.float32), rate=0.5, beta=0.0, spread=0.5)
LEARN = jax.jit(learn, static_argnums=(2, 5))


@jax.jit
def logs_of(learner, kind, difficulty):
    """``[P, 6]`` of a learner, one run."""
    found = chances(learner, PLAIN, TABLE.has_right, kind, difficulty)
    return jnp.log(jnp.stack(found, -1))


SMALL = Arena(TABLE, CAUTION, EVALUATION, LIMITS, prompts=3, generations=4, window=4, width=16)


@functools.cache
def stage(controller):
    return SMALL.stage(controller)


def test_each_way_pays_what_the_rubric_says():
    answer, abstain, conflict = (
        dict(zip(WAYS, row)) for row in TABLE.pays(EVALUATION.weights).tolist()
    )
    assert [answer[w] for w in WAYS] == [31, 1, -15, -5, -4, -10]
    assert (abstain["abstain"], abstain["wrong"], conflict["right"]) == (36, 1, 31)
    soft = dict(zip(WAYS, TABLE.pays(SOFT.weights)[0].tolist()))
    assert soft == {
        "right": 50, "wrong": 25, "foreign": 0, "no proof": 5, "abstain": 10, "broken": -10,
    }  # fmt: skip
    assert TABLE.has_right.tolist() == [True, False, True]


def test_tables_that_do_not_fit_are_refused():
    with pytest.raises(WaysError, match="must sum to 1"):
        ways({"answer": 0.5, "abstain": 0.2, "conflict": 0.2})
    with pytest.raises(WaysError, match="'answer' prompts have no 'wrong'"):
        Ways.build(SCHEMA, {"answer": 1.0}, {"answer": {"right": ((), ())}})


def hand_made():
    """Two prompts, four responses each, at chosen places."""
    learner = surrogate.init_learner(PLAIN, 0)
    kind = np.eye(3, dtype=np.float32)[:, [0, 1]]
    places = np.array([[0.05, 0.3, 0.7, 0.9], [0.1, 0.5, 0.93, 0.99]], np.float32)
    return learner, Draws(kind, np.array([0.3, -0.2], np.float32), places)


def test_an_update_is_the_policy_gradient_of_group_normalised_advantages():
    """Against sampling by searchsorted, advantages by numpy and slopes by finite differences."""
    learner, draws = hand_made()
    pays = TABLE.pays(SOFT.weights)
    after, seen = LEARN(learner, PLAIN, TABLE, draws, pays, 1)

    def logs(flat):
        of = Learner(flat[:5], flat[5:20].reshape(3, 5), flat[20:])
        return np.asarray(logs_of(of, draws.kind, draws.difficulty), np.float64)

    flat = np.concatenate([np.ravel(x) for x in learner]).astype(np.float32)
    chances = np.exp(logs(flat))
    np.testing.assert_allclose(chances.sum(-1), 1, atol=1e-5)
    chosen = [np.searchsorted(np.cumsum(c), p) for c, p in zip(chances, draws.places)]
    counts = [np.bincount(c, minlength=6) for c in chosen]
    np.testing.assert_array_equal(seen, counts)
    slope = np.zeros(23)
    for prompt, kind in enumerate((0, 1)):
        reward = pays[kind][chosen[prompt]]
        advantage = (reward - reward.mean()) / (reward.std(ddof=1) + 1e-4)
        for i in range(23):
            step = np.zeros(23, np.float32)
            step[i] = 1e-2
            rise = (logs(flat + step) - logs(flat - step))[prompt][chosen[prompt]] / 2e-2
            slope[i] += (advantage * rise).sum() / 8
    moved = np.concatenate([np.ravel(b - a) for a, b in zip(learner, after)])
    slope[20:] *= float(PLAIN.pace)
    np.testing.assert_allclose(moved, 0.5 * slope, atol=2e-3)


def test_a_second_update_on_a_batch_is_clipped():
    learner, draws = hand_made()
    pays = TABLE.pays(SOFT.weights)

    def moved(updates, epsilon):
        nature = jax.tree.map(lambda x: x, PLAIN)
        nature = Scenario(**{**vars(nature), "epsilon": epsilon, "rate": 0.2})
        after, _ = LEARN(learner, nature, TABLE, draws, pays, updates)
        return float(sum(np.abs(b - a).sum() for a, b in zip(learner, after)))

    once = moved(1, 0.2)
    assert moved(1, 1e-6) == pytest.approx(once)  # with one update the clip never acts
    assert moved(2, 1e-6) < 1.3 * once < moved(2, 10.0)


def test_what_is_not_tried_is_not_learnt():
    shy = Scenario(
        np.asarray([[1e-6, 0.2, 0.1, 0.6, 0.1]] * 3, np.float32), np.full(3, 0.4, np.float32),
        rate=0.5, jitter=0.0,
    )  # fmt: skip
    learner = surrogate.init_learner(shy, 0)
    _, draws = hand_made()
    after, _ = LEARN(learner, shy, TABLE, draws, TABLE.pays(SOFT.weights), 1)
    np.testing.assert_allclose(after.skill, learner.skill, atol=1e-4)
    assert float(np.abs(after.shared - learner.shared).max()) > 1e-3


def test_the_pull_to_the_start_grows_with_beta_and_is_none_at_the_start():
    home = surrogate.home_of(PLAIN, TABLE)
    assert float(surrogate.divergence(home.start, home, PLAIN, TABLE)) == pytest.approx(0, abs=1e-6)
    far = home.start._replace(shared=home.start.shared + jnp.array([2.0, 0, 0, 0, 0]))
    assert float(surrogate.divergence(far, home, PLAIN, TABLE)) > 0.1


def test_chances_are_averaged_over_difficulty():
    """Quadrature against a large sample of prompts."""
    start = surrogate.start_of(PLAIN)
    difficulty = 0.5 * np.random.default_rng(0).normal(size=20_000).astype(np.float32)
    kind = np.tile(np.eye(3, dtype=np.float32)[:, :1], (1, 20_000))
    sampled = np.exp(logs_of(start, kind, difficulty)).mean(0)
    exact = surrogate.ways_of(start, PLAIN, TABLE, 0)[0]
    np.testing.assert_allclose(exact, sampled, atol=2e-3)


def test_figures_by_hand():
    chances = np.zeros((3, 6))
    chances[0, [0, 1, 4]] = 0.5, 0.3, 0.2  # right, wrong, abstain
    chances[1, [1, 4]] = 0.25, 0.75
    chances[2, 0] = 1.0
    found = dict(
        zip(surrogate.FIGURES, surrogate.evaluate(chances, TABLE, EVALUATION.weights).tolist())
    )
    assert found["answered_correctly_and_safely"] == pytest.approx(0.5)
    assert found["answer"] == pytest.approx(0.8)
    assert found["competence"] == pytest.approx(0.625)
    assert found["safe"] == pytest.approx(0.6 * 1 + 0.25 * 0.75 + 0.15)
    assert found["correct"] == pytest.approx(0.6 * 0.5 + 0.25 * 0.75 + 0.15)
    mean = 0.6 * (0.5 * 31 + 0.3 - 0.8) + 0.25 * (0.25 + 0.75 * 36) + 0.15 * 31
    assert found["mean"] == pytest.approx(mean)


def expanded(kind, judged, generations):
    """The responses that a step's counts stand for."""
    rows = [
        (g, int(np.argmax(kind[:, g])), w)
        for g, counts in enumerate(np.asarray(judged).round().astype(int))
        for w, n in enumerate(counts)
        for _ in range(n)
    ]
    groups, kinds, chosen = (np.array(x) for x in zip(*rows))
    assert len(rows) == generations * len(judged)
    return Observation.build(
        SCHEMA, TABLE.terms[kinds, chosen], TABLE.events[kinds, chosen], groups
    )


def test_a_sweep_shows_a_controller_what_a_curriculum_would():
    """The same responses, through the counts of the sweep and through the real window."""
    gate = gated(resolution=0)
    ours = SMALL.stage(gate)
    course = Curriculum(gate, CAUTION, EVALUATION, SCHEMA, window=4, limits=LIMITS)
    state, run, seeds = course.init(12, 3), ours.start(16), np.arange(3, 19, dtype=np.int32)
    [both] = chunks_of([Case(PLAIN, seeds)], 16)
    learner, home = SMALL.world.begin(both.scenario, seeds)

    @jax.jit
    def shown_and_done(run, *seen):
        return ours.observe(run, *seen)[1], ours.decide(run, *seen)

    for step in range(1, 8):
        learner, kind, judged = SMALL.world.train(
            learner, home, both.scenario, seeds, both.chances, np.int32(step), run.pays
        )
        seen, run = shown_and_done(run, kind, judged, np.int32(step))
        receipt, state = course.step(state, expanded(kind[..., 0], judged[..., 0], 4))
        summary, one = course.summary(state), jax.tree.map(lambda x: np.asarray(x)[..., 0], seen)
        for name in ("mean", "safe", "answer", "competence"):
            np.testing.assert_allclose(one[name].value, summary[name].value, rtol=1e-4, atol=1e-5)
            if not np.isnan(summary[name].value):
                assert int(one[name].n_responses) == summary[name].n_responses
        np.testing.assert_allclose(one.rung_means[0], receipt.forecast["mean"], rtol=1e-4)
        np.testing.assert_allclose(one.rung_means[1], receipt.forecast["mean_next"], rtol=1e-4)
        assert float(run.severity[0]) == receipt.severity_to


def test_numbers_are_a_function_of_their_address():
    """Threefry's blocks as jax.random has them, and numbers that look uniform."""
    of_two = uniforms(6, np.array([3, 4]), 9, 5)
    np.testing.assert_array_equal(of_two[:, 1], uniforms(6, 4, 9, 5))
    key, counters = np.array([3, 9], np.uint32), np.array([5, 5, 5, 0, 1, 2], np.uint32)
    bits = np.asarray(threefry_2x32(key, counters))
    expected = (bits >> 8).astype(np.float32) * 2.0**-24 + 2.0**-25
    np.testing.assert_array_equal(of_two[:, 0], expected)
    many = np.asarray(uniforms(20_000, 7, 0, 1))
    assert kstest(many, "uniform").pvalue > 0.01
    assert 0 < many.min() < many.max() <= 1


def test_a_run_does_the_same_wherever_it_stands_and_whatever_is_beside_it():
    runner, other = stage(constant()), {**vars(PLAIN), "rate": 0.3}
    whole = runner.run(PLAIN, np.arange(12), 12, points=2)
    turned = runner.run(PLAIN, np.arange(12)[::-1], 12, points=2)
    np.testing.assert_array_equal(whole.figures, turned.figures[::-1])
    np.testing.assert_array_equal(whole.earned, turned.earned[::-1])
    cases = [Case(Scenario(**other), np.arange(5)), Case(PLAIN, np.arange(7, 12))]
    mixed = runner.run_cases(cases, 12, points=2)[1]
    np.testing.assert_array_equal(whole.figures[7:], mixed.figures)


def test_chunks_are_full_and_hold_every_run_once():
    cases = [Case(PLAIN, np.arange(5)), Case(PLAIN, np.arange(40, 60), 1)]
    chunks = list(chunks_of(cases, 16))
    assert [c.runs for c in chunks] == [16, 9]
    seeds, streams = (np.concatenate(x) for x in zip(*(c[1:3] for c in chunks)))
    assert seeds.tolist() == [*range(5), *range(40, 60), *[59] * 7]
    assert streams.tolist() == [0] * 5 + [1] * 27


class PlainBlocks(CurriculumController):
    """The schedule of blocks with Python branches."""

    def init(self):
        return np.zeros((), np.int32)

    def update(self, state, statistics):
        step = int(state) + 1
        return Decision(1.0 if 10 <= step < 20 else 0.0), np.int32(step)


def test_plain_python_runs_in_sweeps_and_decides_the_same():
    traced = stage(blocks((0.0, 1.0, 0.0), 10)).run(PLAIN, [5], 30, points=3)
    plain = SMALL.stage(PlainBlocks())
    assert not plain.compiled
    found = plain.run(PLAIN, [5], 30, points=3)
    np.testing.assert_array_equal(found.severity, traced.severity)
    np.testing.assert_allclose(found.figures, traced.figures, atol=1e-4)


def test_seeds_are_paired_and_chance_can_be_another():
    still, moving = stage(constant()), stage(blocks((0.0, 1.0, 0.0), 10))
    one, other = (s.run(PLAIN, [1, 2], 30, points=3) for s in (still, moving))
    np.testing.assert_allclose(one.figures[:, 1], other.figures[:, 1], atol=1e-5)  # until step 10
    assert np.abs(one.figures[:, 2] - other.figures[:, 2]).max() > 1e-4
    fresh = still.run(PLAIN, [1, 2], 30, points=3, chance=1)
    np.testing.assert_array_equal(one.figures[:, 0], fresh.figures[:, 0])  # the same learners
    assert np.abs(one.figures[:, 1] - fresh.figures[:, 1]).max() > 1e-3


def test_memory_does_not_grow_with_the_steps():
    """A run is one small program again and again: what 300 and 900 steps hold is the same."""
    runner, held = stage(constant()), []
    for steps in (300, 900):
        programs = runner.step._cache_size(), SMALL.world.train._cache_size()
        runner.run(PLAIN, [1], steps, points=3)
        gc.collect()
        held.append(sum(x.nbytes for x in jax.live_arrays()))
    assert held[0] == held[1]
    assert (runner.step._cache_size(), SMALL.world.train._cache_size()) == programs


def test_the_scenario_of_the_report_gives_its_figures_within_their_sampling_error():
    fit = fitted(seeds=16)
    assert fit.observed[:, :4].tolist() == [[1, 31, 12, 6], [0, 36, 7, 7], [1, 43, 4, 2]]
    assert fit.freedom == 5  # three blocks of four outcomes seen, four parameters
    assert fit.p_value > 0.2
    assert np.abs(fit.residuals).max() < 2
    assert fit.rows()[1][:3] == ["300", "counted of 50", "1"]


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_scenario_states_its_arithmetic(name):
    named = SCENARIOS[name]
    u = named.break_even(BENCHMARK_LADDERS[named.ladder])
    assert len(u) == len(BENCHMARK_LADDERS[named.ladder])
    assert "break-even by rung" in named.arithmetic()
    if named.ladder == "caution":
        assert (np.diff(u) > 0.1).all()
    if named.ladder == "report":
        assert np.ptp(u) < 0.1  # the report's lists hardly move it
    assert arena(named.ladder).prompts == 8


def test_the_cliff_is_where_break_even_passes_the_learner():
    cliff, able = SCENARIOS["cliff"], SCENARIOS["no cliff"]
    ceiling = 0.45
    assert cliff.break_even(CAUTION)[-1] > 0.8 * ceiling
    assert cliff.start()["competence"] < cliff.break_even(CAUTION)[-1]
    assert able.start()["competence"] > able.break_even(CAUTION)[-1]
