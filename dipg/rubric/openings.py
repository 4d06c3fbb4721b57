"""Does an answer say yes where yes is expected, and no where no is?

Each part of an answer that is on what was asked leans one way: denied, or put as the opposite of
what was asked, it says no, and twice is yes again. None may lean the other way.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

from dipg.rubric.concepts import (
    OPPOSITES,
    concepts,
    concepts_of,
    opposed,
    segments,
    shared,
    units,
)
from dipg.rubric.lexicon import GENERIC_WORDS, MODALS, STOP_WORDS
from dipg.rubric.mentions import Claim, part_of
from dipg.rubric.subjects import HAS_VERB, is_about_another, is_of_another, is_rival, refers
from dipg.rubric.targets import Target, is_negated
from dipg.rubric.wording import up_to_reason

Asked = tuple[frozenset[str], ...]

_HEAD = re.compile(
    r"\W*(?:(yes)\b|(no)\b(?=\W*$| ?[^\w\s]| (?:it|he|she|they|the|this|that|there|not)\b))"
)


def opens_alike(claim: Claim) -> bool:
    """ "Yes" and "no" agree; an answer without either must repeat the question, denied or not."""
    wanted = claim.target.opening or next((o.opening for o in claim.options if o.polar), "")
    if not wanted:
        return True
    return set(_leanings(claim, wanted)) == {wanted}


def _leanings(claim: Claim, wanted: str) -> Iterator[str]:
    """Which way an answer's head leans, and each of its parts."""
    text = claim.answer.text
    head = _HEAD.match(text)
    if head is not None:
        yield head[1] or head[2]
    asked = _asked(claim.question.text.lower())
    start = head.end() if head is not None else 0
    settled = head is not None
    for said, at in segments(text[start:]):
        if alone := _ALONE.fullmatch(said):
            settled = True
            yield alone[1] or "no"
        if settled and (_LIMITED.search(said) or _is_caveat(said, asked)):
            continue
        if at and HAS_VERB.search(said) is None and _SAYS_SO.search(said) is None:
            continue
        if is_of_another(part_of(claim.answer, start + at, said), claim):
            continue
        if _strays(said, asked, claim):
            continue
        if any(_repeats(said, o, asked) for o in claim.options):
            yield wanted
        elif _is_on(said, asked, claim, 0.8 if settled and at else 0.5):
            yield leans(up_to_reason(said), asked, claim)


@lru_cache(maxsize=16384)
def _content(text: str) -> Asked:
    """What a text speaks of, word by word: what is done or given counts, too."""
    return tuple(u.meant for u in units(text) if u.said not in _LITTLE)


@lru_cache(maxsize=4096)
def _asked(question: str) -> Asked:
    """What a question speaks of; whether something may be done, asks if it is allowed."""
    modal = _MODAL.match(question) is not None
    return (*_content(question), frozenset(["~allow"])) if modal else _content(question)


_MODAL = re.compile(rf"\W*(?:{'|'.join(sorted(MODALS))})\b")
_LITTLE = STOP_WORDS | GENERIC_WORDS | {"ever"}


def _repeats(said: str, option: Target, asked: Asked) -> bool:
    """Whether a part of an answer says what a wording adds to its yes or no ("too risky")."""
    rest = _HEAD.sub("", option.whole, count=1)
    known = frozenset().union(*asked) - _PREDICATES
    fresh = [unit for unit in _content(rest) if unit.isdisjoint(known)]
    spoken = concepts(said)
    return (
        bool(fresh)
        and not any(spoken.isdisjoint(unit) for unit in fresh)
        and is_negated(rest) == is_negated(said)
    )


def _is_caveat(said: str, asked: Asked) -> bool:
    """Whether a part after a yes or no is on a thing that nobody asked about ("yes, but it is not
    mixed with fizzy drinks")."""
    fresh = [unit for unit in _content(said) if unit.isdisjoint(_PREDICATES)]
    return bool(fresh) and frozenset().union(*asked).isdisjoint(frozenset().union(*fresh))


_ALONE = re.compile(
    r"\W*(?:(?:actually|rather|so|or) )?(?:(yes)|no|(?:not (?:until|before)\b.*))\W*"
)
_LIMITED = re.compile(r"\b(?:only(?! once| twice)|unless|if|when|for|until|after|before)\b")


def _is_on(said: str, asked: Asked, claim: Claim, share: float) -> bool:
    """Whether a part of an answer is on what was asked: half of what it says is, or it says that
    share of what was asked, and no other thing is its subject."""
    told = _content(_VERDICT.sub(" ", said))
    if not told:
        return _SAYS_SO.search(said) is not None
    if _REASON.match(said):
        return False
    spoken, known = concepts(said), frozenset().union(*asked)
    turned = _is_opposed(said, known)
    sides = known & _PREDICATES
    here = shared(spoken, asked)
    if sides and not turned and (sides | {"~exclude"}).isdisjoint(spoken):
        return here > 2 and here >= 0.5 * len(asked)
    if refers(said) and (turned or here):
        return True
    on = sum(not unit.isdisjoint(known) for unit in told) + turned
    return on >= 0.5 * len(told) or here >= share * len(asked)


def _strays(said: str, asked: Asked, claim: Claim) -> bool:
    """Whether a part of an answer says something like what was asked of another thing of the
    context ("aspirin is permitted")."""
    if is_about_another(said, claim):
        return True
    things = tuple(unit for unit in asked if unit.isdisjoint(_PREDICATES))
    if not things or refers(said) or shared(concepts(said), things):
        return False
    return any(is_rival(u.said, claim) for u in units(said))


_PREDICATES = OPPOSITES.keys() | {"~do"}
_REASON = re.compile(r"\W*(?:because|since|as|for)\b")
_VERDICT = re.compile(
    r"\b(?:never|none|absen(?:t|ce)|negative|positive|present|non|excluded?|lack(?:s|ed|ing)?|"
    r"found|seen|detected|ruled out|denied|intact|free|wild[- ]type|fail(?:s|ed)?|only|correct|"
    r"yet|now|today|currently|at this (?:time|point|moment))\b"
)
_SAYS_SO = re.compile(
    rf"{_VERDICT.pattern}|\b(?:yes|no|not)\b|"
    r"\b(?:it|he|she|they|this|that) (?:did|does|do|was|were|has|have|had|is|are|could|can|may)"
    r"(?: not)?\W*$"
)
_DENIES = re.compile(
    r"\b(?:not|never|no|without|neither|nor|cannot|none|lack(?:s|ed|ing)?|absen(?:t|ce)|"
    r"fail(?:s|ed)?|den(?:ies|ied)|exclu(?:de[sd]?|sion)|rul(?:e|ed|ing) out|negative|non|free of|"
    r"wild[- ]type|(?:advis\w+|recommend\w*|decid\w+|argu\w+|counsel\w*|is|was|were) against)\b"
)


def leans(said: str, asked: Asked, claim: Claim) -> str:
    """Whether a statement on what was asked says yes or no: denied as often as the question."""
    denied = len(_DENIES.findall(_OTHERWISE.sub("", said)))
    denied += _is_opposed(said, frozenset().union(*asked))
    denied -= len(_DENIES.findall(claim.question.text.lower()))
    return "no" if denied % 2 else "yes"


def _is_opposed(said: str, asked: frozenset[str]) -> bool:
    """Whether a statement has the opposite of something asked ("incomplete", "unsafe", "lost")."""
    for unit in units(said):
        if not unit.meant.isdisjoint(asked) or unit.said in STOP_WORDS:
            continue
        found = _UN.match(unit.said)
        if opposed(unit.meant, asked) or (
            found is not None and not concepts_of(found[1]).isdisjoint(asked)
        ):
            return True
    return False


_UN = re.compile(r"(?:un|in|im|ir|non)([a-z]{4,})$")
_OTHERWISE = re.compile(r"\b(?:no doubt|without (?:a |any )?doubt|not only|no sooner)\b")
