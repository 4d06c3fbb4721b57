"""Does an answer choose? "X or Y", "both X and Y" and "Y rather than X" do not choose X."""

import re
from functools import lru_cache

from dipg.rubric.concepts import Unit, concepts, segments, units
from dipg.rubric.lexicon import LIGHT_WORDS, STOP_WORDS
from dipg.rubric.mentions import Claim, is_compared, is_denied
from dipg.rubric.subjects import is_about_another
from dipg.rubric.targets import Target
from dipg.text import words

_OR = re.compile(
    r"\b(?:or|and/or)\b(?! (?:more|higher|greater|over|above|less|lower|fewer|under|below|later|"
    r"earlier|longer|older|so|not|better|worse)\b)"
)
_BOTH = re.compile(r"\bboth\b([^.;]{1,60}?)\b(?:and|as well as)\b([^.;]{1,60})")
_NEVER_A_CHOICE = STOP_WORDS | LIGHT_WORDS | {"dr", "prof", "professor", "mr", "mrs", "ms", "nurse"}
_STOPS = re.compile(r"[.;:,()\n](?=\s|$)")


def allowed_words(options: tuple[Target, ...]) -> frozenset[str]:
    """The words of all wordings, but for what they set aside ("rather than Y")."""
    found: set[str] = set()
    for option in options:
        found |= {*words(option.whole)} - ({*words(option.set_aside)} - {*words(option.text)})
    return frozenset(found)


def is_one_choice(claim: Claim) -> bool:
    """Whether what is expected does not stand as one of two that the answer leaves open or
    joins."""
    text, spoken, target = claim.answer.text, claim.answer.spoken, claim.target
    if target.opening or target.numbers:
        return True
    if "or" in spoken and " or " in text and not any(" or " in o.whole for o in claim.options):
        for m in _OR.finditer(text):
            before, after = text[: m.start()], text[m.end() :]
            if not is_denied(text, m.end(), m.end()) and _splits(before, after, claim):
                return False
    if "both" in spoken and not any("both" in o.whole for o in claim.options):
        found = _BOTH.search(text)
        if found is not None and _splits(found[1], found[2], claim):
            return False
    return True


def _splits(before: str, after: str, claim: Claim) -> bool:
    """Whether of two things side by side one is expected and the other another."""
    mine = concepts(claim.target.text) - concepts(" ".join(sorted(_NEVER_A_CHOICE)))
    left, right = _nearest(before, last=True), _nearest(after, last=False)
    here, there = _has(left, mine), _has(right, mine)
    if here and there and not _one_thing(left, right, claim):
        return True
    if here == there:  # "a partial or complete response"
        here, there = _has(left[-1:], mine), _has(right[:1], mine)
    if here == there:
        return False
    other = right[:1] if here else left[-1:]
    allowed = concepts(" ".join(o.text for o in claim.options))
    return any(u.meant.isdisjoint(allowed) and not u.said[0].isdigit() for u in other)


def _one_thing(left: list[Unit], right: list[Unit], claim: Claim) -> bool:
    """Whether two expected words are not two things that the wording joins ("A, B and C")."""
    joined = re.search(r",| and ", claim.target.text) is not None
    mine = claim.target.units
    one = {i for i, unit in enumerate(mine) if left and not unit.isdisjoint(left[-1].meant)}
    other = {i for i, unit in enumerate(mine) if right and not unit.isdisjoint(right[0].meant)}
    return not (joined and one and other and one.isdisjoint(other))


def _nearest(text: str, last: bool) -> list[Unit]:
    """The three content words nearest to where two things are joined."""
    pieces = _STOPS.split(text.replace("dr.", "dr").replace("prof.", "prof"))
    piece = pieces[-1] if last else pieces[0]
    said = [u for u in units(piece[-80:] if last else piece[:80]) if u.said not in _NEVER_A_CHOICE]
    return said[-3:] if last else said[:3]


def _has(said: list[Unit], mine: frozenset[str]) -> bool:
    return any(not u.meant.isdisjoint(mine) for u in said)


def leaves_aside(claim: Claim) -> bool:
    """Whether what the wording sets aside is not what the answer takes ("Y rather than X")."""
    meant = _aside(claim.target, claim.options)
    if not meant:
        return True
    text = claim.answer.text
    return all(
        is_denied(text, u.start, u.end)
        or is_compared(text, u.start)
        or _is_excluded(text, u, claim)
        for u in units(text)
        if not u.meant.isdisjoint(meant)
    )


@lru_cache(maxsize=4096)
def _aside(target: Target, options: tuple[Target, ...]) -> frozenset[str]:
    """What the first thing may mean that a wording sets aside."""
    set_aside = next((o.set_aside for o in options if o.set_aside), "")
    mine = concepts(target.text) if set_aside else frozenset()
    aside = [u for u in units(set_aside) if u.said not in _NEVER_A_CHOICE]
    return next((u.meant for u in aside if u.meant.isdisjoint(mine)), frozenset())


def _is_excluded(text: str, unit: Unit, claim: Claim) -> bool:
    """Whether a statement says that something is not meant ("progression was thought unlikely"),
    or that another meant it."""
    piece = next((p for p, at in segments(text) if at <= unit.start < at + len(p)), "")
    return _NOT_MEANT.search(piece) is not None or is_about_another(piece, claim)


_NOT_MEANT = re.compile(
    r"\b(?:not|no|never|unlikely|less likely|against|rejected|excluded|ruled out|dismissed|"
    r"without|avoid\w*|spared)\b"
)
