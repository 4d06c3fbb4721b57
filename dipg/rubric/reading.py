"""What a vignette says, read once and kept: words, numbers and names of its context and
question."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from dipg.dates import same_day
from dipg.quantities import Quantity, quantities
from dipg.rubric.lexicon import DRUG, DRUG_STEMS, PLAIN_WORDS, STOP_WORDS
from dipg.text import fold, plain, sentences, tokens, words

_CODE = re.compile(
    r"\b(?:[A-Za-z]{1,8}-\d+[A-Za-z]?|[A-Za-z]+\d[A-Za-z0-9]*|\d+[A-Za-z]+\d[A-Za-z0-9]*)\b"
)
_NO_CODE = re.compile(
    r"\d+(?:\.\d+)?-?[a-z%]+\d?|(?:m|cm|mm)[23]|x10|q\d+[hdw]|[a-z]+-10|co2|"
    r"(?:jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)[a-z]*-?\d+"
)
_CAPITAL = re.compile(r"[A-Z](?:([A-Z]{2,})|[a-z]{2,})\b")
_DIGITS = re.compile(r"[0-9]+")
_LETTERS_BEFORE = re.compile(r"(?<![^\W_])[A-Za-z]{1,8}-$")
_PARTS = re.compile(r"([^\W_]+)")
_OPENING = re.compile(r"(?:^|(?<!Dr)(?<!Mr)(?<!Mrs)(?<!Ms)(?<!Prof)[.!?:;\n|]|- )[^\w\n]*$")


def squeeze(name: str) -> str:
    """A name without its hyphens, so that "H3-K27M", "H3 K27M" and "H3K27M" are one."""
    return name.replace("-", "").lower()


def terms(plain_text: str) -> frozenset[str]:
    """Every word, and every two that a hyphen or a space joins where one of them has a digit."""
    parts = _PARTS.split(plain_text)
    spoken, gaps = parts[1::2], parts[2::2]
    found = set(spoken)
    for gap, one, other in zip(gaps, spoken, spoken[1:]):
        if gap == "-" or (gap == " " and not (one.isalpha() and other.isalpha())):
            found.add(one + other)
    return frozenset(found)


def names(folded: str) -> list[tuple[str, int]]:
    """Named things in folded text, with where they stand: codes, acronyms, proper names, drugs."""
    found = _codes_at(folded)
    lower = folded.lower()
    if any(map(_may_be_drug, words(lower))):
        for m in DRUG.finditer(lower):
            found.setdefault(m.start(), m.group())
    if not _is_shouted(folded):
        for m in _CAPITAL.finditer(folded):
            at, name = m.start(), m.group().lower()
            if at in found or name in PLAIN_WORDS or (at and _is_inner(folded[at - 1])):
                continue
            if m[1] and not m[1].strip("IVX"):
                continue
            if m[1] or (at and not _opens(folded, at)):
                found[at] = name
    return [(found[at], at) for at in sorted(found)]


def _opens(folded: str, at: int) -> bool:
    """Whether a sentence or a line begins there, so that a capital is no sign of a name."""
    if folded[at - 1] == " " and folded[at - 2 : at - 1].isalpha() and folded[at - 2].islower():
        return False  # the usual case, without a search
    return _OPENING.search(folded, max(0, at - 6), at) is not None


@lru_cache(maxsize=16384)
def _may_be_drug(word: str) -> bool:
    return len(word) > 5 and word.endswith(DRUG_STEMS)


def _codes_at(folded: str) -> dict[int, str]:
    """Codes ("KX41", "H3K27M", "GSK-J4"), found by their digits."""
    found: dict[int, str] = {}
    done = 0
    for m in _DIGITS.finditer(folded):
        at = m.start()
        if at < done:
            continue
        while at > done and folded[at - 1].isalnum():
            at -= 1
        if at == m.start() and folded[at - 1 : at] == "-":
            before = _LETTERS_BEFORE.search(folded, max(done, at - 10), at)
            at = before.start() if before else at
        elif at == m.start() and not folded[m.end() : m.end() + 1].isalpha():
            continue
        code = _CODE.match(folded, at)
        if code is None or (at and folded[at - 1] == "_"):
            continue
        done = code.end()
        if not _NO_CODE.fullmatch(code.group().lower()):
            found[at] = squeeze(code.group())
    return found


def _is_inner(char: str) -> bool:
    return char.isalnum() or char == "_"


def _is_shouted(folded: str) -> bool:
    return folded.isupper() and " " in folded.strip()


def content(plain_text: str) -> frozenset[str]:
    """The words that say what a text is about."""
    return frozenset(w for w in words(plain_text) if w not in STOP_WORDS and len(w) > 1)


class Sentence(NamedTuple):
    """One sentence of a context: its words and numbers."""

    words: frozenset[str]
    numbers: tuple[Quantity, ...]
    folded: str

    @property
    def names(self) -> frozenset[str]:
        """Its names, read when they are first asked for."""
        return _names_of_sentence(self.folded)


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """A text read once: `key` for verbatim look-up, `terms`, `raws` and `numbers` for claims."""

    key: str
    size: int
    terms: frozenset[str]
    numbers: tuple[Quantity, ...]
    raws: frozenset[float]
    values: frozenset[tuple[str, float]]
    text: str

    @property
    def names(self) -> frozenset[str]:
        """Its names, read when they are first asked for."""
        return _names_in(self.text)

    @property
    def people(self) -> frozenset[str]:
        """Codes of patients ("KT33" where "patient KT33" stands)."""
        return _people(self.text)

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """Its sentences, read when they are first asked for."""
        return _sentences(self.text)

    def has_number(self, number: Quantity) -> bool:
        """Whether the text contains this number, under conversion of units."""
        if (number.dimension, round(number.value, 9)) in self.values:
            return True
        if number.dimension in ("monthday", "date?", "date", "month"):
            return any(same_day(number[:2], n[:2]) for n in self.numbers)
        if number.value < 0:
            return self.has_number(number._replace(value=-number.value, raw=-number.raw))
        if number.dimension in _COUNTABLE and number.raw in self.raws:
            return True
        return any(number.same(n) for n in self.numbers)


_COUNTABLE = frozenset(
    [
        "fractions",
        "cycles",
        "doses",
        "sessions",
        "tablets",
        "capsules",
        "lesions",
        "patients",
        "points",
        "copies",
        "iu",
    ]
) | {""}


_LINE_END = re.compile(r"[.!?\n](?:(?<=\n)\n*|(?<=[^\d\s].)\s+)")


def facts(plain_text: str) -> tuple[set[str], list[Quantity]]:
    """Terms and numbers of a text, line by line: quotations repeat the lines of their context."""
    found: set[str] = set()
    numbers: list[Quantity] = []
    for line in _LINE_END.split(plain_text):
        line = line.strip(' ."')
        said, counted = read_line(line)
        found |= said
        numbers += counted
    return found, numbers


def read_line(line: str) -> tuple[frozenset[str], tuple[Quantity, ...]]:
    """Terms and numbers of one line of plain text; kept, as contexts are quoted line by line."""
    return _read_line_kept(line) if len(line) < 1_000 else _read_line(line)


def _read_line(line: str) -> tuple[frozenset[str], tuple[Quantity, ...]]:
    return terms(line), tuple(quantities(line))


_read_line_kept = lru_cache(maxsize=32768)(_read_line)


def read_once(text: str) -> Reading:
    """Read a text that will not come again."""
    folded = fold(text)
    plain_text = plain(text)
    found = tokens(plain_text)
    said, numbers = facts(plain_text)
    return Reading(
        key=f" {' '.join(found)} ",
        size=len(found),
        terms=frozenset(said),
        numbers=tuple(numbers),
        raws=frozenset([n.raw for n in numbers] + [n.per_day for n in numbers if n.per_day]),
        values=frozenset([(n.dimension, round(n.value, 9)) for n in numbers]),
        text=folded,
    )


read = lru_cache(maxsize=4096)(read_once)
"""Read a context or a question, which many responses share."""


_PERSON = re.compile(
    r"\b(?:patient|case|child|subject|participant|sibling|twin|boy|girl|brother|sister)s? "
    r"([a-z]{1,8}-?\d+)(?:(?:,| and| or) ([a-z]{1,8}-?\d+))?\b"
)
_PERSON_IN_ANY_CASE = re.compile(_PERSON.pattern, re.IGNORECASE)  # twice as slow


@lru_cache(maxsize=4096)
def _names_in(folded: str) -> frozenset[str]:
    return frozenset(n for n, _ in names(folded))


@lru_cache(maxsize=4096)
def _people(folded: str) -> frozenset[str]:
    ascii_only = folded.isascii()
    pattern, text = (_PERSON, folded.lower()) if ascii_only else (_PERSON_IN_ANY_CASE, folded)
    spots = pattern.finditer(text)
    return frozenset(squeeze(c) for m in spots for c in m.groups() if c)


@lru_cache(maxsize=4096)
def _sentences(folded: str) -> tuple[Sentence, ...]:
    return tuple(_sentence(p) for p in sentences(folded))


def _sentence(folded: str) -> Sentence:
    plain_text = plain(folded)
    return Sentence(
        frozenset(words(plain_text)),
        read_line(plain_text.strip(' ."'))[1],
        folded,
    )


@lru_cache(maxsize=8192)
def _names_of_sentence(folded: str) -> frozenset[str]:
    return frozenset(n for n, _ in names(folded)).union(_codes(folded))


def _codes(folded: str) -> list[str]:
    return [squeeze(m.group()) for m in _CODE.finditer(folded)]
