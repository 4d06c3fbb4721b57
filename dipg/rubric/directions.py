"""Does an answer keep the direction: "increased" is not "decreased", "before" not "after"?"""

import itertools
import re
from functools import lru_cache

from dipg.rubric.concepts import segments
from dipg.rubric.labels import label_spots
from dipg.rubric.lexicon import DIRECTIONS
from dipg.rubric.mentions import Claim, is_denied
from dipg.rubric.reading import Reading
from dipg.rubric.targets import Target
from dipg.rubric.turned import speaks_for_other_side
from dipg.text import words

Pair = tuple[str, str]


def keeps_direction(claim: Claim) -> bool:
    """ "Increased" is not "decreased", "before" not "after", where the question takes a side, or
    offers both."""
    return _keeps_asked_direction(claim) and _chooses_direction(claim) and not _flips_a_word(claim)


def _flips_a_word(claim: Claim) -> bool:
    """Whether an answer puts "level higher" where the wording has "level lower"."""
    turned = _turned(claim.target)
    if not turned:
        return False
    pairs = set(itertools.pairwise(words(claim.answer.text)))
    return any(pair not in pairs and not flips.isdisjoint(pairs) for pair, flips in turned)


@lru_cache(maxsize=4096)
def _turned(target: Target) -> tuple[tuple[Pair, frozenset[Pair]], ...]:
    """Two words of a wording of which the second takes a side, with what would turn it."""
    found = []
    for before, word in itertools.pairwise(words(target.whole)):
        if word in DIRECTIONS and len(before) >= 5:
            axis, side = DIRECTIONS[word]
            others = (w for w, taken in DIRECTIONS.items() if taken == (axis, 1 - side))
            found.append(((before, word), frozenset((before, other) for other in others)))
    return tuple(found)


_UP = r"increas\w+|rise|rose|risen|grew|grow\w*|gain\w*|longer|higher|exceed\w*|surpass\w*"
_DOWN = (
    r"decreas\w+|fell|fall\w*|declin\w+|shrank|shrink\w*|shrunk|reduc\w+|shorter|lower|fewer|"
    r"drop\w*"
)
_CHANGE = re.compile(rf"\b(?:(?P<up>{_UP})|(?:{_DOWN}))\b")


def _keeps_asked_direction(claim: Claim) -> bool:
    """Asked by how much something fell, an answer does not say that it rose, and asked by how much
    B exceeds A, not that A exceeds B."""
    if not claim.target.numbers:
        return True
    asked = _change_asked(claim.question)
    if asked is None:
        return True
    side, owners = asked
    told = [
        up != (bool(owner) and bool(owners) and owner[0] != owners[0])
        for up, owner in _changes(claim.answer.text)
        if set(owner) <= set(owners)
    ]
    return not told or side in told


@lru_cache(maxsize=4096)
def _change_asked(question: Reading) -> tuple[bool, list[tuple[str, str]]] | None:
    """The change that a question asks of, where all go one way."""
    asked = _changes(question.text.lower())
    return asked[0] if len({up for up, _ in asked}) == 1 else None


def _changes(text: str) -> list[tuple[bool, list[tuple[str, str]]]]:
    """Whether each part of a text that tells a change says "up", and of which arm or patient
    first."""
    found = []
    for said, _ in segments(text):
        if m := _CHANGE.search(said):
            found.append((m["up"] is not None, [label for _, label in label_spots(said)]))
    return found


@lru_cache(maxsize=4096)
def _offered(question: Reading) -> dict[int, set[int]]:
    """The sides that a question names, by axis."""
    offered: dict[int, set[int]] = {}
    for w in question.terms & DIRECTIONS.keys():
        offered.setdefault(DIRECTIONS[w][0], set()).add(DIRECTIONS[w][1])
    return offered


def _chooses_direction(claim: Claim) -> bool:
    """Where the question offers both sides ("before or after?"), the answer takes the right one."""
    answer, target = claim.answer, claim.target
    if not target.directions:
        return True
    offered = _offered(claim.question)
    for axis, side in target.directions:
        if len(offered.get(axis, ())) < 2:
            continue
        said = [
            (DIRECTIONS[m[0]][1] ^ speaks_for_other_side(claim, m.start()), m.end())
            for m in re.finditer(r"[a-z]+", answer.text)
            if DIRECTIONS.get(m[0], (-1, 0))[0] == axis
            and not is_denied(answer.text, m.start(), m.end())
        ]
        if len({s for s, _ in said}) != 1:
            return False
        if said[0][0] != side:
            return False
    return True
