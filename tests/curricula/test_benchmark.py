"""Benchmarks of schedules: from the command to the tables."""

import csv
import json

import numpy as np
import pytest
from click.testing import CliRunner

from curricula.controller import ControllerError
from curricula.offline.benchmark import PRIMARY, collapsed, figures_of, waits
from curricula.offline.sweep import Sweep
from dipg.app.cli.benchmark import NAMES, benchmark, split_policies
from dipg.app.policy_text import PolicyError
from dipg.app.scenarios import SCENARIOS
from dipg.app.schedules import Job, in_threads, run_job, seeds_of
from dipg.app.schedules import benchmark as run_benchmark
from dipg.app.tuning import RANGES, candidates, tune

FEW = {"scenarios": ["slow learner", "drift"], "seeds": 6, "steps": 60}


@pytest.fixture(scope="module")
def results():
    return run_benchmark(["constant", "ramp"], **FEW)


def test_a_benchmark_compares_the_same_seeds_everywhere(results):
    assert results.reference == "constant"
    assert results.scenarios == ("slow learner", "drift")
    assert results.matrix(PRIMARY, results.sweeps["ramp"]).shape == (2, 6)
    starts = [s["drift"].figures[:, 0] for s in results.sweeps.values()]
    np.testing.assert_array_equal(*starts)
    versus = results.versus()
    assert [v.policy for v in versus] == ["ramp"]
    equal = results.equal()
    assert equal.policy == "A/A"
    assert equal.difference.lower <= 0 <= equal.difference.upper
    assert np.diag(results.improvements()).tolist() == [0.5, 0.5]


def test_what_is_told_is_plain_data(results):
    data = json.loads(json.dumps(results.to_json(), allow_nan=False))
    assert data["scenarios"] == ["slow learner", "drift"]
    assert len(data["by_scenario"]) == 4
    ramp = next(r for r in data["all"] if r["policy"] == "ramp")
    assert ramp["moves"] == [3.0, 0.0]
    assert ramp["first"] == 20.0  # a third of the way, on a ladder of four rungs
    records = results.records()
    assert len(records) == 2 * 2 * 6
    assert {r["seed"] for r in records} == set(range(6))


def test_jobs_give_the_same_wherever_they_run(results):
    jobs = [Job("constant", "drift", (3, 4), 60), Job("ramp", "slow learner", (3, 4), 60)]
    alone = [run_job(job) for job in jobs]
    pooled = in_threads(jobs, workers=2)
    for one, other in zip(alone, pooled):
        np.testing.assert_array_equal(one.figures, other.figures)
    kept = results.sweeps["constant"]["drift"].figures[3:5]
    np.testing.assert_allclose(alone[0].figures, kept, atol=1e-6)


def test_seeds_are_paired_within_a_scenario_and_apart_between_them():
    seeds = {(p, s): seeds_of(Job(p, s, (0, 1, 2), 60)).tolist()
             for p in ("constant", "ramp") for s in SCENARIOS}  # fmt: skip
    for scenario in SCENARIOS:
        assert seeds["constant", scenario] == seeds["ramp", scenario]
    assert len({x for found in seeds.values() for x in found}) == 3 * len(SCENARIOS)


def made_up(primary, answer):
    """A sweep with given curves ``[N, P]``; the other figures are 0."""
    figures = np.zeros((*np.shape(primary), 7))
    figures[..., 0], figures[..., 4] = primary, answer
    n = len(figures)
    steps = np.arange(np.shape(primary)[1]) * 10
    return Sweep(figures, None, None, steps, np.zeros(n), np.zeros((n, 2)), np.zeros(n))


def test_collapse_waits_and_areas_by_hand():
    done = made_up([[0.1, 0.3, 0.5], [0.1, 0.1, 0.1]], [[0.9, 0.6, 0.44], [0.9, 0.2, 0.46]])
    assert collapsed(done).tolist() == [True, False]
    assert waits(done, 0.3).tolist() == [10, np.inf]
    assert figures_of(done)["area"].tolist() == pytest.approx([0.3, 0.1])


def test_a_policy_that_a_ladder_refuses_is_left_out_and_said_so():
    def runner(jobs):
        return [made_up(np.full((4, 3), 0.5), np.ones((4, 3))) for _ in jobs]

    few = {"seeds": 4, "steps": 30, "runner": runner}
    found = run_benchmark(["constant", "break-even"], ["slow learner", "report"], **few)
    assert found.scenarios == ("slow learner",)
    assert "break-even does not run in 'report': break-even: u must rise" in found.notes[0]
    with pytest.raises(ControllerError, match="no scenario in which every policy runs"):
        run_benchmark(["break-even"], ["report"], **few)


def test_the_command_writes_what_it_says(tmp_path):
    arguments = ["--policies", "constant,ramp", "--seeds", "6", "--steps", "60"]
    arguments += ["--scenarios", "slow learner,drift", "--out", str(tmp_path / "out")]
    result = CliRunner().invoke(benchmark, arguments)
    assert result.exit_code == 0, result.output
    assert "6 paired seeds, 60 steps, 2 scenarios" in result.output
    assert "A/A is the reference against itself on other draws" in result.output
    assert "slow learner: skill grows slowly" in result.output
    rows = list(csv.DictReader((tmp_path / "out" / "runs.csv").open()))
    assert len(rows) == 24
    data = json.loads((tmp_path / "out" / "results.json").read_text())
    assert data["reference"] == "constant"


def test_policies_are_split_at_commas_outside_parentheses():
    found = split_policies("gated(dwell=5, alpha=0.1) | clip(0, 1), pid,blocks")
    assert found == ["gated(dwell=5, alpha=0.1) | clip(0, 1)", "pid-lagrangian", "blocks"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--policies", "gatde"], "did you mean gated?"),
        (["--policies", "gated,gated"], "--policies names 'gated' twice"),
        (["--policies", ","], "--policies names no policy"),
        (["--scenarios", "clif"], "no scenario 'clif'; valid: cliff"),
        (["--scenarios", ","], "--scenarios names none"),
        (["--seeds", "1"], "1 is not in the range x>=2"),
        (["--when", "saef > 1%"], "unknown metric 'saef'"),
        (["--tune", "nobody"], "unknown policy 'nobody'"),
    ],
)
def test_benchmarks_that_cannot_be_done_are_refused(arguments, told):
    result = CliRunner().invoke(benchmark, arguments)
    assert result.exit_code != 0
    assert told in result.output + str(result.exception)


def test_the_names_on_the_command_line_are_the_scenarios():
    assert tuple(SCENARIOS) == NAMES


@pytest.mark.parametrize("name", RANGES)
def test_what_is_searched_can_be_built(name):
    found = candidates(name, 5)
    assert str(found[0]) == name
    assert len({str(c) for c in found}) == 5
    for call in found[1:]:
        for key, value in call.options.items():
            low, high, _ = RANGES[name][key]
            assert low <= value <= high


def test_a_policy_without_numbers_cannot_be_tuned():
    with pytest.raises(PolicyError, match="nothing to tune in 'json:loads'"):
        candidates("json:loads", 3)


def test_a_search_keeps_the_best_and_reports_elsewhere():
    """A stand-in for the runs: the shorter the ramp, the better."""
    asked = []

    def runner(jobs):
        asked.extend(jobs)
        ends = [float(j.policy.partition("end=")[2].partition(",")[0] or 3.0) for j in jobs]
        return [made_up([[0.0, 1 - e / 4]] * len(j.seeds), [[1, 1]] * len(j.seeds))
                for e, j in zip(ends, jobs)]  # fmt: skip

    found = tune("ramp", trials=8, seeds=4, runner=runner)
    assert found.trials == 8
    assert found.score == max(1 - c.options.get("end", 3.0) / 4 for c in candidates("ramp", 8))
    assert found.default == pytest.approx(0.25)
    assert {j.scenario for j in asked} == set(found.training)
    assert not set(found.training) & set(found.held_out)
    assert min(j.seeds[0] for j in asked) >= 100_000
