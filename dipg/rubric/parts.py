"""Do the parts of an answer keep together what belongs together?

"It fell in arm B and rose in arm A" says of arm B that it fell, and "it lowers MEK and inhibits
ERK" is not "it inhibits MEK and lowers ERK".
"""

import re

from dipg.rubric.concepts import OPPOSITES, concepts, segments, units
from dipg.rubric.lexicon import DRUG, GENERIC_WORDS, LIGHT_WORDS, STOP_WORDS
from dipg.rubric.mentions import Claim
from dipg.rubric.people import people_in
from dipg.rubric.targets import is_negated, label_spots

_LITTLE = STOP_WORDS | GENERIC_WORDS | LIGHT_WORDS


def keeps_parts(claim: Claim) -> bool:
    """Whether the parts of an answer say of each thing what the wording says of it."""
    if claim.target.opening or len(claim.answer.text) > _LONG:
        return True
    parts = segments(claim.answer.text)
    return (
        not _says_opposite(parts, claim)
        and not _says_of_another(parts, claim)
        and not _swaps(parts, claim)
    )


_LONG = 2_000


def _content(text: str) -> list[frozenset[str]]:
    return [u.meant for u in units(text) if u.said not in _LITTLE]


def _says_opposite(parts: tuple[tuple[str, int], ...], claim: Claim) -> bool:
    """Whether the part of an answer that is most on what was asked says the opposite."""
    wanted = _taken_side(claim)
    if not wanted:
        return False
    if claim.target.actions:  # what is done to treatments is compared elsewhere
        wanted -= _TREATED
    refused = {OPPOSITES[c] for c in wanted if c in OPPOSITES}
    asked = _content(claim.question.text.lower())
    labels = set(label_spots_of(claim.question.text.lower()))
    best = {True: -1, False: -1}
    for said, _ in parts:
        spoken = concepts(said)
        good, bad = not spoken.isdisjoint(wanted), not spoken.isdisjoint(refused)
        if good == bad or is_negated(said):
            continue
        shared = sum(not spoken.isdisjoint(unit) for unit in asked)
        shared += 2 * len(labels & set(label_spots_of(said)))
        best[good] = max(best[good], shared)
    return best[False] > best[True]


_TREATED = frozenset(("~hold", "~stop", "~continue", "~start", "~resume"))


def _taken_side(claim: Claim) -> frozenset[str]:
    """Concepts with an opposite that every wording with words of its own takes."""
    asked = concepts(claim.question.text.lower())
    sides = []
    for option in claim.options:
        said = frozenset(c for unit in _content(option.text) for c in unit if c in OPPOSITES)
        if said or not option.numbers:
            sides.append(said)
    if not sides:
        return frozenset()
    shared = frozenset.intersection(*sides) - asked
    opposed = {OPPOSITES[c] for c in shared}
    if any(o.negated for o in claim.options) or opposed & (asked | shared):
        return frozenset()
    return shared


def label_spots_of(plain_text: str) -> list[tuple[str, str]]:
    """The labels ("arm", "b") of a text."""
    return [label for _, label in label_spots(plain_text)]


def _says_of_another(parts: tuple[tuple[str, int], ...], claim: Claim) -> bool:
    """Whether the expected words are said of another person than the one asked about."""
    people = {n for n in claim.question.names if n.isalpha() and not DRUG.fullmatch(n)}
    wanted = claim.target.units
    if not people or not wanted:
        return False
    mine = {w for o in claim.options for w in re.findall(r"[a-z]+", o.whole)}
    found = False
    for said, _ in parts:
        spoken = concepts(said)
        if any(spoken.isdisjoint(unit) for unit in wanted):
            continue
        told = set(re.findall(r"[a-z]+", said))
        others = {n for n in told if _is_person(n, claim) and n not in mine} - people
        if not others or told & people:
            return False
        found = True
    return found


def _is_person(name: str, claim: Claim) -> bool:
    people = people_in(claim.context.text)
    return not DRUG.fullmatch(name) and any(name in person for person in people)


def _swaps(parts: tuple[tuple[str, int], ...], claim: Claim) -> bool:
    """Whether an answer says of one thing what the wording says of another."""
    if claim.target.actions:
        return False
    told = [(_things(p, claim), _content(p)) for p, _ in segments(claim.target.text)]
    if not all(things for things, _ in told):
        return False
    told = [(things, said) for things, said in told if things]
    if len(told) < 2 or len({next(iter(things)) for things, _ in told}) < 2:
        return False
    for said, _ in parts:
        here, spoken = _things(said, claim), concepts(said)
        for things, _ in told:
            if here != things:
                continue
            mine = _own(things, told, same=True)
            theirs = _own(things, told, same=False) - mine
            if spoken & theirs and not spoken & mine and mine:
                return True
    return False


def _own(
    things: frozenset[str], told: list[tuple[frozenset[str], list[frozenset[str]]]], same: bool
) -> frozenset[str]:
    """What a wording says of some things, or of all others."""
    every = frozenset().union(*[t for t, _ in told])
    found = [unit for those, said in told if (those == things) == same for unit in said]
    return frozenset().union(*found) - frozenset().union(*[concepts(t) for t in every])


def _things(part: str, claim: Claim) -> frozenset[str]:
    """The names and labels that a part of a text is about."""
    labels = {f"{kind} {label}" for kind, label in label_spots_of(part)}
    if labels:
        return frozenset(labels)
    asked = frozenset().union(*_content(claim.question.text.lower()))
    named = frozenset().union(*map(concepts, claim.target.names))
    return frozenset(c for unit in _content(part) for c in unit if c in asked | named)
