"""A report as Markdown, with its figures as files beside it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from dipg.app.report.blocks import (
    Block,
    Code,
    Document,
    Gallery,
    Heading,
    Picture,
    Points,
    Sample,
    Table,
    Text,
)

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~])")


def markdown(document: Document, figures: str = "figures") -> str:
    """The whole text; pictures are links to `<figures>/<name>.svg`."""
    parts = [_block(block, figures) for block in document.blocks]
    return "\n\n".join(parts) + "\n"


def plain(text: str) -> str:
    """Text that Markdown shows as it is, on one line."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def fenced(text: str, language: str = "") -> str:
    """Text as a code block that no text inside can close."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def _block(block: Block, figures: str) -> str:
    match block:
        case Heading(text, level):
            return "#" * level + " " + plain(text)
        case Text(text, kind):
            body = plain(text)
            return {"warning": f"> **Note.** {body}", "note": f"*{body}*"}.get(kind, body)
        case Points(items):
            return "\n".join(f"- {plain(item)}" for item in items)
        case Table():
            return _table(block)
        case Code(text, language):
            return fenced(text, language)
        case Picture():
            return _picture(block, figures)
        case Gallery(pictures):
            return "\n\n".join(_picture(p, figures) for p in pictures)
        case Sample():
            return _sample(block)


def _table(table: Table) -> str:
    rule = ["---"] + ["---:" if table.numeric else "---"] * (len(table.head) - 1)
    rows = [[plain(cell) for cell in row] for row in (table.head, *table.rows)]
    lines = [rows[0], rule, *rows[1:]]
    text = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    return text + (f"\n\n*{plain(table.caption)}*" if table.caption else "")


def _picture(picture: Picture, figures: str) -> str:
    link = f"![{plain(picture.title)}]({figures}/{picture.name}.svg)"
    return f"{link}\n\n**{plain(picture.title)}.** {plain(picture.caption)}"


def _marked(pieces: Sequence[tuple[str, bool]]) -> str:
    text = "".join(f"**{plain(t)}**" if marked else _spaced(t) for t, marked in pieces)
    return text.strip() or "*empty*"


def _spaced(text: str) -> str:
    """Plain text whose ends keep a space, so that words on both sides stay apart."""
    inside = plain(text)
    before = " " if text[:1].isspace() else ""
    after = " " if text[-1:].isspace() and inside else ""
    return before + inside + after


def _sample(sample: Sample) -> str:
    lines = [
        f"### {plain(sample.title)}",
        f"- Context: {_marked(sample.context)}",
        f"- Question: {plain(sample.question)}",
        f"- Expected: {plain(sample.expected)}",
    ]
    if sample.fault:
        lines.append(f"- Response ({plain(sample.fault)}):")
        body = [*lines, "", fenced(sample.raw), "", f"- {plain(sample.facts)}"]
        return "\n".join([body[0], "", *body[1:]])
    lines += [
        f"- Thinking: {plain(sample.thinking)}",
        f"- Proof: {_marked(sample.proof)}",
        f"- Answer: {plain(sample.answer)}",
        f"- {plain(sample.facts)}",
    ]
    return "\n".join([lines[0], "", *lines[1:]])
