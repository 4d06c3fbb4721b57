"""Numbers as they are written: digits, words and Roman numerals."""

import re
from collections.abc import Set
from operator import itemgetter

from dipg.text import words

_SMALL = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_NUMBER_WORDS = {w: i for i, w in enumerate(_SMALL)}
_NUMBER_WORDS |= {w: 10 * (i + 2) for i, w in enumerate(_TENS)}
_DIGIT = "|".join(_SMALL[:10])
# Searches are quickest for a pattern that begins with a set of characters, so what has to stand
# before the first one is looked at after it.
_NUMERAL = re.compile(
    r"[0-9.](?<![a-z0-9^.][0-9.])(?:"
    r"(?P<date>(?<=[0-9])(?:\d{3}-\d{2}-\d{2}(?![\d-])|\d{3}/\d{2}/\d{2}(?![\d/])"
    r"|\d?:\d{2}(?!\d|:\d)(?: ?[ap]\.?m\b\.?)?|\d?/\d{1,2}/\d{4}(?![\d/])"
    r"|\d?\.\d{1,2}\.\d{4}(?![\d.])))"
    r"|(?<![a-z]-[0-9.])(?:(?<=[0-9])\d*(?:\.\d+)?|(?<=\.)\d+)(?P<end>)"
    r"(?P<exp> ?(?:x ?10|e)\^?(?P<pow>-?\d{1,2})(?=[ /]))?(?![0-9]|[a-z]*\d[a-z]))"
)
_SPELLED = re.compile(
    "(?P<word>"
    + "|".join([f"(?:{t})(?:[- ](?:{'|'.join(_SMALL[1:10])}))?" for t in _TENS] + _SMALL)
    + rf")\b(?!-)(?: point (?P<digits>(?:{_DIGIT})(?: (?:{_DIGIT})\b)?)\b)?"
)
_ROMAN_NUMERAL = re.compile(r"(?:grade|stage|phase|type|class|level|arm) (?P<roman>iii|ii|iv|i)\b")
_ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4}
_MULTIPLE = re.compile(r"[ -](dozen|hundred|thousand|million|billion)\b|(?= ?k ?/ ?[uμµ]l) ?(k)")
_TIMES_OVER = {
    "k": 1000,
    "dozen": 12,
    "hundred": 100,
    "thousand": 1000,
    "million": 10**6,
    "billion": 10**9,
}

# As sets, because sets compare with each other by their smaller one.
_SPELLED_WORDS, _ROMAN_WORDS = frozenset(_NUMBER_WORDS), frozenset(_ROMAN)
_TIMES_WORDS = frozenset(_TIMES_OVER)
NUMBER_WORDS = _SPELLED_WORDS | _ROMAN_WORDS | _TIMES_WORDS
"""What a number may be written with, besides digits."""


def numerals(text: str, said: Set[str]) -> list[tuple[int, re.Match[str]]]:
    """Numerals and spelled numbers, with where the number itself begins."""
    hits = [(m.start(), m) for m in _NUMERAL.finditer(text)]
    digits = len(hits)
    if not said.isdisjoint(_SPELLED_WORDS):
        for m in _SPELLED.finditer(text):
            at = m.start()
            if not at or not (text[at - 1].isalnum() or text[at - 1] == "_"):
                hits.append((at, m))
    if not said.isdisjoint(_ROMAN_WORDS):
        hits += [(m.start("roman"), m) for m in _ROMAN_NUMERAL.finditer(text)]
    if len(hits) > digits:
        hits.sort(key=itemgetter(0))
    return hits


def may_go_on(text: str, said: Set[str]) -> bool:
    """Whether "and a half", "thousand" or the like may stand behind a number of a text."""
    return "half" in text or not said.isdisjoint(_TIMES_WORDS)


def value_of(m: re.Match[str], goes_on: bool = True) -> tuple[float, int]:
    """What a numeral stands for, and where it ends with "and a half" or "thousand" behind it.

    Args:
      m: the numeral.
      goes_on: whether such words may be there at all.
    """
    end = m.end()
    value = float(m[0][:40]) if m.lastgroup == "end" else _value(m)  # digits alone, mostly
    if not goes_on:
        return value, end
    text = m.string
    if text.startswith(" and a half", end):
        value, end = value + 0.5, end + len(" and a half")
    if (times := _MULTIPLE.match(text, end)) is not None:
        value, end = value * _TIMES_OVER[times[1] or times[2]], times.end()
    return value, end


def _value(m: re.Match[str]) -> float:
    if m.re is _NUMERAL:
        return float(m.string[m.start() : m.end("end")][:40]) * 10.0 ** int(m["pow"])
    if m.re is _ROMAN_NUMERAL:
        return float(_ROMAN[m["roman"]])
    value = float(sum(_NUMBER_WORDS[p] for p in re.split("[- ]", m["word"])))
    if m["digits"]:
        value += float("0." + "".join(str(_NUMBER_WORDS[p]) for p in m["digits"].split()))
    return value


def is_spelled(m: re.Match[str]) -> bool:
    """Whether a numeral is written as a word."""
    return m.re is _SPELLED


_FIRST_DIGIT = re.compile(r"[0-9](?<![a-z0-9][0-9])(?<![0-9]\.[0-9])")
"""What every number or date in digits has, and no two share."""
_IN_LETTERS = _NUMBER_WORDS.keys() | _ROMAN.keys()


def with_several(sentences: list[str], said: frozenset[str]) -> list[str]:
    """Those of some sentences, given all their words, that may have more than one number: to read
    the rest for numbers would take longer than this look at it."""
    spelled = not said.isdisjoint(_IN_LETTERS)
    return [
        s
        for s in sentences
        if len(_FIRST_DIGIT.findall(s)) > 1 or (spelled and not _IN_LETTERS.isdisjoint(words(s)))
    ]
