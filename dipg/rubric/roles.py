"""Who did it to whom: "A replaced B" is not "B replaced A", and is "B was replaced by A"."""

import re
from functools import lru_cache

from dipg.rubric.concepts import Unit, content, root, segments, units
from dipg.rubric.lexicon import VAGUE_WORDS, word_set
from dipg.rubric.mentions import Claim
from dipg.rubric.reading import Reading

_WH = re.compile(r"\b(?:which|what|who|whom)\b")
_BE = re.compile(r"\b(?:was|were|is|are|be|been|being)(?: (?:\w+ly|not|then|later|also|to be))? $")
_BASE = frozenset(
    root(verb)
    for verb in word_set(
        "replace substitute follow precede cause induce inhibit block activate suppress antagonise "
        "enhance potentiate bind degrade phosphorylate metabolise treat refer examine visit call "
        "contact infect displace target took lead led trigger"
    )
)
"""Verbs that are known as such in every form; of others, the past with "-ed"."""


def keeps_roles(claim: Claim) -> bool:
    """Whether the expected thing has the part in the asked action that the question gives it."""
    if claim.target.numbers:
        return True
    others, told = _acts_asked(claim.question)
    if not told:
        return True
    mine = frozenset().union(*content(claim.target.text))
    return not any(
        _acts(said, verb, mine, others) is (not acts)
        for verb, acts in told
        for said, _ in segments(claim.answer.text)
    )


@lru_cache(maxsize=4096)
def _acts_asked(
    question: Reading,
) -> tuple[frozenset[str], tuple[tuple[frozenset[str], bool], ...]]:
    """What a question names, and the verbs of which it asks who does it to that, or to whom."""
    asked = question.text.lower()
    wh = _WH.search(asked)
    if wh is None or not question.names:
        return frozenset(), ()
    others = frozenset().union(*[u for n in question.names for u in content(n)])
    told = [
        (verb.meant, _acts(asked, verb.meant, frozenset([wh.group()]), others))
        for verb in filter(_is_verb, units(asked))
    ]
    return others, tuple((verb, acts) for verb, acts in told if acts is not None)


def _is_verb(unit: Unit) -> bool:
    first = unit.said.split(" ")[0]
    return unit.said not in VAGUE_WORDS and (first.endswith("ed") or root(first) in _BASE)


def _acts(
    said: str, verb: frozenset[str], mine: frozenset[str], others: frozenset[str]
) -> bool | None:
    """Whether a thing does to others what a verb says; None where that is not said."""
    spoken = units(said)
    at = next((u for u in spoken if not u.meant.isdisjoint(verb) and _is_verb(u)), None)
    me = [u for u in spoken if not u.meant.isdisjoint(mine)]
    you = [u for u in spoken if not u.meant.isdisjoint(others)]
    if at is None or not me or not you:
        return None
    before, after = me[0].end <= at.start, me[-1].start >= at.end
    if before == after or (you[0].end <= at.start) == before:
        return None
    return before != (_BE.search(said, 0, at.start) is not None or said.startswith(" by ", at.end))
