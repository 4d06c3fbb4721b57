"""A text cut into clauses: the pieces in which something is stated, denied or offered."""

import re
from collections.abc import Set
from typing import NamedTuple

from dipg.quantities import Quantity
from dipg.rubric.lexicon import word_set

_TURNS = word_set(
    "but however although though nevertheless nonetheless therefore still yet because since whereas"
)
"""Words that a clause begins with, whatever stands before them."""
_AFTER_COMMA = (
    r"(?=\d|(?:but|however|yet|so|thus|hence|therefore|although|though|while|which|"
    r"and|i|we|it|the|give|use|assume|probably|likely|presumably|perhaps|maybe|possibly|"
    r"typically|usually|unlike|compared|in contrast)\b)"
)
# Both begin with a set of characters, which makes searching quick.
_CLAUSE_END = re.compile(
    r"[\s;,:](?:(?<=[.!?]\s)\s*|(?<=\n)\n*|(?<=;)\s*|(?<=:)\s+|(?<=\s)\s*- "
    rf"|(?<=,)\s+{_AFTER_COMMA}"
    r"|(?<=\s)(?=(?:but|however|although|though|nevertheless|nonetheless|therefore|still,|"
    r"(?<!not )yet|because|since|whereas) ))"
)
# The same for text with none of the words above that stand for themselves, and no dash: cuts at
# marks alone, which are rarer than spaces.
_MARKED_END = re.compile(
    r"[.!?\n;:,](?:(?<=[.!?])\s+|(?<=\n)\n*|(?<=;)\s*|(?<=:)\s+"
    rf"|(?<=,)\s+{_AFTER_COMMA})"
)

ASSERTS = re.compile(r"\b(?:is|was|are|were|received|gets?|got|has|had|takes|took)\b")
"""A clause with such a verb states something."""


class Clause(NamedTuple):
    """A piece of an answer between sentence ends, contrasts and conclusions."""

    text: str
    start: int
    end: int
    numbers: tuple[Quantity, ...]
    names: tuple[str, ...]


def clauses(
    text: str, numbers: list[Quantity], named: list[tuple[str, int]], spoken: Set[str]
) -> list[Clause]:
    """Cut plain text, whose words are `spoken`, into clauses, each with the numbers and names that
    stand in it."""
    found: list[Clause] = []
    i = j = a = 0
    for b in (*_ends(text, spoken), len(text)):
        if b <= a:
            continue
        first_number, first_name = i, j
        while i < len(numbers) and numbers[i].start < b:
            i += 1
        while j < len(named) and named[j][1] < b:
            j += 1
        part = text[a:b]
        if part.strip(" .,;:!?\n"):
            counted = tuple(numbers[first_number:i]) if i > first_number else ()
            called = tuple([n for n, _ in named[first_name:j]]) if j > first_name else ()
            found.append(Clause(part, a, b, counted, called))
        a = b
    return found


def _ends(text: str, spoken: Set[str]) -> list[int]:
    """Where clauses end, but for the last."""
    marked = _TURNS.isdisjoint(spoken) and ("-" not in text or "- " not in text)
    return [m.end() for m in (_MARKED_END if marked else _CLAUSE_END).finditer(text)]


def lies_in(part: Clause, spans: list[tuple[int, int]]) -> bool:
    """Whether a clause and one of some spans of the text overlap."""
    return any(a < part.end and part.start < b for a, b in spans)
