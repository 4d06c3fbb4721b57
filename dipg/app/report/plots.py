"""Plots as SVG: lines with bands, bars, a heat map, pairs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

import numpy as np

from dipg.app.report.svg import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, Frame, element


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
