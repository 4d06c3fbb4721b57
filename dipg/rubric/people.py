"""People by name: a surname or a first name is enough, another person's is another answer."""

import re
from functools import lru_cache

from dipg.rubric.mentions import Claim, is_compared, is_denied
from dipg.rubric.persons import TITLE, WORD, Person, people_in
from dipg.rubric.reading import Reading
from dipg.rubric.subjects import is_at_another
from dipg.rubric.targets import Target

_JOINED = re.compile(r"[\s.]*(?:,|/|&|\+|,? ?(?:and|or|as well as|together with|and/or))?[\s.]*")


def asked_person(claim: Claim) -> Person:
    """The person that is expected, where a name of the context is all of the wording."""
    if not _asks_who(claim.question):
        return ()
    return _person_of(claim.target, claim.context)


@lru_cache(maxsize=4096)
def _asks_who(question: Reading) -> bool:
    return _WHO.search(question.text) is not None


@lru_cache(maxsize=4096)
def _person_of(target: Target, context: Reading) -> Person:
    text = TITLE.sub("", target.text.strip(" .")).strip().removesuffix("'s")
    parts = tuple(WORD.findall(text))
    if not parts or len(parts) > 3 or " ".join(parts) != text:
        return ()
    written = " ".join(p.capitalize() for p in parts)
    return parts if written in context.text else ()


_WHO = re.compile(
    r"\b(?:[Ww]ho|[Ww]hom|[Ww]hose)\b|\b[Ww]hich (?:\w+ ){0,4}?(?:child|children|patient|boy|girl|"
    r"doctor|physician|surgeon|person|nurse|investigator|sibling|sister|brother|twin|teenager|"
    r"infant|man|woman)s?\b"
)


def names_person(claim: Claim, mine: Person) -> bool:
    """Whether an answer names the expected person, and nobody else in the same part."""
    text = _untitled(claim.answer.text)
    spots = [(m.start(), m.end(), m.group().removesuffix("'s")) for m in WORD.finditer(text)]
    good = [(a, b) for a, b, w in spots if w in mine]
    good = [(a, b) for a, b in good if not is_denied(text, a, b)]
    good = [(a, b) for a, b in good if not is_at_another(a, claim)]
    if not good:
        return False
    others = _others(claim, mine)
    bad = [(a, b) for a, b, w in spots if w in others and w not in mine]
    bad = [(a, b) for a, b in bad if not is_denied(text, a, b) and not is_compared(text, a)]
    bad = [(a, b) for a, b in bad if _DID_NOT.match(text, b) is None]
    return not any(_is_beside(text, g, b) for g in good for b in bad)


_DID_NOT = re.compile(r" (?:did|does|do|was|is|had|has|could|can|will|would) (?:not|never)\b")
_TITLE_STOP = re.compile(r"\b(dr|prof|mr|mrs|ms)\.")


def _untitled(text: str) -> str:
    """A text in which the full stop of a title ends nothing."""
    return _TITLE_STOP.sub(r"\1", text) if "." in text else text


def _others(claim: Claim, mine: Person) -> frozenset[str]:
    """The names of all others whom the context, or the answer, knows."""
    known = {p for person in people_in(claim.context.text, True) for p in person}
    brought = {n for n, _ in claim.answer.names if n.isalpha() and n not in claim.context.terms}
    return frozenset((known | brought) - set(mine) - claim.question.names)


def _is_beside(text: str, one: tuple[int, int], other: tuple[int, int]) -> bool:
    """Whether two names stand in one list, or as one name ("Mirko Kaya")."""
    first, second = sorted((one, other))
    gap = TITLE.sub("", text[first[1] : second[0]])
    return len(gap) < 24 and _JOINED.fullmatch(gap) is not None
