"""Who did it to whom: "A replaced B" is not "B replaced A", and is "B was replaced by A"."""

import re

from dipg.rubric.concepts import Unit, root, segments, units
from dipg.rubric.lexicon import GENERIC_WORDS, LIGHT_WORDS, STOP_WORDS, word_set
from dipg.rubric.mentions import Claim

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
    asked = claim.question.text.lower()
    if claim.target.numbers or _WH.search(asked) is None or not claim.question.names:
        return True
    mine = _meant(claim.target.text)
    for verb, others, acts in _actions(asked, claim):
        for said, _ in segments(claim.answer.text):
            part = _part_in(said, verb, mine, others)
            if part is not None and part != acts:
                return False
    return True


def _meant(text: str) -> frozenset[str]:
    return frozenset().union(
        *[u.meant for u in units(text) if u.said not in STOP_WORDS and u.said not in LIGHT_WORDS]
    )


def _actions(asked: str, claim: Claim) -> list[tuple[frozenset[str], frozenset[str], bool]]:
    """The verbs of a question with what stands on their other side, and whether the thing that
    is asked for acts there."""
    found = []
    spoken = units(asked)
    wh = _WH.search(asked)
    start = wh.start() if wh else 0
    named = frozenset().union(*[_meant(n) for n in claim.question.names])
    for verb in spoken:
        if verb.start < start or not _is_verb(verb):
            continue
        others = [u for u in spoken if not u.meant.isdisjoint(named) and u is not verb]
        if not others:
            continue
        other = min(others, key=lambda u: abs(u.start - verb.start))
        passive = _BE.search(asked, 0, verb.start) is not None
        behind = other.start > verb.start
        if passive and behind and " by " not in asked[verb.end : other.start + 1]:
            continue
        found.append((verb.meant, other.meant, passive != behind))
    return found


def _is_verb(unit: Unit) -> bool:
    known = unit.said in STOP_WORDS or unit.said in GENERIC_WORDS or unit.said in LIGHT_WORDS
    first = unit.said.split(" ")[0]
    return not known and (first.endswith("ed") or root(first) in _BASE)


def _part_in(
    said: str, verb: frozenset[str], mine: frozenset[str], others: frozenset[str]
) -> bool | None:
    """Whether the expected thing acts in a statement; None where that is not said."""
    spoken = units(said)
    at = next((u for u in spoken if not u.meant.isdisjoint(verb) and _is_verb(u)), None)
    me = [u for u in spoken if not u.meant.isdisjoint(mine)]
    you = [u for u in spoken if not u.meant.isdisjoint(others)]
    if at is None or not me or not you:
        return None
    before, after = me[0].end <= at.start, me[-1].start >= at.end
    if before == after or (you[0].end <= at.start) == before:
        return None
    passive = _BE.search(said, 0, at.start) is not None or said.startswith(" by ", at.end)
    return before != passive
