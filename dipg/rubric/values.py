"""Is a number of an answer the expected value, unit and frequency included?"""

import re

from dipg.dates import same_day
from dipg.frequencies import frequencies
from dipg.quantities import Quantity, close, quantities
from dipg.rubric.lexicon import UNITS_ASKED_BY
from dipg.rubric.mentions import Claim
from dipg.rubric.reading import Reading
from dipg.text import sentences
from dipg.units import ATOMS

DOWN = re.compile(r"\b(?:decreas|reduc|fell|fall|declin|shr[aiu]nk|loss|lost|lower|drop|chang)")


def same_value(said: Quantity, wanted: Quantity, claim: Claim) -> bool:
    """Same value and unit, as far as the vignette gives a unit; a fall by 3 is -3."""
    if said.value < 0 < wanted.value and DOWN.search(
        f"{claim.question.text.lower()} {claim.target.text}"
    ):
        said = said._replace(value=-said.value, raw=-said.raw)
    if said.same(wanted):
        return True
    if wanted.dimension == "date" and said.dimension == "monthday":
        days = {
            n.value
            for n in claim.context.numbers
            if n.dimension == "date" and same_day(said[:2], n[:2])
        }
        return days == {wanted.value}
    if not close(said.raw, wanted.raw) or _only_names(said, wanted, claim):
        return False
    if said.dimension == "":
        if wanted.dimension == "percent" and _COUNTS.match(claim.answer.text, said.end):
            return False  # "18 tumours" are not 18 %
        return wanted.dimension == "" or asks_for_unit(wanted, claim.question)
    return wanted.dimension == "" and _may_have_unit(said, claim)


_COUNTS = re.compile(r" (?!points\b|percentage)[a-z]+s\b")


def _only_names(said: Quantity, wanted: Quantity, claim: Claim) -> bool:
    """Whether a number only names what the question names, too ("cohort 2"): it counts nothing."""
    return said.dimension[:1] == "#" != wanted.dimension[:1] and any(
        said.same(n) for n in claim.question.numbers
    )


def _may_have_unit(said: Quantity, claim: Claim) -> bool:
    """Whether a bare expected number may carry this unit: the vignette gives it to it, too."""
    if said.dimension[:1] == "#":
        return True
    if any(said.same(n) for n in claim.context.numbers):
        return True
    if said.dimension in THINGS:
        return True
    return any(
        u.dimension == said.dimension
        for w in claim.question.terms
        if (u := ATOMS.get(w)) is not None
    )


THINGS = frozenset(
    [
        "lesions",
        "patients",
        "points",
        "copies",
        "doses",
        "sessions",
        "tablets",
        "capsules",
        "cycles",
        "iu",
    ]
)
"""Units that count things, so that a bare number may carry them."""


def asks_for_unit(wanted: Quantity, question: Reading) -> bool:
    """Whether a question names the unit of what it asks for ("in mg", "how old")."""
    for word in question.terms:
        unit = ATOMS.get(UNITS_ASKED_BY.get(word, word))
        if (
            unit is not None
            and unit.dimension == wanted.dimension
            and close(wanted.raw * unit.factor, wanted.value)
        ):
            return True
    return False


def same_rate(said: Quantity, wanted: Quantity, rates: set[float], claim: Claim) -> bool:
    """Same frequency, where one is expected; one that the vignette lacks is another dose."""
    if wanted.per_day:
        if said.per_day:
            return close(said.per_day, wanted.per_day)
        if not rates and _implies_rate(claim.question.text.lower(), wanted.per_day):
            return True
        return rates == {round(wanted.per_day, 6)}
    if not said.per_day:
        return True
    if _OF_A_DAY.search(claim.question.text.lower()):  # all of a day is not given twice a day
        allowed = [n for o in claim.options for n in o.allowed if n.same(said) and n.per_day]
        return any(close(said.per_day, r) for r in (1.0, *(n.per_day for n in allowed)))
    known = [n.per_day for n in claim.context.numbers if n.same(said) and n.per_day]
    if not known and not claim.context.has_number(said):  # computed, and given as often as others
        everything = f"{claim.context.text} {claim.question.text}".lower()
        known = [r for r, _, _ in frequencies(everything)]
    elif not known:
        told = sentences(claim.context.text.lower())
        told = [s for s in told if any(said.same(n) for n in quantities(s))]
        known = [r for s in (*told, claim.question.text.lower()) for r, _, _ in frequencies(s)]
    return any(close(said.per_day, k) for k in known) or _is_interval(said, claim)


def _is_interval(said: Quantity, claim: Claim) -> bool:
    """Whether a computed dose is given at an interval that the context tells ("dosing interval:
    36 hours")."""
    if "interval" not in claim.context.terms or claim.context.has_number(said):
        return False
    days = 1 / said.per_day
    return any(close(n.in_days(), days) for n in claim.context.numbers if n.is_span)


def _implies_rate(asked: str, rate: float) -> bool:
    """Whether a question asks for one dose alone, or says how often itself ("what daily dose")."""
    if _HOW_OFTEN.search(asked):
        return False
    return _PER_DOSE.search(asked) is not None or any(
        close(r, rate) for r, _, _ in frequencies(asked)
    )


_OF_A_DAY = re.compile(
    r"\b(?:daily|24[- ]h\w*) (?:[\w-]+ )?(?:dos|amount|total)|"
    r"\b(?:total|dose|amount|altogether|all) (?:[\w-]+ ){0,6}?(?:per|a|each|every) day\b"
)
_HOW_OFTEN = re.compile(r"\b(?:intervals?|how often|frequency)\b")
_PER_DOSE = re.compile(
    r"\b(?:(?:each|per|single) (?:administration|dose|infusion|intake)|at a time)\b"
)
