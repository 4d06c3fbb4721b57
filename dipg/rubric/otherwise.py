"""Does an answer say something else as well, in the place of an expected word?"""

import re
from collections.abc import Set

from dipg.rubric.choices import allowed_words
from dipg.rubric.concepts import (
    asked_kind,
    concepts,
    concepts_of,
    content,
    root,
    segments,
    shared,
    units,
)
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
from dipg.rubric.subjects import HAS_VERB, is_about_another, refers
from dipg.text import words

_PARTS = re.compile(r",|;|\band\b|/|\+|&")
_HARMLESS_PART = re.compile(
    r"\W*(?:with|in|of|at|as|by|for|on|from|per|to|according|because|since|due|while|which|who|not|"
    r"rather|instead|never|based|given|whereas|but|unlike|without|\d)\b"
)


_PEOPLE = word_set("mother father nurse doctor professor boy girl man woman parents")
_KNOWN = frozenset(map(root, (STOP_WORDS | PLAIN_WORDS) - _PEOPLE))
_VERBS = word_set("is was are were had has have remained gave got did does replaced begun followed")


def class_rival(claim: Claim) -> bool:
    """Whether another word of the class of an expected word is asserted ("left" and "right")."""
    if _finds_otherwise(claim):
        return True
    classes = {CLASSES[w] for o in claim.options for w in o.phrase if w in CLASSES}
    if not classes:
        return False
    allowed = allowed_words(claim.options) | claim.question.terms
    meant = frozenset().union(*map(concepts_of, allowed))
    told = asserted(CLASSES.keys(), claim)
    return any(CLASSES[w] in classes and concepts_of(w).isdisjoint(meant) for w in told)


def asserted(of: Set[str], claim: Claim) -> set[str]:
    """Those of some words that an answer asserts of what was asked; what "was left on" has no
    side."""
    told: set[str] = set()
    if not of.isdisjoint(claim.answer.spoken):
        for said, start in segments(claim.answer.text):
            here = [m for m in _WORD.finditer(said) if m.group() in of]
            if here and not _is_beside(said, claim):
                told.update(
                    m.group()
                    for m in here
                    if not (m.group() == "left" and _LEFT_BEHIND.search(said))
                    and not is_denied(claim.answer.text, start + m.start(), start + m.end())
                )
    return told


_WORD = re.compile(r"[a-z]+")
_LEFT_BEHIND = re.compile(
    r"\b(?:was|were|been|be|is|are|had|has|have) left (?:on|in|at|behind|over|to|as|untreated|"
    r"alone|out)\b"
)


def _is_beside(said: str, claim: Claim) -> bool:
    """Whether a part of an answer is on something else than what was asked ("the right one is
    spared")."""
    spoken = concepts(said)
    wanted = (*claim.target.units, *map(concepts, claim.target.names))
    if any(not spoken.isdisjoint(unit) for unit in wanted):
        return False
    if is_about_another(said, claim):
        return True
    if HAS_VERB.search(said) is None or _LIKEWISE.search(said):
        return False
    question = claim.question.text.lower()
    asked = content(question)
    if not shared(spoken, asked):
        return True
    kind = asked_kind(question)  # "the left eye was unchanged" says no more of eyes
    rest = tuple(u for u in asked if u.isdisjoint(kind))
    return len(rest) < len(asked) and not shared(spoken, rest) and _says_else(said, claim, asked)


def _says_else(said: str, claim: Claim, asked: tuple[frozenset[str], ...]) -> bool:
    """Whether a part of an answer says something that is neither asked nor a value on offer."""
    classes = {CLASSES[w] for o in claim.options for w in o.phrase if w in CLASSES}
    values = [concepts_of(w) for w in words(said) if CLASSES.get(w) in classes]
    known = frozenset().union(*asked, *values)
    return any(u.isdisjoint(known) for u in content(said))


_LIKEWISE = re.compile(
    r"\b(?:too|also|as well|likewise|similarly|same|both|so did|alike|equally)\b"
)


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
    mine = frozenset().union(*claim.target.units, *map(concepts, claim.target.names))
    for i, part in enumerate(_PARTS.split(text)):
        if is_about_another(part, claim) or (i and refers(part)):
            continue
        part = _CAUSE.sub("", part) if i == 0 else part
        said = [u for u in units(part) if u.said not in STOP_WORDS]
        if i == 0 and any(not u.meant.isdisjoint(mine) for u in said):
            continue
        if _HARMLESS_PART.match(part) or any(w in ACTIONS or w in _VERBS for w in words(part)):
            continue
        if claim.target.names and len(said) > 1:
            continue  # "A was mutated, B intact"
        if any(u.meant.isdisjoint(known) and not u.said[0].isdigit() for u in said):
            return True
    return False


_CAUSE = re.compile(r"^\W*(?:because of|due to|owing to|for|it was|it is)\b")
