"""Is every quotation of the proof in the context?

Verbatim up to what typing changes: white space, quotation marks, dashes, invisible characters,
width of digits, letter case, a trailing full stop. A changed number or name, shuffled words,
nearly the whole context, or a scrap too short to be evidence is not a quotation.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from dipg.quantities import quantities
from dipg.rubric.absence import statements_of_absence
from dipg.rubric.lexicon import STOP_WORDS
from dipg.rubric.reading import Reading, names
from dipg.text import fold, plain, sentences, tokens, words

MAX_QUOTATIONS = 128
"""More pieces than an honest proof has; beyond it a proof is not looked up piece by piece."""
NEARLY_ALL = 0.85
"""Share of a context that a proof may not exceed: whoever quotes all of it points at nothing."""
SHORT_CONTEXT = 24
"""Tokens; so short a context may be quoted whole, as there is nothing to leave out."""
MIN_WORDS = 3
"""Fewest words of a quotation that can be evidence."""

_QUOTED = re.compile(r'"([^"]*)"')
_ELLIPSIS = re.compile(r"\s*(?:\[\s*\.{3}\s*\]|\(\s*\.{3}\s*\)|\.{3,}|\[\s*\])\s*")
_BULLET = re.compile(r"[^\S\n]*(?:(?:[-*>#]{1,6}|\(?\d{1,2}[.)]|[a-z][.)])[^\S\n]+){1,4}")
"""What a line may begin with."""
_LEAD = re.compile(
    r"^(?:(?:the|this|as|from|in|according|to|per|see|and|also|later|quote|quoted|quotes|proof|"
    r"evidence|"
    r"context|text|passage|record|chart|report|source|note|document|vignette|it|provided|states?|"
    r"stated|"
    r"says?|reads?|mentions?|notes?|explicitly|directly|clearly|that|relevant|exact|direct|"
    r"supporting|"
    r"excerpt|sentence|line|section)\b[ ,]*){1,8}:\s*"
)
_META = re.compile(
    r"\b(?:context|text|passage|record|chart|report|source|note|document|vignette|information|"
    r"quote|"
    r"quotes|evidence|proof|none|nothing|n/a|not applicable|empty|scenario|sentence|line|statement|"
    r"entry|excerpt|mention)s?\b|^\W*(?:no|none|"
    r"n/a)\W*$"
)
_POINTER = re.compile(
    r"[(\[](?:(?:see )?(?:sentence|line|paragraph|section|page|statement|source|quote|passage|note|"
    r"entry|s|l|p|pp)s?\.? ?(?:no\. ?|number |#)?(?:\d{1,3}|[a-z]|one|two|three|four|five|six|"
    r"seven|eight|nine|ten)(?:(?:-|, | and | to )\d{1,3})*(?: of the (?:context|text))?"
    r"|(?:the )?(?:first|second|third|fourth|last) (?:sentence|line|paragraph|statement)"
    r"|(?<=\[)\d{1,2})[)\]]"
)
"""Where a quotation stands ("(sentence 4)"); it quotes nothing."""
_LONG = 6_000
"""Characters; in a longer proof nobody looks for pointers."""
_WORD = re.compile(r"[^\W_]+")


class Proof(NamedTuple):
    """What a proof amounts to.

    Attributes:
      quotes: it has quotations at all (an empty proof, or a remark that nothing can be quoted, has
      none).
      grounded: every quotation is in the context and together they are evidence.
      text: its plain text, for what it carries.
    """

    quotes: bool
    grounded: bool
    text: str
    remark: bool = False


def read_proof(proof: str, context: Reading) -> Proof:
    """Look a proof up in its context. Linear in both."""
    text = plain(proof)
    if len(text) < _LONG and ("(" in text or "[" in text):
        told = context.text.lower()
        text = _POINTER.sub(lambda m: m.group() if m.group() in told else "", text)
    if not _WORD.search(text):
        return Proof(bool(text.strip()), False, text)
    if " | " in text and " | " not in context.plain:  # quotations parted by bars
        text = text.replace(" | ", "\n")
    quoted, remainder = _nested(text, context) or _split(text)
    pieces = quoted or remainder
    if len(quoted) + len(remainder) > MAX_QUOTATIONS:
        return Proof(True, False, text)
    covered = _covered(pieces, context)
    evident = covered > 0 and any(map(_is_evidence, pieces))
    if not quoted and len(pieces) > 1 and not evident:
        whole = " ".join(_unmarked(text))  # one passage, however it is broken
        if size := _contiguous(whole, context.key):
            covered, evident = size, _is_evidence(whole)
    if covered and quoted:  # an unmarked passage of the context is quoted, too
        covered += sum(_size_in(piece, context) for piece in remainder)
    if not covered:
        remark = not quoted and _is_remark(proof, text, context)
        return Proof(not remark, False, text, remark)
    if quoted and not all(_is_frame(piece, context) for piece in remainder):
        return Proof(True, False, text)
    return Proof(True, evident and not _is_nearly_all(covered, context), text)


def _is_nearly_all(covered: int, context: Reading) -> bool:
    """Whether so many tokens are nearly a whole context, unless that is short."""
    if covered <= NEARLY_ALL * _fewest_tokens(context):  # as nearly always, without counting them
        return False
    return context.size > SHORT_CONTEXT and covered > NEARLY_ALL * context.size


@lru_cache(maxsize=4096)
def _fewest_tokens(context: Reading) -> int:
    """Fewest tokens that a context can have: one behind every gap that nothing else than a token
    follows."""
    text = context.plain
    if "  " in text or "\n\n" in text or not text.isascii():
        return 0
    gaps = [gap for gap in " \n" if gap in text]
    others = [c for c in _NO_TOKENS if c in text]
    empty = sum(text.count(gap + c) for gap in gaps for c in others) + text.endswith((" ", "\n"))
    return sum(map(text.count, gaps)) - empty


_NO_TOKENS = " _\"'`*\n\t\r\x0b\x0c\x1c\x1d\x1e\x1f"


def _nested(text: str, context: Reading) -> tuple[list[str], list[str]] | None:
    """Lines that quote a passage with quotation marks of its own, if every line is in the
    context."""
    if len(text) > _LONG or '"' not in text:
        return None
    if all(line.count('"') <= 2 for line in text.split("\n")):
        return None
    bare = [line.strip(' "') for line in _unmarked(text) if _WORD.search(line)]
    return (bare, []) if all(_size_in(line, context) for line in bare) else None


def _covered(pieces: list[str], context: Reading) -> int:
    """Tokens of the context that quotations cover together; 0 where one is not in the context."""
    covered = 0
    for piece in pieces:
        size = _size_in(piece, context)
        if not size and (lead := _LEAD.match(piece)):
            size = _size_in(piece[lead.end() :], context)
        if not size:
            return 0
        covered += size
    return covered


def _split(text: str) -> tuple[list[str], list[str]]:
    """Passages in quotation marks, and what stands around them; without marks, lines."""
    marks = text.count('"') if '"' in text else 0
    if marks > 2 * MAX_QUOTATIONS:
        return [], [""] * (MAX_QUOTATIONS + 1)
    if marks >= 2 and marks % 2 == 0:
        quoted = [q.strip() for q in _QUOTED.findall(text) if _WORD.search(q)]
        if quoted:
            return quoted, _lines(_QUOTED.sub("\n", text))
    return [], _lines(text)


def _lines(text: str) -> list[str]:
    """The lines that have a word, without what marks them as items of a list."""
    found = []
    for line in text.split("\n"):
        if line[:2].isalpha() or _WORD.search(line := _without_bullet(line)):
            found.append(line.strip())
    return found


def _unmarked(text: str) -> list[str]:
    """Lines without what marks them as items of a list."""
    return [line if line[:2].isalpha() else _without_bullet(line) for line in text.split("\n")]


def _without_bullet(line: str) -> str:
    mark = _BULLET.match(line)
    return line[mark.end() :] if mark else line


def _is_remark(proof: str, text: str, context: Reading) -> bool:
    """An unquoted remark about the context ("no quote available"): it quotes nothing.

    A remark that brings a number or a name from elsewhere is no remark, and neither is anything
    that the context itself says.
    """
    if len(text) > 600 or not (_META.search(text) or _says_only_that_nothing_is_there(text)):
        return False
    if _contiguous(text, context.key) or _LEAD.match(text):
        return False
    if any(look_up(s, context.key) and _is_evidence(s) for s in sentences(text)):
        return False
    if any(not context.has_number(n) for n in quantities(text)):
        return False
    return all(name in context.terms for name, _ in names(fold(proof)))


def _says_only_that_nothing_is_there(text: str) -> bool:
    """ "Not stated", and not a sentence that might stand in a record ("... was not available for
    review")."""
    return len(words(text)) <= 6 and bool(statements_of_absence(text))


def _is_frame(piece: str, context: Reading) -> bool:
    """Words around quotations may introduce them; they may not bring in numbers of their own."""
    if _NUMBERED.match(piece):  # "quote 1:"
        return True
    found = quantities(piece)
    return all(context.has_number(n) or n.dimension[:1] == "#" for n in found)


_NUMBERED = re.compile(
    r"\W*(?:quot(?:e|ation)|evidence|excerpt|sentence|line|passage|statement|proof) ?#?\d{1,2}\W*$"
)


def _size_in(piece: str, context: Reading) -> int:
    """Tokens of a context that a quotation covers; 0 where it is not in the context."""
    return _size_kept(piece, context) if len(piece) <= _KEPT else _find_size(piece, context)


def _find_size(piece: str, context: Reading) -> int:
    at = context.plain.find(piece)
    found = at >= 0 and _stands_apart(context.plain, at, at + len(piece)) and _trimmed(piece)
    # Most are there to the letter, so that the tokens of the context are not needed.
    return len(found) if found else look_up(piece, context.key)


def _stands_apart(text: str, start: int, end: int) -> bool:
    """Whether no token of a text goes over the ends of a passage, as "54.5" does over "54"."""
    if start and not text[start - 1].isspace():
        return False
    return not (text[end : end + 1].isalnum() or text[end + 1 : end + 2].isdigit())


def look_up(piece: str, key: str) -> int:
    """Tokens of a context that a quotation covers; 0 where it is not in the context.

    Args:
      piece: plain text.
      key: of the context's reading.
    """
    size = _contiguous(piece, key)
    if size:
        return size
    if "..." in piece or "[" in piece:
        return _elided(piece, key)
    parts = sentences(piece)
    if len(parts) < 2 and ("." in piece[:-1] or "/" in piece or "|" in piece):
        parts = _JOINT.split(piece)
    if len(parts) < 2 or len(parts) > MAX_QUOTATIONS:
        return 0
    sizes = [_contiguous(p, key) or (_elided(p, key) if "..." in p else 0) for p in parts]
    return sum(sizes) if all(sizes) else 0


_JOINT = re.compile(r"(?<=[a-z0-9])\.(?=[a-z])|\s+/\s+|\s+\|\s+")
_KEPT = 1_000
_size_kept = lru_cache(maxsize=32768)(_find_size)
"""The responses of a group often quote the same lines."""


def _trimmed(piece: str) -> list[str]:
    """The tokens of a quotation without punctuation at its ends."""
    found = tokens(piece)
    first, last = 0, len(found)
    while last > first and found[last - 1] in _EDGE:
        last -= 1
    while first < last and found[first] in _EDGE:
        first += 1
    return found[first:last]


def _contiguous(piece: str, key: str) -> int:
    found = _trimmed(piece)
    return len(found) if found and f" {' '.join(found)} " in key else 0


_EDGE = frozenset(".,;:!?-()[]")


def _elided(piece: str, key: str) -> int:
    """A quotation with "..." in it: its parts in the order of the context, none a mere scrap."""
    at, covered = 0, 0
    parts = [p for p in _ELLIPSIS.split(piece) if _WORD.search(p)]
    if len(parts) > MAX_QUOTATIONS:
        return 0
    for part in parts:
        found = _trimmed(part)
        where = key.find(f" {' '.join(found)} ", at) if found else -1
        if where < 0 or (len(parts) > 1 and len(_WORD.findall(part)) < MIN_WORDS):
            return 0
        covered += len(found)
        at = where + 1
    return covered


def _is_evidence(piece: str) -> bool:
    """Long enough to say something: three words, two of them with a meaning."""
    spoken = words(piece)
    if len(spoken) < MIN_WORDS:
        return False
    meaning = 0
    for word in spoken:
        meaning += word not in STOP_WORDS
        if meaning == 2:
            return True
    return False
