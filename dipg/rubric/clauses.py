"""A text cut into clauses: the pieces in which something is stated, denied or offered."""

import itertools
import re
from typing import NamedTuple

from dipg.quantities import Quantity

# Begins with a set of characters, which makes searching quick.
_CLAUSE_END = re.compile(
    r"[\s;,:](?:(?<=[.!?]\s)\s*|(?<=\n)\n*|(?<=;)\s*|(?<=:)\s+|(?<=\s)\s*- "
    r"|(?<=,)\s+(?=\d|(?:but|however|yet|so|thus|hence|therefore|although|though|while|which|"
    r"and|i|we|it|the|give|use|assume|probably|likely|presumably|perhaps|maybe|possibly|"
    r"typically|usually|unlike|compared|in contrast)\b)"
    r"|(?<=\s)(?=(?:but|however|although|though|nevertheless|nonetheless|therefore|still,|"
    r"(?<!not )yet|because|since|whereas) ))"
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


def clauses(text: str, numbers: list[Quantity], named: list[tuple[str, int]]) -> list[Clause]:
    """Cut plain text into clauses, each with the numbers and names that stand in it."""
    edges = [0]
    for m in _CLAUSE_END.finditer(text):
        if m.end() > edges[-1]:
            edges.append(m.end())
    edges.append(len(text))
    found, i, j = [], 0, 0
    for a, b in itertools.pairwise(edges):
        first_number, first_name = i, j
        while i < len(numbers) and numbers[i].start < b:
            i += 1
        while j < len(named) and named[j][1] < b:
            j += 1
        if text[a:b].strip(" .,;:!?\n"):
            inside = tuple(n for n, _ in named[first_name:j])
            found.append(Clause(text[a:b], a, b, tuple(numbers[first_number:i]), inside))
    return found


def lies_in(part: Clause, spans: list[tuple[int, int]]) -> bool:
    """Whether a clause and one of some spans of the text overlap."""
    return any(a < part.end and part.start < b for a, b in spans)
