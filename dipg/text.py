"""Reading text as a careful person does: look-alike characters are the same character.

Models write typographic dashes, quotation marks, non-breaking and zero-width spaces, full-width
digits and superscripts. None of these changes what is said, so all of them are folded away here,
once, and the rest of the package compares plain text. Everything is linear in the length of its
input.
"""

import html
import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache

_DASHES = "‐‑‒–—―−﹘﹣－⁃"
_DOUBLE_QUOTES = "“”„‟«»″〝〞＂"
_SINGLE_QUOTES = "‘’‚‛‹›′＇´"
_INVISIBLE = "­​‌‍⁠﻿᠎‎‏"
_SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹"

_FOLD = {ord(c): "-" for c in _DASHES}
_FOLD |= {ord(c): '"' for c in _DOUBLE_QUOTES}
_FOLD |= {ord(c): "'" for c in _SINGLE_QUOTES}
_FOLD |= dict.fromkeys(map(ord, _INVISIBLE), "")
_FOLD |= {ord("×"): "x", ord("≥"): ">=", ord("≤"): "<=", ord("·"): " ", ord("•"): "-"}
_FOLD |= {ord("…"): "...", ord("⁄"): "/"}
_FOLD |= {ord(c): str(i) for i, c in enumerate(_SUPERSCRIPTS)}
_DIGIT_COMMA = re.compile(r",(?<=[0-9],)[0-9]")
_DECIMAL_COMMA = re.compile(
    r"(?<![\d.,])(\d{1,4}),(?=\d{1,2} ?(?:(?:[cm]?gy|[kmu]?g|mcg|m?l|[cm]?m[23]?|percent|months?|"
    r"weeks?|days?|years?|hours?)\b|%))"
)
_OTHER_DIGIT = re.compile(r"(?![0-9])\d")
_MIDDLE_POINT = re.compile(r"(?<=\d)·(?=\d)(?!10\b)")
_ENTITY = re.compile(r"&(?:#\d{1,6}|#[xX][0-9a-fA-F]{1,5}|[A-Za-z]{2,8}\d{0,2});")
_TEX_GROUP = re.compile(r"\\(?:text|textbf|textit|mathrm|mathbf|boxed|emph|fbox)\{([^{}]*)\}")
_TEX_SIGN = re.compile(
    r"\\(?:[,;:!()\[\] %$]|(?:times|cdot|geq?|leq?|approx|sim|mu|quad)(?![a-zA-Z]))"
)
_TEX = {"%": "%", "times": "x", "cdot": "x", "ge": ">=", "geq": ">=", "le": "<=", "leq": "<="}
_TEX |= {"approx": "~", "sim": "~", "mu": "u", "(": "", ")": "", "[": "", "]": "", "$": "", "!": ""}
_NOT = re.compile(
    r"\b(?:(ca|wo|sha)n't|(do|does|did|is|was|are|were|ca|could|would|should|has|have|had)n't)\b",
    re.IGNORECASE,
)
_NOT_IN_FULL = {"ca": "can", "wo": "will", "sha": "shall"}
_EXPONENT = re.compile(f"([{_SUPERSCRIPTS}](?<=[0-9].)[{_SUPERSCRIPTS}]*)")
_FOREIGN = re.compile(r"[^\x00-\x7f]+")
_COMBINING = re.compile("[\u0300-\u036f]")
_GROUPED = re.compile(r"\b\d{1,3}(?:,\d{3})+\b(?![.,]\d{3}\b)")
_WORDLIKE = re.compile(r"[^\W\d_]+|\d+(?:\.\d+)*|[^\w\s\"'`*]")
_ASCII_WORDLIKE = re.compile(r"[a-zA-Z]+|[0-9]+(?:\.[0-9]+)*|[^a-zA-Z0-9_\s\"'`*]")
"""The same for ASCII text, where plain sets of characters are quicker than classes."""
_VISIBLE = re.compile("[!-~]")
_WORDS = re.compile(r"[^\W_]+")
_LETTERS = re.compile("[a-z]+")
IN_BRACKETS = re.compile(r"\([^()]*\)")
"""An aside in brackets; of nested ones, the innermost."""
_NO_TITLE = r"(?<!\b[DdMm]r\.)(?<!\b[Mm]rs\.)(?<!\bMs\.)(?<!\b[Pp]rof\.)(?<!\bSt\.)(?<!\bvs\.)"
# Begins with a set of rare characters, which makes searching quick.
_SENTENCE_END = re.compile(
    rf"[.!?\n;](?:(?<=[.!?])(?=[\"')\]\s]){_NO_TITLE}(?P<gap>[\"')\]]*\s+)|(?<=\n)\n*|(?<=;)\s+)"
)


def fold(text: str) -> str:
    """Replace look-alikes by the plain character; keeps case, words and line breaks.

    Superscript digits become plain ones after a letter ("m²" is "m2") and an exponent after a digit
    ("10⁹" is "10^9", never "109").
    """
    if "&" in text:
        text = _ENTITY.sub(lambda m: html.unescape(m.group()), text)
    if "\\" in text:
        text = _without_tex(text)
    if text.isascii():
        return text
    if "·" in text:
        text = _MIDDLE_POINT.sub(".", text)
    text = _EXPONENT.sub(r"^\1", text)
    if _COMBINING.search(text):
        return _fold_run(text)
    return _FOREIGN.sub(_fold_match, text)


def _fold_run(text: str) -> str:
    text = text.translate(_FOLD)
    if text.isascii():
        return text
    text = unicodedata.normalize("NFKC", text).translate(_FOLD)
    return text if text.isascii() else _OTHER_DIGIT.sub(_plain_digit, text)


_fold_kept = lru_cache(maxsize=4096)(_fold_run)


def _fold_match(m: re.Match[str]) -> str:
    run = m.group()
    return _fold_kept(run) if len(run) < 32 else _fold_run(run)


def _plain_digit(m: re.Match[str]) -> str:
    return str(unicodedata.decimal(m.group()))


def _without_tex(text: str) -> str:
    """Text whose TeX ("\\boxed{54\\,\\text{Gy}}") is set: groups opened, signs as characters."""
    for _ in range(3):
        text = _TEX_GROUP.sub(r"\1", text)
    return _TEX_SIGN.sub(lambda m: _TEX.get(m.group()[1:], " "), text)


def spell_out_not(folded: str) -> str:
    """Folded text in which "isn't" is "is not" and "can't" is "cannot"."""
    if "'" not in folded or ("n't" not in folded and "N'T" not in folded):
        return folded
    return _NOT.sub(
        lambda m: f"{_NOT_IN_FULL[m[1].lower()] if m[1] else m[2]} not".replace(
            "can not", "cannot"
        ),
        folded,
    )


def without_emphasis(folded: str) -> str:
    """Folded text without "**", "__" and "`"; a single character is looked for much faster."""
    if "*" in folded or "_" in folded or "`" in folded:
        return folded.replace("**", "").replace("__", "").replace("`", "")
    return folded


def plain(text: str) -> str:
    """Folded lower-case text without emphasis marks and digit grouping ("1,200" is "1200")."""
    text = without_emphasis(fold(text).lower())
    if "," in text:
        if _DIGIT_COMMA.search(text) is None:
            return text.replace("$", "")
        text = _GROUPED.sub(lambda m: m.group().replace(",", ""), text)
        text = _DECIMAL_COMMA.sub(r"\1.", text)
    if "$" in text:
        text = text.replace("$", "")
    return text


def tokens(plain_text: str) -> list[str]:
    """Letters, numbers and punctuation marks of plain text; quotation marks and `*` are no tokens.

    Numbers are whole tokens and apart from letters, so "4 Gy" is not part of "54 Gy" while "54Gy"
    is "54 Gy".
    """
    found: list[str] = []
    for run in plain_text.split():
        if run.isalpha():  # as most are
            found.append(run)
        else:
            found += _tokens_kept(run) if len(run) < _LONG_RUN else _tokens_of(run)
    return found


def _tokens_of(run: str) -> list[str]:
    """The tokens of what stands between two spaces."""
    return (_ASCII_WORDLIKE if run.isascii() else _WORDLIKE).findall(run)


_LONG_RUN = 32
_tokens_kept = lru_cache(maxsize=8192)(_tokens_of)
"""The same words stand before the same marks again and again."""


def words(plain_text: str) -> tuple[str, ...]:
    """Runs of letters and digits ("onc201", "54", "gy")."""
    return _words_kept(plain_text) if len(plain_text) < _SHORT else find_words(plain_text)


def find_words(plain_text: str) -> tuple[str, ...]:
    """The words of a text that nobody will ask for again."""
    if plain_text.isascii():
        return tuple(only(_WORD_CHARACTERS, plain_text).split())
    return tuple(_WORDS.findall(plain_text))


def table(kept: Callable[[str], bool], other: str = " ") -> bytes:
    """The ASCII characters that are kept, and another in the place of all others, for `only`."""
    return "".join(chr(i) if kept(chr(i)) else other for i in range(128)).encode() + bytes(128)


def only(kept: bytes, ascii_text: str) -> str:
    """ASCII text with the characters of a table alone. Bytes are translated four times as fast."""
    return ascii_text.encode().translate(kept).decode()


_WORD_CHARACTERS = table(str.isalnum)
_SMALL_LETTERS = table(str.islower)


def letters(plain_text: str, wanted: frozenset[str]) -> frozenset[str]:
    """Which of some words are among the runs of the letters a to z ("gy" of "54gy")."""
    if plain_text.isascii():
        return wanted.intersection(only(_SMALL_LETTERS, plain_text).split())
    return wanted.intersection(_LETTERS.findall(plain_text))


_SHORT = 2_000
_words_kept = lru_cache(maxsize=16384)(find_words)
"""The criteria look at the same clauses again and again."""


def part_around(text: str, start: int, end: int, stop: re.Pattern[str]) -> tuple[int, int]:
    """Where the part of a text between two matches of `stop` begins and ends that a span is in."""
    before = max((m.end() for m in stop.finditer(text, 0, start)), default=0)
    after = stop.search(text, end)
    return before, after.start() if after else len(text)


def sentences(text: str) -> list[str]:
    """Split at sentence ends, line breaks and semicolons; a decimal point ends nothing."""
    found, start = [], 0
    for m in _SENTENCE_END.finditer(text):
        # A full stop belongs to its sentence; line breaks and semicolons to none.
        found.append(text[start : m.start() + 1 if m["gap"] else m.start()])
        start = m.end()
    found.append(text[start:])
    return [s for s in found if s and not s.isspace()]


def is_blank(text: str) -> bool:
    """Whether nothing visible is there: white space and zero-width characters only."""
    return _VISIBLE.search(text) is None and not fold(text).strip()
