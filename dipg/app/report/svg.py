"""The canvas that plots are drawn on: SVG, its colours, axes, and round numbers.

Colours are classes, so that a page can set them for light and dark; `standalone` adds a style sheet
that does so to a file of its own. No script, no fonts from afar.
"""

from __future__ import annotations

import math
import re
from html import escape

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
