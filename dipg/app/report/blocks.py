"""What a report is made of, whatever it is written as."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Heading:
    """A section's title; level 1 is the report's."""

    text: str
    level: int = 2


@dataclass(frozen=True)
class Text:
    """A paragraph; `kind` is "" or "note" for what is said quietly, "warning" for what matters."""

    text: str
    kind: str = ""


@dataclass(frozen=True)
class Points:
    """A list."""

    items: Sequence[str]


@dataclass(frozen=True)
class Table:
    """Rows of cells under a head; the first column names the row, the others are figures."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str = ""
    numeric: bool = True


@dataclass(frozen=True)
class Code:
    """Text as it stands."""

    text: str
    language: str = ""


@dataclass(frozen=True)
class Picture:
    """A figure: a whole SVG document, its name for a file, and what it shows."""

    name: str
    title: str
    caption: str
    svg: str


@dataclass(frozen=True)
class Gallery:
    """Figures side by side where there is room."""

    pictures: Sequence[Picture]


@dataclass(frozen=True)
class Sample:
    """One response with what it was asked.

    Attributes:
        title: which one. question, expected, answer, thinking: texts.
        context, proof: pieces with whether each is marked: in the context, what the proof quotes;
            in the proof, what the context does not have.
        fault: why the response could not be read, then `raw` is all there is.
        facts: what happened, and the reward.
    """

    title: str
    question: str
    expected: str
    context: Sequence[tuple[str, bool]]
    proof: Sequence[tuple[str, bool]]
    thinking: str
    answer: str
    raw: str
    fault: str
    facts: str


Block = Heading | Text | Points | Table | Code | Picture | Gallery | Sample


@dataclass(frozen=True)
class Document:
    """A report: its blocks, and its key figures as plain data."""

    title: str
    blocks: Sequence[Block]
    summary: dict[str, Any]

    @property
    def pictures(self) -> list[Picture]:
        """Every figure, in order."""
        found: list[Picture] = []
        for block in self.blocks:
            if isinstance(block, Picture):
                found.append(block)
            elif isinstance(block, Gallery):
                found += block.pictures
        return found
