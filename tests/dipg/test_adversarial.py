"""The rubric against several hundred cases with agreed labels, each with the reason for its
label."""

import pytest

from dipg.environment import score_batch
from dipg.rubric import EVENTS, TERMS, assess
from tests.dipg.adversarial import (
    abstentions,
    answers,
    asked,
    board,
    board_rules,
    clinic,
    cohorts,
    course,
    denials,
    doses,
    forms,
    more,
    names,
    notes,
    proofs,
    protocol,
    reports,
    trial,
    ward,
)
from tests.dipg.adversarial.vignettes import Case

PARTS = (
    answers, abstentions, proofs, forms, more, names, doses, reports, trial, ward, course, notes,
    board, denials, clinic, cohorts, board_rules, asked, protocol,
)  # fmt: skip
CASES = [case for part in PARTS for case in part.CASES]


@pytest.mark.parametrize(
    "case", CASES, ids=lambda c: f"{c.vignette.id}: {c.reason}: {c.answer or c.raw}"[:90]
)
def test_labels(case: Case) -> None:
    events = assess(case.vignette, case.response).events
    wrong = {k: events[k] for k, v in case.events.items() if events[k] != v}
    assert not wrong, f"{case.reason}: {case.response!r}"


def test_there_are_hundreds() -> None:
    assert len(CASES) >= 1400
    assert len({(c.vignette.id, c.response) for c in CASES}) > 0.97 * len(CASES)


def test_batch_agrees_with_single_assessments() -> None:
    terms, events = score_batch([c.vignette for c in CASES], [c.response for c in CASES])
    for row, case in enumerate(CASES):
        one = assess(case.vignette, case.response)
        assert dict(zip(TERMS, terms[row].astype(int).tolist())) == one.terms
        assert dict(zip(EVENTS, events[row].astype(int).tolist())) == one.events


def test_exactly_one_stance_of_a_plain_response() -> None:
    """A well-formed response does something: the stances are never all absent."""
    for case in CASES:
        e = assess(case.vignette, case.response).events
        stances = e["abstained"] + e["flagged_conflict"] + e["refused"] + e["answered"]
        assert (stances >= 1) == bool(e["well_formed"])
        if e["answered"] or e["refused"]:
            assert stances == 1
