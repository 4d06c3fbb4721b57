"""correct: what of a longer wording has to be said, and what may be said."""

import pytest

from dipg.rubric.besides import says_besides
from dipg.rubric.numbers import says_numbers
from dipg.rubric.treatments import keeps_actions
from tests.dipg.criteria.making import claim

STEPS = (
    "A boy of 1.5 m2 receives lomitinib 40 mg/m2 once daily. With an azole, the calculated dose is "
    "halved. Fluconazole 3 mg/kg once daily is continued."
)
STEPS_ASKED = "What dose of lomitinib should the boy receive, with fluconazole taken into account?"
STEPS_TOLD = (
    "The calculated dose is 60 mg once daily (40 mg/m2 x 1.5 m2); because of fluconazole it is "
    "halved, so he should receive 30 mg once daily."
)


@pytest.mark.parametrize(
    ("answer", "good"),
    [
        ("30 mg once daily", True),
        ("40 mg/m2 x 1.5 m2 = 60 mg, halved to 30 mg once daily.", True),
        ("30 mg once daily; fluconazole 3 mg/kg once daily is continued.", True),
        ("60 mg once daily", False),
        ("15 mg once daily, half of 30 mg.", False),
        ("60 mg once daily, of which 30 mg are given in the morning.", False),
        ("30 mg twice daily", False),
        ("30 mg/m2 once daily", False),
    ],
)
def test_steps_may_be_told(answer: str, good: bool) -> None:
    assert says_numbers(claim(STEPS_ASKED, STEPS_TOLD, answer, context=STEPS)) is good


RULE = (
    "Sapanib 80 mg once daily is held in grade 3 rash until it is grade 1 or less, and is resumed "
    "at 60 mg once daily. Brivatinib 5 mg once daily is held only above grade 3. At grade 2, "
    "sapanib would stay at 80 mg."
)
RULE_ASKED = "How should sapanib and brivatinib be managed?"
RULE_TOLD = (
    "Hold sapanib until the rash is grade 1 or less, then resume at 60 mg once daily; continue "
    "brivatinib at 5 mg once daily."
)


@pytest.mark.parametrize(
    ("answer", "good"),
    [
        (
            "Hold sapanib, resume it at 60 mg once daily at grade 1 or less. Continue brivatinib.",
            True,
        ),
        (
            "Since the rash is grade 3, sapanib is held until it is grade 1 or less and resumed at "
            "60 mg once daily; it would stay at 80 mg only if the rash were grade 2.",
            True,
        ),
        ("Hold sapanib until the rash is grade 2 or less, then resume at 60 mg once daily.", False),
        ("Hold sapanib until the rash is grade 1 or less, then resume at 80 mg once daily.", False),
        (
            "Hold sapanib until grade 1 or less, resume at 60 mg; brivatinib 10 mg once daily.",
            False,
        ),
    ],
)
def test_doses_that_go_on_may_be_told(answer: str, good: bool) -> None:
    assert says_numbers(claim(RULE_ASKED, RULE_TOLD, answer, context=RULE)) is good


@pytest.mark.parametrize(
    ("answer", "good"),
    [
        ("Stop giving sapanib for now, restart it at grade 1; continue brivatinib.", True),
        ("Sapanib is paused and given again at grade 1; brivatinib goes on.", True),
        ("Stop sapanib for good; continue brivatinib.", False),
        ("Hold brivatinib and resume it at grade 1; continue sapanib.", False),
    ],
)
def test_what_is_stopped_and_resumed_is_held(answer: str, good: bool) -> None:
    assert keeps_actions(claim(RULE_ASKED, RULE_TOLD, answer, context=RULE)) is good


WAIT = (
    "A shunt is placed before radiotherapy. Radiotherapy waits at least 10 days after the shunt. "
    "A biopsy is done no sooner than 3 days after the shunt."
)
WAIT_ASKED = "Which procedure precedes radiotherapy, and how long after it must radiotherapy wait?"
WAIT_TOLD = "A shunt must be placed first, and radiotherapy must wait at least 10 days after it."


@pytest.mark.parametrize(
    ("answer", "good"),
    [
        ("Shunt placement; at least 10 days.", True),
        ("A shunt is placed first; radiotherapy begins no sooner than 10 days after it.", True),
        ("First a shunt is placed. Radiotherapy has to wait until 10 days have passed.", True),
        ("A biopsy is done first; radiotherapy waits at least 10 days.", False),
        ("A shunt is placed first; radiotherapy begins within 10 days.", False),
        ("A shunt is placed first; radiotherapy begins at least 10 days before it.", False),
        ("Radiotherapy comes first; the shunt is placed at least 10 days after it.", False),
    ],
)
def test_a_thing_and_a_limit(answer: str, good: bool) -> None:
    said = claim(WAIT_ASKED, WAIT_TOLD, answer, context=WAIT)
    assert (says_numbers(said) and says_besides(said)) is good


TRIAL = (
    "The trial requires a lymphocyte count of at least 0.5 x 10^9/L and a washout of 28 days after "
    "bevacizumab. Noor's count is 0.9 x 10^9/L; she had bevacizumab 12 days ago."
)


@pytest.mark.parametrize(
    ("answer", "good"),
    [
        ("No, she had bevacizumab 12 days ago, and 28 days must have passed.", True),
        ("No, because of bevacizumab. Her count of 0.9 x 10^9/L meets the criteria.", True),
        ("No.", False),
        ("No, her count of 0.9 x 10^9/L is too low.", False),
        ("No, she had bevacizumab 12 days ago, and 21 days must have passed.", False),
    ],
)
def test_a_reason_that_is_asked_for(answer: str, good: bool) -> None:
    told = "No. Bevacizumab was given 12 days ago, within the washout of 28 days."
    assert says_besides(claim("Is Noor eligible, and why?", told, answer, context=TRIAL)) is good


ARMS = (
    "Median overall survival was 9.8 months with radiotherapy alone and 12.9 months with "
    "radiotherapy plus birabresib; median progression-free survival was 5.0 and 7.2 months."
)


@pytest.mark.parametrize(
    ("answer", "good"),
    [
        ("12.9 months, 3.1 months longer than with radiotherapy alone.", True),
        ("12.9 months vs 9.8 months, a gain of 3.1 months.", True),
        ("12.9 months, 3.1 months more. Progression-free survival was 7.2 months.", True),
        ("12.9 months", False),
        ("3.1 months longer", False),
        ("12.9 months with radiotherapy alone, 3.1 months longer.", False),
        ("12.9 months, 2.1 months longer.", False),
    ],
)
def test_a_value_and_a_difference(answer: str, good: bool) -> None:
    asked = "What was median overall survival with birabresib, and how much longer was it?"
    told = "12.9 months, which is 3.1 months longer than the 9.8 months with radiotherapy alone."
    assert says_numbers(claim(asked, told, answer, context=ARMS)) is good


@pytest.mark.parametrize(
    ("answer", "good"),
    [
        ("23.4 Gy (13 x 1.8 Gy); the boost of 30.6 Gy is not included.", True),
        ("23.4 Gy. Together with the boost, the tumour bed received 54 Gy.", True),
        ("54 Gy (23.4 Gy plus a boost of 30.6 Gy)", False),
        ("23.4 Gy plus 30.6 Gy, i.e. 54 Gy", False),
    ],
)
def test_what_counts_more_in(answer: str, good: bool) -> None:
    context = "The axis received 13 fractions of 1.8 Gy. A boost of 30.6 Gy followed."
    asked = "What dose did the axis receive, without the boost?"
    assert says_numbers(claim(asked, "23.4 Gy", answer, context=context)) is good
