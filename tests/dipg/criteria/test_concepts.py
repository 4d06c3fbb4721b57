"""correct, words: one thing in many words, and what must not be taken for it."""

import pytest

from dipg.rubric.choices import is_one_choice, leaves_aside
from dipg.rubric.concepts import concepts, root, segments
from dipg.rubric.findings import judge, read_task
from dipg.rubric.people import people_in
from dipg.rubric.roles import keeps_roles
from dipg.rubric.sequences import order_verdict
from tests.dipg.criteria.making import claim, vignette


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("drainage", "drained"),
        ("enhancement", "enhancing"),
        ("intrathecally", "intrathecal"),
        ("dehydrated", "dehydration"),
        ("oedema", "edema"),
        ("thrombosis", "thrombotic"),
        ("decreases", "decrease"),
        ("randomised", "randomization"),
    ],
)
def test_one_root(one: str, other: str) -> None:
    assert root(one) == root(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("it rose", "it went up"),
        ("it shrank", "it became smaller"),
        ("ruled out", "excluded"),
        ("withheld", "put on hold"),
        ("blocks", "antagonises"),
        ("by mouth", "orally"),
        ("deteriorated", "got worse"),
    ],
)
def test_one_concept(one: str, other: str) -> None:
    assert any(c.startswith("~") for c in concepts(one) & concepts(other))


def test_opposites_are_two_concepts() -> None:
    assert not {c for c in concepts("it rose") & concepts("it fell") if c.startswith("~")}


def test_segments_are_said_of_one_thing_each() -> None:
    found = [said.strip() for said, _ in segments("it fell in arm a, and rose in arm b.")]
    assert found == ["it fell in arm a", "rose in arm b"]


ORDER = ("Was the drain placed before or after radiotherapy?", "After radiotherapy")


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        ("After it", True),
        ("Radiotherapy came first.", True),
        ("Radiotherapy, then the drain", True),
        ("The drain followed radiotherapy.", True),
        ("Radiotherapy preceded the drain.", True),
        ("It was placed once radiotherapy was over.", True),
        ("Before", False),
        ("The drain came first; radiotherapy was begun after it.", False),
        ("First the drain, then radiotherapy", False),
        ("Radiotherapy followed the drain.", False),
        ("In March", None),
    ],
)
def test_order(answer: str, right: bool | None) -> None:
    assert order_verdict(claim(*ORDER, answer)) is right


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        ("1. radiotherapy 2. surgery 3. chemotherapy", True),
        ("Chemotherapy came last; before it came surgery, and before that radiotherapy.", True),
        ("Surgery followed radiotherapy and preceded chemotherapy.", True),
        ("Surgery came between radiotherapy and chemotherapy.", True),
        ("Radiotherapy came first, surgery second and chemotherapy third.", True),
        ("Chemotherapy came first, followed by radiotherapy and finally surgery.", False),
        ("Radiotherapy came last; before it came surgery, and before that chemotherapy.", False),
        ("Radiotherapy, chemotherapy, surgery", False),
    ],
)
def test_order_of_three(answer: str, right: bool) -> None:
    asked = "In what order were chemotherapy, surgery and radiotherapy given?"
    made = claim(asked, "radiotherapy, then surgery, then chemotherapy", answer)
    assert order_verdict(made) is right


@pytest.mark.parametrize(
    ("answer", "right"),
    [("Chemotherapy after surgery", None), ("Chemotherapy followed by surgery", False)],
)
def test_an_order_that_nobody_asked_for(answer: str, right: bool | None) -> None:
    made = claim("What was advised?", "surgery followed by chemotherapy", answer)
    assert order_verdict(made) is right


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        ("Vinblastine replaced vincristine.", True),
        ("Vincristine was replaced by vinblastine.", True),
        ("Vinblastine", True),
        ("Vincristine replaced vinblastine.", False),
        ("Vinblastine was replaced by vincristine.", False),
    ],
)
def test_roles(answer: str, right: bool) -> None:
    asked = "Which drug replaced vincristine?"
    assert keeps_roles(claim(asked, "Vinblastine", answer)) is right


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        ("The medulla", True),
        ("The medulla, not the pons", True),
        ("The medulla or the pons", False),
        ("Both the medulla and the pons", False),
        ("Either the pons or the medulla", False),
    ],
)
def test_a_choice(answer: str, right: bool) -> None:
    assert is_one_choice(claim("Where was it?", "The medulla", answer)) is right


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        ("Observation", True),
        ("Observation, not surgery", True),
        ("It preferred observation over surgery.", True),
        ("Surgery rather than observation", False),
    ],
)
def test_what_is_set_aside(answer: str, right: bool) -> None:
    made = claim("What was preferred?", "Observation rather than surgery", answer)
    assert leaves_aside(made) is right


def test_people() -> None:
    found = people_in("Seen by Dr. Aydin Kaya and Prof. Byrne at Norwood Hospital. Vision fell.")
    assert found == {("aydin", "kaya"), ("byrne",)}


CONTEXT = (
    "The puncture was done by Dr. Mirko Stahl and the report written by Dr. Aydin Kaya. "
    "Steroid use fell in arm 1 and rose in arm 2. Drug A inhibits MEK and lowers ERK. "
    "The TERT mutation was ruled out. Ida had a fever, and Liv died of sepsis."
)


@pytest.mark.parametrize(
    ("asked", "expected", "answer", "right"),
    [
        ("Who did the puncture?", "Dr. Mirko Stahl", "Dr. Stahl", True),
        ("Who did the puncture?", "Dr. Mirko Stahl", "Dr. Stahl; Dr. Kaya wrote the report", True),
        ("Who did the puncture?", "Dr. Mirko Stahl", "Dr. Kaya", False),
        ("Who did the puncture?", "Dr. Mirko Stahl", "Dr. Mirko Kaya", False),
        ("Who did the puncture?", "Dr. Mirko Stahl", "Dr. Stahl and Dr. Kaya", False),
        ("Who did the puncture?", "Dr. Mirko Stahl", "Dr. Kaya, not Dr. Stahl", False),
        ("How did steroid use change in arm 2?", "It rose", "It went up.", True),
        ("How did steroid use change in arm 2?", "It rose", "It fell in arm 2.", False),
        ("How did steroid use change in arm 2?", "It rose", "It rose in arm 1, fell in 2", False),
        (
            "What does drug A do to MEK and ERK?",
            "It inhibits MEK and lowers ERK",
            "It blocks MEK and brings down ERK.",
            True,
        ),
        (
            "What does drug A do to MEK and ERK?",
            "It inhibits MEK and lowers ERK",
            "It lowers MEK and inhibits ERK.",
            False,
        ),
        ("Was a TERT mutation found?", "No, it was ruled out", "No", True),
        ("Was a TERT mutation found?", "No, it was ruled out", "It was excluded.", True),
        ("Was a TERT mutation found?", "No, it was ruled out", "No, it was found.", False),
        ("Was a TERT mutation found?", "No, it was ruled out", "Yes, it was ruled out.", False),
        ("What was done with drug B?", "It was stopped", "Discontinuation", True),
        ("What was done with drug B?", "It was stopped", "It was continued.", False),
        ("What was lost?", "Hearing on both sides", "Bilateral hearing", True),
        ("What was lost?", "Hearing on both sides", "Unilateral hearing", False),
        ("Was the resection complete?", "No", "It was incomplete.", True),
        ("Was the resection complete?", "No, it was partial", "Yes, partial", False),
        (
            "What did surgery do?",
            "It improved gait but did not prolong life",
            "Gait got better; life was not extended.",
            True,
        ),
        (
            "What did surgery do?",
            "It improved gait but did not prolong life",
            "It prolonged life but did not improve gait.",
            False,
        ),
        ("What did Liv die of?", "Sepsis", "Liv died from sepsis.", True),
        ("What did Liv die of?", "Sepsis", "Of fever; Ida died of sepsis.", False),
    ],
)
def test_words(asked: str, expected: str, answer: str, right: bool) -> None:
    made = vignette(asked, expected, context=CONTEXT)
    assert judge(read_task(made), answer).right is right
