"""Does a proof show the statements that disagree?

Two statements of a proof disagree where both are on what was asked and say different things of it:
other numbers, or, where no number is asked for, other words.
"""

import re
from functools import lru_cache
from itertools import combinations
from typing import NamedTuple

from dipg.quantities import close
from dipg.rubric.lexicon import DRUG_STEMS, STOP_WORDS
from dipg.rubric.reading import Reading, read_line
from dipg.rubric.stems import stem, stems
from dipg.text import sentences, words

_ASKS_FOR_NUMBER = re.compile(
    r"\b(?:how (?:many|much|long|old|often|large|big|high)|when|dos(?:e|es|age)|date|age|rate|"
    r"percentage|proportion|weight|size|diameter|duration|count|level|number|fractions?|time)\b"
)


class Statement(NamedTuple):
    """One statement of a proof, for comparing two of them.

    Attributes:
      words: stems.
      families: how the words begin, so that "allergy", "allergic" and "allergies" are one.
      topics: families that say what it is about.
      values: its numbers by dimension, without those that only name something.
      drugs: the words that are names of drugs.
      denied: what is denied by a syllable ("methylated" by "unmethylated").
    """

    words: frozenset[str]
    families: frozenset[str]
    topics: frozenset[str]
    values: dict[str, float]
    drugs: frozenset[str]
    denied: frozenset[str]


def shows_both_sides(proof_text: str, question: Reading) -> bool:
    """Whether a proof quotes two statements on the asked matter that differ in what they say."""
    sides = [_side(s) for s in _statements(proof_text)[:16]]
    asked, counts = _asked(question.terms), _asks_for_number(question.key)
    for one, other in combinations(sides, 2):
        if one.words != other.words and _differ(one, other, asked, question.names, counts):
            return True
    return False


def _statements(proof_text: str) -> list[str]:
    parts: list[str] = []
    for s in sentences(proof_text.replace('"', "\n").replace("...", "\n")):
        split = [s] if _TURNS.isdisjoint(words(s)) else _TURN.split(s)
        parts += [p for p in split if len(words(p)) > 1]
    return parts


_TURN = re.compile(r"\b(?:whereas|while|but)\b")
_TURNS = frozenset(("whereas", "while", "but"))


@lru_cache(maxsize=4096)
def _asked(question_terms: frozenset[str]) -> frozenset[str]:
    """The families of the words that say what a question asks."""
    matter = [w for w in question_terms if w not in STOP_WORDS and w.isalpha() and len(w) > 2]
    return _families(frozenset(map(stem, matter)))


@lru_cache(maxsize=4096)
def _asks_for_number(question_key: str) -> bool:
    return _ASKS_FOR_NUMBER.search(question_key) is not None


@lru_cache(maxsize=4096)
def _side(statement: str) -> Statement:
    said = stems(statement)
    families = _families(said)
    numbers = read_line(statement.strip(' ."'))[1]
    prefixed = [w for w in said if w[0] in "un" and w.startswith(("un", "non"))]
    return Statement(
        words=said,
        families=families,
        topics=families - _COMMON,
        values={n.dimension: n.value for n in numbers if n.dimension[:1] != "#"},
        drugs=frozenset([w for w in said if len(w) > 5 and _ends_as_drug(w)]),
        denied=frozenset([w[2 if w[0] == "u" else 3 :] for w in prefixed]) if prefixed else _NONE,
    )


@lru_cache(maxsize=16384)
def _ends_as_drug(word: str) -> bool:
    return word.endswith(DRUG_STEMS)


def _families(stemmed: frozenset[str]) -> frozenset[str]:
    return frozenset([w[:6] if len(w) > 6 and w.isalpha() else w for w in stemmed])


_NONE: frozenset[str] = frozenset()


def _differ(
    one: Statement, other: Statement, asked: frozenset[str], named: frozenset[str], counts: bool
) -> bool:
    """Whether two statements are on the same asked matter, and say different things of it."""
    about_one, about_other = asked & one.families, asked & other.families
    mine_of, yours_of = (named & one.words) - one.drugs, (named & other.words) - other.drugs
    if mine_of and yours_of and not (mine_of <= yours_of or yours_of <= mine_of):
        return False
    drugs = one.drugs | other.drugs
    if one.drugs and other.drugs and not one.drugs & other.drugs and drugs & named:
        return False
    if bool(about_one) != bool(about_other) and one.topics.isdisjoint(other.topics):
        return False
    mine, yours = one.values, other.values
    shared = mine.keys() & yours.keys()
    if any(not _equal(d, mine[d], yours[d]) for d in shared) or _are_opposed(one, other):
        return True
    if counts:
        return not (mine or yours or one.topics.isdisjoint(other.topics))
    return _says_otherwise(one, other, about_one, about_other)


def _says_otherwise(
    one: Statement, other: Statement, about_one: frozenset[str], about_other: frozenset[str]
) -> bool:
    """Whether two statements share what they are about and each has a word of its own for it."""
    on_it = (about_one and about_other) or not about_one.isdisjoint(about_other)
    if not on_it and one.topics.isdisjoint(other.topics):
        return False
    if _NEGATIONS.isdisjoint(one.words) != _NEGATIONS.isdisjoint(other.words):
        return True
    return not (one.topics <= other.topics or other.topics <= one.topics)


_NEGATIONS = frozenset(("no", "not", "never", "without", "none", "neither", "cannot", "nor"))


def _equal(dimension: str, one: float, other: float) -> bool:
    return one == other or (dimension != "date" and close(one, other))


def _are_opposed(one: Statement, other: Statement) -> bool:
    """Whether one statement has a word that the other denies ("methylated", "unmethylated")."""
    return not (one.words.isdisjoint(other.denied) and other.words.isdisjoint(one.denied))


_COMMON = _families(frozenset(stem(w) for w in STOP_WORDS))
