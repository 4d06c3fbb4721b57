"""Does an answer say what is asked for beside a yes or no, or beside a number?

"Is she eligible, and why?" asks for a reason; "what comes first, and how long after ...?" for a
thing.
"""

import re

from dipg.quantities import quantities
from dipg.rubric.asked import asks_number_and_thing
from dipg.rubric.concepts import concepts, segments, units
from dipg.rubric.lexicon import LIGHT_WORDS, STOP_WORDS
from dipg.rubric.mentions import Claim, is_denied
from dipg.rubric.reading import names
from dipg.text import plain


def says_besides(claim: Claim) -> bool:
    """Whether an answer has the names of what is asked for besides, or one of its numbers or half
    of its words where it names nothing, and no number in the place of one of them."""
    folded = claim.target.besides
    if not folded:
        return True
    answer = _in_full(claim.answer.text)
    spoken = concepts(answer)
    numbers = [n for n in quantities(plain(folded)) if not claim.question.has_number(n)]
    if _puts_another(claim, {n.dimension for n in numbers if n.dimension}):
        return False
    named = {n for n, _ in names(folded)} - claim.question.terms
    if named:
        return all(not concepts(n).isdisjoint(spoken) for n in named)
    if asks_number_and_thing(claim.question.text):
        return _says_all(answer, plain(_in_full(folded)), claim)
    if any(said.same(n) for n in numbers for said in claim.answer.numbers):
        return True
    fresh = _fresh(plain(folded), concepts(claim.question.text.lower()))
    said = sum(not unit.isdisjoint(spoken) for unit in fresh)
    return 2 * said >= len(fresh) and _comes_first(claim, fresh)


def _says_all(answer: str, thing: str, claim: Claim) -> bool:
    """Whether an answer says every word of what is asked for beside a number, and denies none."""
    told = units(answer)
    return all(
        any(not unit.isdisjoint(u.meant) and not is_denied(answer, u.start, u.end) for u in told)
        for unit in _fresh(thing, concepts(claim.question.text.lower()))
    )


def _in_full(text: str) -> str:
    """A text with the names of responses written out."""
    return _SHORT.sub(lambda m: _RESPONSES[m[0].lower()], text)


_RESPONSES = {
    "cr": "complete response",
    "pr": "partial response",
    "mr": "minor response",
    "sd": "stable disease",
    "pd": "progressive disease",
}
_SHORT = re.compile(r"\b(?:cr|pr|mr|sd|pd)\b", re.IGNORECASE)


def _puts_another(claim: Claim, kinds: set[str]) -> bool:
    """Whether a number of some kinds is said that neither the vignette nor a wording has."""
    allowed = [n for option in claim.options for n in option.allowed]
    return any(
        said.dimension in kinds
        and not claim.context.has_number(said)
        and not claim.question.has_number(said)
        and not any(said.same(n) for n in allowed)
        for said in claim.answer.numbers
    )


def _fresh(text: str, asked: frozenset[str]) -> list[frozenset[str]]:
    """What a text says that the question does not."""
    told = [u for u in units(text) if u.said not in STOP_WORDS and u.said not in LIGHT_WORDS]
    return [u.meant for u in told if u.meant.isdisjoint(asked) and not u.said[0].isdigit()]


def _comes_first(claim: Claim, fresh: list[frozenset[str]]) -> bool:
    """Whether "first" is said of what comes first."""
    if not _FIRST.search(claim.target.besides):
        return True
    rest = [unit for unit in fresh if "first" not in unit]
    return all(
        any(not unit.isdisjoint(concepts(piece)) for unit in rest)
        for piece, _ in segments(claim.answer.text)
        if _FIRST.search(piece)
    )


_FIRST = re.compile(r"\b[Ff]irst\b")
