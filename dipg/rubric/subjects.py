"""Whom or what is a part of an answer about?"""

import re
from collections.abc import Iterable
from functools import lru_cache
from string import digits
from typing import NamedTuple

from dipg.rubric.clauses import Clause
from dipg.rubric.concepts import (
    LEXICON,
    concepts,
    concepts_of,
    units,
)
from dipg.rubric.labels import labels_of
from dipg.rubric.lexicon import KIN, PLAIN_WORDS, VAGUE_WORDS, is_drug, word_set
from dipg.rubric.mentions import Claim, clause_of
from dipg.rubric.persons import people_in
from dipg.rubric.reading import Reading
from dipg.rubric.targets import Target, shape
from dipg.text import words

_POINTERS = "it he she they him them this that these those one"
_PRONOUN = re.compile(rf"\b(?:{_POINTERS.replace(' ', '|')}|her|his|their|its)\b")
_BACK = word_set(_POINTERS)
_NO_RIVAL = LEXICON | PLAIN_WORDS | VAGUE_WORDS
_NO_SUBJECT = VAGUE_WORDS | PLAIN_WORDS | KIN


def subject_of(text: str, claim: Claim) -> str:
    """The thing of the context that a part of an answer begins with; "" where it takes up the
    question, what is expected, or what came before it."""
    if ASIDE.match(text):
        return ""
    text = _CLEFT.sub("", text) if "it " in text else text
    subject = _first_thing(words(text))
    if not subject or not is_rival(subject, claim):
        return ""
    # As part of a phrase ("left out") it would be no rival.
    return subject if _first_thing(u.said for u in units(text)) == subject else ""


def _first_thing(spoken: Iterable[str]) -> str:
    """The first word that says something of its own; "" where one before it points back."""
    for word in spoken:
        if word in _BACK:
            return ""
        if word not in _NO_SUBJECT:
            return word
    return ""


_CLEFT = re.compile(r"^\W*it (?:is|was) (?=.* (?:who|that|which)\b)")


def is_rival(word: str, claim: Claim) -> bool:
    """Whether a word names a thing that the context knows, and neither question nor wordings."""
    known = claim.context.terms
    if word in _NO_RIVAL or (word not in known and word.removesuffix("s") not in known):
        return False
    taken = _taken(claim.question, claim.options)
    return word[0].isalpha() and concepts_of(word).isdisjoint(taken)


@lru_cache(maxsize=4096)
def _taken(question: Reading, options: tuple[Target, ...]) -> frozenset[str]:
    """What the question and the wordings of a right answer speak of."""
    return concepts(question.text.lower()).union(*(concepts(o.whole) for o in options))


def kind_of(name: str, context: Reading) -> str:
    """What sort of thing a name is of; "" for a word that is no name."""
    if is_drug(name):
        return "drug"
    if any(map(str.isdigit, name)):  # a code, for which the names need not be read
        return "name" if name in context.terms else ""
    text = context.text
    written = name.capitalize() in text
    if not written and name.upper() not in text:
        return ""
    if written and any(name in person for person in people_in(text)):
        return "person"
    if name in context.names:
        return "name"
    # A person perhaps, if the other is one, too.
    return "opener" if written and any(name in p for p in people_in(text, True)) else ""


def is_about_another(text: str, claim: Claim) -> bool:
    """Whether a part of an answer is about another drug, person or gene than the question."""
    asked = _kinds_asked(claim.question, claim.context)
    if not asked:
        return False
    subject = subject_of(text, claim)
    kind = kind_of(subject, claim.context) if subject else ""
    if not kind:
        return False
    own = {n for person in people_in(claim.context.text) if subject in person for n in person}
    told = {asked[n] for n in asked.keys() - own if n in words(text)}
    kinds = set(asked.values())
    if kind == "person" and any(asked.get(n) == "opener" for n in claim.question.names):
        kinds.add(kind)
    return kind in kinds and kind not in told and not (kind == "name" and told)


@lru_cache(maxsize=4096)
def _kinds_asked(question: Reading, context: Reading) -> dict[str, str]:
    """The names of a question, each with the sort of thing that it is of."""
    asked = (
        n for n in words(question.text.lower()) if n not in VAGUE_WORDS and n not in PLAIN_WORDS
    )
    written = (n for n in asked if n.capitalize() in question.text or _may_be_name(n, question))
    return {n: k for n in written if (k := kind_of(n, context))}


def _may_be_name(word: str, question: Reading) -> bool:
    return is_drug(word) or word in question.names


@lru_cache(maxsize=4096)
def drugs_asked(question: Reading) -> frozenset[str]:
    """The drugs that a question names."""
    return frozenset(filter(is_drug, question.names))


def is_at_another(at: int, claim: Claim) -> bool:
    """Whether the clause that a position of an answer lies in is of another patient or arm."""
    clause = clause_of(claim.answer, at)
    return clause is not None and is_of_another(clause, claim)


def is_of_another(clause: Clause, claim: Claim) -> bool:
    """Whether a clause speaks of another patient or arm than the one asked for."""
    return (
        is_about_another(clause.text, claim)
        or _has_other_code(clause, claim)
        or _has_other_label(clause, claim)
    )


def _has_other_code(clause: Clause, claim: Claim) -> bool:
    """Whether a clause names a patient, gene or the like by a code that is not the one asked for,
    and not that one."""
    mentioned = _codes_of(clause.names)
    if not mentioned:
        return False
    target, people = claim.target, claim.context.people
    asked = _codes_asked(claim.question, people)
    if asked.of_people:  # a gene is no other patient
        mentioned = {n for n in mentioned if n in people or n.rstrip(digits) in asked.alike}
    if asked.after_person and people & mentioned and not people & mentioned & asked.codes:
        return True
    others = {
        shape(n)
        for n in mentioned - asked.codes
        if shape(n) in asked.shapes and n not in target.names and n not in target.text
    }
    return bool(others) and bool(others - {shape(n) for n in mentioned & asked.codes})


def _codes_of(named: Iterable[str]) -> set[str]:
    """Those of some names that have a digit."""
    return {n for n in named if not n.isalpha()}


class _Codes(NamedTuple):
    """The codes of a question.

    Attributes:
      shapes: what they look like.
      alike: they without the digits that they end in.
      of_people: they are all of patients.
      after_person: the question names a patient by a code.
    """

    codes: frozenset[str]
    shapes: frozenset[str]
    alike: frozenset[str]
    of_people: bool
    after_person: bool


@lru_cache(maxsize=4096)
def _codes_asked(question: Reading, people: frozenset[str]) -> _Codes:
    codes = frozenset(_codes_of(question.names))
    return _Codes(
        codes=codes,
        shapes=frozenset(map(shape, codes)),
        alike=frozenset(n.rstrip(digits) for n in codes),
        of_people=codes <= people,
        after_person=not people.isdisjoint(question.names),
    )


def _has_other_label(clause: Clause, claim: Claim) -> bool:
    """Whether a clause has labels of a kind that is asked for, and none of those asked for."""
    wanted = _labels_asked(claim.question, claim.target)
    if not wanted or not (said := labels_of(clause.text)):
        return False
    if not _COMPARING.isdisjoint(words(clause.text)):  # "7.3 months, against 6.9 in arm A"
        said = labels_of(_COMPARED.sub(" ", clause.text))
    told = {kind for kind, _ in wanted.intersection(said)}
    return any(kind not in told and kind in dict(wanted) for kind, _ in said)


_COMPARING = frozenset(("versus", "vs", "against", "compared"))
_COMPARED = re.compile(r"\b(?:versus|vs\.?|against|compared (?:with|to))\b[^,;]*")


@lru_cache(maxsize=4096)
def _labels_asked(question: Reading, target: Target) -> frozenset[tuple[str, str]]:
    return target.labels.union(labels_of(question.key))


def said_in(piece: str) -> frozenset[str]:
    """The concepts of a clause or segment. Its edges say nothing, and without them most clauses
    are segments, too, and need not be read again."""
    return concepts(piece.strip(" .,;:!?\n"))


def refers(said: str) -> bool:
    """Whether a part of an answer points back ("it was stopped")."""
    return _PRONOUN.search(said) is not None


ASIDE = re.compile(r"\W*(?:after|once|when|because|since|as|if|although|though|before|until)\b")
HAS_VERB = re.compile(
    r"\b(?:is|was|are|were|had|has|have|did|does|went|got|took|takes|remained|gave|can|could|may|"
    r"must|should|\w+ed)\b"
)
