"""Price lists, ladders, break-even and what a ladder says of itself."""

import math

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curricula.penalties import Outcomes, PenaltyConfig, PenaltyError, PenaltyLadder, break_even

TERMS = ("format", "right", "rest", "wrong")
SOFT = {"format": 10, "right": 20, "rest": -5, "wrong": -10}
OUTCOMES = Outcomes(
    right=("format", "right"),
    abstention=("format", "rest"),
    failures={"wrong": ("format", "wrong")},
)


def ladder(*lists, outcomes=OUTCOMES):
    rungs = [(f"r{i}", PenaltyConfig.from_mapping({**SOFT, **x})) for i, x in enumerate(lists)]
    return PenaltyLadder("test", rungs, outcomes)


def test_a_reward_is_the_sum_of_the_weights_of_what_happened():
    config = PenaltyConfig.from_mapping(SOFT)
    terms = np.array([[1, 1, 0, 0], [1, 0, 1, 0], [0, 0, 0, 0], [1, 0, 0, 1]], np.float32)
    np.testing.assert_array_equal(config.rewards(terms), [30, 5, 0, 0])


def test_a_fact_that_is_nan_gives_a_nan_reward_even_at_weight_zero():
    config = PenaltyConfig.from_mapping({"a": 1.0, "b": 0.0})
    rewards = config.rewards(np.array([[1, np.nan], [1, 1]], np.float32))
    assert math.isnan(rewards[0])
    assert rewards[1] == 1


def test_configs_are_pytrees_with_arithmetic_and_comparison():
    a = PenaltyConfig.from_mapping(SOFT)
    assert jax.tree.map(lambda w: w * 2, a) == a * 2 == 2 * a == a + a
    assert (a + a) - a == a
    assert a != a * 1.5
    assert a.to_mapping() == SOFT
    assert a["wrong"] == -10
    assert list(a) == list(TERMS)
    assert len(a) == 4
    traced = jax.jit(lambda c, t: c.rewards(t))(a, np.ones((2, 4), np.float32))
    np.testing.assert_array_equal(traced, [15, 15])


def test_adding_lists_over_different_terms_is_refused():
    with pytest.raises(PenaltyError, match="different terms"):
        PenaltyConfig.from_mapping({"a": 1}) + PenaltyConfig.from_mapping({"b": 1})


@pytest.mark.parametrize(
    ("prices", "signs", "told"),
    [
        ({"a": math.nan}, {}, "price of 'a' must be a finite number, got nan"),
        ({"a": math.inf}, {}, "finite"),
        ({"a": "3"}, {}, "finite number, got '3'"),
        ({}, {}, "at least one term"),
        ({"a": -1}, {"rewards": ["a"]}, "reward 'a' must be >= 0, got -1"),
        ({"a": 2}, {"penalties": ["a"]}, "penalty 'a' must be <= 0, got 2"),
        ({"a": 2}, {"penalties": ["b"]}, "no price for term 'b'"),
    ],
)
def test_price_lists_that_cannot_be_meant_are_refused(prices, signs, told):
    with pytest.raises(PenaltyError, match=told):
        PenaltyConfig.from_mapping(prices, **signs)


def test_replace_changes_prices_but_not_their_sign():
    config = PenaltyConfig.from_mapping(SOFT)
    assert config.replace(wrong=-20).to_mapping() == {**SOFT, "wrong": -20}
    with pytest.raises(PenaltyError, match="penalty 'wrong' must be <= 0, got 1"):
        config.replace(wrong=1)
    with pytest.raises(PenaltyError, match="no term 'wrnog'"):
        config.replace(wrnog=-1)


def test_limits_are_all_penalties_and_all_rewards():
    assert PenaltyConfig.from_mapping(SOFT).limits() == (-15, 30)


@given(st.floats(0, 2, allow_nan=False))
def test_prices_between_rungs_lie_on_the_line(severity):
    three = ladder({}, {"wrong": -20}, {"wrong": -60})
    expected = -10 - 10 * severity if severity <= 1 else -20 - 40 * (severity - 1)
    assert three.at(severity)["wrong"] == pytest.approx(expected, rel=1e-5)


def test_prices_trace():
    three = ladder({}, {"wrong": -20}, {"wrong": -60})
    severities = np.linspace(0, 2, 9, dtype=np.float32)
    traced = jax.vmap(lambda s: three.at(s).weights)(severities)
    np.testing.assert_allclose(traced, [three.at(s).weights for s in severities], rtol=1e-6)


def test_rungs_have_names_and_severities():
    two = ladder({}, {"wrong": -20})
    assert (len(two), two.top) == (2, 1.0)
    assert [two.rung_name(s) for s in (0, 0.25, 1)] == ["r0", "r0+0.25", "r1"]
    assert two.severity_of("r1") == 1.0
    assert two.severity_of(0.5) == 0.5
    with pytest.raises(PenaltyError, match="no rung 'r2'; rungs: r0, r1"):
        two.severity_of("r2")


@pytest.mark.parametrize("severity", [-0.1, 1.1, math.nan])
def test_a_severity_off_the_ladder_is_refused(severity):
    with pytest.raises(PenaltyError, match="off the ladder 'test' \\(0 to 1\\)"):
        ladder({}, {"wrong": -20}).at(severity)


def test_ladders_that_cannot_be_meant_are_refused():
    a, b = PenaltyConfig.from_mapping({"x": 1}), PenaltyConfig.from_mapping({"x": -1})
    with pytest.raises(PenaltyError, match="'x' is a reward on one rung, not on another"):
        PenaltyLadder("l", [("a", a), ("b", b)])
    with pytest.raises(PenaltyError, match="names a rung twice"):
        PenaltyLadder("l", [("a", a), ("a", a)])
    with pytest.raises(PenaltyError, match="at least one rung"):
        PenaltyLadder("l", [])
    with pytest.raises(PenaltyError, match="different terms"):
        PenaltyLadder("l", [("a", a), ("b", PenaltyConfig.from_mapping({"y": 1}))])


def test_break_even_is_where_trying_pays_as_much_as_not_trying():
    u = break_even(50, 10, 0)
    assert u == 0.2
    assert u * 50 + (1 - u) * 0 == 10
    assert break_even(100, 20, 0) == u  # scaling changes nothing
    assert break_even(57, 17, 7) == u  # nor does shifting
    with pytest.raises(PenaltyError, match="a right answer pays 5, a failed try 5"):
        break_even(5, 0, 5)


def test_break_even_follows_the_mix_of_failures():
    outcomes = Outcomes(
        OUTCOMES.right, OUTCOMES.abstention, {"w": ("format", "wrong"), "r": ("rest",)}, {"w": 1}
    )
    config = PenaltyConfig.from_mapping(SOFT)
    assert outcomes.break_even(config) == (5 - 0) / (30 - 0)
    half = (5 - (-2.5)) / (30 - (-2.5))
    assert outcomes.break_even(config, {"w": 1, "r": 1}) == pytest.approx(half)
    measured = outcomes.measure(TERMS, [[1, 0, 0, 1], [0, 0, 1, 0], [1, 0, 0, 1], [1, 1, 0, 0]])
    assert measured == pytest.approx({"w": 2 / 3, "r": 1 / 3})
    with pytest.raises(PenaltyError, match="no response"):
        outcomes.measure(TERMS, [[1, 1, 0, 0]])
    with pytest.raises(PenaltyError, match="unknown failure 'z' in the mix; known: w, r"):
        outcomes.break_even(config, {"z": 1})


def test_a_ladder_explains_itself():
    explanation = ladder({}, {"wrong": -40}).explain()
    assert explanation.payoffs == (
        {"right": 30, "abstention": 5, "wrong": 0},
        {"right": 30, "abstention": 5, "wrong": -30},
    )
    assert explanation.break_even == pytest.approx((5 / 30, 35 / 60))
    assert explanation.warnings == ()
    assert "r1: trying pays where the chance of being right is over 58%." in str(explanation)
    rows = [line.split() for line in explanation.table().splitlines()]
    assert rows[0] == ["r0", "r1"]
    assert rows[-1] == ["break-even", "u", "0.17", "0.58"]


@pytest.mark.parametrize(
    ("rung", "told"),
    [
        ({k: 3 * v for k, v in SOFT.items()}, "only rescales"),
        ({"wrong": -15, "rest": -9}, "hardly moves break-even"),
        ({"wrong": -10.1, "rest": -14}, "makes trying more attractive"),
    ],
)
def test_the_lint_tells_of_rungs_that_will_not_act(rung, told):
    warnings = ladder({}, rung).explain().warnings
    assert len(warnings) == 1
    assert told in warnings[0]
    assert warnings[0].startswith("r0 to r1")


def test_the_lint_tells_of_a_shift():
    shifted = {"format": 17}  # every outcome holds "format": all payoffs rise by 7
    assert "only rescales or shifts" in ladder({}, shifted).explain().warnings[0]


def test_a_ladder_without_outcomes_says_that_it_cannot_tell():
    with pytest.raises(PenaltyError, match="has no outcomes"):
        ladder({}, outcomes=None).explain()
    with pytest.raises(PenaltyError, match="no break-even"):
        ladder({}, outcomes=None).break_even(0)
