"""Of whom or what a part of an answer speaks: "SUFU was mutated, whereas PTCH1 was intact" says of
another gene what was asked about, and names the right one."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from dipg.rubric.clauses import Clause
from dipg.rubric.concepts import (
    LEXICON,
    OPPOSITES,
    Unit,
    concepts,
    content,
    segments,
    shared,
    units,
)
from dipg.rubric.labels import labels_of
from dipg.rubric.lexicon import DRUG, GENERIC_WORDS, KIN, LIGHT_WORDS, PLAIN_WORDS, STOP_WORDS
from dipg.rubric.mentions import Claim, part_of
from dipg.rubric.persons import people_in
from dipg.rubric.reading import Reading
from dipg.rubric.targets import is_negated, shape
from dipg.text import words

_LITTLE = STOP_WORDS | GENERIC_WORDS | LIGHT_WORDS
_PRONOUN = re.compile(
    r"\b(?:it|he|she|they|her|him|them|his|their|its|this|that|these|those|one)\b"
)


def subject_of(text: str, claim: Claim) -> str:
    """The thing of the context that a part of an answer begins with; "" where it takes up the
    question, what is expected, or what came before it."""
    for unit in units("" if _ASIDE.match(text) else _CLEFT.sub("", text)):
        if _PRONOUN.fullmatch(unit.said) and unit.said not in ("her", "his", "their", "its"):
            return ""
        if unit.said in _LITTLE or unit.said in PLAIN_WORDS or unit.said in KIN:
            continue
        return unit.said if is_rival(unit, claim) else ""
    return ""


_CLEFT = re.compile(r"^\W*it (?:is|was) (?=.* (?:who|that|which)\b)")


def is_rival(unit: Unit, claim: Claim) -> bool:
    """Whether a word names a thing that the context knows, and neither question nor wordings."""
    word = unit.said
    if word in LEXICON or word in PLAIN_WORDS or word in _LITTLE or not word[0].isalpha():
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
    asked = (n for n in words(question.text.lower()) if n not in _LITTLE and n not in PLAIN_WORDS)
    written = (n for n in asked if n.capitalize() in question.text or _may_be_name(n, question))
    return {n: k for n in written if (k := kind_of(n, context))}


def _may_be_name(word: str, question: Reading) -> bool:
    return DRUG.fullmatch(word) is not None or word in question.names


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


def keeps_subjects(claim: Claim) -> bool:
    """Whether what was asked is said of what is expected, and the expected of what was asked
    about."""
    target = claim.target
    wanted = target.units or tuple(concepts(n) for n in target.names)
    if target.opening or target.numbers or not wanted:
        return True
    question = claim.question.text.lower()
    asked = tuple(u for u in content(question) if u not in wanted)
    verbs = _verbs(question)
    mine: list[tuple[int, Clause]] = []
    others: list[tuple[int, str]] = []
    explains = False
    for part, spoken in _statements(claim, verbs):
        before = claim.answer.text[part.start - 1 : part.start] if part.start else ""
        explains = bool(mine) and (before == ":" or (explains and before not in (".", ";", "\n")))
        if explains:
            continue
        told = shared(spoken, asked)
        if any(not spoken.isdisjoint(unit) for unit in wanted):
            mine.append((told, part))
        elif told and (not verbs or verbs & spoken) and not _is_passing(part.text):
            others.append((told, part.text))
    if not mine:
        return True
    most = max(told for told, _ in mine)
    if any(told > most and _has_rival(said, claim) for told, said in others):
        known = frozenset().union(*asked, *wanted)
        return not any(_says_more(part.text, known) for _, part in mine)
    return not all(is_of_another(part, claim) or _has_other(part.text, claim) for _, part in mine)


def _statements(claim: Claim, verbs: frozenset[str]) -> Iterator[tuple[Clause, frozenset[str]]]:
    """The parts of an answer and what each speaks of, with what it leaves out: the verb ("X takes
    iron and Y zinc") or what "which" is ("X replaced Y, which had been stopped")."""
    last, doing = "", frozenset[str]()
    for said, start in segments(claim.answer.text):
        part = part_of(claim.answer, start, said)
        if _RELATIVE.match(said):
            part = part._replace(text=f"{last} {said}")
        last = (words(said) or ("",))[-1]
        spoken = concepts(part.text)
        if HAS_VERB.search(said) is None:
            spoken |= doing
        doing = spoken & verbs
        yield part, spoken


@lru_cache(maxsize=4096)
def _verbs(question: str) -> frozenset[str]:
    """What a question says is done, as far as words show that they are verbs."""
    return frozenset().union(
        *[
            unit.meant
            for unit in units(question)
            if unit.said not in STOP_WORDS
            and (unit.said.endswith("ed") or unit.meant & (OPPOSITES.keys() | _OTHER_VERBS))
        ]
    )


_OTHER_VERBS = frozenset(
    ["~give", "~replace", "~choose", "~judge", "~do", "~show", "~recommend", "~need", "~want"]
)


def _is_passing(said: str) -> bool:
    return is_negated(said) or _ASIDE.match(said) is not None or refers(said)


def _has_other(said: str, claim: Claim) -> bool:
    """Whether a statement is made of another drug than the one asked about ("they gave Y")."""
    drugs = {n for n in claim.question.names if DRUG.fullmatch(n)}
    told = {u.said for u in units(said) if DRUG.fullmatch(u.said) and is_rival(u, claim)}
    if not drugs or not told or HAS_VERB.search(said) is None:
        return False
    return drugs.isdisjoint(words(said)) and not any(map(DRUG.fullmatch, claim.target.names))


def leads(claim: Claim, spots: Sequence[tuple[int, bool]]) -> bool:
    """Whether more of what was asked is said of the expected one of several than of any other
    ("B was stopped, and A was recommended")."""
    asked = content(claim.question.text.lower())
    best = {True: -1, False: -1}
    for said, start in segments(claim.answer.text):
        inside = {good for at, good in spots if start <= at < start + len(said)}
        if len(inside) == 2:
            return False
        for good in inside if not is_negated(said) else ():
            best[good] = max(best[good], shared(concepts(said), asked))
    return best[True] > best[False]


def refers(said: str) -> bool:
    """Whether a part of an answer points back ("it was stopped")."""
    return _PRONOUN.search(said) is not None


_RELATIVE = re.compile(r"\W*(?:which|who)\b")
_ASIDE = re.compile(r"\W*(?:after|once|when|because|since|as|if|although|though|before|until)\b")


def _says_more(said: str, known: frozenset[str]) -> bool:
    """Whether a part of an answer is more than the bare name of what is expected."""
    if _IT_IS.search(said):
        return False
    return HAS_VERB.search(said) is not None or any(u.isdisjoint(known) for u in content(said))


_IT_IS = re.compile(r"\b(?:it|this|that|answer) (?:is|was)\b")
HAS_VERB = re.compile(
    r"\b(?:is|was|are|were|had|has|have|did|does|went|got|took|takes|remained|gave|can|could|may|must|should|\w+ed)\b"
)


def _has_rival(said: str, claim: Claim) -> bool:
    """Whether a rival stands before what was asked, or right behind it as its owner or doer."""
    if subject_of(said, claim):
        return True
    return any(
        is_rival(u, claim) and _OF_OR_BY.search(said, 0, u.start) is not None for u in units(said)
    )


_OF_OR_BY = re.compile(r"\b(?:of|by|in) (?:the )?$")
