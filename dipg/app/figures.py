"""Figures as text: rates, rewards, bounds, durations and trends, of known width."""

from __future__ import annotations

import math
from collections.abc import Sequence

BLOCKS = "▁▂▃▄▅▆▇█"
NOTHING = "–"


def is_rate(metric: str) -> bool:
    """Whether a metric is a rate in [0, 1] and is shown in percent, rather than a reward."""
    return metric != "mean"


def number(metric: str, value: float | None) -> str:
    """A value: `71.2%` for a rate, `12.18` for a reward, a dash where it is unknown."""
    if value is None or not math.isfinite(value):
        return NOTHING
    return f"{100 * value:.1f}%" if is_rate(metric) else f"{value:.2f}"


def bounds(metric: str, lower: float | None, upper: float | None) -> str:
    """An interval: `66.0 .. 75.8%`; a dash where it is unknown."""
    if lower is None or upper is None or not (math.isfinite(lower) and math.isfinite(upper)):
        return NOTHING
    if is_rate(metric):
        return f"{100 * lower:.1f} .. {100 * upper:.1f}%"
    return f"{lower:.2f} .. {upper:.2f}"


def duration(seconds: float | None) -> str:
    """`0:42`, `12:05` or `3:10:00`; a dash where it is unknown."""
    if seconds is None or not math.isfinite(seconds):
        return NOTHING
    whole = round(seconds)
    hours, minutes = divmod(whole // 60, 60)
    if hours:
        return f"{hours}:{minutes:02d}:{whole % 60:02d}"
    return f"{minutes}:{whole % 60:02d}"


def sparkline(values: Sequence[float], width: int, low: float, high: float) -> str:
    """The course of `values` in at most `width` characters, between `low` and `high`.

    Neighbours are averaged where there are more values than characters.
    """
    if not values or width < 1:
        return ""
    size = max(1, math.ceil(len(values) / width))
    means = [
        sum(values[i : i + size]) / len(values[i : i + size]) for i in range(0, len(values), size)
    ]
    span = high - low
    top = len(BLOCKS) - 1
    if span <= 0:
        return BLOCKS[0] * len(means)
    return "".join(BLOCKS[min(top, max(0, int((m - low) / span * len(BLOCKS))))] for m in means)


def trend(metric: str, values: Sequence[float], width: int) -> str:
    """A sparkline over the range of the values, widened so that noise stays small in it.

    A rate spans at least 20 points of 100, a reward at least 4 units.
    """
    if not values:
        return ""
    low, high = min(values), max(values)
    span = max(high - low, 0.2 if is_rate(metric) else 4.0)
    low = (low + high - span) / 2
    if is_rate(metric):
        low = min(max(low, 0.0), max(1.0 - span, 0.0))  # there is nothing beyond 0 and 100%
    return sparkline(values, width, low, low + span)
