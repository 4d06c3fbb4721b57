"""correct, numbers: value, unit, direction, frequency and owner of every expected number."""

import pytest

from dipg.rubric.numbers import asks_for_unit, says_numbers
from dipg.rubric.reading import read
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
