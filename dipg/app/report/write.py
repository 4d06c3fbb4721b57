"""Writes a report: the page, the Markdown, and each figure as SVG and PNG."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dipg.app.report.blocks import Document
from dipg.app.report.markdown import markdown
from dipg.app.report.page import html
from dipg.app.report.record import ReportError, read_run
from dipg.app.report.sections import report
from dipg.app.report.several import comparison
from dipg.app.report.svg import resolved, standalone
from dipg.app.run_directory import replace_file

PNG_WIDTH = 960


def document_of(paths: Sequence[Path]) -> Document:
    """The report of one run, or the comparison of several.

    Raises:
        ReportError: a directory cannot be reported on.
    """
    runs = [read_run(path) for path in paths]
    return report(runs[0]) if len(runs) == 1 else comparison(runs)


def write(document: Document, out: Path) -> dict[str, Any]:
    """All files of a report, each in place of one that was there. What was written, as plain data.

    Raises:
        ReportError: `out` cannot be written.
    """
    figures = out / "figures"
    rasterise = rasteriser()
    written: dict[str, Any] = {"html": str(out / "report.html"), "markdown": str(out / "report.md")}
    written |= {"figures": [], "png": rasterise is not None}
    try:
        figures.mkdir(parents=True, exist_ok=True)
        replace_file(out / "report.html", html(document).encode())
        replace_file(out / "report.md", markdown(document).encode())
        for picture in document.pictures:
            path = figures / f"{picture.name}.svg"
            replace_file(path, standalone(picture.svg).encode())
            written["figures"].append(str(path))
            if rasterise is not None:
                replace_file(path.with_suffix(".png"), rasterise(resolved(picture.svg)))
    except OSError as error:
        raise ReportError(f"{out}: cannot be written: {error.strerror or error}") from None
    return written


def rasteriser() -> Any:
    """A function from an SVG's text to PNG bytes; None where no library for it is installed."""
    try:
        import resvg_py
    except ImportError:
        return None
    return lambda svg: bytes(resvg_py.svg_to_bytes(svg_string=svg, width=PNG_WIDTH))
