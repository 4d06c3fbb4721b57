"""The unit that stands behind a number."""

import re
from functools import lru_cache

from dipg.units import ATOMS, Unit, compound

_UNIT = re.compile(
    r"[ -]?(per cent\b|(?:degrees?|°) (?:c|f|celsius|fahrenheit)\b|y/o\b|mm hg\b|%|"
    r"(?:square |cubic )[a-z]+|°?[a-zμµ]+(?:\^?[23])?(?![a-z0-9]))"
    r"((?: ?/ ?| per )(?:square |cubic )?[a-zμµ]+(?:\^?[23])?(?![a-z0-9]))?"
    r"((?: ?/ ?| per )(?:square |cubic )?[a-zμµ]+(?:\^?[23])?(?![a-z0-9]))?"
)
_IN_A_ROW = frozenset(("consecutive", "successive", "full", "whole", "complete", "calendar"))
"""Words between a number and its unit that change neither."""
_PER = re.compile(r" ?/ ?| per ")
_COUNT_PER = re.compile(
    r"(?: (?:cells|platelets|neutrophils|leucocytes|leukocytes|lymphocytes))?(?: ?/ ?| per )"
    r"(l|litre|liter|[uμµ]l|mcl|microlit(?:re|er)|ml|millilit(?:re|er)|mm3|mm\^3|"
    r"cubic millimet(?:re|er))(?![a-z0-9])"
)


# What "150 per ul" and "150 cells/ul" begin with, if read as a unit.
_COUNTED = frozenset((
    "per", "cells", "platelets", "neutrophils", "leucocytes", "leukocytes", "lymphocytes",
))  # fmt: skip


def read_unit(text: str) -> Unit | None:
    """The unit written as `text`, None where it is not one we know."""
    if text == "per cent":
        text = "%"
    text = text.replace("degree ", "degrees ")
    if text.strip() in ATOMS:
        return ATOMS[text.strip()]
    return compound(_PER.split(text.strip()))


def unit_after(text: str, end: int) -> tuple[str, float, int]:
    """Dimension and factor of the unit behind a number, and where it ends; "" for none."""
    m = _UNIT.match(text, end)
    if m is None or m[1] in _COUNTED:
        count = _COUNT_PER.match(text, end)
        if count:
            return "count/volume", 1 / ATOMS[count[1]].factor, count.end()
        if m is None:
            return "", 1.0, end
    if m[1] in _IN_A_ROW:
        dimension, factor, last = unit_after(text, m.end(1))
        return (dimension, factor, last) if dimension else ("", 1.0, end)
    written = m[0]
    dimension, factor, size = (_measure_kept if len(written) < 64 else _measure)(written)
    return dimension, factor, end + size


def _measure(written: str) -> tuple[str, float, int]:
    """Dimension, factor and length of the unit that a text begins with."""
    m = _UNIT.match(written)
    assert m is not None
    for stop in (3, 2, 1):
        if stop > 1 and m[stop] is None:
            continue
        unit = read_unit(written[m.start(1) : m.end(stop)])
        if unit is not None:
            last = m.end(stop)
            if unit.dimension.endswith(
                ("/days", "/cycles", "/doses")
            ):  # "34 mg per day" is 34 mg, daily
                last = m.end(stop - 1)
                unit = read_unit(written[m.start(1) : last])
                assert unit is not None
            return unit.dimension, unit.factor, last
    return "", 1.0, 0


_measure_kept = lru_cache(maxsize=8192)(_measure)
"""The same units, and words that are none, stand behind numbers again and again."""
