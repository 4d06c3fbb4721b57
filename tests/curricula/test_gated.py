"""The gate: up on proof, back on regression, and the rules around both."""

import math

import numpy as np
import pytest

from curricula import Curriculum, Observation, PenaltyConfig, PenaltyLadder
from curricula.conditions import ConditionError, drop, metric, parse
from curricula.controller import ControllerError
from curricula.controllers import forecast_gated, gated, gated_point
from curricula.controllers.gated import READY, check_thresholds, default_guard
from curricula.offline.simulate import Simulator
from curricula.offline.streams import of_quality, stream
from curricula.wrappers import Cooldown
from tests.curricula.lab import (
    GATE,
    GROUPS,
    HARD,
    NAMES,
    OUTCOMES,
    SCHEMA,
    SMALL,
    SOFT,
    YARDSTICK,
    drive,
    limits,
    trained,
)


def moves(severity, start=0.0):
    before = np.concatenate([[start], severity[:-1]])
    return [(i + 1, float(a), float(b)) for i, (a, b) in enumerate(zip(before, severity)) if a != b]


def test_it_holds_while_the_model_is_not_proven_and_goes_up_one_rung_at_a_time():
    severity, reasons = drive(GATE, 80, rungs=4)
    ups = moves(severity)
    assert [(a, b) for _, a, b in ups] == [(0, 1), (1, 2), (2, 3)]
    assert reasons[0] == "held: the evidence is missing"
    assert reasons[-1] == "held: already on the last rung"
    for step, _, _ in ups:
        assert reasons[step - 1] == "promoted: every clause passes"


def test_every_stint_needs_new_and_stronger_evidence():
    waits = np.diff(
        [0, *[step for step, _, _ in moves(drive(gated(resolution=0, dwell=0), 200, rungs=5)[0])]]
    )
    assert len(waits) == 4
    assert (np.diff(waits) >= 0).all()
    assert waits[-1] > waits[0]


@pytest.mark.parametrize(
    "when",
    [
        "mean > 5 and safe > 90%",
        "lcb(mean) > 5 or sustained(not hallucination > 5%, 3)",
    ],
)
def test_without_the_figures_of_receipts_it_decides_the_same(when):
    gate = Cooldown(gated(parse(when), cooldown=5), 3)
    rise = np.minimum(np.arange(120) / 60, 1.0)
    data = stream(NAMES, of_quality(np.where(np.arange(120) < 90, rise, 0.4)), runs=10, steps=120)
    whole, lean = (Simulator(c, NAMES, limits()).run(data)[1] for c in (gate, gate.lean()))
    np.testing.assert_array_equal(whole.severity, lean.severity)
    np.testing.assert_array_equal(whole.reason, lean.reason)
    assert (np.diff(lean.severity) != 0).any()


def test_a_rung_lasts_at_least_its_dwell():
    steps = [step for step, _, _ in moves(drive(gated(resolution=0, dwell=30), 100, safe=1.0)[0])]
    assert steps == [30, 60]


@pytest.mark.parametrize("bad", [{"safe": 0.85}, {"mean": 4.0}])
def test_one_clause_that_misses_holds_it(bad):
    severity, reasons = drive(GATE, 150, **bad)
    assert (severity == 0).all()
    assert set(reasons) == {"held: the evidence is missing"}


def test_a_certified_regression_goes_back_one_rung_and_waits_longer_each_time():
    quality = np.ones(700)
    for start in (60, 220, 420):  # three collapses of safety
        quality[start : start + 15] = 0.2
    levels = {k: v for k, v in of_quality(quality).items() if k in NAMES}
    severity, reasons = drive(gated(resolution=0, cooldown=40, limit=3), 700, rungs=2, **levels)
    changed = moves(severity)
    assert [(a, b) for _, a, b in changed] == [(0, 1), (1, 0)] * 3
    downs = [step for step, a, b in changed if b < a]
    for down, collapse in zip(downs, (60, 220, 420)):
        assert collapse < down <= collapse + 6
    ups = [step for step, a, b in changed if b > a]
    assert ups[1] - downs[0] > 40
    assert ups[2] - downs[1] > 80  # twice as long
    assert reasons[downs[1] - 1] == "demoted: a guard rings"
    assert reasons[downs[2] - 1] == "demoted: a guard rings, for the last time; frozen from here"
    assert reasons[-1] == "held: frozen after too many regressions"


def test_it_refuses_promotion_while_the_answer_rate_has_certifiably_fallen():
    """The cliff: safer and safer because the model stops answering."""
    answer = np.where(np.arange(200) < 15, 0.9, 0.2)
    safe = np.where(np.arange(200) < 15, 0.8, 0.99)
    severity, reasons = drive(GATE, 200, safe=safe, answer=answer, mean=9.0)
    assert (severity == 0).all()
    assert reasons[-1] == "held: a guard rings"
    unguarded, _ = drive(gated(resolution=0, guard=None), 200, safe=safe, answer=answer, mean=9.0)
    assert unguarded.max() >= 1  # the user's rule alone would have promoted it


def test_the_refusal_ends_when_answers_come_back():
    steps = np.arange(200)
    answer = np.where((steps >= 15) & (steps < 60), 0.2, 0.9)
    safe = np.where(steps < 15, 0.8, 0.99)
    severity, _ = drive(GATE, 200, safe=safe, answer=answer)
    first = moves(severity)[0][0]
    assert first > 60


def test_a_model_that_starts_at_30_percent_is_promoted_soon_after_it_is_fit():
    rise = np.minimum(np.arange(300) / 100, 1.0)
    data = stream(NAMES, of_quality(rise), runs=60, steps=300)
    severity = Simulator(GATE, NAMES, limits()).run(data)[1].severity
    first = np.where((severity >= 1).any(1), (severity >= 1).argmax(1) + 1, 999)
    assert np.median(first) <= 130  # safe passes 90% at step 90 and reaches 97% at step 100
    assert first.min() > 90


def test_it_goes_on_from_between_two_rungs():
    assert moves(drive(GATE, 40, start=0.5)[0], 0.5)[0][1:] == (0.5, 1.0)


def test_a_nan_for_a_step_neither_promotes_nor_counts_as_zero():
    gap = np.full(60, 0.97)
    gap[5:10] = np.nan
    with_gap, _ = drive(GATE, 60, safe=gap)
    without, _ = drive(GATE, 60)
    assert moves(with_gap)[0][0] >= moves(without)[0][0]
    assert moves(with_gap)[0][0] <= moves(without)[0][0] + 6
    assert drive(GATE, 60, safe=np.nan)[0].max() == 0


def test_the_raw_rule_is_fooled_where_the_gate_is_not():
    data = stream(NAMES, {"safe": 0.85}, runs=50, steps=300)
    pair = (GATE, gated_point())
    proven, raw = (Simulator(c, NAMES, limits(), window=1).run(data)[1].severity for c in pair)
    assert (proven == 0).all()
    assert (raw.max(1) >= 1).all()  # "safe > 90% over the last 64" promotes every one of them


def test_the_raw_rule_reads_points_and_has_no_guard():
    controller = gated_point(parse("mean > 5 and (safe > 90% or not correct < 10%)"))
    assert str(controller.promote.condition) == (
        "point(mean) > 5 and (point(safe) > 90% or not point(correct) < 10%)"
    )
    assert controller.guard is None
    assert gated_point().name == "gated-point"


def test_the_default_guard_watches_what_promotion_asks_for_and_answering():
    assert str(gated().guard.condition) == "drop(safe, 85%) or drop(answer)"
    assert str(default_guard(parse("correct > 60%"))) == (
        "drop(correct, 55%) or drop(safe) or drop(answer)"
    )


def test_overlapping_thresholds_are_refused_when_built():
    with pytest.raises(ConditionError, match=r"safe > 90% overlaps demotion at drop\(safe, 90%\)"):
        gated(guard=drop("safe", 0.9))
    with pytest.raises(ConditionError, match="overlaps demotion at safe < 95%"):
        check_thresholds(READY, metric("safe") < 0.95)
    check_thresholds(READY, drop("safe", 0.89) | (metric("mean") < 4))


@pytest.mark.parametrize(
    ("option", "value"),
    [("dwell", -1), ("cooldown", -1), ("limit", 0), ("alpha", 0.0), ("alpha", 1.0),
     ("run_length", 1.0), ("max_flips", 1.5), ("resolution", -1)],
)  # fmt: skip
def test_options_out_of_range_are_refused(option, value):
    with pytest.raises(ControllerError, match=f"gated: {option} is out of range, got {value}"):
        gated(**{option: value})


def test_impossible_and_unknown_thresholds_are_refused_when_the_curriculum_is_built():
    with pytest.raises(ConditionError, match=r"mean > 50 is impossible: .* between -20 and 20"):
        trained(gated(metric("mean") > 50), [])
    with pytest.raises(ValueError, match="no metric 'speed'"):
        trained(gated(metric("speed") > 0.5), [])


@pytest.mark.parametrize(("wrong_groups", "refuses"), [(4, True), (1, False)])
def test_forecast_gated_looks_at_what_the_next_rung_would_silence(wrong_groups, refuses):
    """Groups of a wrong answer (8, then -50) and an abstention (5 on both rungs)."""
    rungs = [
        ("soft", PenaltyConfig.from_mapping({**SOFT, "wrong": -2.0})),
        ("hard", PenaltyConfig.from_mapping(HARD)),
    ]
    course = Curriculum(
        forecast_gated(parse("answer > 20%"), guard=None, dwell=0),
        PenaltyLadder("l", rungs, OUTCOMES),
        YARDSTICK,
        SCHEMA,
        window=4,
        limits=(-20, 20),
    )
    right_groups = GROUPS - wrong_groups
    terms = [[1, 0, 0, 1], [1, 0, 1, 0]] * wrong_groups + [
        [1, 1, 0, 0],
        [1, 0, 1, 0],
    ] * right_groups
    events = [[0, 1, 1, 0], [1, 0, 1, 0]] * wrong_groups + [
        [1, 1, 1, 1],
        [1, 0, 1, 0],
    ] * right_groups
    groups = np.repeat(np.arange(GROUPS), 2)
    seen = Observation(np.array(terms), np.array(events), groups, np.ones(16, bool))
    state, receipts = course.init(16, GROUPS), []
    for _ in range(20):
        receipt, state = course.step(state, seen)
        receipts.append(receipt)
    assert receipts[0].forecast["flip_share"] == wrong_groups / GROUPS
    assert any(r.moved for r in receipts) is not refuses
    if refuses:
        assert receipts[-1].reason == "held: the next rung would silence too many answers"


def test_the_error_budget_of_each_stint_is_shown():
    receipts, _, _ = trained(SMALL, [0.97] * 40)
    promoted = next(r for r in receipts if r.moved)
    assert promoted.alpha == pytest.approx(6 * 0.05 / math.pi**2, rel=1e-5)
    assert promoted.spent == pytest.approx(promoted.alpha, rel=1e-5)
    after = receipts[promoted.step]
    assert after.alpha == pytest.approx(promoted.alpha / 4, rel=1e-5)
    assert after.spent == pytest.approx(promoted.alpha * 1.25, rel=1e-5)
    assert all(c.n_groups <= 8 for c in after.clauses)  # evidence began anew
