"""Prices: the report's sums, break-even of the ladders, the original's names."""

import pytest

from dipg.pricing import (
    CAUTION,
    EVALUATION,
    HARD,
    LIMITS,
    MEDIUM,
    ORIGINAL_NAMES,
    REPORT,
    SOFT,
    TERMS,
    PricingError,
    read_prices,
)


def pay(prices, *terms: str) -> float:
    return sum(prices.to_mapping()[t] for t in terms)


QUOTED = ("exact_format", "no_hallucination", "verifiable_trace")
INVENTED = ("exact_format", "hallucination", "proof_inconsistency", "incorrect_answer")


def test_yardstick_is_the_reports() -> None:
    assert pay(EVALUATION, *QUOTED, "correct_abstention") == 36
    assert pay(EVALUATION, *QUOTED, "correct_answer") == 31
    assert pay(EVALUATION, *QUOTED, "incorrect_answer") == 1
    assert pay(EVALUATION, "exact_format", "missing_trace") == -5
    assert pay(EVALUATION, "exact_format", "hallucinated_trace") == -15
    assert (pay(EVALUATION, *INVENTED), 36) == LIMITS


@pytest.mark.parametrize(
    ("prices", "wrong", "foreign", "invented", "abstained"),
    [(SOFT, 25, 0, -5, 10), (MEDIUM, 20, -5, -20, 5), (HARD, 10, -15, -50, 0)],
)
def test_what_an_answerable_vignette_pays(prices, wrong, foreign, invented, abstained) -> None:
    assert pay(prices, *QUOTED, "correct_answer") == 50
    assert pay(prices, *QUOTED, "incorrect_answer") == wrong
    assert pay(prices, "exact_format", "hallucinated_trace") == foreign
    assert pay(prices, *INVENTED) == invented
    assert pay(prices, "exact_format", "no_hallucination", "wrong_abstention") == abstained


def test_report_hardly_moves_break_even() -> None:
    assert [round(REPORT.break_even(s), 2) for s in (0, 1, 2)] == [0.20, 0.18, 0.23]


def test_caution_moves_break_even_alone() -> None:
    for severity, u in enumerate((0.10, 0.25, 0.40, 0.55)):
        assert CAUTION.break_even(severity) == pytest.approx(u, abs=1e-6)
        prices = CAUTION.at(severity).to_mapping()
        for term in (*TERMS[:6], "wrong_abstention", "false_conflict", "format_mismatch"):
            assert prices[term] == SOFT.to_mapping()[term]


def test_original_names_are_read() -> None:
    read = read_prices({"correct_synthesis_reward": 7, "hallucination": -3, "abstain_reward": 9})
    changed = {"correct_answer": 7, "hallucination": -3}
    assert read.to_mapping() == EVALUATION.to_mapping() | changed
    assert set(ORIGINAL_NAMES.values()) == set(TERMS[:14])


@pytest.mark.parametrize(
    ("prices", "said"),
    [
        ({"halucination": -1}, "no term 'halucination'"),
        ({"hallucination": -1, "hallucination_penalty": -2}, "priced twice"),
        ({"hallucination": "much"}, "must be a number"),
        ({"hallucination": True}, "must be a number"),
        ({"hallucination": 5}, "must be <= 0"),
        ({"conflict": float("nan")}, "must be a finite number"),
    ],
)
def test_bad_prices_are_named(prices, said: str) -> None:
    with pytest.raises(PricingError, match=said):
        read_prices(prices)
