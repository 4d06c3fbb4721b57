"""Numbers as they stand in clinical prose: value, unit, direction, how often.

One linear pass. "54 Gy" and "5400 cGy" are the same quantity; "4 Gy" is not in "54 Gy"; "<54 Gy" is
not "54 Gy"; "15 mg/m2 weekly" is not "15 mg/m2 twice weekly".
"""

import re
from functools import lru_cache
from operator import attrgetter, itemgetter
from typing import NamedTuple

from dipg.dates import MONTH_WORDS, date_in_digits, dates_in_words
from dipg.frequencies import FREQUENCY_WORDS, frequencies
from dipg.text import letters
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
_UNIT = re.compile(
    r"[ -]?(per cent\b|(?:degrees?|°) (?:c|f|celsius|fahrenheit)\b|y/o\b|mm hg\b|%|"
    r"(?:square |cubic )[a-z]+|°?[a-zμµ]+(?:\^?[23])?(?![a-z0-9]))"
    r"((?: ?/ ?| per )(?:square |cubic )?[a-zμµ]+(?:\^?[23])?(?![a-z0-9]))?"
    r"((?: ?/ ?| per )(?:square |cubic )?[a-zμµ]+(?:\^?[23])?(?![a-z0-9]))?"
)
_DIGIT = "|".join(_SMALL[:10])
_PER = re.compile(r" ?/ ?| per ")
_COUNT_PER = re.compile(
    r"(?: (?:cells|platelets|neutrophils|leucocytes|leukocytes|lymphocytes))?(?: ?/ ?| per )"
    r"(l|litre|liter|[uμµ]l|mcl|microlit(?:re|er)|ml|millilit(?:re|er)|mm3|mm\^3|"
    r"cubic millimet(?:re|er))(?![a-z0-9])"
)
# Searches are quickest for a pattern that begins with a set of characters, so what has to stand
# before the first one is looked at after it.
_NUMERAL = re.compile(
    r"[0-9.](?<![a-z0-9^.][0-9.])(?:"
    r"(?P<date>(?<=[0-9])(?:\d{3}-\d{2}-\d{2}(?![\d-])|\d{3}/\d{2}/\d{2}(?![\d/])"
    r"|\d?:\d{2}(?!\d|:\d)(?: ?[ap]\.?m\b\.?)?|\d?/\d{1,2}/\d{4}(?![\d/])"
    r"|\d?\.\d{1,2}\.\d{4}(?![\d.])))"
    r"|(?<![a-z]-[0-9.])(?:(?<=[0-9])\d*(?:\.\d+)?|(?<=\.)\d+)(?P<end>)"
    r"(?P<exp> ?(?:x ?10|e)\^?(?P<pow>-?\d{1,2})(?=[ /]))?(?![0-9]|[a-z]*\d[a-z]))"
)
_SPELLED = re.compile(
    "(?P<word>"
    + "|".join([f"(?:{t})(?:[- ](?:{'|'.join(_SMALL[1:10])}))?" for t in _TENS] + _SMALL)
    + rf")\b(?!-)(?: point (?P<digits>(?:{_DIGIT})(?: (?:{_DIGIT})\b)?)\b)?"
)
_ROMAN_NUMERAL = re.compile(r"(?:grade|stage|phase|type|class|level|arm) (?P<roman>iii|ii|iv|i)\b")
_ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4}
_MULTIPLE = re.compile(r"[ -](dozen|hundred|thousand|million|billion)\b|(?= ?k ?/ ?[uμµ]l) ?(k)")
_TIMES_OVER = {
    "k": 1000,
    "dozen": 12,
    "hundred": 100,
    "thousand": 1000,
    "million": 10**6,
    "billion": 10**9,
}
_LESS = "less|fewer|lower|smaller|younger|shorter|under|below"
_MORE = "more|greater|higher|larger|older|longer|over|above|exceeding|exceed|exceeds"
_COMPARATOR = re.compile(
    r"(?:(<=|>=|<|>)|(?P<least>\b(?:at least|a? ?minimum of|at (?:a|the) minimum|"
    rf"(?:no|not)(?: be| fall| drop| go)? (?:{_LESS}|sooner|earlier))(?: than)?)"
    r"|(?P<most>\b(?:at most|up to|a? ?maximum of|at (?:a|the) maximum|"
    rf"(?:no|not)(?: be| rise| go)? (?:{_MORE}|later))(?: than)?)"
    r"|(?P<less>\b(?:(?:less|fewer|lower|smaller|younger|shorter) than|under|below|almost|nearly|"
    r"just under|close to))"
    r"|(?P<more>\b(?:(?:more|greater|higher|larger|older|longer) than|just over|over|above|"
    r"exceeding|exceeds?)))"
    r"(?: a| an| about| around| roughly)? ?$"
)
_SIDE = {"least": ">=", "most": "<=", "less": "<", "more": ">"}
_COMPARING = ("<", ">", "=", "< ", "> ", "= ", *(
    f"{last} ".replace("-of", " of") for last in _split(
        "than under below most to over above exceeding exceed exceeds least minimum-of maximum-of "
        "minimum maximum almost nearly a an about around roughly less lower fewer more higher"
    )
))  # fmt: skip
"""What text before a number ends in where a direction may be given."""
_AFTERWARDS = re.compile(
    r"\+(?! ?\d)|(?: per (?:day|week|dose|cycle)| ?/ ?day)?,? ?"
    r"(?:(or (?:more|higher|above|greater|over|longer|older)|and (?:above|over|"
    r"more)|at least|(?:at )?minimum)|"
    r"(or (?:less|fewer|lower|below|under|shorter|younger)|and below|at most|(?:at )?maximum))\b"
)
_SIGN = re.compile(r"(?:^|[\s(=:])-$")
_DURATIONS = ("days", "months", "seconds")
_PORTIONS = ("fractions", "sessions", "doses", "cycles", "tablets", "capsules")
_GIVEN = re.compile(
    r"(?:\b(?:split|divided|spread|delivered|given|administered|distributed|fractionated|applied|"
    r"out|irradiation|radiotherapy|treatment|gy|cgy|gray|mg|g|mcg|ug)|[,(]) ?$"
)
_LABELS = _split(
    "grade stage phase cycle day week month visit line arm group cohort source patient case level "
    "class type site version report note block step course"
)
_LABEL = re.compile(rf"\b({'|'.join(_LABELS)})s? (?:no\.? |number )?$")
_LABELLING = ("no ", "no. ", "number ", *(f"{x} " for x in _LABELS), *(f"{x}s " for x in _LABELS))
"""What text before a number ends in where the number may name something."""
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
    text = text.replace("degree ", "degrees ")
    if text.strip() in ATOMS:
        return ATOMS[text.strip()]
    return compound(_PER.split(text.strip()))


def quantities(text: str) -> list[Quantity]:
    """Every number of plain text (see `dipg.text.plain`), in order; list markers are no numbers."""
    said = letters(text)
    hits = _hits(text, said)
    if not hits:
        return []
    found = []
    often = [] if said.isdisjoint(FREQUENCY_WORDS) else frequencies(text)
    taken = [(a, b) for _, a, b in often]
    if "/19" in text or "/20" in text or not said.isdisjoint(MONTH_WORDS):
        for value, dimension, compare, start, end in dates_in_words(text):
            found.append(Quantity(value, dimension, compare, 0.0, value, start, end))
            taken.append((start, end))
        taken.sort()
    marks = (
        {m.end() for m in _LIST_MARK.finditer(text)} if "\n" in text or text[:1].isdigit() else ()
    )
    i = 0
    near = 0
    for start, m in hits:
        while i < len(taken) and taken[i][1] <= start:
            i += 1
        if (i < len(taken) and taken[i][0] <= start) or (marks and m.end() + 1 in marks):
            continue
        while near < len(often) and often[near][2] < start - 12:
            near += 1
        found.append(_read(text, start, m, often[near : near + 3]))
    if len(found) > 1 and taken:
        found.sort(key=_start)
    return _join_ranges(text, found) if len(found) > 1 else found


_start = attrgetter("start")


def _hits(text: str, said: set[str]) -> list[tuple[int, re.Match[str]]]:
    """Numerals and spelled numbers, with where the number itself begins."""
    hits = [(m.start(), m) for m in _NUMERAL.finditer(text)]
    digits = len(hits)
    if not said.isdisjoint(_NUMBER_WORDS):
        for m in _SPELLED.finditer(text):
            at = m.start()
            if not at or not (text[at - 1].isalnum() or text[at - 1] == "_"):
                hits.append((at, m))
    if not said.isdisjoint(_ROMAN):
        hits += [(m.start("roman"), m) for m in _ROMAN_NUMERAL.finditer(text)]
    if len(hits) > digits:
        hits.sort(key=itemgetter(0))
    return hits


def comparator_start(text: str, start: int) -> int:
    """Where "more than 54 Gy" begins, given where its number does."""
    hit = _COMPARATOR.search(text, max(0, start - 24), start)
    return hit.start() if hit else start


def _value(m: re.Match[str]) -> float:
    if m.re is _NUMERAL:
        value = float(m.string[m.start() : m.end("end")][:40])
        return value * 10.0 ** int(m["pow"]) if m["exp"] else value
    if m.re is _ROMAN_NUMERAL:
        return float(_ROMAN[m["roman"]])
    value = float(sum(_NUMBER_WORDS[p] for p in re.split("[- ]", m["word"])))
    if m["digits"]:
        value += float("0." + "".join(str(_NUMBER_WORDS[p]) for p in m["digits"].split()))
    return value


def _read(text: str, start: int, m: re.Match[str], often: list[tuple[float, int, int]]) -> Quantity:
    end = m.end()
    if m.re is _NUMERAL and m["date"]:
        value, dimension, compare, start, end = date_in_digits(text, start, end)
        return Quantity(value, dimension, compare, 0.0, value, start, end)
    value = _value(m)
    if text.startswith(" and a half", end):
        value, end = value + 0.5, end + len(" and a half")
    if (times := _MULTIPLE.match(text, end)) is not None:
        value, end = value * _TIMES_OVER[times[1] or times[2]], times.end()
    if start and text[start - 1] == "-" and _SIGN.search(text, max(0, start - 2), start):
        value = -value
    dimension, factor, end = _unit_after(text, end)
    before = text[max(0, start - 24) : start]
    hit = _COMPARATOR.search(before) if before.endswith(_COMPARING) else None
    compare = _direction(hit)
    graded = hit is not None and hit[1] and before[: hit.start()].endswith(_DEGREES)
    labelled = before[: hit.start()] if hit and graded else before
    if not dimension and labelled.endswith(_LABELLING) and (label := _LABEL.search(labelled)):
        dimension = f"#{label[1]}"
        hit = hit or _COMPARATOR.search(before, 0, label.start())
        compare = _direction(hit)
    if hit and hit["more"] == "over" and _is_spread(before, hit.start(), dimension):
        compare = ""
    if not compare and (later := _AFTERWARDS.match(text, end)) is not None:
        compare = "<=" if later[2] else ">="
    rate = _often(text, start, end, often)
    return Quantity(value * factor, dimension, compare, rate, value, start, end, m.re is _SPELLED)


def _direction(hit: re.Match[str] | None) -> str:
    """The sign that a comparator stands for."""
    return "" if hit is None else hit[1] or _SIDE[hit.lastgroup or ""]


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
            if low.raw < high.raw and low.dimension in ("", high.dimension):
                found[i] = _in_unit_of(high, low)._replace(compare="-")
                found[i + 1] = high._replace(compare="-")
        elif (
            low.dimension == ""
            and high.dimension not in _PORTIONS
            and _LISTED.fullmatch(text, low.end, high.start)
        ):
            found[i] = _in_unit_of(high, low)
    return found


def _in_unit_of(other: Quantity, number: Quantity) -> Quantity:
    factor = other.value / other.raw if other.raw else 0.0
    return number._replace(value=number.raw * factor, dimension=other.dimension)


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


def _often(text: str, start: int, end: int, often: list[tuple[float, int, int]]) -> float:
    """The frequency that stands right after a dose ("15 mg/m2 given weekly") or before it."""
    for rate, a, b in often:
        if end <= a <= end + 60 and _TRAIL.fullmatch(text, end, a):
            return rate
        if start - 12 <= b <= start and not text[b:start].strip(" -"):
            return rate
    return 0.0
