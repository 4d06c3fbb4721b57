"""Does an answer say something else as well, in the place of an expected word?"""

import re

from dipg.rubric.choices import allowed_words
from dipg.rubric.concepts import OPPOSITES, concepts, concepts_of, root, segments, units
from dipg.rubric.lexicon import (
    ACTIONS,
    CLASSES,
    COURSES,
    PLAIN_WORDS,
    STOP_WORDS,
    courses_of,
    word_set,
)
from dipg.rubric.mentions import Claim, is_denied
from dipg.text import words

_PARTS = re.compile(r",|;|\band\b|/|\+|&")
_HARMLESS_PART = re.compile(
    r"\W*(?:with|in|of|at|as|by|for|on|from|per|to|according|because|since|due|while|which|who|not|"
    r"rather|instead|never|based|given|whereas|but|unlike|without|\d)\b"
)


_PEOPLE = word_set("mother father nurse doctor professor boy girl man woman parents")
_KNOWN = frozenset(map(root, (STOP_WORDS | PLAIN_WORDS) - _PEOPLE))
_VERBS = frozenset(
    ["is", "was", "are", "were", "had", "has", "have", "remained", "gave", "got", "did", "does"]
)


def class_rival(claim: Claim) -> bool:
    """Whether another word of the class of an expected word is asserted ("left" and "right")."""
    answer, options = claim.answer, claim.options
    allowed = allowed_words(options) | claim.question.terms
    if _finds_otherwise(claim):
        return True
    classes = {CLASSES[w] for o in options for w in o.phrase if w in CLASSES}
    if not classes:
        return False
    meant = frozenset().union(*map(concepts_of, allowed))
    for w in words(answer.text):
        if w in CLASSES and CLASSES[w] in classes and concepts_of(w).isdisjoint(meant):
            at = answer.text.find(w)
            aside = _is_opposed(at, claim) or is_at_another_time(at, claim)
            if not aside and not is_denied(answer.text, at, at + len(w)):
                return True
    return False


def _is_opposed(at: int, claim: Claim) -> bool:
    """Whether what stands there is said of the opposite of what was asked ("lost on the left,
    preserved on the right")."""
    text = claim.answer.text
    piece = next((p for p, start in segments(text) if start <= at < start + len(p)), "")
    asked, spoken = concepts(claim.question.text.lower()), concepts(piece)
    return any(c in OPPOSITES and c not in asked and OPPOSITES[c] & asked for c in spoken)


def is_at_another_time(at: int, claim: Claim) -> bool:
    """Whether what stands there is said of later where the question is on the first time, or the
    other way round."""
    asked = _times(claim.question.text.lower())
    text = claim.answer.text
    piece = next((p for p, start in segments(text) if start <= at < start + len(p)), "")
    said = _times(piece)
    return len(asked) == 1 and len(said) == 1 and asked != said


def _times(text: str) -> set[bool]:
    found = {True} if _AT_FIRST.search(text) else set()
    return found | ({False} if _LATER_ON.search(text) else set())


_AT_FIRST = re.compile(r"\b(?:first|initial|initially|at first|originally)\b")
_LATER_ON = re.compile(r"\b(?:second|later|subsequently|subsequent|afterwards|finally|last)\b")


def _finds_otherwise(claim: Claim) -> bool:
    """Whether an answer also reports a course that the expected one excludes ("stable disease with
    new lesions")."""
    wanted = frozenset().union(*[courses_of(o.text) for o in claim.options])
    if not wanted or courses_of(claim.question.text):
        return False
    text = claim.answer.text
    return any(
        not is_denied(text, m.start(), m.end())
        for course, found in COURSES.items()
        if course not in wanted
        for m in found.finditer(text)
        if not any(m.group() in o.whole for o in claim.options)
    )


def word_options(claim: Claim) -> bool:
    """Whether a short answer names another thing as well ("the pons and the thalamus")."""
    text = claim.answer.text
    if len(words(text)) > 6 or not _PARTS.search(text):
        return False
    known = set().union(*map(concepts_of, allowed_words(claim.options)), _KNOWN)
    known |= {root(w) for w in claim.question.terms}
    mine = frozenset().union(*claim.target.units)
    at = 0
    for i, part in enumerate(_PARTS.split(text)):
        at = text.find(part, at)
        if i and is_at_another_time(at + len(part) // 2, claim):
            continue
        part = _CAUSE.sub("", part) if i == 0 else part
        said = [u for u in units(part) if u.said not in STOP_WORDS]
        if i == 0 and any(not u.meant.isdisjoint(mine) for u in said):
            continue
        if _HARMLESS_PART.match(part) or any(w in ACTIONS or w in _VERBS for w in words(part)):
            continue
        if any(u.meant.isdisjoint(known) and not u.said[0].isdigit() for u in said):
            return True
    return False


_CAUSE = re.compile(r"^\W*(?:because of|due to|owing to|for|it was|it is)\b")
