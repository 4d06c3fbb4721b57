"""What a vignette says, read once and kept: words, numbers and names of its context and
question."""

import re
from dataclasses import dataclass
from functools import lru_cache

from dipg.quantities import Quantity, quantities, same_day
from dipg.rubric.lexicon import DRUG, PLAIN_WORDS, STOP_WORDS
from dipg.text import fold, plain, sentences, tokens, words

_CODE = re.compile(
    r"\b(?:[A-Za-z]{1,8}-\d+[A-Za-z]?|[A-Za-z]+\d[A-Za-z0-9]*|\d+[A-Za-z]+\d[A-Za-z0-9]*)\b"
)
_NO_CODE = re.compile(
    r"\d+(?:\.\d+)?-?[a-z%]+\d?|(?:m|cm|mm)[23]|x10|q\d+[hdw]|[a-z]+-10|co2|"
    r"(?:jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)[a-z]*-?\d+"
)
_ACRONYM = re.compile(r"\b(?![IVX]+\b)[A-Z]{3,}\b")
_CAPITAL = re.compile(r"\b[A-Z][a-z]{2,}\b")
_RUN = re.compile(r"[^\W_]+")
_OPENING = re.compile(r"(?:^|[.!?:;\n]|- )[\s\"'(*]*$")


def squeeze(name: str) -> str:
    """A name without its hyphens, so that "H3-K27M", "H3 K27M" and "H3K27M" are one."""
    return name.replace("-", "").lower()


def terms(plain_text: str) -> frozenset[str]:
    """Every word, and every two that a hyphen or a space joins where one of them has a digit."""
    found = set()
    last, last_end = "", -9
    for m in _RUN.finditer(plain_text):
        word = m.group()
        found.add(word)
        joint = plain_text[last_end] if m.start() - last_end == 1 else ""
        if joint == "-" or (joint == " " and not (word.isalpha() and last.isalpha())):
            found.add(last + word)
        last, last_end = word, m.end()
    return frozenset(found)


def names(folded: str) -> list[tuple[str, int]]:
    """Named things in folded text, with where they stand: codes, acronyms, proper names, drugs."""
    found: dict[int, str] = {}
    for m in _CODE.finditer(folded):
        code = m.group().lower()
        if not _NO_CODE.fullmatch(code):
            found[m.start()] = squeeze(code)
    lower = folded.lower()
    for m in DRUG.finditer(lower):
        found.setdefault(m.start(), m.group())
    if _is_shouted(folded):
        return [(found[at], at) for at in sorted(found)]
    for m in _ACRONYM.finditer(folded):
        if m.group().lower() not in PLAIN_WORDS and m.start() not in found:
            found[m.start()] = m.group().lower()
    for m in _CAPITAL.finditer(folded):
        if m.start() in found or m.group().lower() in PLAIN_WORDS:
            continue
        if m.start() and not _OPENING.search(folded, max(0, m.start() - 6), m.start()):
            found[m.start()] = m.group().lower()
    return [(found[at], at) for at in sorted(found)]


def _is_shouted(folded: str) -> bool:
    return folded.isupper() and len(folded) > 4


def content(plain_text: str) -> frozenset[str]:
    """The words that say what a text is about."""
    return frozenset(w for w in words(plain_text) if w not in STOP_WORDS and len(w) > 1)


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of a context: its words and numbers."""

    words: frozenset[str]
    numbers: tuple[Quantity, ...]
    names: frozenset[str]


@dataclass(frozen=True, slots=True)
class Reading:
    """A text read once: `key` for verbatim look-up, `terms`, `raws` and `numbers` for claims."""

    key: str
    size: int
    terms: frozenset[str]
    names: frozenset[str]
    numbers: tuple[Quantity, ...]
    raws: frozenset[float]
    values: frozenset[tuple[str, float]]
    text: str

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
            return any(same_day(number, n) for n in self.numbers)
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


def read_once(text: str) -> Reading:
    """Read a text that will not come again."""
    folded = fold(text)
    plain_text = plain(text)
    found = tokens(plain_text)
    numbers = tuple(quantities(plain_text))
    return Reading(
        key=f" {' '.join(found)} ",
        size=len(found),
        terms=terms(plain_text),
        names=frozenset(n for n, _ in names(folded)),
        numbers=numbers,
        raws=frozenset(n.raw for n in numbers),
        values=frozenset((n.dimension, round(n.value, 9)) for n in numbers),
        text=folded,
    )


read = lru_cache(maxsize=4096)(read_once)
"""Read a context or a question, which many responses share."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a proof: what it says, for comparing two of them."""

    words: frozenset[str]
    numbers: tuple[Quantity, ...]


_PERSON = re.compile(
    r"\b(?:patient|case|child|subject|participant|sibling|twin|boy|girl|brother|sister)s? "
    r"([A-Za-z]{1,8}-?\d+)(?:(?:,| and| or) ([A-Za-z]{1,8}-?\d+))?\b",
    re.IGNORECASE,
)


@lru_cache(maxsize=4096)
def _people(folded: str) -> frozenset[str]:
    return frozenset(squeeze(c) for m in _PERSON.finditer(folded) for c in m.groups() if c)


@lru_cache(maxsize=4096)
def _sentences(folded: str) -> tuple[Sentence, ...]:
    return tuple(_sentence(p) for p in sentences(folded))


def _sentence(folded: str) -> Sentence:
    plain_text = plain(folded)
    return Sentence(
        frozenset(words(plain_text)),
        tuple(quantities(plain_text)),
        frozenset(n for n, _ in names(folded)) | frozenset(_codes(folded)),
    )


def _codes(folded: str) -> list[str]:
    return [squeeze(m.group()) for m in _CODE.finditer(folded)]
