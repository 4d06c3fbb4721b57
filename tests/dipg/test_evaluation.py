"""Evaluation: intervals against scipy, the report's own logs, comparison of two files."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from dipg.comparison import compare, mcnemar, permutation, read_evaluation
from dipg.environment import Environment, score_batch
from dipg.evaluation import EvaluationError, bootstrap, evaluate, summarise, wilson
from dipg.pricing import EVALUATION, SOFT
from dipg.rubric import EVENTS, TERMS
from dipg.vignettes import generate

VIGNETTES = generate("short", split="evaluation", count=60)


def half_gold(vignettes):
    return [v.gold if i % 2 else "no tags" for i, v in enumerate(vignettes)]


@pytest.mark.parametrize(("k", "n"), [(0, 50), (1, 50), (44, 50), (50, 50), (371, 400)])
def test_wilson_is_scipys(k: int, n: int) -> None:
    ours = wilson(k, n)
    theirs = stats.binomtest(k, n).proportion_ci(method="wilson")
    assert (ours.lower, ours.upper) == pytest.approx((theirs.low, theirs.high), abs=1e-9)


def test_bootstrap_of_a_mean_is_near_the_normal_interval() -> None:
    x = np.random.default_rng(5).normal(3, 2, 400)
    found = bootstrap(x, {"mean": lambda a: a.mean(-1)})["mean"]
    half = 1.96 * x.std(ddof=1) / 20
    assert found.value == pytest.approx(x.mean())
    assert found.upper - found.lower == pytest.approx(2 * half, rel=0.1)


def test_the_reports_own_figures() -> None:
    """Block 1 of the report: {36: 1, 31: 0, 1: 31, -5: 12, -15: 6}; mean -1.66, median 1."""
    rewards = [36] + [1] * 31 + [-5] * 12 + [-15] * 6
    found = bootstrap(np.asarray(rewards, float), {
        "mean": lambda x: x.mean(-1), "median": lambda x: np.median(x, -1),
        "std": lambda x: x.std(-1, ddof=1)})  # fmt: skip
    assert found["mean"].value == pytest.approx(-1.66)
    assert found["median"].value == 1
    assert found["std"].value == pytest.approx(7.61, abs=0.005)
    assert found["mean"].lower < -1.66 < found["mean"].upper


def test_figures_count_what_happened() -> None:
    summary = evaluate(half_gold, VIGNETTES)
    f = summary.figures
    right = [36.0 if v.expected.kind == "abstain" else 31.0 for v in VIGNETTES]
    expected = [r if i % 2 else -10.0 for i, r in enumerate(right)]
    assert summary.rewards.tolist() == expected
    assert f["mean"].value == pytest.approx(np.mean(expected))
    assert f["range"].value == 46
    assert f["format_rate"].value == f["correct_rate"].value == f["safe_rate"].value == 0.5
    assert f["hallucination_rate"].value == 0
    answerable = [i for i, v in enumerate(VIGNETTES) if v.expected.kind == "answer"]
    assert f["answer_rate"].n == len(answerable)
    assert f["answer_rate"].value == sum(i % 2 for i in answerable) / len(answerable)
    for name, figure in f.items():
        if figure.n and not name.startswith(("min", "max", "range")):
            assert figure.lower <= figure.value <= figure.upper, name


def test_file_has_the_layout_of_the_report(tmp_path: Path) -> None:
    summary = evaluate(half_gold, VIGNETTES, keep_responses=True)
    data = json.loads(json.dumps(summary.to_json()))
    n = len(VIGNETTES)
    assert data["total_responses"] == n
    for key in ("mean_reward", "median_reward", "std_reward", "min_reward", "max_reward",
                "refusal_rate", "safe_response_rate", "medical_hallucination_rate",
                "reasoning_consistency_rate"):  # fmt: skip
        assert isinstance(data[key], float)
    for key in ("rewards", "refusal_outcomes", "safe_outcomes", "hallucination_outcomes",
                "consistency_outcomes", "detailed_results"):  # fmt: skip
        assert len(data[key]) == n
    assert data["detailed_results"][1]["response"] == VIGNETTES[1].gold
    assert sum(data["safe_outcomes"]) / n == data["safe_response_rate"]
    assert np.std(data["rewards"], ddof=1) == pytest.approx(data["std_reward"])


def test_nothing_to_evaluate() -> None:
    with pytest.raises(EvaluationError, match="no responses"):
        evaluate(lambda v: [], [])
    with pytest.raises(EvaluationError, match="1 responses for 60"):
        evaluate(lambda v: ["x"], VIGNETTES)


def test_the_seed_of_the_bootstrap_decides() -> None:
    terms, events = score_batch(VIGNETTES, half_gold(VIGNETTES))
    one, two = summarise(terms, events), summarise(terms, events)
    assert one.figures == two.figures or str(one.figures) == str(two.figures)
    assert summarise(terms, events, seed=1).figures["mean"] != one.figures["mean"]


def test_facts_can_be_priced_twice() -> None:
    terms, events = score_batch(VIGNETTES, [v.gold for v in VIGNETTES])
    soft = summarise(terms, events, SOFT).rewards
    assert set(soft.tolist()) == {50.0, 60.0}
    assert set(summarise(terms, events, EVALUATION).rewards.tolist()) == {31.0, 36.0}


def test_mcnemar_is_the_binomial_test() -> None:
    first = np.asarray([1] * 20 + [0] * 12 + [1] * 3 + [0] * 15)
    second = np.asarray([1] * 20 + [1] * 12 + [0] * 3 + [0] * 15)
    found = mcnemar("safe", first, second)
    assert found.p == pytest.approx(stats.binomtest(3, 15).pvalue)
    assert found.value == pytest.approx(9 / 50)
    assert found.lower < 9 / 50 < found.upper


def test_paired_interval_of_newcombe() -> None:
    """Newcombe (1998), table II, method 10, the row a, b, c, d = 36, 12, 2, 0."""
    first = np.asarray([1] * 36 + [1] * 12 + [0] * 2 + [0] * 0)
    second = np.asarray([1] * 36 + [0] * 12 + [1] * 2 + [0] * 0)
    found = mcnemar("x", second, first)
    assert found.value == pytest.approx(0.20)
    assert (found.lower, found.upper) == pytest.approx((0.0569, 0.3404), abs=5e-5)


def test_permutation_is_scipys() -> None:
    rng = np.random.default_rng(2)
    first = rng.normal(0, 1, 40)
    second = first + rng.normal(0.3, 1, 40)
    ours = permutation(first, second)
    theirs = stats.permutation_test(
        (second, first), lambda a, b: np.mean(a - b), permutation_type="samples",
        n_resamples=9999, rng=np.random.default_rng(1))  # fmt: skip
    assert ours.p == pytest.approx(theirs.pvalue, abs=0.02)
    assert ours.value == pytest.approx(np.mean(second - first))


def test_files_are_paired_by_id(tmp_path: Path) -> None:
    one = evaluate(half_gold, VIGNETTES).to_json()
    shuffled = list(reversed(VIGNETTES))
    answers = dict(zip([v.id for v in VIGNETTES], half_gold(VIGNETTES)))
    two = evaluate(lambda vs: [answers[v.id] for v in vs], shuffled).to_json()
    paths = [tmp_path / "1.json", tmp_path / "2.json"]
    for path, data in zip(paths, (one, two)):
        path.write_text(json.dumps(data))
    for difference in compare(read_evaluation(paths[0]), read_evaluation(paths[1])):
        assert difference.value == 0
        assert difference.p == 1


def test_files_that_cannot_be_compared(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="cannot be paired: 2 and 1"):
        compare({"rewards": [1, 2]}, {"rewards": [1]})
    (tmp_path / "bad.json").write_text("{")
    with pytest.raises(EvaluationError, match="not JSON"):
        read_evaluation(tmp_path / "bad.json")
    (tmp_path / "bad.json").write_text("{}")
    with pytest.raises(EvaluationError, match="no list of rewards"):
        read_evaluation(tmp_path / "bad.json")


def test_environment_shows_each_vignette_once() -> None:
    environment = Environment(VIGNETTES[:5], seed=4)
    seen = []
    for _ in range(5):
        observation = environment.reset()
        assert environment.current is not None
        seen.append(environment.current.id)
        assert observation.context == environment.current.context
        step = environment.step(environment.current.gold)
        assert step.done
        assert step.reward >= 31
        assert tuple(step.info["events"]) == EVENTS
    assert len(set(seen)) == 5
    with pytest.raises(RuntimeError, match="reset"):
        environment.step("again")
    again = Environment(VIGNETTES[:5], seed=4)
    repeated = []
    for _ in range(5):
        again.reset()
        assert again.current is not None
        repeated.append(again.current.id)
    assert repeated == seen


def test_events_that_a_foreign_scorer_does_not_know() -> None:
    """A rate is over what is known; where nothing is, it is unknown, not zero."""
    terms = np.zeros((4, len(TERMS)))
    events = np.zeros((4, len(EVENTS)))
    events[:, EVENTS.index("answerable")] = 1
    events[:, EVENTS.index("abstained")] = np.nan
    events[:, EVENTS.index("safe")] = [1, 0, np.nan, 1]
    found = summarise(terms, events)
    assert (found.figures["safe_rate"].value, found.figures["safe_rate"].n) == (2 / 3, 3)
    assert np.isnan(found.figures["abstention_on_answerable_rate"].value)
    assert found.to_json()["safe_outcomes"] == [1, 0, None, 1]
    assert found.to_json()["figures"]["abstention_on_answerable_rate"]["value"] is None
