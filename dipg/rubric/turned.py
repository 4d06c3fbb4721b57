"""Is a comparison told from the other side: "more with warfarin than with zelaxaban", where it was
asked whether there was more or less with zelaxaban?"""

import re
from functools import lru_cache

from dipg.rubric.mentions import Claim
from dipg.rubric.portions import meaning
from dipg.text import plain

_OTHER = re.compile(
    r"\b(?:than|versus|vs\.?|compared (?:with|to)|relative to|against|in comparison (?:with|to))"
    r"(?= )[^,;.()?]*"
)
_OF_WHOM = re.compile(
    r"\b(?:with|in|for|on|among|under|after) (?:the |those |an? )?([\w-]+(?: [\w-]+)?)"
)
_NON = re.compile(r"\bnon[- ](?=[a-z])")
_CLAUSE_END = re.compile(r"[.;:!?](?=\s|$)|\n|,? (?:while|whereas|but|although)\b")


def speaks_for_other_side(claim: Claim, at: int) -> bool:
    """Whether a word at some place of an answer is said of what the question compares with, and
    not of what it asks about."""
    mine, theirs = _sides(claim.question.text)
    if not mine or not theirs:
        return False
    said = _OTHER.sub(" ", _NON.sub("non", _clause_at(claim.answer.text, at)))
    here = meaning(said)
    return bool(here & theirs) and not here & mine


@lru_cache(maxsize=4096)
def _sides(question: str) -> tuple[frozenset[str], frozenset[str]]:
    """The words for what a question asks about, and for what it compares that with."""
    asked = _NON.sub("non", plain(question).lower())
    found = _OTHER.search(asked)
    if found is None:
        return frozenset(), frozenset()
    other, rest = meaning(found[0]), _OTHER.sub(" ", asked)
    mine = meaning(" ".join(_OF_WHOM.findall(rest))) or meaning(rest)
    return mine - other, other - meaning(rest)


def _clause_at(text: str, at: int) -> str:
    start = 0
    for m in _CLAUSE_END.finditer(text):
        if m.start() >= at:
            return text[start : m.start()]
        start = m.end()
    return text[start:]
