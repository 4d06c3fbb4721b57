"""A curriculum as a trainer sees it."""

import json

import jax
import numpy as np
import pytest

from curricula import (
    ControllerError,
    Curriculum,
    CurriculumController,
    Decision,
    Observation,
    PenaltyConfig,
    Receipt,
)
from curricula.conditions import ConditionError, parse
from curricula.controllers import Gated, blocks, constant
from curricula.observations import ObservationError, Rate, Schema, encode, header
from curricula.penalties import PenaltyError
from curricula.receipts import verify
from tests.curricula.lab import (
    GROUPS,
    LADDER,
    SCHEMA,
    SIZE,
    SMALL,
    TERMS,
    YARDSTICK,
    batch,
    curriculum,
    trained,
)

ROWS = GROUPS * SIZE
CONSTANT = constant()


class Plain(CurriculumController):
    """A controller with plain Python branches."""

    metrics = ("safe",)
    reasons = ("held", "up")

    def init(self):
        return ()

    def update(self, state, statistics):
        if statistics["safe"].lower > 0.6:
            return Decision(min(statistics.severity + 1, statistics.top), reason=1), state
        return Decision(statistics.severity), state


def test_a_decision_is_in_force_from_the_next_step():
    course, rng = curriculum(blocks((0.0, 1.0), 2)), np.random.default_rng(0)
    state = course.init(ROWS, GROUPS)
    seen = []
    for _ in range(4):
        seen.append((course.severity(state), course.rung(state), course.penalties(state)["wrong"]))
        receipt, state = course.step(state, batch(rng, 0.5))
    assert seen == [(0, "soft", -10), (0, "soft", -10), (1, "hard", -60), (1, "hard", -60)]
    assert (receipt.step, receipt.moved) == (4, False)


def test_summary_reads_the_yardstick_and_live_reads_the_prices_in_force():
    course, rng = curriculum(blocks((0.0, 1.0), 2), window=3), np.random.default_rng(1)
    state, kept = course.init(ROWS, GROUPS), []
    for _ in range(5):
        seen, prices = batch(rng, 0.6), course.penalties(state)
        _, state = course.step(state, seen)
        kept.append((seen, prices))
    kept = kept[-3:]
    summary = course.summary(state)
    yardstick = np.concatenate([YARDSTICK.rewards(o.terms) for o, _ in kept])
    live = np.concatenate([p.rewards(o.terms) for o, p in kept])
    assert summary["mean"].value == pytest.approx(yardstick.mean(), rel=1e-5)
    assert summary["live_mean"].value == pytest.approx(live.mean(), rel=1e-5)
    events = np.concatenate([o.events for o, _ in kept])
    answered, answerable = events[:, 1], events[:, 2]
    assert summary["safe"].value == pytest.approx(events[:, 0].mean(), rel=1e-5)
    assert summary["answer"].value == pytest.approx(answered[answerable > 0].mean(), rel=1e-5)
    assert summary["answer"].n_responses == answerable.sum()
    both = (answered > 0) & (answerable > 0)
    assert summary["competence"].value == pytest.approx(events[both, 3].mean(), rel=1e-5)
    assert summary["safe"].n_groups == 3 * GROUPS  # since the rung began, with step 3
    for estimate in (summary["mean"], summary["safe"], summary["answer"]):
        assert estimate.lower <= estimate.value <= estimate.upper
    described = course.describe(state)
    assert float(described.std) == pytest.approx(yardstick.std(ddof=1), rel=1e-4)


def test_partial_batches_make_one_step():
    rng = np.random.default_rng(2)
    whole = batch(rng, 0.7)
    first, second = (
        Observation(*(a[part] for a in whole)) for part in (slice(0, 14), slice(14, 32))
    )
    course = curriculum(SMALL)
    state = course.init(ROWS, GROUPS)
    once, one = course.step(state, whole)
    twice, other = course.step(course.observe(state, first), second)
    assert once == twice
    for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(other)):
        np.testing.assert_array_equal(a, b)


def test_padding_and_ragged_steps_change_nothing():
    rng = np.random.default_rng(3)
    short = Observation(*(a[:24] for a in batch(rng, 0.7)))
    course = curriculum(SMALL)
    state = course.init(ROWS, GROUPS)
    assert course.step(state, short)[0] == course.step(state, short.pad(ROWS))[0]


def test_a_step_is_compiled_once():
    course, rng = curriculum(SMALL), np.random.default_rng(4)
    state = course.init(ROWS, GROUPS)
    for quality in (0.2, 0.9, 0.9, 0.9):
        _, state = course.step(state, batch(rng, quality))
    assert course._step._cache_size() == 1


def test_nan_rewards_are_left_out_and_never_zero():
    rng = np.random.default_rng(5)
    seen = batch(rng, 0.8)
    seen.terms[:5] = np.nan
    course = curriculum(SMALL)
    receipt, state = course.step(course.init(ROWS, GROUPS), seen)
    expected = YARDSTICK.rewards(seen.terms[5:]).mean()
    assert course.summary(state)["mean"].value == pytest.approx(expected, rel=1e-5)
    assert course.summary(state)["mean"].n_responses == ROWS - 5
    nothing = seen._replace(terms=np.full_like(seen.terms, np.nan))
    receipt, state = course.step(course.init(ROWS, GROUPS), nothing)
    assert receipt.clauses[0].verdict == "inconclusive"
    assert receipt.clauses[0].value is None
    assert np.isnan(course.summary(state)["mean"].value)


def test_plain_python_controllers_run():
    receipts, _, course = trained(Plain(), [0.95] * 12)
    assert course._eager
    moved = [r for r in receipts if r.moved]
    assert len(moved) == 1
    assert (moved[0].reason, moved[0].rung_to) == ("up", "hard")
    # Its bound is the summary's: evidence began anew on the new rung.
    assert receipts[-1].severity_to == 1.0


class Wrong(CurriculumController):
    def __init__(self, answer):
        self.answer = answer

    def init(self):
        return np.zeros((), np.float32)

    def update(self, state, statistics):
        return self.answer(state)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (lambda s: Decision(0.0), r"Wrong: update must return \(decision, state\), got Decision"),
        (lambda s: None, r"Wrong: update must return \(decision, state\), got NoneType"),
        (lambda s: (Decision(0.0), (s, s)), "Wrong: update must return a state like init's"),
        (lambda s: (Decision(0.0), None), "Wrong: update must return a state like init's"),
        (lambda s: (Decision(5.0), s), r"Wrong: severity 5 is off the ladder \(0 to 1\)"),
        (lambda s: (Decision(-1.0), s), r"Wrong: severity -1 is off the ladder"),
        (lambda s: (Decision(float("nan")), s), r"Wrong: severity nan is off the ladder"),
        (lambda s: (Decision("soft"), s), "Wrong: severity must be a number, got str"),
        (
            lambda s: (Decision(np.zeros(2)), s),
            r"Wrong: severity must be a scalar, got shape \(2,\)",
        ),
    ],
)
def test_wrong_returns_are_named_errors(answer, told):
    with pytest.raises(ControllerError, match=told):
        trained(Wrong(answer), [0.5])


def test_a_bare_number_is_a_decision():
    receipts, _, _ = trained(Wrong(lambda s: (1.0, s)), [0.5])
    assert receipts[0].severity_to == 1.0


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda o: o._replace(terms=o.terms[:, :3]), r"terms has shape \(32, 3\)"),
        (
            lambda o: Observation(*(np.repeat(a, 2, 0) for a in o)),
            "64 responses in a step, room for 32",
        ),
        (lambda o: o._replace(groups=o.groups + 0.5), "group ids must be whole numbers, got float"),
        (lambda o: o._replace(groups=np.arange(32)), "32 prompt groups in a step, room for 8"),
    ],
)
def test_observations_that_do_not_fit_are_refused(change, told):
    course = curriculum(CONSTANT)
    with pytest.raises(ObservationError, match=told):
        course.step(course.init(ROWS, GROUPS), change(batch(np.random.default_rng(0), 0.5)))


def test_a_reward_outside_the_declared_limits_is_refused_not_clipped():
    course = curriculum(CONSTANT, limits=(-10, 20))
    with pytest.raises(ObservationError, match="yardstick reward -15 is outside the limits -10 to"):
        course.step(course.init(ROWS, GROUPS), batch(np.random.default_rng(0), 0.1))


def test_limits_are_derived_from_the_price_list_where_none_are_declared():
    course = Curriculum(CONSTANT, LADDER, YARDSTICK, SCHEMA)
    assert course.metrics.limits == (-40, 20)


def test_parts_that_do_not_fit_are_refused_when_built():
    other = PenaltyConfig.from_mapping({"x": 1})
    with pytest.raises(PenaltyError, match="yardstick prices"):
        Curriculum(CONSTANT, LADDER, other, SCHEMA)
    with pytest.raises(PenaltyError, match=r"severity 2\.0 is off the ladder 'two'"):
        curriculum(constant(2.0))
    with pytest.raises(ControllerError, match="window must be at least 1 step, got 0"):
        curriculum(CONSTANT, window=0)
    with pytest.raises(ControllerError, match=r"whole number of steps, got 2\.5"):
        curriculum(CONSTANT, window=2.5)
    with pytest.raises(ControllerError, match=r"alpha must be between 0 and 1, got 2\.0"):
        curriculum(CONSTANT, alpha=2.0)
    with pytest.raises(ValueError, match="limits must be finite and rising"):
        curriculum(CONSTANT, limits=(5, 5))
    with pytest.raises(ConditionError, match="mean > 20 can never be shown"):
        curriculum(Gated(parse("mean > 20")))
    with pytest.raises(ConditionError, match=r"drop\(mean, 21\) is impossible"):
        curriculum(Gated(parse("safe > 90%"), parse("drop(mean, 21)")))


def test_rates_of_reward_events_can_be_asked_for():
    receipts, state, course = trained(Gated(parse("rate(reward >= 20) > 30%")), [0.9] * 15)
    assert any(r.moved for r in receipts)
    window = np.asarray(state.window.terms)[np.asarray(state.window.mask)]
    share = (YARDSTICK.rewards(window) >= 20).mean()
    assert course.summary(state)["rate(reward >= 20)"].value == pytest.approx(share, rel=1e-5)
    assert receipts[0].clauses[0].metric == "rate(reward >= 20)"


def test_receipts_survive_json():
    receipts, _, _ = trained(SMALL, [0.5, 0.97, 0.97])
    for receipt in receipts:
        line = json.dumps(receipt.to_json())
        assert Receipt.from_json(json.loads(line)) == receipt
        assert list(receipt.to_json()) == list(receipts[0].to_json())


def test_a_receipt_says_what_a_person_wants_to_know():
    receipts, _, _ = trained(SMALL, [0.97] * 20)
    held = receipts[3]
    assert held.sentence.startswith("held at soft (the evidence is missing): mean ")
    safe = next(c for c in held.clauses if c.metric == "safe")
    assert f"at least {100 * safe.lower:.3g}% with 97% confidence: not shown yet" in held.sentence
    assert "more groups at this rate" in held.sentence
    promoted = next(r for r in receipts if r.moved)
    assert promoted.sentence.startswith("moved from soft to hard (every clause passes): mean ")
    assert promoted.sentence.count("passes (") == 2
    assert promoted.forecast["break_even"] == pytest.approx(5 / 30, rel=1e-5)
    assert promoted.forecast["break_even_next"] == pytest.approx(55 / 80, rel=1e-5)
    assert promoted.forecast["mean_next"] < promoted.forecast["mean"]
    assert 0 <= promoted.forecast["flip_share"] <= 1


def recorded(controller, qualities):
    course, rng = curriculum(controller), np.random.default_rng(9)
    log, receipts = [header(SCHEMA, ROWS, GROUPS)], []
    state = course.init(ROWS, GROUPS)
    for step, quality in enumerate(qualities, 1):
        seen = batch(rng, quality)
        receipt, state = course.step(state, seen)
        log.append(encode(step, seen, ["p"]))
        receipts.append(receipt)
    text = "\n".join(json.dumps(line) for line in log)
    return [json.loads(line) for line in text.splitlines()], receipts


def test_a_replay_finds_the_same_decisions_or_says_where_they_part():
    log, receipts = recorded(SMALL, [0.6] * 3 + [0.98] * 21)
    assert any(r.moved for r in receipts)
    kept = [json.loads(json.dumps(r.to_json())) for r in receipts]
    found = verify(curriculum(SMALL), log, kept)
    assert found.agrees
    assert str(found) == "24 decisions replayed, all the same"
    kept[5]["severity_to"] = 1.0
    parted = verify(curriculum(SMALL), log, kept)
    assert (parted.step, parted.field, parted.recorded) == (6, "severity_to", 1.0)
    assert "decisions part at step 6: severity_to was 1.0, the replay finds 0.0" in str(parted)
    log[3]["events"][0] ^= 1  # one response of step 3 was safe, or was not
    tampered = verify(curriculum(SMALL), log, receipts)
    assert tampered.step == 3


def test_a_replay_needs_the_runs_own_log():
    log, receipts = recorded(CONSTANT, [0.5])
    with pytest.raises(ObservationError, match="no header"):
        verify(curriculum(CONSTANT), log[1:], receipts)
    with pytest.raises(ObservationError, match="no steps"):
        verify(curriculum(CONSTANT), log[:1], receipts)
    other = header(Schema(TERMS, ("safe",), {"safe": Rate("safe")}))
    with pytest.raises(ObservationError, match="another schema"):
        verify(curriculum(CONSTANT), [other, *log[1:]], receipts)


def test_a_state_survives_a_file_and_goes_on_as_if_nothing_had_happened(tmp_path):
    qualities = [0.5] * 3 + [0.97] * 12
    course = curriculum(SMALL)
    state, rng, whole = course.init(ROWS, GROUPS), np.random.default_rng(0), []
    for quality in qualities:
        receipt, state = course.step(state, batch(rng, quality))
        whole.append(receipt)
    fresh = curriculum(SMALL)
    again, rng, parts = fresh.init(ROWS, GROUPS), np.random.default_rng(0), []
    for step, quality in enumerate(qualities):
        if step == 7:
            leaves, structure = jax.tree.flatten(again)
            np.savez(tmp_path / "state.npz", *map(np.asarray, leaves))
            with np.load(tmp_path / "state.npz") as saved:
                again = jax.tree.unflatten(
                    structure, [saved[f"arr_{i}"] for i in range(len(leaves))]
                )
        receipt, again = fresh.step(again, batch(rng, quality))
        parts.append(receipt)
    assert parts == whole


def test_a_donated_state_decides_the_same_and_is_used_up():
    rng = np.random.default_rng(6)
    batches = [batch(rng, q) for q in [0.5] * 2 + [0.98] * 8]
    course, frugal = curriculum(SMALL), curriculum(SMALL, donate=True)
    one, other = course.init(ROWS, GROUPS), frugal.init(ROWS, GROUPS)
    for seen in batches:
        before = other
        (kept, one), (found, other) = course.step(one, seen), frugal.step(other, seen)
        assert kept == found
    with pytest.raises(ControllerError, match="used up by an earlier step"):
        frugal.step(before, batches[0])
