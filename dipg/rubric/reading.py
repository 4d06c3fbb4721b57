"""What a vignette says, read once and kept: words, numbers and names of its context and
question."""

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

from dipg.dates import same_day
from dipg.quantities import Quantity, quantities
from dipg.rubric.lexicon import DRUG, DRUG_STEMS, PLAIN_WORDS, STOP_WORDS
from dipg.text import find_words, fold, only, plain, sentences, table, tokens, words

_CODE = re.compile(
    r"\b(?:[A-Za-z]{1,8}-\d+[A-Za-z]?|[A-Za-z]+\d[A-Za-z0-9]*|\d+[A-Za-z]+\d[A-Za-z0-9]*)\b"
)
_NO_CODE = re.compile(
    r"\d+(?:\.\d+)?-?[a-z%]+\d?|(?:m|cm|mm)[23]|x10|q\d+[hdw]|[a-z]+-10|co2|"
    r"(?:jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)[a-z]*-?\d+"
)
_CAPITAL = re.compile(r"[A-Z](?:([A-Z]{2,})|[a-z]{2,})")
_DIGIT = re.compile("[0-9]")
_END_OF_CODE = re.compile(r"\d+[A-Za-z]?")
_LETTERS_BEFORE = re.compile(r"(?<![^\W_])[A-Za-z]{1,8}-$")
_OPENING = re.compile(r"(?:^|(?<!Dr)(?<!Mr)(?<!Mrs)(?<!Ms)(?<!Prof)[.!?:;\n|]|- )[^\w\n]*$")


def squeeze(name: str) -> str:
    """A name without its hyphens, so that "H3-K27M", "H3 K27M" and "H3K27M" are one."""
    return name.replace("-", "").lower()


def terms(plain_text: str) -> frozenset[str]:
    """Every word, and every two that a hyphen or a space joins where one of them has a digit."""
    marked = only(_MARKED, plain_text) if plain_text.isascii() else _MARK.sub("\n", plain_text)
    # Words with one space between them are now neighbours in the list, others are not.
    parts = marked.replace("\n", " \n ").replace("-", " - ").split(" ")
    found = set(parts)
    found.difference_update(_NO_WORDS)
    last = len(parts) - 1
    for i in [i for i, part in enumerate(parts) if part.isalnum() and not part.isalpha()]:
        if i and parts[i - 1].isalnum():
            found.add(parts[i - 1] + parts[i])
        if i < last and parts[i + 1].isalnum():
            found.add(parts[i] + parts[i + 1])
    if "-" in plain_text:
        for one, mark, other in zip(parts, parts[1:], parts[2:]):
            if mark == "-" and one.isalnum() and other.isalnum():
                found.add(one + other)
    return frozenset(found)


_MARK = re.compile(r"[^\w -]|_")
_MARKED = table(lambda c: c.isalnum() or c in " -", "\n")
_NO_WORDS = ("", "\n", "-")


def names(folded: str) -> list[tuple[str, int]]:
    """Named things in folded text, with where they stand: codes, acronyms, proper names, drugs."""
    found, _ = _find_names(folded)
    return [(name, at) for at, name in found.items()]


def _find_names(folded: str) -> tuple[dict[int, str], list[str]]:
    """Names by where they stand, in order, and what is written like a code but names nothing."""
    found: dict[int, str] = {}
    measures: list[str] = []
    shouted, hyphened, lined = _is_shouted(folded), "-" in folded, "_" in folded
    end = 0
    for word in filter(_kind_of, find_words(folded)):
        kind = _kind_of(word)
        if kind == "number" and not hyphened:
            continue
        at = _find_word(folded, word, end)
        end = at + len(word)
        if kind == "number":
            if folded[at - 1 : at] == "-" and (code := _hyphened_code(folded, at)):
                if _kind_of_code(code.group()) == "code":
                    found[code.start()] = squeeze(code.group())
                else:
                    measures.append(squeeze(code.group()))
        elif lined and (folded[at - 1 : at] == "_" or folded[end : end + 1] == "_"):
            continue
        elif kind == "measure":
            measures.append(word.lower())
        elif kind in ("code", "drug") or (
            not shouted and (kind == "acronym" or (at and not _opens(folded, at)))
        ):
            found[at] = word.lower()
    return found, measures


def _find_word(text: str, word: str, start: int) -> int:
    """Where a word stands next that is there."""
    at = text.find(word, start)
    while text[at - 1 : at].isalnum() or text[at + len(word) : at + len(word) + 1].isalnum():
        at = text.find(word, at + 1)  # it was part of a longer one
    return at


def _hyphened_code(folded: str, at: int) -> re.Match[str] | None:
    """The code ("KX-41") whose number stands there."""
    letters = _LETTERS_BEFORE.search(folded, max(0, at - 10), at)
    return _CODE.match(folded, letters.start()) if letters else None


@lru_cache(maxsize=16384)
def _kind_of(word: str) -> str:
    """What a word may name by how it is written; "" for nothing.

    A number can be the end of a code, a capitalised word the begin of a sentence.
    """
    if _DIGIT.search(word):
        if _CODE.fullmatch(word):
            return _kind_of_code(word)
        return "number" if _END_OF_CODE.fullmatch(word) else ""
    lower = word.lower()
    if len(word) > 5 and lower.endswith(DRUG_STEMS) and DRUG.fullmatch(lower):
        return "drug"
    capital = _CAPITAL.fullmatch(word)
    if capital is None or lower in PLAIN_WORDS:
        return ""
    if capital[1]:
        return "acronym" if capital[1].strip("IVX") else ""
    return "capitalised"


@lru_cache(maxsize=8192)
def _kind_of_code(code: str) -> str:
    """Whether what is written like a code is one, and not "m2" or "jan-12"."""
    return "measure" if _NO_CODE.fullmatch(code.lower()) else "code"


def _opens(folded: str, at: int) -> bool:
    """Whether a sentence or a line begins there, so that a capital is no sign of a name."""
    if folded[at - 1] == " " and folded[at - 2 : at - 1].isalpha() and folded[at - 2].islower():
        return False  # the usual case, without a search
    return _OPENING.search(folded, max(0, at - 6), at) is not None


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


@dataclass(frozen=True, eq=False)
class Reading:
    """A text read once: `terms`, `raws` and `numbers` for claims.

    Attributes:
      plain: the text as plain text.
      text: the text, folded.
    """

    plain: str
    terms: frozenset[str]
    numbers: tuple[Quantity, ...]
    raws: frozenset[float]
    values: frozenset[tuple[str, float]]
    text: str

    @cached_property
    def key(self) -> str:
        """Its tokens (see `dipg.text.tokens`) with spaces around them, for verbatim look-up."""
        return f" {' '.join(tokens(self.plain))} "

    @cached_property
    def size(self) -> int:
        """How many tokens it has."""
        return len(self.key.split())

    @cached_property
    def named(self) -> tuple[str, ...]:
        """Its names, in order."""
        return tuple(dict.fromkeys(_find_names(self.text)[0].values()))

    @cached_property
    def names(self) -> frozenset[str]:
        """Its names."""
        return frozenset(self.named)

    @cached_property
    def people(self) -> frozenset[str]:
        """Codes of patients ("KT33" where "patient KT33" stands)."""
        return _people(self.text)

    @cached_property
    def sentences(self) -> tuple[Sentence, ...]:
        """Its sentences."""
        return tuple(map(_sentence, sentences(self.text)))

    def has_number(self, number: Quantity) -> bool:
        """Whether the text contains this number, under conversion of units."""
        if (number.dimension, _rounded(number.value)) in self.values:
            return True
        if number.dimension in ("monthday", "date?", "date", "month"):
            return any(same_day(number[:2], n[:2]) for n in self.numbers)
        if number.value < 0:
            return self.has_number(number._replace(value=-number.value, raw=-number.raw))
        if number.dimension in _COUNTABLE and number.raw in self.raws:
            return True
        return any(number.same(n) for n in self.numbers)


def _rounded(value: float) -> float:
    """A value as it is compared: most are whole, and rounding takes as long as all the rest."""
    return value if value.is_integer() else round(value, 9)


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


def facts(plain_text: str) -> tuple[frozenset[str], list[Quantity]]:
    """Terms and numbers of a text."""
    lines = read_lines(plain_text)
    found = frozenset().union(*[said for said, _ in lines])
    return found, [number for _, counted in lines for number in counted]


def read_lines(plain_text: str) -> list[tuple[frozenset[str], tuple[Quantity, ...]]]:
    """Terms and numbers line by line: quotations repeat the lines of their context."""
    return [read_line(line.strip(' ."')) for line in _LINE_END.split(plain_text)]


def read_line(line: str) -> tuple[frozenset[str], tuple[Quantity, ...]]:
    """Terms and numbers of one line of plain text; kept, as contexts are quoted line by line."""
    return _read_line_kept(line) if len(line) < 1_000 else _read_line(line)


def _read_line(line: str) -> tuple[frozenset[str], tuple[Quantity, ...]]:
    return terms(line), tuple(quantities(line))


_read_line_kept = lru_cache(maxsize=32768)(_read_line)


def read_once(text: str) -> Reading:
    """Read a text that will not come again."""
    plain_text = plain(text)
    said, numbers = facts(plain_text)
    return Reading(
        plain=plain_text,
        terms=said,
        numbers=tuple(numbers),
        raws=frozenset([n.raw for n in numbers] + [n.per_day for n in numbers if n.per_day]),
        values=frozenset([(n.dimension, _rounded(n.value)) for n in numbers]),
        text=fold(text),
    )


read = lru_cache(maxsize=4096)(read_once)
"""Read a context or a question, which many responses share."""


# Begins with a set of characters, which makes searching quick.
_PERSON = re.compile(
    r"[pcstbg](?<=\b.)(?:(?<=p)(?:atient|articipant)|(?<=c)(?:ase|hild)|"
    r"(?<=s)(?:ubject|ibling|ister)|(?<=t)win|(?<=b)(?:oy|rother)|(?<=g)irl)s? "
    r"([a-z]{1,8}-?\d+)(?:(?:,| and| or) ([a-z]{1,8}-?\d+))?\b"
)
_PERSON_IN_ANY_CASE = re.compile(_PERSON.pattern, re.IGNORECASE)  # twice as slow


def _people(folded: str) -> frozenset[str]:
    ascii_only = folded.isascii()
    pattern, text = (_PERSON, folded.lower()) if ascii_only else (_PERSON_IN_ANY_CASE, folded)
    spots = pattern.finditer(text)
    return frozenset(squeeze(c) for m in spots for c in m.groups() if c)


def _sentence(folded: str) -> Sentence:
    plain_text = plain(folded)
    return Sentence(
        frozenset(words(plain_text)),
        read_line(plain_text.strip(' ."'))[1],
        folded,
    )


@lru_cache(maxsize=8192)
def _names_of_sentence(folded: str) -> frozenset[str]:
    found, measures = _find_names(folded)
    return frozenset(found.values()).union(measures)
