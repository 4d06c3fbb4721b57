"""Which further numbers of an answer contradict the expected one, and which go along with it."""

import re

from dipg.quantities import Quantity, close
from dipg.rubric.labels import labels_of
from dipg.rubric.lexicon import DRUG, PLAIN_WORDS, STOP_WORDS
from dipg.rubric.limits import is_limit
from dipg.rubric.mentions import Claim, is_aside
from dipg.rubric.portions import is_told_apart
from dipg.rubric.reading import Reading
from dipg.rubric.steps import is_step
from dipg.rubric.subjects import is_at_another
from dipg.rubric.targets import bind, shape
from dipg.text import words


def is_rival_name(mine: str, owner: str, context: Reading) -> bool:
    """Two drugs, or two codes of one shape, are rivals; a drug and a gene are not."""
    if DRUG.fullmatch(mine) and DRUG.fullmatch(owner):
        return True
    return mine in context.names and owner in context.names and shape(mine) == shape(owner)


def takes_its_place(said: Quantity, claim: Claim, allowed: list[Quantity]) -> bool:
    """Whether a further number contradicts: same kind, same owner, not denied, not in passing."""
    if said.value < 0:
        said = said._replace(value=-said.value, raw=-said.raw)
    if said.dimension == "" and any(said.raw == a.raw for a in allowed):
        return False
    if any(said.same(a) and said.compare in (a.compare, "") for a in allowed):
        same = [a for a in allowed if said.same(a) and a.per_day]
        if said.per_day and same and not any(close(said.per_day, a.per_day) for a in same):
            return not is_aside(claim, said)
        return False
    if _is_other_side(said, claim, allowed):
        return False
    if claim.question.has_number(said) and said.dimension != "":
        return False
    if _is_year(said, claim.answer.text) and claim.question.has_number(said):
        return False
    if said.spelled and said.raw == 1 and any(w.raw % 1 for w in claim.target.numbers):
        return False  # "those with one"
    if (
        _is_measured(said, claim)
        or is_aside(claim, said)
        or _is_share_of(said, claim)
        or _restates(said, claim)
    ):
        return False
    if _is_what_is_left(said, claim, allowed) or _bounds_it(said, claim):
        return False
    if is_at_another(said.start, claim) or _has_other_label(said, claim):
        return False
    mine = bind(claim.answer.text, said, claim.answer.names)
    owners = {b for b in claim.target.bound if b} or set(claim.target.names)
    if mine and mine not in owners and mine not in claim.question.terms:
        if owners and any(is_rival_name(mine, o, claim.context) for o in owners):
            return False
        if _co_stated(mine, said, claim.context):
            return False
    return not (is_step(said, claim) or is_told_apart(said, claim))


def _is_year(said: Quantity, text: str) -> bool:
    """Whether a bare number is a year that something happened in ("in 2021")."""
    return (
        said.dimension == ""
        and 1900 <= said.raw <= 2100
        and text.endswith(("in ", "of ", "since ", "during "), 0, said.start)
    )


_OTHER_SIDE = {"<": ">=", ">=": "<", ">": "<=", "<=": ">"}


def _is_other_side(said: Quantity, claim: Claim, allowed: list[Quantity]) -> bool:
    """Whether it is the expected limit from its other side, as the context has it, too: "below 2;
    at 2 or more, wait"."""
    other = _OTHER_SIDE.get(said.compare)
    return any(a.compare == other and said.same(a) for a in allowed) and any(
        n.compare == said.compare and said.same(n) for n in claim.context.numbers
    )


def _is_measured(said: Quantity, claim: Claim) -> bool:
    """Whether it is a value of the context beside an expected limit: "41, so hold it until 100"."""
    limits = [w.compare for w in claim.target.numbers if w.dimension == said.dimension]
    return (
        bool(limits)
        and all(limits)
        and not said.compare
        and claim.context.has_number(said)
        and not is_limit(claim.answer.text, said)
    )


def _has_other_label(said: Quantity, claim: Claim) -> bool:
    """Whether a number is that of another arm than the expected one ("10.9 months in arm B")."""
    kinds = {kind for kind, _ in claim.target.labels}
    m = _IN_LABEL.match(claim.answer.text, said.end) if kinds else None
    return m is not None and any(
        kind in kinds and (kind, label) not in claim.target.labels
        for kind, label in labels_of(m[1])
    )


_IN_LABEL = re.compile(r" (?:in|for|with|of) (?:the )?(\w+ \w+)")


def _is_what_is_left(said: Quantity, claim: Claim, allowed: list[Quantity]) -> bool:
    """Whether it is the rest of an expected share: "75 % of the dose (a 25 % reduction)"."""
    return (
        said.dimension == "percent"
        and claim.answer.text.startswith(" of the ", said.end)
        and any(a.dimension == "percent" and close(a.raw + said.raw, 100) for a in allowed)
    )


def _bounds_it(said: Quantity, claim: Claim) -> bool:
    """Whether it is an end or the level of an interval around a value ("95 % CI 14-41 %")."""
    text = claim.answer.text
    return (
        _INTERVAL.search(text, max(0, said.start - 40), said.start) is not None
        or _LEVEL.match(text, said.end) is not None
    )


_LEVEL = re.compile(r" ?-?(?:ci\b|confidence|credible)")
_INTERVAL = re.compile(
    r"\b(?:ci|confidence interval|credible interval|iqr|interquartile range|limits)\b"
    r"[^.;)]*(?:\.\d[^.;)]*)?$"
)


def _restates(said: Quantity, claim: Claim) -> bool:
    """Whether a number comes with words that set it apart in the context, too: "4.2 cm at
    diagnosis", "omeprazole 10 mg", "of 60"."""
    text, context = claim.answer.text, claim.context.text.lower()
    written = text[said.start : said.end]
    before = text[max(0, said.start - 32) : said.start]
    if _OF_ALL.search(before) and said.raw in claim.context.raws:
        return True
    asked = claim.question.terms
    after = _QUALIFIED.match(text, said.end)
    if after and f"{written} {after[1]}" in context:
        return any(w not in asked and w not in STOP_WORDS for w in words(after[1]))
    owner = _OWNER.search(before)
    return (
        owner is not None
        and owner[1] not in asked | STOP_WORDS | PLAIN_WORDS
        and owner[1] not in claim.target.text
        and f"{owner[1]}{owner['to'] or ''} {written}" in context
    )


_OF_ALL = re.compile(r"(?:\b(?:out )?of (?:the |all |a total of )?|\d ?/ ?)$")

_QUALIFIED = re.compile(r",? ((?:at|in|on|before|after|during|for|with) (?:the )?\w+)")

_OWNER = re.compile(r"([a-z]{3,})(?P<to> (?:to|of|at))? $")


def _is_share_of(said: Quantity, claim: Claim) -> bool:
    """Whether it is what one part has of an expected number ("31 fractions of 1.8 Gy")."""
    parts = [n for n in claim.answer.numbers if n.dimension not in ("", said.dimension)]
    return any(
        close(said.value * p.raw, w.value)
        for p in parts
        for w in claim.target.numbers
        if w.dimension == said.dimension and p.raw > 1
    ) or any(
        close(said.value * said.per_day, w.value) and w.per_day in (0, 1) and said.per_day > 1
        for w in claim.target.numbers
        if w.dimension == said.dimension
    )


def _co_stated(name: str, number: Quantity, context: Reading) -> bool:
    """Whether the context gives this number in a sentence on this name, apart from the expected
    one."""
    return any(
        name in s.names and any(number.same(n) for n in s.numbers) for s in context.sentences
    )
