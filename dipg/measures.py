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
_IN_A_ROW = (" consecutive ", " successive ", " full ", " whole ", " complete ", " calendar ")
_PER = re.compile(r" ?/ ?| per ")
_COUNT_PER = re.compile(
    r"(?: (?:cells|platelets|neutrophils|leucocytes|leukocytes|lymphocytes))?(?: ?/ ?| per )"
    r"(l|litre|liter|[uμµ]l|mcl|microlit(?:re|er)|ml|millilit(?:re|er)|mm3|mm\^3|"
    r"cubic millimet(?:re|er))(?![a-z0-9])"
)


@lru_cache(maxsize=4096)
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
    count = _COUNT_PER.match(text, end)
    if count:
        return "count/volume", 1 / ATOMS[count[1]].factor, count.end()
    if text.startswith(_IN_A_ROW, end):  # "5 consecutive days"
        adjective = text.index(" ", end + 1)
        dimension, factor, last = unit_after(text, adjective)
        return (dimension, factor, last) if dimension else ("", 1.0, end)
    m = _UNIT.match(text, end)
    if m is None:
        return "", 1.0, end
    for stop in (3, 2, 1):
        if stop > 1 and m[stop] is None:
            continue
        unit = read_unit(text[m.start(1) : m.end(stop)])
        if unit is not None:
            last = m.end(stop)
            if unit.dimension.endswith(
                ("/days", "/cycles", "/doses")
            ):  # "34 mg per day" is 34 mg, daily
                last = m.end(stop - 1)
                unit = read_unit(text[m.start(1) : last])
                assert unit is not None
            return unit.dimension, unit.factor, last
    return "", 1.0, end
