"""Does a proof show the statements that disagree?

Two statements of a proof disagree where both are on what was asked and say different things of it:
other numbers, or, where no number is asked for, other words.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from dipg.quantities import Quantity, close
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
      numbers: in it.
    """

    words: frozenset[str]
    families: frozenset[str]
    numbers: tuple[Quantity, ...]


def shows_both_sides(proof_text: str, question: Reading) -> bool:
    """Whether a proof quotes two statements on the asked matter that differ in what they say."""
    sides = [_side(s) for s in _statements(proof_text)[:16]]
    matter = [w for w in question.terms if w not in STOP_WORDS and w.isalpha() and len(w) > 2]
    asked = _families(frozenset(map(stem, matter)))
    counts = _ASKS_FOR_NUMBER.search(question.key) is not None
    for i, one in enumerate(sides):
        for other in sides[i + 1 :]:
            if one.words != other.words and _differ(one, other, asked, question.names, counts):
                return True
    return False


def _statements(proof_text: str) -> list[str]:
    parts: list[str] = []
    for s in sentences(proof_text.replace('"', "\n").replace("...", "\n")):
        parts.extend(p for p in re.split(r"\b(?:whereas|while|but)\b", s) if len(words(p)) > 1)
    return parts


@lru_cache(maxsize=4096)
def _side(statement: str) -> Statement:
    said = stems(statement)
    return Statement(said, _families(said), read_line(statement.strip(' ."'))[1])


def _families(stemmed: frozenset[str]) -> frozenset[str]:
    return frozenset(w[:6] if w.isalpha() else w for w in stemmed)


def _differ(
    one: Statement, other: Statement, asked: frozenset[str], named: frozenset[str], counts: bool
) -> bool:
    """Whether two statements are on the same asked matter, and say different things of it."""
    about_one, about_other = asked & one.families, asked & other.families
    mine_of, yours_of = named & one.words, named & other.words
    if mine_of and yours_of and not (mine_of <= yours_of or yours_of <= mine_of):
        return False
    drugs = [{w for w in s.words if len(w) > 5 and w.endswith(DRUG_STEMS)} for s in (one, other)]
    if all(drugs) and not drugs[0] & drugs[1] and (drugs[0] | drugs[1]) & named:
        return False
    if bool(about_one) != bool(about_other) and not (one.families & other.families) - _COMMON:
        return False
    mine = {n.dimension: n.value for n in one.numbers if n.dimension[:1] != "#"}
    yours = {n.dimension: n.value for n in other.numbers if n.dimension[:1] != "#"}
    shared = mine.keys() & yours.keys()
    if any(not _equal(d, mine[d], yours[d]) for d in shared) or _are_opposed(one, other):
        return True
    if counts:
        return not (mine or yours) and bool((one.families & other.families) - _COMMON)
    return _says_otherwise(one, other, about_one, about_other)


def _says_otherwise(
    one: Statement, other: Statement, about_one: frozenset[str], about_other: frozenset[str]
) -> bool:
    """Whether two statements share what they are about and each has a word of its own for it."""
    alike = (one.families & other.families) - _COMMON
    if not (about_one & about_other) and not alike:
        return False
    if _NEGATIONS.isdisjoint(one.words) != _NEGATIONS.isdisjoint(other.words):
        return True
    return all(s.families - t.families - _COMMON for s, t in ((one, other), (other, one)))


_NEGATIONS = frozenset(("no", "not", "never", "without", "none", "neither", "cannot", "nor"))


def _equal(dimension: str, one: float, other: float) -> bool:
    return one == other or (dimension != "date" and close(one, other))


def _are_opposed(one: Statement, other: Statement) -> bool:
    """Whether one statement has a word that the other denies ("methylated", "unmethylated")."""
    return any(
        {f"un{w}", f"non{w}"} & b.words for a, b in ((one, other), (other, one)) for w in a.words
    )


_COMMON = _families(frozenset(stem(w) for w in STOP_WORDS))
