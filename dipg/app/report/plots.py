"""Plots as SVG: lines with bands, bars, a heat map. No library, no script, no fonts from afar.

Colours are classes, so that a page can set them for light and dark; `standalone` adds a style sheet
that does so to a file of its own.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

import numpy as np

WIDTH, HEIGHT = 480, 260
LEFT, RIGHT, TOP, BOTTOM = 52, 14, 14, 34
STYLE = """
.plot{font:12px system-ui,sans-serif;fill:var(--ink,#222)}
.plot .grid{stroke:var(--grid,#e3e3e3);stroke-width:1}
.plot .axis{stroke:var(--axis,#888);stroke-width:1;fill:none}
.plot .quiet{fill:var(--quiet,#666)}
.plot .line{fill:none;stroke-width:1.8;stroke-linejoin:round}
.plot .band{stroke:none;opacity:.18}
.plot .rung{fill:var(--rung,#7a7a7a);opacity:.08}
.plot .move{stroke:var(--axis,#888);stroke-width:1;stroke-dasharray:3 3}
.plot .s0{stroke:var(--c0,#0b62b0);fill:var(--c0,#0b62b0)}
.plot .s1{stroke:var(--c1,#b3510b);fill:var(--c1,#b3510b)}
.plot .s2{stroke:var(--c2,#1d7a4c);fill:var(--c2,#1d7a4c)}
.plot .s3{stroke:var(--c3,#8a3b8f);fill:var(--c3,#8a3b8f)}
.plot .s4{stroke:var(--c4,#6b6b00);fill:var(--c4,#6b6b00)}
.plot .s5{stroke:var(--c5,#a3223a);fill:var(--c5,#a3223a)}
.plot .line{fill:none}
.plot .band,.plot .bar{stroke:none}
.plot .word{stroke:none}
.plot .paper{fill:var(--paper,#fff)}
"""
DARK = (
    "--ink:#e6e6e6;--grid:#3a3a3a;--axis:#8d8d8d;--quiet:#a8a8a8;--rung:#cfcfcf;--paper:#161616;"
    "--c0:#6cb2f2;--c1:#f0a05a;--c2:#63c893;--c3:#d193d6;--c4:#cfcf5a;--c5:#f0808f"
)


@dataclass(frozen=True)
class Line:
    """A course of values with an optional band. All `[S]`; NaN breaks the line."""

    label: str
    x: np.ndarray
    y: np.ndarray
    lower: np.ndarray | None = None
    upper: np.ndarray | None = None
    dots: bool = False
    stepped: bool = False


@dataclass
class Chart:
    """Lines over steps.

    Attributes:
        title: for those who cannot see it. percent: the values are shares.
        limits: of y, widened to the data where None.
        spans: `(first, last, label)` of stretches, shaded in turn. moves: steps marked.
    """

    title: str
    lines: Sequence[Line]
    percent: bool = False
    limits: tuple[float | None, float | None] = (None, None)
    spans: Sequence[tuple[float, float, str]] = field(default_factory=list)
    moves: Sequence[float] = field(default_factory=list)

    def svg(self) -> str:
        """The chart as a whole SVG element."""
        x0, x1 = _range([line.x for line in self.lines], (0, 1))
        # Bands are cut off where they would squeeze the lines; intervals are not.
        columns: list[np.ndarray | None] = [line.y for line in self.lines]
        columns += [c for line in self.lines if line.dots for c in (line.lower, line.upper)]
        y0, y1 = _range(columns, (0, 1))
        low, high = self.limits
        y0, y1 = _padded(y0 if low is None else low, y1 if high is None else high)
        if low is not None:
            y0 = low
        if high is not None:
            y1 = high
        frame = Frame((x0, x1), (y0, y1))
        parts = [self._spans(frame), frame.axes(self.percent)]
        parts += [
            f'<line class="move" x1="{frame.x(m):.1f}" x2="{frame.x(m):.1f}" y1="{TOP}"'
            f' y2="{HEIGHT - BOTTOM}"/>'
            for m in self.moves
        ]
        parts += [_line(line, i, frame) for i, line in enumerate(self.lines)]
        parts.append(self._labels())
        return element(self.title, "".join(parts))

    def _spans(self, frame: Frame) -> str:
        parts = []
        for i, (first, last, label) in enumerate(self.spans):
            left = frame.x(first)
            right = min(max(frame.x(last), left + 1), WIDTH - RIGHT)
            if i % 2:
                parts.append(
                    f'<rect class="rung" x="{left:.1f}" y="{TOP}" width="{right - left:.1f}"'
                    f' height="{HEIGHT - TOP - BOTTOM}"/>'
                )
            if right - left > 7 * len(label):
                middle = (left + right) / 2
                parts.append(
                    f'<text class="quiet" x="{middle:.1f}" y="{HEIGHT - BOTTOM - 5}"'
                    f' text-anchor="middle">{escape(label)}</text>'
                )
        return "".join(parts)

    def _labels(self) -> str:
        if len(self.lines) < 2:
            return ""
        parts, x = [], LEFT + 6
        for i, line in enumerate(self.lines):
            parts.append(
                f'<text class="word s{i % 6}" x="{x}" y="{TOP + 11}">{escape(line.label)}</text>'
            )
            x += 7 * len(line.label) + 16
        return "".join(parts)


class Frame:
    """Where values are on the canvas."""

    def __init__(self, x: tuple[float, float], y: tuple[float, float]) -> None:
        self.span_x, self.span_y = x, y

    def x(self, value: float) -> float:
        low, high = self.span_x
        share = (value - low) / (high - low) if high > low else 0.5
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        low, high = self.span_y
        share = (value - low) / (high - low) if high > low else 0.5
        return HEIGHT - BOTTOM - min(max(share, 0.0), 1.0) * (HEIGHT - TOP - BOTTOM)

    def axes(self, percent: bool, steps: str = "step") -> str:
        """Grid, numbers and the name of the horizontal axis."""
        parts = []
        for tick in ticks(*self.span_y):
            y = self.y(tick)
            text = f"{100 * tick:g}%" if percent else f"{tick:g}"
            parts.append(
                f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
                f'<text class="quiet" x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">'
                f"{text}</text>"
            )
        for tick in ticks(*self.span_x):
            parts.append(
                f'<text class="quiet" x="{self.x(tick):.1f}" y="{HEIGHT - BOTTOM + 16}"'
                f' text-anchor="middle">{tick:g}</text>'
            )
        bottom = HEIGHT - BOTTOM
        parts.append(
            f'<path class="axis" d="M{LEFT} {TOP}V{bottom}H{WIDTH - RIGHT}"/>'
            f'<text class="quiet" x="{WIDTH - RIGHT}" y="{HEIGHT - 4}" text-anchor="end">'
            f"{escape(steps)}</text>"
        )
        return "".join(parts)


def bars(title: str, edges: Sequence[float], shares: Sequence[float], top: float) -> str:
    """A histogram: shares of the whole between edges, on a common scale up to `top`."""
    frame = Frame((edges[0], edges[-1]), (0.0, top))
    parts = [frame.axes(True, "reward on the yardstick")]
    for low, high, share in zip(edges[:-1], edges[1:], shares, strict=True):
        if share > 0:
            left, right, y = frame.x(low) + 0.5, frame.x(high) - 0.5, frame.y(share)
            parts.append(
                f'<rect class="bar s0" x="{left:.1f}" y="{y:.1f}" width="{right - left:.1f}"'
                f' height="{HEIGHT - BOTTOM - y:.1f}"/>'
            )
    return element(title, "".join(parts))


def heat(
    title: str, rows: Sequence[str], values: np.ndarray, spans: Sequence[tuple[float, float]]
) -> str:
    """Shares `[R, C]` as cells, a row per name; `spans` are the steps of each column."""
    left, size = 148, 17
    height = TOP + size * len(rows) + BOTTOM
    width = (WIDTH - left - 42) / max(len(spans), 1)
    parts = []
    for i, name in enumerate(rows):
        y = TOP + i * size
        parts.append(f'<text x="{left - 6}" y="{y + 12}" text-anchor="end">{escape(name)}</text>')
        for j in range(len(spans)):
            if np.isfinite(values[i, j]):
                parts.append(
                    f'<rect class="bar s0" x="{left + j * width:.1f}" y="{y}"'
                    f' width="{width + 0.3:.1f}" height="{size - 2}"'
                    f' opacity="{0.06 + 0.94 * values[i, j]:.2f}"/>'
                )
        if len(spans) and np.isfinite(values[i, -1]):
            parts.append(
                f'<text class="quiet" x="{WIDTH - 38}" y="{y + 12}">{100 * values[i, -1]:.0f}%'
                "</text>"
            )
    if len(spans):
        y = TOP + size * len(rows) + 14
        ends = (spans[0][0], left, "start"), (spans[-1][1], WIDTH - 42, "end")
        for step, x, anchor in ends:
            parts.append(
                f'<text class="quiet" x="{x}" y="{y}" text-anchor="{anchor}">step {step:g}</text>'
            )
    return element(title, "".join(parts), height)


def pairs(
    title: str, rows: Sequence[tuple[str, float, float]], names: tuple[str, str], percent: bool
) -> str:
    """For each row a value before and one after, joined: what was expected of a move."""
    left, size = 148, 30
    height = TOP + 22 + size * len(rows) + BOTTOM
    known = [v for row in rows for v in row[1:] if math.isfinite(v)]
    low, high = _padded(min(known, default=0.0), max(known, default=1.0))

    def x(value: float) -> float:
        return left + (value - low) / (high - low) * (WIDTH - left - RIGHT - 20)

    parts = [
        f'<text class="word s0" x="{left}" y="{TOP + 8}">● {escape(names[0])}</text>',
        f'<text class="word s1" x="{left + 150}" y="{TOP + 8}">● {escape(names[1])}</text>',
    ]
    for i, (name, before, after) in enumerate(rows):
        y = TOP + 36 + i * size
        parts.append(f'<text x="{left - 8}" y="{y + 4}" text-anchor="end">{escape(name)}</text>')
        if not (math.isfinite(before) and math.isfinite(after)):
            parts.append(f'<text class="quiet" x="{left}" y="{y + 4}">unknown</text>')
            continue
        text = (
            f"{100 * before:.0f}% → {100 * after:.0f}%"
            if percent
            else f"{before:.3g} → {after:.3g}"
        )
        parts.append(
            f'<line class="axis" x1="{x(before):.1f}" x2="{x(after):.1f}" y1="{y}" y2="{y}"/>'
            f'<circle class="s0" cx="{x(before):.1f}" cy="{y}" r="4"/>'
            f'<circle class="s1" cx="{x(after):.1f}" cy="{y}" r="4"/>'
            f'<text class="quiet" x="{WIDTH - RIGHT}" y="{y - 7}" text-anchor="end">{text}</text>'
        )
    return element(title, "".join(parts), height)


def element(title: str, inside: str, height: int = HEIGHT) -> str:
    """An SVG element with a name for screen readers."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="plot" viewBox="0 0 {WIDTH} {height}"'
        f' role="img" aria-label="{escape(title, quote=True)}"><title>{escape(title)}</title>'
        f"{inside}</svg>"
    )


def standalone(svg: str, theme: str = "auto") -> str:
    """The same as a file of its own, with paper and colours.

    Args:
        theme: "auto" follows the viewer, "light" is for programs that know no media queries.
    """
    dark = f"@media(prefers-color-scheme:dark){{.plot{{{DARK}}}}}" if theme == "auto" else ""
    style = f'<style>{STYLE}{dark}</style><rect class="paper" width="100%" height="100%"/>'
    head, mark, rest = svg.partition("</title>")
    return head + mark + style + rest


def resolved(svg: str) -> str:
    """A standalone file without CSS variables, for programs that do not know them."""
    return re.sub(r"var\(--[a-z0-9]+,(#[0-9a-f]+)\)", r"\1", standalone(svg, "light"))


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round numbers between two ends, at most so many."""
    if not (math.isfinite(low) and math.isfinite(high)) or high <= low:
        return [low] if math.isfinite(low) else []
    raw = (high - low) / most
    power = 10.0 ** math.floor(math.log10(raw))
    size = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= raw - 1e-12)
    first, last = math.ceil(low / size - 1e-9), math.floor(high / size + 1e-9)
    return [float(f"{i * size:.10g}") for i in range(first, last + 1)]


def _line(line: Line, index: int, frame: Frame) -> str:
    style = f"s{index % 6}"
    parts = []
    if line.lower is not None and line.upper is not None:
        for run in _runs(line.lower + line.upper):
            top = [f"{frame.x(line.x[i]):.1f},{frame.y(line.upper[i]):.1f}" for i in run]
            low = [f"{frame.x(line.x[i]):.1f},{frame.y(line.lower[i]):.1f}" for i in run]
            if line.dots:
                parts += [
                    f'<path class="line {style}" d="M{a.replace(",", " ")}L{b.replace(",", " ")}"/>'
                    for a, b in zip(top, low, strict=True)
                ]
            else:
                around = " ".join([*top, *reversed(low)])
                parts.append(f'<polygon class="band {style}" points="{around}"/>')
    for run in _runs(line.y):
        if line.dots:
            parts += [
                f'<circle class="{style}" cx="{frame.x(line.x[i]):.1f}"'
                f' cy="{frame.y(line.y[i]):.1f}" r="3.2"/>'
                for i in run
            ]
            continue
        points = [(frame.x(line.x[i]), frame.y(line.y[i])) for i in run]
        path = f"M{points[0][0]:.1f} {points[0][1]:.1f}"
        for x, y in points[1:]:
            path += f"H{x:.1f}V{y:.1f}" if line.stepped else f"L{x:.1f} {y:.1f}"
        parts.append(f'<path class="line {style}" d="{path}"/>')
    return "".join(parts)


def _runs(values: np.ndarray) -> list[list[int]]:
    """Stretches of indices whose values are known."""
    found: list[list[int]] = []
    previous = -2
    for i in np.flatnonzero(np.isfinite(values)).tolist():
        if i != previous + 1:
            found.append([])
        found[-1].append(i)
        previous = i
    return found


def _range(
    columns: Sequence[np.ndarray | None], otherwise: tuple[float, float]
) -> tuple[float, float]:
    known = [c[np.isfinite(c)] for c in columns if c is not None]
    known = [c for c in known if len(c)]
    if not known:
        return otherwise
    return float(min(c.min() for c in known)), float(max(c.max() for c in known))


def _padded(low: float, high: float) -> tuple[float, float]:
    margin = 0.05 * (high - low) if high > low else max(abs(high) * 0.05, 0.5)
    return low - margin, high + margin
