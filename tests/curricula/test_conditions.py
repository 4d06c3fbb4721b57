"""Conditions as values, and the parser of what a person types."""

import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curricula.conditions import (
    And,
    Comparison,
    ConditionError,
    Drop,
    Not,
    Or,
    Sustained,
    drop,
    lcb,
    metric,
    parse,
    point,
    rate,
    reward,
    ucb,
)
from curricula.parsing import METRICS

MEAN, SAFE = metric("mean") > 5, metric("safe") > 0.9
OPS = st.sampled_from([">", ">=", "<", "<="])
KINDS = st.sampled_from(["proof", "lcb", "ucb", "point"])
RATES = st.sampled_from([m for m in METRICS if m != "mean"])
LEAVES = st.one_of(
    st.builds(Comparison, st.just("mean"), OPS, st.floats(-1e4, 1e4), KINDS),
    st.builds(Comparison, RATES, OPS, st.floats(0.001, 0.999), KINDS),
    st.builds(Drop, RATES, st.none() | st.floats(0.001, 1)),
    st.builds(lambda op, x, y: Comparison(f"rate(reward {op} {x})", ">", y), OPS,
              st.integers(-50, 36), st.floats(0.01, 0.9)),
)  # fmt: skip


def joined(inner):
    several = st.lists(inner, min_size=2, max_size=3)
    return st.one_of(
        several.map(lambda i: And(tuple(i))),
        several.map(lambda i: Or(tuple(i))),
        inner.map(Not),
        st.builds(Sustained, inner, st.integers(1, 9)),
    )


@given(st.recursive(LEAVES, joined, max_leaves=6))
def test_printing_gives_back_what_parses(condition):
    assert str(parse(str(condition))) == str(condition)


@given(LEAVES)
def test_leaves_survive_exactly(leaf):
    assert parse(str(leaf)) == leaf


@given(st.text(alphabet="mean safe>90%()&|~andornot<=.5lcb,drop", max_size=30))
def test_whatever_is_typed_is_read_or_refused_with_a_place(text):
    refused = None
    try:
        condition = parse(text)
    except ConditionError as error:
        refused = error
    if refused is None:
        assert parse(str(condition)) == condition
    else:
        assert "\n" not in str(refused)
        assert refused.position is None or 0 <= refused.position <= len(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mean > 5 and safe > 90%", MEAN & SAFE),
        ("mean>5&safe>.9", MEAN & SAFE),
        ("MEAN > 5 && Safe_Rate > 0.90", MEAN & SAFE),
        ("reward > 5 AND safety > 90 %", MEAN & SAFE),
        ("yardstick/mean > 5 and (safe > 90%)", MEAN & SAFE),
        ("mean > 5 or safe > 90% and not correct < 10%", MEAN | SAFE & ~(metric("correct") < 0.1)),
        (
            "(mean > 5 or safe > 90%) and correct >= 1e-1",
            (MEAN | SAFE) & (metric("correct") >= 0.1),
        ),
        ("~(mean > 5)", ~MEAN),
        ("lcb(safe) > 90% | ucb(mean) <= -2.5", (lcb("safe") > 0.9) | (ucb("mean") <= -2.5)),
        ("point(mean) > 5", point("mean") > 5),
        ("sustained(mean > 5 and safe > 90%, 3)", (MEAN & SAFE).sustained(3)),
        ("drop(safe, 85%) or drop(answer)", drop("safe", 0.85) | drop("answer")),
        ("rate(reward >= 36) > 10%", rate(reward >= 36) > 0.1),
    ],
)
def test_what_a_person_types(text, expected):
    assert parse(text) == expected


@pytest.mark.parametrize(
    ("text", "at", "told"),
    [
        ("mean > 5 and saef > 90%", 13, "unknown metric 'saef' (did you mean safe?)"),
        ("safe > 110%", 7, "safe is a rate between 0% and 100%, > 1.1 is impossible"),
        ("safe > 90", 7, "for per cent write 90%"),
        ("safe > 100%", 7, "can never hold"),
        ("hallucination < 0%", 16, "can never hold"),
        ("mean > 5%", 7, "a reward is not a percentage"),
        ("mean >", 6, "expected a number after '>', found the end"),
        ("mean 5", 5, "expected one of > >= < <= after 'mean', found '5'"),
        ("(mean > 5", 9, "expected ')', found the end"),
        ("mean > 5 safe > 90%", 9, "expected 'and', 'or' or the end, found 'safe'"),
        ("mean > 5 and", 12, "expected a metric, found the end"),
        ("mean $ 5", 5, "unexpected '$'"),
        ("mean > 1e999", 7, "finite"),
        ("sustained(mean > 5, 0)", 20, "whole number of steps"),
        ("sustained(mean > 5, 2.5)", 20, "whole number of steps"),
        ("lcb(ucb(mean)) > 5", 4, "reads two figures at once"),
        ("drop(safe, 120%)", 11, "between 0% and 100%"),
        ("mean == 5", 5, "unexpected '='"),
    ],
)
def test_errors_point_at_the_character(text, at, told):
    with pytest.raises(ConditionError) as caught:
        parse(text)
    assert caught.value.position == at
    assert told in str(caught.value)
    assert f"at character {at + 1} of" in str(caught.value)
    assert caught.value.pointer() == f"{text}\n{' ' * at}^"


def test_an_empty_condition_is_refused():
    with pytest.raises(ConditionError, match="the condition is empty"):
        parse("  ")


def test_metrics_may_be_named():
    assert parse("speed > 50%", metrics=("mean", "speed")) == (metric("speed") > 0.5)
    with pytest.raises(ConditionError, match="metrics: mean, speed"):
        parse("safe > 50%", metrics=("mean", "speed"))


@pytest.mark.parametrize("level", [float("nan"), float("inf"), True, "5", None])
def test_thresholds_are_finite_numbers(level):
    with pytest.raises(ConditionError, match="needs a finite threshold"):
        Comparison("mean", ">", level)


def test_conditions_flatten_and_know_their_metrics():
    condition = MEAN & SAFE & drop("answer") | SAFE
    assert condition.metrics() == ("mean", "safe", "answer")
    assert [str(leaf) for leaf in condition.leaves()] == [
        "mean > 5", "safe > 90%", "drop(answer)", "safe > 90%",
    ]  # fmt: skip
    assert (MEAN & (SAFE & MEAN)).children() == (MEAN, SAFE, MEAN)
    assert ~~MEAN == MEAN


def test_a_condition_has_no_truth_value():
    with pytest.raises(TypeError, match=r"join with & \| ~"):
        bool(MEAN and SAFE)


def test_conditions_need_no_jax():
    code = "import curricula, sys; from curricula.conditions import parse; parse('mean > 5')"
    code += (
        "; import dipg.app.policies; assert 'jax' not in sys.modules and 'numpy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "safe >= 100%",
            "safe >= 100% can never be shown: safe lies between 0% and 100%; observed",
        ),
        ("safe > 99.995%", "can never be shown"),
        ("lcb(safe) >= 100%", "can never be shown"),
        ("hallucination <= 0%", "can never be shown"),
        ("rate(reward >= 36) >= 1", "can never be shown"),
        ("(" * 60 + "mean > 5" + ")" * 60, "nested more than 50 deep at character 51"),
        ("not " * 60 + "mean > 5", "nested more than 50 deep"),
    ],
)
def test_what_no_evidence_could_show_is_refused(text, told):
    with pytest.raises(ConditionError, match=re.escape(told)):
        parse(text)


def test_what_can_only_be_observed_may_be_asked_of_points():
    assert str(parse("point(safe) >= 100%")) == "point(safe) >= 100%"
    assert str(parse("safe > 99.9% and ucb(safe) >= 100%"))


def test_many_clauses_are_not_nested():
    assert len(list(parse(" and ".join(["mean > 5"] * 200)).leaves())) == 200
