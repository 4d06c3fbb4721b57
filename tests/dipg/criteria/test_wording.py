"""correct, wording: yes and no, the words of a phrase, denials, directions."""

import pytest

from dipg.rubric.correctness import states_expected
from dipg.rubric.directions import keeps_direction
from dipg.rubric.openings import opens_alike
from dipg.rubric.wording import keeps_polarity, says_phrase
from tests.dipg.criteria.making import claim


@pytest.mark.parametrize(
    ("answer", "no"),
    [
        ("No", True),
        ("No, there was none.", True),
        ("KT33 had no TP53 mutation.", True),
        ("KT33 did not have a TP53 mutation.", True),
        ("Negative", True),
        ("Yes", False),
        ("No, wait: yes", False),
        ("KT33 had a TP53 mutation.", False),
        ("KT34 had no TP53 mutation.", False),
        ("No doubt that KT33 had a TP53 mutation.", False),
    ],
)
def test_yes_and_no(answer: str, no: bool) -> None:
    asked = "Did patient KT33 have a TP53 mutation?"
    assert opens_alike(claim(asked, "No", answer)) is no


@pytest.mark.parametrize(
    ("answer", "good"),
    [
        ("right thalamus", True),
        ("the thalamus, on the right", True),
        ("right thalamus, not left pons", True),
        ("thalamus", False),
        ("left thalamus", False),
        ("right or left thalamus", False),
        ("right thalamus and left pons", False),
    ],
)
def test_the_words_of_a_phrase(answer: str, good: bool) -> None:
    assert says_phrase(claim("Where was the tumour?", "right thalamus", answer)) is good


@pytest.mark.parametrize(
    ("answer", "good"),
    [
        ("Progression was seen.", True),
        ("Progression was not seen.", False),
        ("No progression was seen.", False),
    ],
)
def test_a_denial_stays_one(answer: str, good: bool) -> None:
    asked = "What did the scan show?"
    assert keeps_polarity(claim(asked, "Progression was seen.", answer)) is good


@pytest.mark.parametrize(
    ("answer", "good"),
    [
        ("before", True),
        ("before KT34", True),
        ("KT34 was enrolled after KT33.", True),
        ("after", False),
        ("before and after", False),
        ("KT34 was enrolled before KT33.", False),
        ("KT33 was enrolled after KT34.", False),
    ],
)
def test_both_sides_on_offer(answer: str, good: bool) -> None:
    asked = "Was KT33 enrolled before or after KT34?"
    made = claim(asked, "before", answer)
    assert states_expected(made.answer, made.options, made.context, made.question) is good


@pytest.mark.parametrize(
    ("answer", "good"), [("22 %", True), ("It fell by 22 %.", True), ("It rose by 22 %.", False)]
)
def test_the_direction_that_was_asked_for(answer: str, good: bool) -> None:
    assert keeps_direction(claim("By how much did it decrease?", "22 %", answer)) is good


@pytest.mark.parametrize(
    ("answer", "good"),
    [
        ("It was 4 months longer in arm 2.", True),
        ("Arm 2 exceeded arm 1 by 4 months.", True),
        ("It was 4 months shorter in arm 1.", True),
        ("Arm 1 exceeded arm 2 by 4 months.", False),
        ("It was 4 months shorter in arm 2.", False),
    ],
)
def test_which_side_is_ahead(answer: str, good: bool) -> None:
    asked = "By how many months did survival in arm 2 exceed that in arm 1?"
    assert keeps_direction(claim(asked, "4 months", answer)) is good


@pytest.mark.parametrize(
    ("answer", "good"),
    [
        ("right; the left one is spared", True),
        ("right, and the left thalamus was normal", True),
        ("It was left in the right thalamus.", True),
        ("right and left", False),
        ("The right one was spared and the tumour lay on the left.", False),
    ],
)
def test_the_other_side_may_be_spoken_of(answer: str, good: bool) -> None:
    asked = "On which side did the tumour lie?"
    made = claim(asked, "right", answer, "right thalamus")
    assert states_expected(made.answer, made.options, made.context, made.question) is good


@pytest.mark.parametrize(
    ("answer", "good"),
    [
        ("Weekly", True),
        ("The three-weekly schedule cost more.", True),
        ("3-weekly", False),
        ("The three-weekly schedule", False),
        ("The weekly schedule cost more.", False),
    ],
)
def test_a_schedule_is_not_another(answer: str, good: bool) -> None:
    made = claim("Which schedule cost less?", "the weekly schedule", answer, "weekly")
    assert states_expected(made.answer, made.options, made.context, made.question) is good
