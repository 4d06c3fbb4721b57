"""The surrogate learner: its updates by hand, and what a sweep shows a controller."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from curricula import Curriculum, CurriculumController, Decision, Observation
from curricula.controllers import blocks, constant, gated
from curricula.offline import surrogate
from curricula.offline.surrogate import Draws, Learner, Scenario, learn, log_ways
from curricula.offline.sweep import Arena
from curricula.offline.ways import WAYS, Ways, WaysError
from dipg.app.scenarios import SCENARIOS, arena, fitted
from dipg.app.ways import SCHEMA, ways
from dipg.pricing import CAUTION, EVALUATION, LADDERS, LIMITS, SOFT

TABLE = ways()
START = np.asarray([[0.6, 0.2, 0.1, 0.06, 0.04]] * 3, np.float32)
PLAIN = Scenario(START, np.full(3, 0.4, np.float32), rate=0.5, beta=0.0, spread=0.5)
LEARN = jax.jit(learn, static_argnums=(2, 5))
LOGS = jax.jit(log_ways)
SMALL = Arena(TABLE, CAUTION, EVALUATION, LIMITS, prompts=3, generations=4, window=4)


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
    learner = surrogate.init_learner(PLAIN, jax.random.key(0))
    kind = np.eye(3, dtype=np.float32)[[0, 1]]
    places = np.array([[0.05, 0.3, 0.7, 0.9], [0.1, 0.5, 0.93, 0.99]], np.float32)
    return learner, Draws(kind, np.array([0.3, -0.2], np.float32), places)


def test_an_update_is_the_policy_gradient_of_group_normalised_advantages():
    """Against sampling by searchsorted, advantages by numpy and slopes by finite differences."""
    learner, draws = hand_made()
    pays = TABLE.pays(SOFT.weights)
    after, seen = LEARN(learner, PLAIN, TABLE, draws, pays)

    def logs(flat):
        of = Learner(flat[:5], flat[5:20].reshape(3, 5), flat[20:])
        return np.asarray(
            LOGS(of, PLAIN, TABLE.has_right, draws.kind, draws.difficulty), np.float64
        )

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
    learner = surrogate.init_learner(shy, jax.random.key(0))
    _, draws = hand_made()
    after, _ = LEARN(learner, shy, TABLE, draws, TABLE.pays(SOFT.weights))
    np.testing.assert_allclose(after.skill, learner.skill, atol=1e-4)
    assert float(np.abs(after.shared - learner.shared).max()) > 1e-3


def test_the_pull_to_the_start_grows_with_beta_and_is_none_at_the_start():
    start = surrogate.start_of(PLAIN)
    assert float(surrogate.divergence(start, start, PLAIN, TABLE)) == pytest.approx(0, abs=1e-6)
    far = start._replace(shared=start.shared + jnp.array([2.0, 0, 0, 0, 0]))
    assert float(surrogate.divergence(far, start, PLAIN, TABLE)) > 0.1


def test_chances_are_averaged_over_difficulty():
    """Quadrature against a large sample of prompts."""
    start = surrogate.start_of(PLAIN)
    difficulty = 0.5 * np.random.default_rng(0).normal(size=20_000).astype(np.float32)
    kind = np.tile(np.eye(3, dtype=np.float32)[:1], (20_000, 1))
    sampled = np.exp(log_ways(start, PLAIN, TABLE.has_right, kind, difficulty)).mean(0)
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


def expanded(draws, judged, generations):
    """The responses that a step's counts stand for."""
    rows = [
        (g, int(np.argmax(draws.kind[g])), w)
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
    ours, course = SMALL.stage(gate), None
    course = Curriculum(gate, CAUTION, EVALUATION, SCHEMA, window=4, limits=LIMITS)
    run, state = ours.start(PLAIN, 3), course.init(12, 3)
    before, after = jax.jit(ours.before), jax.jit(ours.after)
    for step in range(1, 8):
        key = jax.random.fold_in(jax.random.fold_in(jax.random.key(0), 3), step)
        draws = surrogate.draw(PLAIN, TABLE.shares, step, key, 3, 4)
        pays = TABLE.pays(CAUTION.at(float(run.severity)).weights)
        _, judged = LEARN(run.learner, PLAIN, TABLE, draws, pays)
        run, seen = before(run, PLAIN, 3, step, 0)
        receipt, state = course.step(state, expanded(draws, judged, 4))
        summary = course.summary(state)
        for name in ("mean", "safe", "answer", "competence"):
            np.testing.assert_allclose(seen[name].value, summary[name].value, rtol=1e-4, atol=1e-5)
            if not np.isnan(summary[name].value):
                assert int(seen[name].n_responses) == summary[name].n_responses
        np.testing.assert_allclose(seen.rung_means[0], receipt.forecast["mean"], rtol=1e-4)
        np.testing.assert_allclose(seen.rung_means[1], receipt.forecast["mean_next"], rtol=1e-4)
        decision, inner = gate.update(run.controller, seen)
        assert float(decision.severity) == receipt.severity_to
        run = after(run, decision.severity, inner, step)


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
    runner = stage(constant())
    shapes = [
        jax.eval_shape(lambda s, n=every: runner._whole(PLAIN, s, 0, 3, n), np.arange(2))
        for every in (10, 10_000)
    ]
    assert jax.tree.leaves(shapes[0]) == jax.tree.leaves(shapes[1])


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
    u = named.break_even(LADDERS[named.ladder])
    assert len(u) == len(LADDERS[named.ladder])
    assert "break-even by rung" in named.arithmetic()
    if named.ladder == "caution":
        assert (np.diff(u) > 0.1).all()
    else:
        assert np.ptp(u) < 0.1  # the report's lists hardly move it
    assert arena(named.ladder).prompts == 8


def test_the_cliff_is_where_break_even_passes_the_learner():
    cliff, able = SCENARIOS["cliff"], SCENARIOS["no cliff"]
    ceiling = 0.45
    assert cliff.break_even(CAUTION)[-1] > 0.8 * ceiling
    assert cliff.start()["competence"] < cliff.break_even(CAUTION)[-1]
    assert able.start()["competence"] > able.break_even(CAUTION)[-1]
