"""Whom or what is a part of an answer about?"""

import re
from functools import lru_cache

from dipg.rubric.clauses import Clause
from dipg.rubric.concepts import (
    LEXICON,
    Unit,
    concepts,
    units,
)
from dipg.rubric.labels import labels_of
from dipg.rubric.lexicon import DRUG, KIN, PLAIN_WORDS, VAGUE_WORDS
from dipg.rubric.mentions import Claim, clause_of
from dipg.rubric.persons import people_in
from dipg.rubric.reading import Reading
from dipg.rubric.targets import shape
from dipg.text import words

_PRONOUN = re.compile(
    r"\b(?:it|he|she|they|her|him|them|his|their|its|this|that|these|those|one)\b"
)


def subject_of(text: str, claim: Claim) -> str:
    """The thing of the context that a part of an answer begins with; "" where it takes up the
    question, what is expected, or what came before it."""
    for unit in units("" if ASIDE.match(text) else _CLEFT.sub("", text)):
        if _PRONOUN.fullmatch(unit.said) and unit.said not in ("her", "his", "their", "its"):
            return ""
        if unit.said in VAGUE_WORDS or unit.said in PLAIN_WORDS or unit.said in KIN:
            continue
        return unit.said if is_rival(unit, claim) else ""
    return ""


_CLEFT = re.compile(r"^\W*it (?:is|was) (?=.* (?:who|that|which)\b)")


def is_rival(unit: Unit, claim: Claim) -> bool:
    """Whether a word names a thing that the context knows, and neither question nor wordings."""
    word = unit.said
    if word in LEXICON or word in PLAIN_WORDS or word in VAGUE_WORDS or not word[0].isalpha():
        return False
    known = claim.context.terms
    if word not in known and word.removesuffix("s") not in known:
        return False
    return unit.meant.isdisjoint(_taken(claim.question, tuple(o.whole for o in claim.options)))


@lru_cache(maxsize=4096)
def _taken(question: Reading, wordings: tuple[str, ...]) -> frozenset[str]:
    """What the question and the wordings of a right answer speak of."""
    return concepts(question.text.lower()).union(*map(concepts, wordings))


def kind_of(name: str, context: Reading) -> str:
    """What sort of thing a name is of; "" for a word that is no name."""
    if DRUG.fullmatch(name):
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
    return DRUG.fullmatch(word) is not None or word in question.names


def is_at_another(at: int, claim: Claim) -> bool:
    """Whether the clause that a position of an answer lies in is of another patient or arm."""
    clause = clause_of(claim.answer, at)
    return clause is not None and is_of_another(clause, claim)


def is_of_another(clause: Clause, claim: Claim) -> bool:
    """Whether a clause speaks of another patient or arm than the one asked for."""
    if is_about_another(clause.text, claim):
        return True
    target, question = claim.target, claim.question
    asked_codes = {n for n in question.names if any(c.isdigit() for c in n)}
    mentioned = {n for n in clause.names if any(c.isdigit() for c in n)}
    people = claim.context.people
    shapes = {shape(n) for n in asked_codes}
    if asked_codes <= people:  # a gene is no other patient
        alike = {n.rstrip("0123456789") for n in asked_codes}
        mentioned = {n for n in mentioned if n in people or n.rstrip("0123456789") in alike}
    if people & question.names and people & mentioned and not people & mentioned & asked_codes:
        return True
    others = {
        shape(n)
        for n in mentioned - asked_codes
        if shape(n) in shapes and n not in target.names and n not in target.text
    }
    if others - {shape(n) for n in mentioned & asked_codes}:
        return True
    wanted = {*target.labels, *labels_of(question.key)}
    said = labels_of(clause.text)
    for kind in dict(wanted).keys() & dict(said).keys():
        if not any(label in wanted for label in said if label[0] == kind):
            return True
    return False


def refers(said: str) -> bool:
    """Whether a part of an answer points back ("it was stopped")."""
    return _PRONOUN.search(said) is not None


ASIDE = re.compile(r"\W*(?:after|once|when|because|since|as|if|although|though|before|until)\b")
HAS_VERB = re.compile(
    r"\b(?:is|was|are|were|had|has|have|did|does|went|got|took|takes|remained|gave|can|could|may|"
    r"must|should|\w+ed)\b"
)
