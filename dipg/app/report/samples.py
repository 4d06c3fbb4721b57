"""Sample responses, with what the proof quotes marked in the context."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from dipg.app.report.blocks import Sample
from dipg.responses import parse

LONGEST = 4_000
"""Characters shown of any one text."""
_WORDS = re.compile(r"[^\W_]+")
_PIECE = re.compile(r'"([^"]+)"|([^\n"]+)')


def quoted(context: str, proof: str) -> tuple[list[tuple[str, bool]], list[tuple[str, bool]]]:
    """Context and proof in pieces.

    Of the context a piece is marked where the proof quotes it; of the proof, where the context does
    not have it. Compared are words in order, whatever their case and what stands between them.
    """
    where = [(m.group().casefold(), m.start(), m.end()) for m in _WORDS.finditer(context)]
    words = [word for word, _, _ in where]
    marked = [False] * len(where)
    foreign: list[tuple[str, bool]] = []
    end = 0
    for match in _PIECE.finditer(proof):
        foreign.append((proof[end : match.start()], False))
        end = match.end()
        piece = [m.group().casefold() for m in _WORDS.finditer(match.group())]
        places = _places(words, piece)
        for place in places:
            marked[place : place + len(piece)] = [True] * len(piece)
        foreign.append((match.group(), bool(piece) and not places))
    foreign.append((proof[end:], False))
    return _merged(context, where, marked), [part for part in foreign if part[0]]


def sample(row: Mapping[str, Any]) -> Sample:
    """One line of a samples file, to be shown."""
    response = parse(row["completion"])
    context, proof = quoted(row["context"][:LONGEST], response.proof[:LONGEST])
    terms = row.get("terms")
    names = [str(t).replace("_", " ") for t in terms] if isinstance(terms, list) else []
    facts = f"reward {row['reward']:g} on the yardstick" + (
        f": {', '.join(names)}" if names else ""
    )
    return Sample(
        f"{row['id']} ({row['kind']})",
        row["question"][:LONGEST],
        row["expected"][:LONGEST],
        context,
        proof,
        response.think[:LONGEST],
        response.answer[:LONGEST],
        row["completion"][:LONGEST],
        "" if response.well_formed else response.fault or "not well-formed",
        facts,
    )


def _places(words: Sequence[str], piece: Sequence[str]) -> list[int]:
    if not piece:
        return []
    size = len(piece)
    return [
        i
        for i in range(len(words) - size + 1)
        if words[i] == piece[0] and list(words[i : i + size]) == list(piece)
    ]


def _merged(
    text: str, where: Sequence[tuple[str, int, int]], marked: Sequence[bool]
) -> list[tuple[str, bool]]:
    """The text in pieces; what stands between two marked words is marked with them."""
    found: list[tuple[str, bool]] = []
    end, i = 0, 0
    while i < len(where):
        if not marked[i]:
            i += 1
            continue
        first = i
        while i < len(where) and marked[i]:
            i += 1
        start, stop = where[first][1], where[i - 1][2]
        found += [(text[end:start], False), (text[start:stop], True)]
        end = stop
    found.append((text[end:], False))
    return [part for part in found if part[0]]
