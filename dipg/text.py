"""Reading text as a careful person does: look-alike characters are the same character.

Models write typographic dashes, quotation marks, non-breaking and zero-width spaces, full-width
digits and superscripts. None of these changes what is said, so all of them are folded away here,
once, and the rest of the package compares plain text. Everything is linear in the length of its
input.
"""

import re
import unicodedata

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
_EXPONENT = re.compile(f"(?<=[0-9])([{_SUPERSCRIPTS}]+)")
_GROUPED = re.compile(r"\b\d{1,3}(?:,\d{3})+\b(?![.,]\d{3}\b)")
_WORDLIKE = re.compile(r"[^\W\d_]+|\d+(?:\.\d+)*|[^\w\s\"'`*]")
_WORDS = re.compile(r"[^\W_]+")
_SENTENCE_END = re.compile(r"(?<=[.!?])(?:[\"')\]]*)\s+|\n+|;\s+")


def fold(text: str) -> str:
    """Replace look-alikes by the plain character; keeps case, words and line breaks.

    Superscript digits become plain ones after a letter ("m²" is "m2") and an exponent after a digit
    ("10⁹" is "10^9", never "109").
    """
    if text.isascii():
        return text
    text = _EXPONENT.sub(r"^\1", text).translate(_FOLD)
    if text.isascii():
        return text
    return unicodedata.normalize("NFKC", text).translate(_FOLD)


def plain(text: str) -> str:
    """Folded lower-case text without emphasis marks and digit grouping ("1,200" is "1200")."""
    text = fold(text).lower()
    if "**" in text or "__" in text or "`" in text:
        text = text.replace("**", "").replace("__", "").replace("`", "")
    if "," in text:
        text = _GROUPED.sub(lambda m: m.group().replace(",", ""), text)
    return text


def tokens(plain_text: str) -> list[str]:
    """Letters, numbers and punctuation marks of plain text; quotation marks and `*` are no tokens.

    Numbers are whole tokens and apart from letters, so "4 Gy" is not part of "54 Gy" while "54Gy"
    is "54 Gy".
    """
    return _WORDLIKE.findall(plain_text)


def words(plain_text: str) -> list[str]:
    """Runs of letters and digits ("onc201", "54", "gy")."""
    return _WORDS.findall(plain_text)


def sentences(text: str) -> list[str]:
    """Split at sentence ends, line breaks and semicolons; a decimal point ends nothing."""
    return [s for s in _SENTENCE_END.split(text) if s and not s.isspace()]


def is_blank(text: str) -> bool:
    """Whether nothing visible is there: white space and zero-width characters only."""
    return not text or text.isspace() or not fold(text).strip()
