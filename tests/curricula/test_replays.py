"""Recorded runs, ours and others', under any policy."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from curricula.observations import decode, encode, header
from curricula.offline.replays import Replayed, differences
from curricula.offline.tables import EXAMPLE, TableError, from_columns, read_table
from dipg.app.cli.main import invoke
from dipg.app.cli.replay import replay
from dipg.app.config import load, to_toml
from dipg.app.curriculum import SCHEMA, curriculum_of
from dipg.app.settings import Given
from dipg.pricing import TERMS
from dipg.rubric import EVENTS


def run(*arguments):
    return CliRunner().invoke(replay, arguments)


def test_rewards_come_back_from_a_table():
    columns = {"step": ["1", "1", "2"], "reward": ["-3.5", "", "8"], "prompt": ["a", "a", "b"]}
    found = from_columns({**columns, "safe": ["1", "0", "true"], "note": ["x", "y", "z"]})
    assert found.limits == (-3.5, 8.0)
    first, second = (decode(line, found.schema) for line in found.log[1:])
    np.testing.assert_allclose(found.prices.rewards(first.terms), [-3.5, np.nan], rtol=1e-6)
    np.testing.assert_allclose(found.prices.rewards(second.terms), [8.0], rtol=1e-6)
    assert first.events.tolist() == [[1.0], [0.0]]
    assert first.groups.tolist() == [0, 0]
    assert any("not flags: note" in note for note in found.notes)
    assert any("observed -3.5 and 8" in note for note in found.notes)


def test_trls_completions_are_read_as_they_are():
    columns = {
        "step": [1, 1, 1, 1],
        "prompt": ["p", "p", "q", "q"],
        "completion": ["a", "b", "c", "d"],
        "format_reward": [1.0, 0.0, 1.0, 1.0],
        "accuracy": [0.5, 0.5, 0.0, 1.0],
        "advantage": [0.1, -0.1, 0.0, 0.0],
    }
    found = from_columns(columns, limits=(0.0, 2.0))
    seen = decode(found.log[1], found.schema)
    np.testing.assert_allclose(found.prices.rewards(seen.terms), [1.5, 0.5, 1.0, 2.0])
    assert seen.groups.tolist() == [0, 0, 1, 1]
    assert set(found.schema.rates) == {"format_reward"}
    assert found.notes[0] == "reward: the sum of format_reward, accuracy"


def test_rates_have_their_usual_names_and_denominators():
    flags = {name: [0, 1] for name in ("answered", "answerable", "correct", "safe_rate")}
    rates = from_columns({"step": [1, 1], "reward": [0, 1], **flags}).schema.rates
    assert (rates["answer"].event, rates["answer"].conditions) == ("answered", ("answerable",))
    assert rates["competence"].conditions == ("answered", "answerable")
    assert rates["safe"].event == "safe_rate"


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.csv", "step,x\n1,2\n", "no column 'reward'; columns: step, x"),
        ("a.csv", "reward\n1\n", "no column 'step'; say how many rows make a step"),
        ("a.csv", "step,reward\n1,high\n", "row 1: reward is 'high', not a number"),
        ("a.csv", "step,reward\n", "no column 'reward'; columns: none"),
        ("a.csv", "step,reward\n1,\n", "no reward is a number"),
        ("a.csv", "step,reward\n1,9\n", "rewards reach from 9 to 9, outside the limits -5 to 5"),
        ("a.jsonl", '{"step": 1, "reward": 2}\n{"st', "cannot be read"),
        ("a.jsonl", "[1]\n", "line 1 is not a JSON object"),
        ("a.json", "3", "expected a list of rows, or"),
        ("a.json", '{"one": {"rewards": [1, 2], "safe": [1]}}', "lists of different lengths"),
        ("a.xlsx", "", "cannot read '.xlsx' files; valid: .csv"),
    ],
)
def test_tables_that_cannot_be_read_say_why(tmp_path, name, content, told):
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(TableError, match="(?s)" + told.replace("(", r"\(")) as caught:
        read_table(path, limits=(-5.0, 5.0))
    assert str(path) in str(caught.value)


def test_the_reports_evaluations_ship_and_neither_rule_escalates():
    found = read_table(EXAMPLE, limits=(-50.0, 36.0))
    assert found.labels == ("grpo_300", "grpo_600", "grpo_900", "grpo_1200")
    means = [
        found.prices.rewards(decode(line, found.schema).terms).mean() for line in found.log[1:]
    ]
    np.testing.assert_allclose(means, [-1.66, -2.08, 0.58, 0.12], atol=1e-3)
    result = run("report", "--policy", "gated", "--policy", "gated-point", "--window", "1")
    assert result.exit_code == 0, result.output
    assert result.output.count("never moves") == 2
    assert "They never differ." in result.output
    assert "Outcomes are not" in result.output
    assert "at the end, grpo_1200: held at soft" in result.output
    assert "no column tells answer: no guard watches it" in result.output


def test_where_policies_differ_is_told_span_by_span():
    columns = {
        "step": np.repeat(np.arange(1, 41), 8),
        "reward": np.full(320, 9.0),
        "safe": np.ones(320),
    }
    found = from_columns(columns, limits=(-10.0, 10.0))
    assert len(found.log) == 41

    class Stub:
        def __init__(self, step, rung):
            self.step, self.rung_to = step, rung

    one = Replayed("one", tuple(Stub(t, "soft") for t in range(1, 6)))
    other = Replayed(
        "other", tuple(Stub(t, r) for t, r in enumerate(["soft", "hard", "hard", "top", "soft"], 1))
    )
    told = [str(d) for d in differences([one, other])]
    assert told == ["2 to 3: one at soft, other at hard", "step 4: one at soft, other at top"]


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    """What a run of 30 steps leaves of its decisions, written by the run's own curriculum."""
    where = tmp_path_factory.mktemp("run")
    given = {"steps": 30, "curriculum.policy": "gated(dwell=2)", "curriculum.window": 8}
    config = load(given=[Given(k, k, v) for k, v in given.items()])
    (where / "config.toml").write_text(to_toml(config))
    course, rng = curriculum_of(config), np.random.default_rng(0)
    state = course.init(64, 8)
    log, decisions = [header(SCHEMA, 64, 8)], []
    right = [
        t in ("exact_format", "no_hallucination", "verifiable_trace", "correct_answer")
        for t in TERMS
    ]
    wrong = [t in ("exact_format", "hallucinated_trace") for t in TERMS]
    good = ("well_formed", "answered", "answerable", "grounded", "consistent", "correct", "safe")
    from curricula import Observation

    for step in range(1, 31):
        able = rng.random(64) < 0.97
        terms = np.where(able[:, None], right, wrong).astype(float)
        events = np.where(
            able[:, None],
            [e in good for e in EVENTS],
            [e in ("well_formed", "answered", "answerable", "hallucinated") for e in EVENTS],
        )
        seen = Observation.build(SCHEMA, terms, events.astype(float), np.repeat(np.arange(8), 8))
        receipt, state = course.step(state, seen)
        log.append(encode(step, seen))
        decisions.append(receipt.to_json())
    for name, rows in (("observations", log), ("decisions", decisions)):
        (where / f"{name}.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    return where


def test_a_run_finds_its_own_decisions_again_and_other_policies_are_compared(directory):
    own = run(str(directory))
    assert own.exit_code == 0, own.output
    assert "The run's own decisions: 30 decisions replayed, all the same" in own.output
    assert "moved from soft to medium (every clause passes)" in own.output
    both = run(str(directory), "--policy", "gated(dwell=2)", "--policy", "constant", "--json")
    data = json.loads(both.output)
    assert data["verified"]["agrees"] is True
    assert [p["policy"] for p in data["policies"]] == ["gated(dwell=2)", "constant"]
    first = data["differences"][0]
    assert first["first"] == data["policies"][0]["moves"][0]["step"]
    assert first["rungs"] == {"gated(dwell=2)": "medium", "constant": "soft"}


def test_a_log_that_was_changed_is_found_out(directory, tmp_path, capsys):
    for name in ("config.toml", "observations.jsonl"):
        (tmp_path / name).write_text((directory / name).read_text())
    kept = [json.loads(line) for line in (directory / "decisions.jsonl").read_text().splitlines()]
    kept[4]["severity_to"] = 2.0
    (tmp_path / "decisions.jsonl").write_text("".join(json.dumps(r) + "\n" for r in kept))
    assert invoke(["replay", str(tmp_path)]) == 1
    assert "decisions part at step 5: severity_to was 2.0" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("nowhere",), "no run and no file 'nowhere'; 'report' is an example that ships"),
        (("report", "--policy", "gatde"), "did you mean gated?"),
        (("report", "--limits", "5"), "takes LOWEST,HIGHEST, got '5'"),
        (("report", "--ladder", "x"), "no ladder 'x'; valid: report, caution"),
        (("report", "--when", "mean >"), "expected a number after '>'"),
    ],
)
def test_replays_that_cannot_be_done_are_refused(arguments, told):
    result = run(*arguments)
    assert result.exit_code != 0
    assert told in result.output + str(result.exception)
