"""correct, numbers: steps of a computation, limits that a question sets, whose number it is."""

import pytest

from dipg.rubric.besides import says_besides
from dipg.rubric.foreign import claimed_names
from dipg.rubric.numbers import says_numbers
from dipg.rubric.treatments import keeps_actions
from tests.dipg.criteria.making import claim

DOSE = (
    "Ribotinib is given at 100 mg/m2 once daily. The girl has a body surface area of 1.2 m2. Under "
    "a CYP3A4 inhibitor the daily dose is reduced by 50 %. She takes voriconazole."
)
DOSE_ASKED = "What daily dose of ribotinib should the girl receive, given her voriconazole?"


@pytest.mark.parametrize(
    ("answer", "good"),
    [
        ("60 mg: 100 mg/m2 x 1.2 m2 = 120 mg, reduced by 50 %.", True),
        ("60 mg once daily (100 mg/m2 x 1.2 m2 = 120 mg, minus 50 %).", True),
        ("60 mg. Without voriconazole it would have been 120 mg.", True),
        ("The full dose of 120 mg is reduced by 50 % to 60 mg.", True),
        ("60 mg (50 % of 120 mg)", True),
        ("120 mg", False),
        ("100 mg/m2 x 1.2 m2 = 120 mg", False),
        ("Give the full dose of 120 mg. Reduced by 50 % it would be 60 mg.", False),
        ("100 mg/m2 x 1.2 m2 = 120 mg, reduced by 50 % = 60 mg; but give 120 mg.", False),
        ("120 mg, or 60 mg with the reduction.", False),
    ],
)
def test_a_step_is_told_as_one(answer: str, good: bool) -> None:
    assert says_numbers(claim(DOSE_ASKED, "60 mg once daily", answer, context=DOSE)) is good


@pytest.mark.parametrize(
    ("answer", "good"),
    [
        ("no earlier than 4 weeks after surgery", True),
        ("from 4 weeks after surgery on", True),
        ("at least 4 weeks after surgery", True),
        ("no later than 4 weeks after surgery", False),
        ("within 4 weeks of surgery", False),
        ("4 weeks before surgery", False),
    ],
)
def test_a_limit_that_is_asked_for(answer: str, good: bool) -> None:
    context = "Radiotherapy starts no earlier than 4 weeks after surgery."
    asked = "When, at the earliest, may radiotherapy start?"
    assert says_numbers(claim(asked, "4 weeks after surgery", answer, context=context)) is good


RATIO = (
    "The 12-month survival rate was 48 % in all children. Children with a TP53 mutation had a "
    "hazard ratio of 1.80 compared with children without one."
)
RATIO_ASKED = (
    "What 12-month survival rate was reported, and what hazard ratio was found in children with a "
    "TP53 mutation?"
)
RATIO_TOLD = "The 12-month survival rate was 48 %, and the hazard ratio with a TP53 mutation 1.80."


@pytest.mark.parametrize(
    ("answer", "good"),
    [
        ("48 % and 1.80, respectively.", True),
        ("48 %. Compared with children without one, those with one had a ratio of 1.80.", True),
        ("48 %; 1.80 in children without a TP53 mutation.", False),
        ("48 %; 1.80 in TP53-wild-type children.", False),
        ("48 %", False),
    ],
)
def test_a_number_of_those_without(answer: str, good: bool) -> None:
    assert says_numbers(claim(RATIO_ASKED, RATIO_TOLD, answer, context=RATIO)) is good


@pytest.mark.parametrize(
    ("answer", "good"),
    [("No: dexamethasone 8 mg is too much.", True), ("No, because of her platelets.", False)],
)
def test_the_criterion_that_is_asked_for(answer: str, good: bool) -> None:
    asked = "Is she eligible, and which criterion decides?"
    told = "No, because her dexamethasone dose of 8 mg exceeds 2 mg."
    context = "She takes dexamethasone 8 mg; up to 2 mg is allowed. Platelets must be above 100."
    assert says_besides(claim(asked, told, answer, context=context)) is good


@pytest.mark.parametrize(
    ("answer", "good"),
    [
        ("No change to sapanib; restart brivatinib.", True),
        ("Sapanib is left as it is, and brivatinib should be restarted.", True),
        ("No change to brivatinib; restart sapanib.", False),
        ("No change to sapanib; stop brivatinib.", False),
    ],
)
def test_no_change_goes_on(answer: str, good: bool) -> None:
    asked = "What is to be done with sapanib and brivatinib?"
    told = "Continue sapanib; resume brivatinib."
    assert keeps_actions(claim(asked, told, answer)) is good


@pytest.mark.parametrize(
    ("answer", "good"),
    [
        ("Hold sapanib until recovery; vismodone goes on unchanged.", True),
        ("Hold vismodone until recovery; continue sapanib.", False),
        ("Hold both until recovery.", False),
    ],
)
def test_what_stands_beside_a_drug_is_one(answer: str, good: bool) -> None:
    asked = "What is the next step for sapanib and vismodone?"
    told = "Hold sapanib until recovery; continue vismodone."
    assert keeps_actions(claim(asked, told, answer)) is good


@pytest.mark.parametrize(
    ("answer", "new"),
    [
        ("The basilar artery", {"basilar"}),
        ("The basilar artery was occluded.", {"basilar"}),
        ("The left carotid artery", set()),
        ("The occluded artery was the left carotid.", set()),
    ],
)
def test_a_thing_by_another_name(answer: str, new: set[str]) -> None:
    made = claim("Which artery was occluded?", "the left carotid artery", answer)
    known = frozenset(["which", "artery", "was", "occluded", "the", "left", "carotid"])
    assert claimed_names(made.answer, made.question, known, True) - known == new
