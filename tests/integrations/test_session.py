"""A session: any training loop, saved and restored through plain data."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from curricula import Receipt, Session
from curricula.controllers import blocks
from curricula.observations import Observation, decode
from curricula.receipts import verify
from curricula.session import SessionError
from curricula.session_state import pack, unpack
from tests.curricula.lab import GROUPS, SCHEMA, SIZE, SMALL, batch, curriculum, trained

ROWS = GROUPS * SIZE
QUALITIES = [0.95] * 14


def batches(seed=0, qualities=QUALITIES):
    rng = np.random.default_rng(seed)
    return [batch(rng, quality) for quality in qualities]


def session(**options):
    return Session(curriculum(SMALL), ROWS, GROUPS, **options)


def lines(path: Path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_five_lines_decide_what_the_curriculum_decides():
    expected, _, course = trained(SMALL, QUALITIES)
    ours = session()
    found = []
    for seen in batches():
        assert ours.penalties == course.ladder.at(ours.severity)
        found.append(ours.observe(seen.terms, seen.events, seen.groups))
    assert found == expected
    assert any(receipt.moved for receipt in found)
    assert ours.receipt == expected[-1]
    assert (ours.step, ours.rung) == (len(QUALITIES), "hard")


def test_a_step_in_parts_is_one_step_and_the_prices_hold_until_it_is_decided():
    ours, whole = session(), session()
    for seen in batches(qualities=[0.95, 0.95]):
        before = ours.penalties
        for rows in (slice(0, 12), slice(12, ROWS)):
            part = Observation(*(column[rows] for column in seen))
            assert ours.observe(*part, more=True) is None
            assert ours.penalties == before
        assert ours.decide() == whole.observe(*seen)
    assert ours.decide() is None
    assert ours.step == 2


@pytest.mark.parametrize("cut", [1, 6, 13])
def test_a_session_restored_from_json_goes_on_bit_for_bit(cut):
    whole, first = session(), session()
    expected = [whole.observe(*seen) for seen in batches()]
    for seen in batches()[:cut]:
        first.observe(*seen)
    saved = json.loads(json.dumps(first.state_dict()))
    second = session(state=saved)
    assert second.receipt == expected[cut - 1]
    assert second.state_dict() == saved
    assert [second.observe(*seen) for seen in batches()[cut:]] == expected[cut:]
    assert second.state_dict() == whole.state_dict()


def test_parts_of_a_step_survive_too():
    ours, whole = session(), session()
    seen = batches()[0]
    half = Observation(*(column[:16] for column in seen))
    ours.observe(*half, prompts=["a"], more=True)
    restored = session(state=json.loads(json.dumps(ours.state_dict())))
    rest = Observation(*(column[16:] for column in seen))
    assert restored.observe(*rest) == whole.observe(*seen)


def test_the_log_is_that_of_a_run_directory_and_replays(tmp_path):
    ours = session(log=tmp_path)
    for seen in batches():
        ours.observe(*seen)
    log, receipts = lines(tmp_path / "observations.jsonl"), lines(tmp_path / "decisions.jsonl")
    assert verify(curriculum(SMALL), log, receipts).agrees
    assert len(receipts) == len(QUALITIES)
    assert Receipt.from_json(receipts[-1]) == ours.receipt
    assert np.array_equal(decode(log[1], SCHEMA).terms, batches()[0].terms)
    figures = lines(tmp_path / "metrics.jsonl")[0]
    first = batches()[0]
    answerable = first.events[:, 2] == 1
    assert figures["step"] == 1
    assert figures["safe_rate"] == pytest.approx(first.events[:, 0].mean())
    assert figures["answer_rate"] == pytest.approx(first.events[answerable, 1].mean())
    right, wrong, rest = (
        first.terms[:, 1].mean(),
        first.terms[:, 3].mean(),
        first.terms[:, 2].mean(),
    )
    assert figures["yardstick/mean"] == pytest.approx(10 + 10 * right - 25 * wrong - 15 * rest)
    assert figures["reward"] == pytest.approx(10 + 20 * right - 10 * wrong - 5 * rest)
    assert figures["penalties/wrong"] == -10


def test_going_on_from_a_state_removes_what_the_log_has_beyond_it(tmp_path):
    whole = session(log=tmp_path / "whole")
    cut = session(log=tmp_path / "cut")
    for i, seen in enumerate(batches()):
        whole.observe(*seen)
        if i == 5:
            saved = cut.state_dict()
        if i < 9:  # killed after step 9; the last state saved was that of step 5
            cut.observe(*seen)
    with (tmp_path / "cut" / "metrics.jsonl").open("a") as file:
        file.write('{"step":10,"rew')  # the line that the kill broke off
    second = session(log=tmp_path / "cut", state=saved)
    for seen in batches()[5:]:
        second.observe(*seen)
    for name in ("decisions.jsonl", "observations.jsonl", "metrics.jsonl"):
        assert (tmp_path / "cut" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_a_log_with_decisions_is_not_written_over(tmp_path):
    session(log=tmp_path).observe(*batches()[0])
    before = (tmp_path / "decisions.jsonl").read_bytes()
    with pytest.raises(SessionError, match="already holds decisions"):
        session(log=tmp_path)
    assert (tmp_path / "decisions.jsonl").read_bytes() == before


def test_a_log_that_lacks_decisions_is_refused(tmp_path):
    ours = session(log=tmp_path)
    for seen in batches()[:4]:
        ours.observe(*seen)
    kept = (tmp_path / "decisions.jsonl").read_text().splitlines()
    (tmp_path / "decisions.jsonl").write_text("\n".join(kept[:2]) + "\n")
    with pytest.raises(SessionError, match="holds 2 decisions up to step 4"):
        session(log=tmp_path, state=ours.state_dict())


def test_a_log_that_cannot_be_written_is_refused_in_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SessionError, match="file"):
        session(log=tmp_path / "file")


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda s: {**s, "version": 99}, "version 1"),
        (lambda s: [], "version 1"),
        (lambda s: {**s, "curriculum": {**s["curriculum"], "window": 9}}, "another window: 9"),
        (lambda s: {**s, "curriculum": {}}, "another controller"),
        (lambda s: {**s, "state": dict(list(s["state"].items())[1:])}, "in one only"),
        (lambda s: {**s, "state": {**s["state"], ".step": {}}}, r"\.step is damaged"),
        (
            lambda s: {**s, "state": {**s["state"], ".step": pack((np.zeros(3),))["[0]"]}},
            r"\.step is float64\[3\], expected int32\[\]",
        ),
    ],
)
def test_a_state_that_does_not_fit_is_refused_and_changes_nothing(damage, says):
    ours = session()
    ours.observe(*batches()[0])
    before = ours.state_dict()
    with pytest.raises(SessionError, match=says):
        ours.load_state_dict(damage(before))
    assert ours.state_dict() == before


def test_a_state_of_another_size_or_policy_is_refused():
    saved = session().state_dict()
    with pytest.raises(SessionError, match="another batch_size"):
        Session(curriculum(SMALL), ROWS - SIZE, GROUPS, state=saved)
    with pytest.raises(SessionError, match="another controller"):
        Session(curriculum(blocks((0.0, 1.0), 2)), ROWS, GROUPS, state=saved)


def test_arrays_come_back_exactly():
    tree = {
        "a": np.array([np.nan, -0.0, np.inf, 1e-45], np.float32),
        "b": (np.array(True), np.arange(3)),
    }
    back = unpack(json.loads(json.dumps(pack(tree))), tree)
    assert back["a"].tobytes() == tree["a"].tobytes()
    assert bool(back["b"][0]) is True
    assert np.array_equal(back["b"][1], np.arange(3))


def test_metrics_have_the_names_of_a_runs_metrics_file(tmp_path):
    ours = session(log=tmp_path)
    ours.observe(*batches()[0])
    written = lines(tmp_path / "metrics.jsonl")[0]
    assert set(ours.metrics()) <= set(written)
    assert ours.metrics()["window/safe"] == pytest.approx(written["window/safe"])


def test_parts_from_several_threads_are_all_in_the_step():
    ours, whole, seen = session(), session(), batches()[0]
    parts = [Observation(*(column[i : i + SIZE] for column in seen)) for i in range(0, ROWS, SIZE)]
    with ThreadPoolExecutor(GROUPS) as pool:
        list(pool.map(lambda part: ours.observe(*part, more=True), parts))
    found, expected = ours.decide(), whole.observe(*seen)
    for one, other in zip(found.clauses, expected.clauses, strict=True):
        assert (one.n_groups, one.n_responses) == (other.n_groups, other.n_responses)
        assert one.value == pytest.approx(other.value)
