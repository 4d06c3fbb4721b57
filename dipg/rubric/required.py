"""Which numbers of an expected wording an answer has to state; the others it may state."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from dipg.quantities import Quantity
from dipg.rubric.asked import asks_each
from dipg.rubric.lexicon import ACTIONS
from dipg.rubric.reading import Reading

_ASKS_DOSE = re.compile(
    r"\b(?:dos(?:e|es|age|ages|ing)(?![- ](?:modif|adjust|limit|escalat|reduc))|how much|regimens?|"
    r"schedules?|amounts?)\b"
)
_ASKS_SEVERAL = re.compile(r"\band (?:by |at |for )?(?:how|what|which|when)\b")
_COMPARED = re.compile(
    r"\b(?:than|versus|vs\.?|compared (?:with|to)) (?:(?:the|its|an?|of|for|in) |[a-z-]+ ){0,4}$"
)
_ATTRIBUTE = re.compile(r"\d-(?:year|month|week|day|hour)s?\b")
_VERB = re.compile(r"[a-z]+|[.;](?=\s|$)")
CHANGED_BY = re.compile(r"\bby (?:about |around |approximately )?$")
_CHANGED_TO = re.compile(r"\bto (?:about |around |approximately )?$")


class Wording(NamedTuple):
    """An expected wording: plain text of what has to be said, its numbers, and all numbers told."""

    text: str
    numbers: Sequence[Quantity]
    told: Sequence[Quantity]


def is_required(number: Quantity, wording: Wording, question: Reading, context: Reading) -> bool:
    """Whether one of the numbers of a wording has to be stated."""
    asked = question.text.lower()
    if number.dimension[:1] == "#" and question.has_number(number):
        return False
    if "-" in asked and _ATTRIBUTE.search(asked) and question.has_number(number):
        return False  # the "12-month survival rate" that is asked for
    compared = not number.compare and _COMPARED.search(wording.text[: number.start])
    if compared and not asks_each(asked):
        return False
    if _goes_on(wording.text, number) and not _ASKS_DOSE.search(asked):
        return False
    if _is_difference_to(number, wording):
        return False
    return not _is_step(number, wording, context) or _ASKS_SEVERAL.search(asked) is not None


def _goes_on(text: str, number: Quantity) -> bool:
    """Whether it is a dose that something is continued at: "continued unchanged" says as much."""
    if number.dimension in ("", "percent"):
        return False
    last = ""
    for m in _VERB.finditer(text, 0, number.start):
        last = "" if m[0] in ".;" else ACTIONS.get(m[0], last)
    return last == "continue"


def _is_difference_to(number: Quantity, wording: Wording) -> bool:
    """Whether it is the change that leads to another number ("lowered by 2.5 mg to 2.5 mg")."""
    text = wording.text
    if not CHANGED_BY.search(text[: number.start]):
        return False
    later = [n for n in wording.numbers if n.start > number.end]
    alike = [n for n in later if number.dimension in (n.dimension, "percent")]
    return any(_CHANGED_TO.search(text[number.end : n.start]) for n in alike)


def _is_step(number: Quantity, wording: Wording, context: Reading) -> bool:
    """Whether a later number, which the context lacks, is computed from it."""
    return any(
        n.start > number.start and not context.has_number(n) and _leads_to(number, n, wording.told)
        for n in wording.numbers
    )


def _leads_to(number: Quantity, result: Quantity, told: Sequence[Quantity]) -> bool:
    if number.dimension == result.dimension and _near(number.value, 2 * result.value):
        return True  # halved
    a, c = number.value, result.value
    for other in told:
        b = other.value
        if other.same(number) or other.same(result):
            continue
        if number.dimension == other.dimension == result.dimension and (
            _near(a + b, c) or _near(abs(a - b), c)
        ):
            return True
        share, of = (a, b) if number.dimension == "percent" else (b, a)
        if any(_near(x, c) for x in (share * of, share * of / 100, of * (1 - share / 100))):
            return True
    return False


def _near(a: float, b: float) -> bool:
    """Equal up to the rounding of a dose."""
    return abs(a - b) <= 0.005 * abs(b)
