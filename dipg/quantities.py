"""Numbers as they stand in clinical prose: value, unit, direction, how often.

One linear pass. "54 Gy" and "5400 cGy" are the same quantity; "4 Gy" is not in "54 Gy"; "<54 Gy" is
not "54 Gy"; "15 mg/m2 weekly" is not "15 mg/m2 twice weekly".
"""

import re
from operator import attrgetter
from typing import NamedTuple

from dipg.comparators import LAST_LETTERS, SIGNS, comparator_before, direction, direction_after
from dipg.dates import MONTH_WORDS, date_in_digits, dates_in_words
from dipg.frequencies import WORDS_OF_RATES, frequencies, may_say_how_often
from dipg.measures import unit_after
from dipg.numerals import NUMBER_WORDS, is_spelled, may_go_on, numerals, value_of
from dipg.text import letters

_SIGN = re.compile(r"(?:^|[\s(=:])-$")
_DURATIONS = ("days", "months", "seconds")
_PORTIONS = ("fractions", "sessions", "doses", "cycles", "tablets", "capsules")
_GIVEN = re.compile(
    r"(?:\b(?:split|divided|spread|delivered|given|administered|distributed|fractionated|applied|"
    r"out|irradiation|radiotherapy|treatment|gy|cgy|gray|mg|g|mcg|ug)|[,(]) ?$"
)
_LABELS = [
    "grade",
    "stage",
    "phase",
    "cycle",
    "day",
    "week",
    "month",
    "visit",
    "line",
    "arm",
    "group",
    "cohort",
    "source",
    "patient",
    "case",
    "level",
    "class",
    "type",
    "site",
    "version",
    "report",
    "note",
    "block",
    "step",
    "course",
]
_LABEL = re.compile(rf"\b({'|'.join(_LABELS)})s? (?:no\.? |number )?$")
_LABELLING = ("no ", "no. ", "number ", *(f"{x} " for x in _LABELS), *(f"{x}s " for x in _LABELS))
"""What text before a number ends in where the number may name something."""
_TELLING_LETTERS = LAST_LETTERS | {label[-3:] for label in _LABELLING}
"""The last letters of a text that tells more of the number behind it."""
_DEGREES = ("grade ", "stage ", "phase ", "class ", "type ", "level ")
"""What may be given with a sign before its number ("grade <= 1")."""
_CHANGE = re.compile(r"(?<!ranged )(?<!ranging )(?<!ranges )\bfrom (?:about |around )?$")
_RANGE = re.compile(r" ?- ?| to | through ")
_LISTED = re.compile(r",? (?:and|or|versus|vs\.?) ")
_LIST_MARK = re.compile(r"(?:^|\n)\s*\(?\d{1,2}[.)](?=\s)")
_TRAIL = re.compile(
    r"(?: of (?:oral |intravenous |iv )?[a-z][a-z0-9-]+(?= ))?[ ,]*(?:\(?(?:orally|po|iv|"
    r"intravenously|by mouth|given|administered|taken|on a|dose|dosing|"
    r"maintenance|oral|subcutaneously|sc|at|total)[ ,]*){0,4}\(?$"
)


class Quantity(NamedTuple):
    """One number in a text.

    Attributes:
      value: in base units of its dimension ("54 Gy" and "5400 cGy" are both 54).
      dimension: of its unit, "" for a bare number, "date" for a date (value yyyymmdd), "date?" for
        one that can be read as two days, "monthday" for one without a year (value mmdd),
        "month" for one without a day (value yyyymm), "#grade"
        and the like for a number that names something ("grade 3", "cycle 8").
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
            return self.is_span and other.is_span and close(self.in_days(), other.in_days())
        return self.value == other.value or (
            self.dimension != "date" and close(self.value, other.value)
        )

    @property
    def is_span(self) -> bool:
        """Whether this is a span of time that has a fixed length: hours or days, not months."""
        return self.dimension in ("days", "seconds")

    def in_days(self) -> float:
        """A span of hours or days in days: 48 hours are 2 days."""
        return self.value if self.dimension == "days" else self.value / 86_400


def close(a: float, b: float) -> bool:
    """Equal up to rounding of unit conversions."""
    return abs(a - b) <= 1e-6 * max(abs(a), abs(b))


_TELLING = NUMBER_WORDS | WORDS_OF_RATES | MONTH_WORDS
"""Words that tell what else than digits there is to look for."""


def quantities(text: str) -> list[Quantity]:
    """Every number of plain text (see `dipg.text.plain`), in order; list markers are no numbers."""
    said = letters(text, _TELLING)
    hits = numerals(text, said)
    if not hits:
        return []
    often = frequencies(text) if may_say_how_often(said) else []
    taken = [(a, b) for _, a, b in often] if often else []
    found = []
    if not said.isdisjoint(MONTH_WORDS) or ("/" in text and ("/19" in text or "/20" in text)):
        for value, dimension, compare, start, end in dates_in_words(text):
            found.append(Quantity(value, dimension, compare, 0.0, value, start, end))
            taken.append((start, end))
        taken.sort()
    marks = (
        {m.end() for m in _LIST_MARK.finditer(text)} if "\n" in text or text[:1].isdigit() else ()
    )
    goes_on = may_go_on(text, said)
    if not (taken or marks):  # as nearly always
        found = [_read(text, start, m, [], goes_on) for start, m in hits]
        return _join_ranges(text, found) if len(found) > 1 else found
    i = 0
    near = 0
    for start, m in hits:
        while i < len(taken) and taken[i][1] <= start:
            i += 1
        if (i < len(taken) and taken[i][0] <= start) or (marks and m.end() + 1 in marks):
            continue
        while near < len(often) and often[near][2] < start - 12:
            near += 1
        found.append(_read(text, start, m, often[near : near + 3], goes_on))
    if len(found) > 1 and taken:
        found.sort(key=_start)
    return _join_ranges(text, found) if len(found) > 1 else found


_start = attrgetter("start")


def _read(
    text: str, start: int, m: re.Match[str], often: list[tuple[float, int, int]], goes_on: bool
) -> Quantity:
    if m.lastgroup == "date":  # or a time of day
        value, dimension, compare, start, end = date_in_digits(text, start, m.end())
        return Quantity(value, dimension, compare, 0.0, value, start, end)
    value, end = value_of(m, goes_on)
    if start and text[start - 1] == "-" and _SIGN.search(text, max(0, start - 2), start):
        value = -value
    dimension, factor, end = unit_after(text, end)
    compare = ""
    last = text[max(0, start - 3) : start]
    if last in _TELLING_LETTERS or not SIGNS.isdisjoint(last):  # seldom
        dimension, compare = _told_before(text[max(0, start - 24) : start], dimension)
    compare = compare or direction_after(text, end)
    rate = _often(text, start, end, often) if often else 0.0
    return Quantity(value * factor, dimension, compare, rate, value, start, end, is_spelled(m))


def _told_before(before: str, dimension: str) -> tuple[str, str]:
    """Dimension and direction of a number by the text before it, given the one of its unit."""
    hit = comparator_before(before)
    labelled = before
    if hit and hit[1] and before[: hit.start()].endswith(_DEGREES):
        labelled = before[: hit.start()]
    if not dimension and labelled.endswith(_LABELLING) and (label := _LABEL.search(labelled)):
        dimension = f"#{label[1]}"
        hit = hit or comparator_before(before[: label.start()])
    if hit and not (hit["more"] == "over" and _is_spread(before, hit.start(), dimension)):
        return dimension, direction(hit)
    return dimension, ""


def _is_spread(before: str, at: int, dimension: str) -> bool:
    """Whether "over" says in what time or how many portions something is given."""
    if dimension in _DURATIONS:
        return True
    return dimension in _PORTIONS and _GIVEN.search(before[:at]) is not None


def _join_ranges(text: str, found: list[Quantity]) -> list[Quantity]:
    """Give the first number of "54-59 Gy", "from 8 to 2 mg" and "36 and 23.4 Gy" the unit of the
    second, and mark the ends of a range."""
    for i in range(len(found) - 1):
        low, high = found[i], found[i + 1]
        if not 0 < high.start - low.end <= 9 or high.dimension[:1] == "#":
            continue
        if _CHANGE.search(text, max(0, low.start - 24), low.start):
            if low.dimension == "" and " to " in text[low.end : high.start]:
                found[i] = _in_unit_of(high, low)
            continue
        if text.endswith("by ", 0, low.start):
            continue
        between = text.startswith(" and ", low.end) and text.endswith("between ", 0, low.start)
        if between or _RANGE.fullmatch(text, low.end, high.start):
            low = _in_unit_of(high, low) if low.dimension == "" else low
            if low.value < high.value and low.dimension == high.dimension:
                found[i] = low._replace(compare="-")
                found[i + 1] = high._replace(compare="-")
        elif (
            low.dimension == ""
            and not low.spelled  # "31 mm in one and 24 mm in the other"
            and not text.endswith(("of ", "/"), 0, low.start)  # "25 of 45, or 55.6 %"
            and high.dimension not in _PORTIONS
            and _LISTED.fullmatch(text, low.end, high.start)
        ):
            found[i] = _in_unit_of(high, low)
    return found


def _in_unit_of(other: Quantity, number: Quantity) -> Quantity:
    factor = other.value / other.raw if other.raw else 0.0
    return number._replace(value=number.raw * factor, dimension=other.dimension)


def _often(text: str, start: int, end: int, often: list[tuple[float, int, int]]) -> float:
    """The frequency that stands right after a dose ("15 mg/m2 given weekly") or before it."""
    for rate, a, b in often:
        if end <= a <= end + 60 and _TRAIL.fullmatch(text, end, a):
            return rate
        if start - 12 <= b <= start and not text[b:start].strip(" -"):
            return rate
    return 0.0
