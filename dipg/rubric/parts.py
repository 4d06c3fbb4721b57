"""Do the parts of an answer keep together what belongs together?

"It fell in arm B and rose in arm A" says of arm B that it fell, and "it lowers MEK and inhibits
ERK" is not "it inhibits MEK and lowers ERK".
"""

import re

from dipg.rubric.concepts import OPPOSITES, concepts, concepts_of, segments, units
from dipg.rubric.labels import label_spots
from dipg.rubric.lexicon import DRUG, GENERIC_WORDS, LIGHT_WORDS, STOP_WORDS
from dipg.rubric.mentions import Claim
from dipg.rubric.people import people_in
from dipg.rubric.reading import squeeze
from dipg.rubric.targets import is_negated

_LITTLE = STOP_WORDS | GENERIC_WORDS | LIGHT_WORDS


def keeps_parts(claim: Claim) -> bool:
    """Whether the parts of an answer say of each thing what the wording says of it."""
    target, text = claim.target, claim.answer.text
    if target.opening or len(text) > _LONG:
        return True
    if any(o.sides for o in claim.options) and _says_opposite(segments(text), claim):
        return False
    named = not target.numbers and (target.units or target.names)
    if named and claim.question.names and _says_of_another(segments(text), claim):
        return False
    if len(target.names) > 1 and _attaches_otherwise(claim):
        return False
    several = not target.actions and len(segments(target.text)) > 1
    return not (several and _swaps(segments(text), claim))


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
    asked = _content(claim.question.text.lower())
    labels = set(label_spots_of(claim.question.text.lower()))
    return any(_is_turned(concept, parts, asked, labels) for concept in wanted)


def _is_turned(
    concept: str,
    parts: tuple[tuple[str, int], ...],
    asked: list[frozenset[str]],
    labels: set[tuple[str, str]],
) -> bool:
    """Whether the opposite of a concept is said where an answer is most on what was asked."""
    best = {True: -1, False: -1}
    for said, _ in parts:
        spoken = concepts(said)
        good, bad = concept in spoken, not spoken.isdisjoint(OPPOSITES[concept])
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
        if option.sides or not option.numbers:
            sides.append(option.sides)
    if not sides:
        return frozenset()
    shared = frozenset.intersection(*sides) - asked
    opposed = frozenset().union(*[OPPOSITES[c] for c in shared])
    if any(o.negated for o in claim.options) or opposed & (asked | shared):
        return frozenset()
    return shared


def label_spots_of(plain_text: str) -> list[tuple[str, str]]:
    """The labels ("arm", "b") of a text."""
    return [label for _, label in label_spots(plain_text)]


def _says_of_another(parts: tuple[tuple[str, int], ...], claim: Claim) -> bool:
    """Whether the expected words are said of another person than the one asked about."""
    people = {n for n in claim.question.names if n.isalpha() and not DRUG.fullmatch(n)}
    wanted = claim.target.units or tuple(concepts(n) for n in claim.target.names)
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


def _attaches_otherwise(claim: Claim) -> bool:
    """Whether an answer ties to one name what the wording ties to another ("loss of X makes
    dependent on Y")."""
    named = frozenset(claim.target.names)
    wanted, said = _ties(claim.target.text, named), _ties(claim.answer.text, named)
    return any(names.isdisjoint(said[head]) for head, names in wanted.items() if head in said)


def _ties(text: str, named: frozenset[str]) -> dict[str, set[str]]:
    """What stands with which name: "loss of X" and "X loss" tie the loss to X."""
    found: dict[str, set[str]] = {}
    for pattern in _TIES:
        for m in pattern.finditer(text):
            name, head = squeeze(m["name"]), m["head"]
            if name in named and head not in _LITTLE:
                for concept in concepts_of(head):
                    found.setdefault(concept, set()).add(name)
    return found


_TIES = (
    re.compile(
        r"(?P<head>[a-z]{4,}) (?:of|on|upon|to|by|for|from|against|with|in) (?:the )?"
        r"(?P<name>[a-z0-9][a-z0-9-]*)"
    ),
    re.compile(
        r"(?P<name>[a-z0-9][a-z0-9-]*)[ -](?P<head>loss|deficien\w+|dependen\w+|resistan\w+)"
    ),
)


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
