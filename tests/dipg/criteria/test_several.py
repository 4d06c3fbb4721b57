"""correct: questions that ask for several things, and comparisons told from the other side."""

import pytest

from dipg.rubric.correctness import states_expected
from tests.dipg.criteria.making import claim

ARMS = (
    "Median progression-free survival was 6.2 months in Arm A and 8.4 months in Arm B. In the "
    "older subgroup it was 5.0 months in Arm A and 7.1 months in Arm B."
)
SIZES = (
    "The sum of diameters was 40 mm at baseline and 26 mm at week 12. A decrease of at least 30% "
    "is a partial response; otherwise it is stable disease."
)
BASIS = "The board chose larotrectinib for the ETV6-NTRK3 fusion. A TP53 mutation was also found."
DAILY = "Dabrafenib is given at 4 mg/kg/day in two divided doses. The child weighs 20 kg."
SIDES = "Diarrhea was more frequent with dovitinib than with placebo."


def right(context: str, question: str, expected: str, answer: str) -> bool:
    made = claim(question, expected, answer, context=context)
    return states_expected(made.answer, made.options, made.context, made.question)


@pytest.mark.parametrize(
    "expected",
    [
        "It was 6.2 months in Arm A and 8.4 months in Arm B; Arm B did better.",
        "It was 8.4 months in Arm B compared with 6.2 months in Arm A, so Arm B did better.",
    ],
)
@pytest.mark.parametrize(
    ("answer", "good"),
    [
        ("Arm A 6.2 months, Arm B 8.4 months; Arm B did better.", True),
        ("Arm B did better, with 8.4 versus 6.2 months in Arm A.", True),
        ("Arm B did better.", False),
        ("8.4 months in Arm B; Arm B did better.", False),
        ("Arm A 8.4 months, Arm B 6.2 months; Arm B did better.", False),
        ("Arm A 6.2 months, Arm B 8.4 months; Arm A did better.", False),
        ("Arm A 5.0 months, Arm B 7.1 months; Arm B did better.", False),
        ("Arm A 6.2 months, Arm B 9.4 months; Arm B did better.", False),
    ],
)
def test_the_number_of_each_and_which(expected: str, answer: str, good: bool) -> None:
    asked = "What was the median progression-free survival in each arm, and which arm did better?"
    assert right(ARMS, asked, expected, answer) is good


@pytest.mark.parametrize(
    ("answer", "good"),
    [
        ("35% decrease, a partial response.", True),
        ("A decrease of 35%: PR.", True),
        ("A decrease of 35%, i.e. stable disease.", False),
        ("A decrease of 35%, which is not a partial response.", False),
        ("A decrease of 35%.", False),
        ("Partial response.", False),
        ("A decrease of 25%, a partial response.", False),
    ],
)
def test_a_number_and_its_category(answer: str, good: bool) -> None:
    asked = "By what percentage did the sum of diameters change, and which category is this?"
    expected = "It decreased by 35% (from 40 mm to 26 mm), which is a partial response."
    assert right(SIZES, asked, expected, answer) is good


@pytest.mark.parametrize(
    ("answer", "good"),
    [
        ("Larotrectinib, on the basis of an ETV6-NTRK3 fusion.", True),
        ("Larotrectinib, because of the TP53 mutation.", False),
        ("Larotrectinib.", False),
    ],
)
def test_a_thing_and_its_basis(answer: str, good: bool) -> None:
    asked = "Which drug did the board choose, and on what molecular basis?"
    expected = "Larotrectinib, because the tumor carries an ETV6-NTRK3 fusion."
    assert right(BASIS, asked, expected, answer) is good


@pytest.mark.parametrize(
    ("answer", "good"),
    [
        ("80 mg per day (40 mg twice daily)", True),
        ("80 mg daily in two divided doses", True),
        ("80 mg twice daily", False),
        ("80 mg every 12 hours", False),
    ],
)
def test_the_total_of_a_day(answer: str, good: bool) -> None:
    asked = "What total daily dose of dabrafenib in mg should the child receive?"
    assert right(DAILY, asked, "80 mg per day", answer) is good


@pytest.mark.parametrize(
    ("answer", "good"),
    [
        ("It was more frequent with dovitinib than with placebo.", True),
        ("Diarrhea was less frequent with placebo than with dovitinib.", True),
        ("Compared with placebo, dovitinib caused diarrhea more frequently.", True),
        ("Diarrhea was more frequent with placebo than with dovitinib.", False),
        ("Compared with dovitinib, placebo caused diarrhea more frequently.", False),
        ("More frequent with placebo.", False),
    ],
)
def test_a_comparison_may_be_told_from_the_other_side(answer: str, good: bool) -> None:
    asked = "Was diarrhea more or less frequent with dovitinib than with placebo?"
    assert right(SIDES, asked, "More frequent", answer) is good


@pytest.mark.parametrize(
    ("answer", "good"),
    [
        ("Hold ribotinib until glucose is below 160 mg/dL, then restart; ONC201 unchanged.", True),
        (
            "Ribotinib is held until glucose is below 160 mg/dL, then resumed; ONC201 stopped.",
            False,
        ),
        ("Hold ONC201 until glucose is below 160 mg/dL, then restart; ribotinib unchanged.", False),
    ],
)
def test_what_is_done_to_each_of_two(answer: str, good: bool) -> None:
    context = "Ribotinib is interrupted until glucose is below 160 mg/dL. ONC201 is not modified."
    asked = "How should ribotinib and ONC201 be managed for the hyperglycemia?"
    expected = (
        "Interrupt ribotinib until glucose is below 160 mg/dL, then resume ribotinib; continue "
        "ONC201 unchanged."
    )
    assert right(context, asked, expected, answer) is good


@pytest.mark.parametrize(
    ("answer", "good"),
    [
        ("More common in carriers than in non-carriers.", True),
        ("Seizures were less common in non-carriers.", True),
        ("More common in non-carriers.", False),
    ],
)
def test_those_without_are_another_side(answer: str, good: bool) -> None:
    asked = "Were seizures more or less common in carriers than in non-carriers?"
    context = "Seizures were more common in carriers than in non-carriers."
    assert right(context, asked, "More common", answer) is good
