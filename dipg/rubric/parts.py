"""Do the parts of an answer keep together what belongs together?

"It fell in arm B and rose in arm A" says of arm B that it fell, and "it lowers MEK and inhibits
ERK" is not "it inhibits MEK and lowers ERK".
"""

from functools import lru_cache

from dipg.rubric.concepts import OPPOSITES, concepts, content, segments, shared
from dipg.rubric.labels import labels_of
from dipg.rubric.mentions import Claim
from dipg.rubric.reading import Reading
from dipg.rubric.subjects import said_in, subject_of
from dipg.rubric.targets import Target, is_negated
from dipg.rubric.turned import speaks_for_other_side

_LONG = 2_000
_TREATED = frozenset(("~hold", "~stop", "~continue", "~start", "~resume"))


def keeps_parts(claim: Claim) -> bool:
    """Whether the parts of an answer say of each thing what the wording says of it."""
    target = claim.target
    if target.opening or len(claim.answer.text) > _LONG:
        return True
    sides = _taken_sides(claim.target, claim.options, claim.question)
    if sides and _says_opposite(sides, claim):
        return False
    several = () if target.actions else segments(target.text)
    return len(several) < 2 or not _swaps([part for part, _ in several], claim)


def _says_opposite(sides: frozenset[str], claim: Claim) -> bool:
    """Whether the part of an answer that is most on what was asked says the opposite."""
    question = claim.question.text.lower()
    opposites = frozenset().union(*[OPPOSITES[c] for c in sides])
    asked = tuple(u for u in content(question) if u.isdisjoint(sides | opposites))
    labels = set(labels_of(question))
    best = {True: -1, False: -1}
    for said, at in segments(claim.answer.text):
        spoken = said_in(said)
        good, bad = not spoken.isdisjoint(sides), not spoken.isdisjoint(opposites)
        if good != bad and speaks_for_other_side(claim, at):
            good, bad = bad, good
        if good == bad or is_negated(said):
            continue
        on = shared(spoken, asked) + 2 * len(labels.intersection(labels_of(said)))
        if on or not subject_of(said, claim):
            best[good] = max(best[good], on)
    both = sides <= concepts(question)  # "up or down?"
    return best[False] > best[True] or (both and best[False] == best[True] >= 0)


@lru_cache(maxsize=4096)
def _taken_sides(target: Target, options: tuple[Target, ...], question: Reading) -> frozenset[str]:
    """Concepts with an opposite that every wording with words of its own takes."""
    sides = [o.sides for o in options if o.sides or not o.numbers]
    if not sides or any(o.negated for o in options):
        return frozenset()
    taken = frozenset.intersection(*sides)
    if target.actions:  # what is done to treatments is compared elsewhere
        taken -= _TREATED
    if not taken:
        return taken
    asked = concepts(question.text.lower())
    opposites = frozenset().union(*[OPPOSITES[c] for c in taken])
    if taken <= asked and opposites & asked:
        return taken
    return frozenset() if opposites & (asked | taken) else taken - asked


def _swaps(several: list[str], claim: Claim) -> bool:
    """Whether an answer says of one thing what the wording says of another."""
    told = [(_things(p, claim), frozenset().union(*content(p))) for p in several]
    if not all(things for things, _ in told):
        return False
    every = frozenset().union(*[things for things, _ in told])
    for said, _ in segments(claim.answer.text):
        here, spoken = _things(said, claim), concepts(said)
        mine = frozenset().union(*[words for things, words in told if things == here]) - every
        theirs = frozenset().union(*[words for things, words in told if things != here])
        if mine and spoken & (theirs - mine - every) and not spoken & mine:
            return True
    return False


def _things(part: str, claim: Claim) -> frozenset[str]:
    """The names and labels that a part of a text is about."""
    if labels := labels_of(part):
        return frozenset(f"{kind} {label}" for kind, label in labels)
    asked = content(claim.question.text.lower())
    known = frozenset().union(*asked, *map(concepts, claim.target.names))
    return frozenset(c for unit in content(part) for c in unit if c in known)
