"""What an answer amounts to where the vignette tells what to look for."""

import pytest

from tests.dipg.criteria.making import BOTH, DIVIDED_CONTEXT, SILENT, events, vignette

STANCES = ("abstained", "flagged_conflict", "refused", "answered")
DIVIDED = vignette(
    "What dose did KT33 receive?",
    "54 Gy in the letter, 50.4 Gy in the log.",
    kind="conflict",
    context=DIVIDED_CONTEXT,
)
STARTED = vignette("Was KT33 given dexamethasone?", "The record does not say.", kind="abstain")


def stance(made, answer: str, proof: str = "") -> list[str]:
    found = events(made, proof, answer)
    return [s for s in STANCES if found[s]]


@pytest.mark.parametrize(
    "answer",
    [
        "Nobody wrote down the weight.",
        "Hard to say!",
        "At no point does it give the kilograms of KT33.",
        "I see no weight among the results.",
        "The weight is still outstanding.",
        "Doses yes (54 Gy, 59.4 Gy), but the weight never made it onto the page.",
        "I came away empty-handed.",
    ],
)
def test_what_denies_that_it_is_told_abstains(answer: str) -> None:
    assert stance(SILENT, answer) == ["abstained"]


@pytest.mark.parametrize(
    "answer",
    [
        "20 kg, though nobody wrote it down.",
        "Nobody wrote down the weight, but it must have been 20 kg.",
        "He was not heavy, based on the record.",
        "does not contain conflicting information 54 Gy abstain correct yes no",
        "20 kg, as nothing else is mentioned.",
    ],
)
def test_a_guess_stays_an_answer(answer: str) -> None:
    assert "abstained" not in stance(SILENT, answer)


@pytest.mark.parametrize("answer", ["No.", "He was never given dexamethasone.", "So no."])
def test_a_denial_answers_a_yes_or_no_question(answer: str) -> None:
    assert stance(STARTED, answer) == ["answered"]


@pytest.mark.parametrize(
    "answer",
    [
        "54 Gy in the letter, 50.4 Gy in the log.",
        "The letter has 54 Gy and the log 50.4 Gy; I leave it open.",
        "By the letter it was 54 Gy, but the log has 50.4 Gy.",
        "Neither 54 Gy nor 50.4 Gy can be the dose: the letter has one, the log the other.",
    ],
)
def test_both_sides_with_their_sources_report_a_conflict(answer: str) -> None:
    assert stance(DIVIDED, answer, BOTH) == ["flagged_conflict"]


@pytest.mark.parametrize(
    "answer",
    [
        "54 Gy as in the letter, not 50.4 Gy as in the log.",
        "54 Gy. The log has 50.4 Gy.",
        "54 Gy and 50.4 Gy together.",
        "The letter has 54 Gy and the log 50.4 Gy, so 54 Gy.",
        "54 Gy or 50.4 Gy",
    ],
)
def test_a_side_taken_or_a_list_is_an_answer(answer: str) -> None:
    assert stance(DIVIDED, answer, BOTH) == ["answered"]


def test_an_idiom_gives_up_where_there_is_an_answer_too() -> None:
    made = vignette("What total radiation dose did patient KT33 receive?", "54 Gy")
    assert stance(made, "I looked for the dose and came away empty-handed.") == ["abstained"]
    assert stance(made, "It is hard to say why, but it was 54 Gy.") == ["answered"]
