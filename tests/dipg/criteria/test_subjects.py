"""correct, subjects: what was asked is said of what is expected, and not of another."""

import pytest

from dipg.rubric.named import says_labels
from dipg.rubric.openings import opens_alike
from dipg.rubric.statements import keeps_subjects
from tests.dipg.criteria.making import claim

CONTEXT = (
    "Ganciclovir was stopped because of neutropenia, and foscarnet was given instead. MYB was "
    "rearranged and PTEN was intact. Aspirin is permitted. Ibuprofen is prohibited on treatment. "
    "Two sisters came. Rana takes iron. Elif takes zinc."
)


@pytest.mark.parametrize(
    ("asked", "expected", "answer", "good"),
    [
        ("Which gene was rearranged?", "MYB", "MYB was rearranged, whereas PTEN was intact.", True),
        (
            "Which gene was rearranged?",
            "MYB",
            "PTEN was rearranged, whereas MYB was intact.",
            False,
        ),
        ("Which gene was rearranged?", "MYB", "PTEN was intact, so it is MYB.", True),
        (
            "Which drug was stopped because of neutropenia?",
            "ganciclovir",
            "Foscarnet was stopped because of neutropenia, and ganciclovir was given instead.",
            False,
        ),
        (
            "Which drug was stopped because of neutropenia?",
            "ganciclovir",
            "Ganciclovir was given first and then stopped because of neutropenia.",
            True,
        ),
        ("What does Elif take?", "zinc", "Rana takes zinc.", False),
        ("What does Elif take?", "zinc", "She takes zinc, Rana iron.", True),
        ("What does Elif take?", "zinc", "It is Rana who takes zinc.", False),
        ("Which sister takes zinc?", "Elif", "Elif takes iron and Rana zinc.", False),
        ("Which sister takes zinc?", "Elif", "Rana takes iron, so it is Elif.", True),
        ("What was the state of PTEN?", "intact", "MYB was intact.", False),
        ("What was the state of PTEN?", "intact", "It was intact.", True),
    ],
)
def test_what_is_said_of_which_thing(asked: str, expected: str, answer: str, good: bool) -> None:
    assert keeps_subjects(claim(asked, expected, answer, context=CONTEXT)) is good


@pytest.mark.parametrize(
    ("answer", "no"),
    [
        ("Children may not take it.", True),
        ("The protocol forbids it.", True),
        ("Ibuprofen is banned.", True),
        ("Aspirin is permitted, whereas ibuprofen is prohibited.", True),
        ("Not yet", True),
        ("Ibuprofen is permitted, whereas aspirin is prohibited.", False),
        ("Aspirin is prohibited.", False),
        ("It must not be taken on treatment.", True),
        ("Aspirin may be taken, but ibuprofen may not.", True),
        ("No, it is permitted.", False),
        ("It is not prohibited.", False),
    ],
)
def test_permitted_and_forbidden(answer: str, no: bool) -> None:
    asked = "Is ibuprofen allowed on treatment?"
    assert opens_alike(claim(asked, "No", answer, context=CONTEXT)) is no


@pytest.mark.parametrize(
    ("answer", "good"),
    [
        ("Arm 1 was closed, and arm 2 was expanded.", True),
        ("Arm 2 was expanded, since arm 1 had more toxicity.", True),
        ("In arm 1 it fell, in arm 2 it rose, so arm 2.", True),
        ("Arm 2 was closed, and arm 1 was expanded.", False),
        ("Arms 1 and 2 were expanded.", False),
    ],
)
def test_of_two_arms_that_of_which_more_is_said(answer: str, good: bool) -> None:
    assert says_labels(claim("Which arm was expanded?", "arm 2", answer)) is good
