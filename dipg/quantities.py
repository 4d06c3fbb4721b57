"""Numbers as they stand in clinical prose: value, unit, direction, how often.

One linear pass. "54 Gy" and "5400 cGy" are the same quantity; "4 Gy" is not in "54 Gy"; "<54 Gy" is
not "54 Gy"; "15 mg/m2 weekly" is not "15 mg/m2 twice weekly".
"""

import re
from functools import lru_cache
from typing import NamedTuple

from dipg.units import ATOMS, Unit, compound


def _split(text: str) -> list[str]:
    return text.split()


_SMALL = _split(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen"
)
_TENS = _split("twenty thirty forty fifty sixty seventy eighty ninety")
_NUMBER_WORDS = {w: i for i, w in enumerate(_SMALL)}
_NUMBER_WORDS |= {w: 10 * (i + 2) for i, w in enumerate(_TENS)}
_MONTHS = _split(
    "january february march april may june july august september october november december"
)
_MONTH_NUMBER = {m: i + 1 for i, m in enumerate(_MONTHS)}
_MONTH_NUMBER |= {m[:3]: i + 1 for i, m in enumerate(_MONTHS)} | {"sept": 9}

_UNIT_WORDS = "|".join(sorted((re.escape(a) for a in ATOMS), key=len, reverse=True))
_UNIT = re.compile(
    rf"[ \-]?(per cent\b|(?:{_UNIT_WORDS})(?![a-z0-9]))"
    rf"((?: ?/ ?| per )(?:{_UNIT_WORDS})(?![a-z0-9]))?((?: ?/ ?|"
    rf" per )(?:{_UNIT_WORDS})(?![a-z0-9]))?"
)
_PER = re.compile(r" ?/ ?| per ")
_COUNT_PER = re.compile(r" ?/ ?(l|ul|μl|ml|mm3|mm\^3)(?![a-z0-9])")
_NUMBER = re.compile(
    r"(?<![a-z0-9^.])(?P<date>\d{4}-\d{2}-\d{2}(?![\d-]))"
    r"|(?<![a-z0-9^.])(?<![a-z]-)(?P<num>\d+(?:\.\d+)?|\.\d+)(?P<exp> ?(?:x ?10|"
    r"e)\^?(?P<pow>-?\d{1,2})(?=[ /]))?"
    r"(?![0-9]|[a-z]*\d[a-z])"
    r"|\b(?P<word>"
    + "|".join([f"(?:{'|'.join(_TENS)})(?:[- ](?:{'|'.join(_SMALL[1:10])}))?", *_SMALL])
    + r")\b(?!-)"
)
_MONTH_DATE = re.compile(
    r"\b(?:(\d{1,2})(?:st|nd|rd|th)? (?:of )?(" + "|".join(_MONTH_NUMBER) + r")\.?,? (\d{4})"
    r"|(" + "|".join(_MONTH_NUMBER) + r")\.? (\d{1,2})(?:st|nd|rd|th)?,? (\d{4}))\b"
)
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_COMPARATOR = re.compile(
    r"(?:(<=|>=|<|>)|\b(less than|fewer than|lower than|smaller than|under|below|no more than|"
    r"not more than|at most|up to|more than|greater than|higher than|larger than|over|above|"
    r"exceeding|at least|no less than|not less than|a minimum of|a maximum of))"
    r"(?: a| an| about| around| roughly)? ?$"
)
_DIRECTION = {
    **dict.fromkeys(("<", "less than", "fewer than", "lower than", "smaller than"), "<"),
    **dict.fromkeys(("under", "below"), "<"),
    **dict.fromkeys(("<=", "no more than", "not more than", "at most", "up to"), "<="),
    "a maximum of": "<=",
    **dict.fromkeys((">", "more than", "greater than", "higher than", "larger than"), ">"),
    **dict.fromkeys(("over", "above", "exceeding"), ">"),
    **dict.fromkeys((">=", "at least", "no less than", "not less than", "a minimum of"), ">="),
}
_FREQUENCY = re.compile(
    r"\b(?:(?P<times>once|twice|thrice|one time|two times|three times|four times|[2-9] times) "
    r"(?:-?a |per |each |every |an? )?(?P<per>hour|day|week|month|daily|weekly|monthly)"
    r"|(?P<adj>daily|weekly|monthly|biweekly|nightly)"
    r"|(?P<every>every|each) (?:(?P<n>\d+|other|two|three|four|six|eight) )?(?P<unit>hour|day|"
    r"week|month)s?"
    r"|q(?P<qn>\d+)(?P<qunit>h|d|w)|(?P<latin>bid|tid|qid|qd|od|b\.i\.d\.|t\.i\.d\.)"
    r"|(?:/|per )(?P<rate>day|week|month|d|wk))(?![a-z])"
)
_TIMES = {"once": 1, "twice": 2, "thrice": 3, "one time": 1, "two times": 2, "three times": 3}
_TIMES |= {"four times": 4} | {f"{n} times": n for n in range(2, 10)}
_DAYS = {"hour": 1 / 24, "h": 1 / 24, "day": 1.0, "daily": 1.0, "d": 1.0, "nightly": 1.0}
_DAYS |= {"week": 7.0, "weekly": 7.0, "w": 7.0, "wk": 7.0, "month": 28.0, "monthly": 28.0}
_DAYS |= {"biweekly": 14.0}
_DURATIONS = ("days", "months", "seconds")
_LATIN = {"bid": 2, "b.i.d.": 2, "tid": 3, "t.i.d.": 3, "qid": 4, "qd": 1, "od": 1}
_COUNT = {"other": 2, "two": 2, "three": 3, "four": 4, "six": 6, "eight": 8}
_LABEL = re.compile(
    r"\b(grade|stage|phase|cycle|day|week|month|visit|line|arm|group|cohort|source|patient|case|"
    r"level|"
    r"class|type|site|version|report|note|block|step|course)s? (?:no\.? |number )?$"
)
_RANGE = re.compile(r" ?- ?| to | through ")
_LIST_MARK = re.compile(r"(?:^|\n)\s*\(?\d{1,2}[.)](?=\s)")
_TRAIL = re.compile(
    r"[ ,]*(?:\(?(?:orally|po|iv|intravenously|by mouth|given|administered|taken|on a|dose|dosing|"
    r"maintenance|oral|subcutaneously|sc|at|total)[ ,]*){0,4}\(?$"
)


class Quantity(NamedTuple):
    """One number in a text.

    Attributes:
      value: in base units of its dimension ("54 Gy" and "5400 cGy" are both 54).
      dimension: of its unit, "" for a bare number, "date" for a date (value yyyymmdd), "#grade" and
        the like for a number that names something ("grade 3", "cycle 8").
      compare: "", "<", "<=", ">", ">=": the direction it is given with; "-" for an end of a range.
      per_day: how often, in 1/day, where that stands next to it; 0 where it does not.
      raw: the number as written.
      start, end: where it stands, in characters.
      spelled: written as a word ("two").
    """

    value: float
    dimension: str
    compare: str
    per_day: float
    raw: float
    start: int
    end: int
    spelled: bool = False

    def same(self, other: "Quantity") -> bool:
        """Equal value in the same dimension; direction and frequency are compared apart."""
        if self.dimension != other.dimension:
            return False
        return self.value == other.value or (
            self.dimension != "date" and close(self.value, other.value)
        )


def close(a: float, b: float) -> bool:
    """Equal up to rounding of unit conversions."""
    return abs(a - b) <= 1e-6 * max(abs(a), abs(b))


@lru_cache(maxsize=4096)
def read_unit(text: str) -> Unit | None:
    """The unit written as `text`, None where it is not one we know."""
    if text == "per cent":
        text = "%"
    return compound(_PER.split(text.strip()))


def frequencies(text: str) -> list[tuple[float, int, int]]:
    """How often, in 1/day, with where it stands: "twice weekly" is 2/7."""
    found = []
    for m in _FREQUENCY.finditer(text):
        g = m.groupdict()
        if g["times"]:
            rate = _TIMES[g["times"]] / _DAYS[g["per"]]
        elif g["adj"]:
            rate = 1 / _DAYS[g["adj"]]
        elif g["every"]:
            n = g["n"]
            count = 1 if n is None else _COUNT.get(n) or (int(n) if n.isdigit() else 1)
            rate = 1 / (max(count, 1) * _DAYS[g["unit"]])
        elif g["qn"]:
            rate = 1 / (max(int(g["qn"][:4]), 1) * _DAYS[g["qunit"]])
        elif g["latin"]:
            rate = float(_LATIN[g["latin"]])
        else:
            rate = 1 / _DAYS[g["rate"]]
        found.append((rate, m.start(), m.end()))
    return found


def quantities(text: str) -> list[Quantity]:
    """Every number of plain text (see `dipg.text.plain`), in order; list markers are no numbers."""
    found: list[Quantity] = []
    hits = list(_NUMBER.finditer(text))
    if not hits:
        return found
    dates = list(_MONTH_DATE.finditer(text)) if _YEAR.search(text) else []
    taken = [d.span() for d in dates]
    for d in dates:
        day, month, year = (d[1], d[2], d[3]) if d[2] else (d[5], d[4], d[6])
        value = int(year) * 10000 + _MONTH_NUMBER[month] * 100 + int(day)
        found.append(Quantity(value, "date", "", 0.0, value, *d.span()))
    marks = (
        {m.end() for m in _LIST_MARK.finditer(text)} if "\n" in text or text[:1].isdigit() else ()
    )
    often = frequencies(text)
    for m in hits:
        start, end = m.span()
        if any(a <= start < b for a, b in taken) or (marks and end + 1 in marks):
            continue
        if any(a <= start < b for _, a, b in often):
            continue
        found.append(_read(text, m, often))
    if dates:
        found.sort(key=lambda q: q.start)
    return _join_ranges(text, found) if len(found) > 1 else found


def _read(text: str, m: re.Match[str], often: list[tuple[float, int, int]]) -> Quantity:
    start, end = m.span()
    if m["date"]:
        day = float(m["date"].replace("-", ""))
        return Quantity(day, "date", "", 0.0, day, start, end)
    if m["word"]:
        parts = re.split("[- ]", m["word"])
        value = float(sum(_NUMBER_WORDS[p] for p in parts))
    else:
        value = float(m["num"][:40])
        if m["exp"]:
            value *= 10.0 ** int(m["pow"])
    dimension, factor, end = _unit_after(text, end)
    before = text[max(0, start - 24) : start]
    hit = _COMPARATOR.search(before) if before and before[-1] in " <>=" else None
    compare = _DIRECTION[hit[1] or hit[2]] if hit else ""
    if not dimension and (label := _LABEL.search(before)):
        dimension = f"#{label[1]}"
        hit = hit or _COMPARATOR.search(before, 0, label.start())
        compare = _DIRECTION[hit[1] or hit[2]] if hit else ""
    if hit and hit[2] in ("over", "under") and dimension in _DURATIONS:
        compare = ""
    rate = _often(text, start, end, often)
    return Quantity(
        value * factor, dimension, compare, rate, value, start, end, m["word"] is not None
    )


def _join_ranges(text: str, found: list[Quantity]) -> list[Quantity]:
    """Give both ends of "54-59 Gy" the unit and mark them as ends of a range."""
    for i in range(len(found) - 1):
        low, high = found[i], found[i + 1]
        gap = high.start - low.end
        if not (0 < gap <= 9 and low.raw < high.raw):
            continue
        alike = low.dimension in ("", high.dimension) and high.dimension[:1] != "#"
        if alike and _RANGE.fullmatch(text, low.end, high.start):
            value, dimension = low.raw * high.value / high.raw, high.dimension
            found[i] = low._replace(value=value, dimension=dimension, compare="-")
            found[i + 1] = high._replace(compare="-")
    return found


def _unit_after(text: str, end: int) -> tuple[str, float, int]:
    count = _COUNT_PER.match(text, end)
    if count:
        return "count/volume", 1 / ATOMS[count[1]].factor, count.end()
    m = _UNIT.match(text, end)
    if m is None:
        return "", 1.0, end
    for stop in (3, 2, 1):
        if stop > 1 and m[stop] is None:
            continue
        unit = read_unit("".join(m[i] or "" for i in range(1, stop + 1)))
        if unit is not None:
            last = m.end(stop)
            if unit.dimension.endswith(("/days", "/cycles")):  # "34 mg per day" is 34 mg, daily
                unit = read_unit("".join(m[i] or "" for i in range(1, stop)))
                last = m.end(stop - 1)
                assert unit is not None
            return unit.dimension, unit.factor, last
    return "", 1.0, end


def _often(text: str, start: int, end: int, often: list[tuple[float, int, int]]) -> float:
    """The frequency that stands right after a dose ("15 mg/m2 given weekly") or before it."""
    for rate, a, b in often:
        if end <= a <= end + 60 and _TRAIL.fullmatch(text, end, a):
            return rate
        if start - 12 <= b <= start and not text[b:start].strip(" -"):
            return rate
    return 0.0
