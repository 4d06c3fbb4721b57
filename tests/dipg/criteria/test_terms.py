"""Terms: which events are priced, in the order of the five steps; each row by hand."""

import pytest

from dipg.rubric.criteria import is_overlong, is_repetitive, priced
from dipg.rubric.findings import Findings

FORM = {"well_formed": True}
QUOTES = FORM | {"quotes": True, "grounded": True}


@pytest.mark.parametrize(
    ("kind", "found", "terms"),
    [
        ("answer", {}, "format_mismatch"),
        ("answer", FORM | {"refused": True}, "exact_format"),
        ("answer", FORM | {"answered": True}, "exact_format missing_trace"),
        (
            "answer",
            FORM | {"answered": True, "quotes": True, "correct": True},
            "exact_format hallucinated_trace",
        ),
        (
            "answer",
            QUOTES | {"answered": True, "consistent": True, "correct": True},
            "exact_format no_hallucination verifiable_trace correct_answer",
        ),
        (
            "answer",
            QUOTES | {"answered": True, "consistent": True},
            "exact_format no_hallucination verifiable_trace incorrect_answer",
        ),
        (
            "answer",
            QUOTES | {"answered": True, "foreign_answer": True},
            "exact_format hallucination proof_inconsistency incorrect_answer",
        ),
        (
            "abstain",
            FORM | {"abstained": True, "consistent": True, "correct": True},
            "exact_format no_hallucination correct_abstention",
        ),
        (
            "abstain",
            QUOTES | {"abstained": True, "consistent": True, "correct": True},
            "exact_format no_hallucination verifiable_trace correct_abstention",
        ),
        (
            "abstain",
            QUOTES | {"answered": True, "consistent": True},
            "exact_format no_hallucination verifiable_trace incorrect_answer",
        ),
        (
            "answer",
            QUOTES | {"abstained": True, "consistent": True},
            "exact_format no_hallucination wrong_abstention",
        ),
        (
            "conflict",
            QUOTES | {"flagged_conflict": True, "consistent": True, "correct": True},
            "exact_format no_hallucination verifiable_trace conflict",
        ),
        (
            "conflict",
            QUOTES | {"flagged_conflict": True, "correct": True},
            "exact_format no_hallucination conflict",
        ),
        (
            "answer",
            QUOTES | {"flagged_conflict": True},
            "exact_format no_hallucination false_conflict",
        ),
    ],
)
def test_terms(kind: str, found: dict[str, bool], terms: str) -> None:
    assert priced(kind, Findings(**found)) == terms.split()


def test_text_quality() -> None:
    assert not is_overlong("word " * 450)
    assert is_overlong("word " * 451)
    assert is_overlong("w\x0b" * 451)
    assert is_repetitive("the dose is 54 Gy " * 8)
    assert not is_repetitive(" ".join(f"word{n}" for n in range(200)))
