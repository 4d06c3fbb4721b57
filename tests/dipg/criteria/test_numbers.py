"""correct, numbers: value, unit, direction, frequency and owner of every expected number."""

import pytest

from dipg.rubric.numbers import says_numbers
from dipg.rubric.reading import read
from dipg.rubric.values import asks_for_unit
from tests.dipg.criteria.making import claim

DOSE = ("What total radiation dose did patient KT33 receive?", "54 Gy")


@pytest.mark.parametrize(
    "answer",
    ["54 Gy", "5400 cGy", "54.0 gray", "fifty-four Gy", "54 Gy in 30 fractions of 1.8 Gy",
     "KT33 received 54 Gy, unlike KT34, who received 59.4 Gy.", r"\\boxed{54\\,\\text{Gy}}"],
)  # fmt: skip
def test_the_value(answer: str) -> None:
    assert says_numbers(claim(*DOSE, answer.replace("\\\\", "\\")))


@pytest.mark.parametrize(
    "answer",
    ["54", "54 mg", "54 cGy", "45 Gy", "-54 Gy", "more than 54 Gy", "54 Gy or more", "54+ Gy",
     "nearly 54 Gy", "54 or 59.4 Gy", "between 54 and 59.4 Gy", "54-59 Gy", "54 Gy twice",
     "54 Gy/day", "not 54 Gy", "Was it 54 Gy?", "54 Gy is wrong", "KT34 received 54 Gy",
     "54 Gy and another 10 Gy", "reduced by 54 Gy"],
)  # fmt: skip
def test_what_only_looks_like_it(answer: str) -> None:
    assert not says_numbers(claim(*DOSE, answer))


@pytest.mark.parametrize(
    ("answer", "good"),
    [("14 March 2022", True), ("March 14th, 2022", True), ("2022-03-14", True), ("14 March", True),
     ("14.3.2022", True), ("March 2022", False), ("before 14 March 2022", False),
     ("14 May 2022", False), ("14 March 2021", False)],
)  # fmt: skip
def test_dates(answer: str, good: bool) -> None:
    assert says_numbers(claim("When did it end?", "14 March 2022", answer)) is good


@pytest.mark.parametrize(
    ("answer", "good"),
    [("from 8 mg to 2 mg", True), ("8 to 2 mg", False), ("from 2 mg to 8 mg", False),
     ("from 8 to 2 mg", True), ("8 mg → 2 mg", True)],
)  # fmt: skip
def test_changes_go_from_to(answer: str, good: bool) -> None:
    assert says_numbers(claim("How did it change?", "from 8 mg to 2 mg", answer)) is good


@pytest.mark.parametrize(
    ("answer", "good"),
    [("230 mg/m2 daily", True), ("230 mg/m2", False), ("230 mg/m2 twice daily", False),
     ("230 mg/m2 once daily or twice daily", False), ("panobinostat 230 mg/m2 daily", False)],
)  # fmt: skip
def test_how_often_and_of_what(answer: str, good: bool) -> None:
    asked = "At what dose was vorinostat given?"
    assert says_numbers(claim(asked, "230 mg/m2 once daily", answer)) is good


@pytest.mark.parametrize(
    ("answer", "good"),
    [("2.1 months", True), ("11.2 - 9.1 = 2.1 months", True), ("9.1 months", False),
     ("2.1 weeks", False)],
)  # fmt: skip
def test_operands_contradict_nothing(answer: str, good: bool) -> None:
    asked = "By how many months was survival longer in arm 1?"
    assert says_numbers(claim(asked, "2.1 months", answer)) is good


def test_degrees_that_were_asked_for() -> None:
    asked = "What toxicity of grade 3 occurred?"
    assert says_numbers(claim(asked, "neutropenia", "neutropenia of grade 3"))
    assert not says_numbers(claim(asked, "neutropenia", "grade 4 neutropenia"))


def test_units_that_a_question_names() -> None:
    (wanted,) = claim("?", "9 years", "9").target.numbers
    assert asks_for_unit(wanted, read("How old is she?"))
    assert asks_for_unit(wanted, read("What is her age in years?"))
    assert not asks_for_unit(wanted, read("When was she seen?"))


RISK = (
    "Children in the average-risk group receive 23.4 Gy to the axis. Children in the high-risk "
    "group receive 36 Gy to the axis. In both groups the tumour bed is boosted to 54 Gy."
)


@pytest.mark.parametrize(
    ("answer", "good"),
    [("23.4 Gy and 36 Gy", True), ("36 Gy and 23.4 Gy", False),
     ("36 and 23.4 Gy for high and average risk, respectively", True),
     ("36 and 23.4 Gy for average and high risk, respectively", False),
     ("36 Gy in the average-risk group and 23.4 Gy in the high-risk group", False),
     ("The high-risk group has 36 Gy, the average-risk group 23.4 Gy", True),
     ("23.4 Gy (average risk) and 36 Gy (high risk); the bed is boosted to 54 Gy", True)],
)  # fmt: skip
def test_two_numbers_go_to_their_owners(answer: str, good: bool) -> None:
    asked = "What doses do the average-risk and the high-risk group receive?"
    expected = "23.4 Gy in the average-risk group and 36 Gy in the high-risk group"
    assert says_numbers(claim(asked, expected, answer, context=RISK)) is good


WEEKS = (
    "Overall survival was 11.8 months in the nimotuzumab arm and 9.3 months in the other. "
    "Progression-free survival was 6.4 months in the nimotuzumab arm. Dexamethasone was given at "
    "8 mg daily in week 1 and at 4 mg daily in week 2."
)


@pytest.mark.parametrize(
    ("answer", "good"),
    [("11.8 months (PFS 6.4 months)", True), ("11.8 months; progression-free: 6.4 months", True),
     ("11.8 months and 9.3 months", False), ("6.4 months (overall 11.8 months)", False),
     ("11.8 months (95 % CI 9.9-13.0 months)", True)],
)  # fmt: skip
def test_further_facts_contradict_nothing(answer: str, good: bool) -> None:
    asked = "What was overall survival in the nimotuzumab arm?"
    assert says_numbers(claim(asked, "11.8 months", answer, context=WEEKS)) is good


@pytest.mark.parametrize(
    ("answer", "good"),
    [("8 mg in week 1, 4 mg daily in week 2", True), ("4 mg a day, down from 8 mg", True),
     ("8 mg daily in week 2 and 4 mg daily in week 1", False)],
)  # fmt: skip
def test_the_week_that_was_asked_for(answer: str, good: bool) -> None:
    asked = "What dose of dexamethasone was given in week 2?"
    assert says_numbers(claim(asked, "4 mg daily", answer, context=WEEKS)) is good


@pytest.mark.parametrize(
    ("answer", "good"),
    [("24 %", True), ("24 % smaller", True), ("It increased by 24 %", False), ("+24 %", False)],
)
def test_a_change_goes_the_expected_way(answer: str, good: bool) -> None:
    made = claim("How did the volume change?", "24 %", answer, "decreased by 24 %")
    assert says_numbers(made) is good


def test_a_label_of_the_question_counts_nothing() -> None:
    asked = "How many children of cohort 2 had toxicity?"
    assert not says_numbers(claim(asked, "2", "None of the children of cohort 2"))
    assert says_numbers(claim(asked, "2", "Two children of cohort 2"))
