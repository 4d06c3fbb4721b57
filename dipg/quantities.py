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
_DIGIT = "|".join(_SMALL[:10])
_PER = re.compile(r" ?/ ?| per ")
_COUNT_PER = re.compile(r" ?/ ?(l|ul|μl|ml|mm3|mm\^3)(?![a-z0-9])")
_NUMBER = re.compile(
    r"(?<![a-z0-9^.])(?P<date>\d{4}-\d{2}-\d{2}(?![\d-])|\d{4}/\d{2}/\d{2}(?![\d/])"
    r"|\d{1,2}:\d{2}(?!\d|:\d)(?: ?(?:[ap]\.?m\b\.?))?|\d{1,2}/\d{1,2}/\d{4}(?![\d/])|"
    r"\d{1,2}\.\d{1,2}\.\d{4}(?![\d.]))"
    r"|(?<![a-z0-9^.])(?<![a-z]-)(?P<num>\d+(?:\.\d+)?|\.\d+)(?P<exp> ?(?:x ?10|"
    r"e)\^?(?P<pow>-?\d{1,2})(?=[ /]))?"
    r"(?![0-9]|[a-z]*\d[a-z])"
    r"|(?:(?<=grade )|(?<=stage )|(?<=phase )|(?<=type )|(?<=class )|(?<=level )|(?<=arm ))"
    r"(?P<roman>iii|ii|iv|i)\b"
    r"|\b(?P<word>"
    + "|".join([f"(?:{'|'.join(_TENS)})(?:[- ](?:{'|'.join(_SMALL[1:10])}))?", *_SMALL])
    + rf")\b(?!-)(?: point (?P<digits>(?:{_DIGIT})(?: (?:{_DIGIT})\b)?)\b)?"
)
_ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4}
_MULTIPLE = re.compile(r"[ -](dozen|hundred|thousand|million)\b")
_TIMES_OVER = {"dozen": 12, "hundred": 100, "thousand": 1000, "million": 1_000_000}
_MONTH_DATE = re.compile(
    r"\b(?:(\d{1,2})(?:st|nd|rd|th)?[ -](?:of |day of )?("
    + "|".join(_MONTH_NUMBER)
    + r")\.?,?[ -](\d{4})"
    r"|(" + "|".join(_MONTH_NUMBER) + r")\.? (\d{1,2})(?:st|nd|rd|th)?,? (\d{4}))\b"
)
_DAY_MONTH = re.compile(
    r"\b(?:(\d{1,2})(?:st|nd|rd|th)? (?:of )?(" + "|".join(_MONTH_NUMBER) + r")"
    r"|("
    + "|".join(_MONTH_NUMBER)
    + r")\.? (\d{1,2})(?:st|nd|rd|th)?)\b(?![ ,]*\d{4})(?=[.,;:)!\n]|$| (?:and|to|"
    r"at|in|under|by|with|as|when|was|is)\b)"
)
_MONTH_YEAR = re.compile(
    r"\b(?:(" + "|".join(_MONTH_NUMBER) + r")\.?,? (?:of )?((?:19|20)\d\d)"
    r"|(?<![\d/])(\d{1,2})/((?:19|20)\d\d))\b(?!/)"
)
_MONTH = re.compile("|".join(sorted(_MONTH_NUMBER)))
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_COMPARATOR = re.compile(
    r"(?:(<=|>=|<|>)|\b(less than|fewer than|lower than|smaller than|under|below|no more than|"
    r"not more than|at most|up to|more than|greater than|higher than|larger than|over|above|"
    r"exceeding|at least|no less than|not less than|a minimum of|a maximum of|almost|nearly|"
    r"just under|just over|close to|older than|younger than|longer than|shorter than))"
    r"(?: a| an| about| around| roughly)? ?$"
)
_DIRECTION = {
    **dict.fromkeys(("<", "less than", "fewer than", "lower than", "smaller than"), "<"),
    **dict.fromkeys(("under", "below"), "<"),
    **dict.fromkeys(("<=", "no more than", "not more than", "at most", "up to"), "<="),
    "a maximum of": "<=",
    **dict.fromkeys((">", "more than", "greater than", "higher than", "larger than"), ">"),
    **dict.fromkeys(("over", "above", "exceeding"), ">"),
    **dict.fromkeys(("almost", "nearly", "just under", "close to", "younger than"), "<"),
    **dict.fromkeys(("shorter than",), "<"),
    **dict.fromkeys(("just over", "older than", "longer than"), ">"),
    **dict.fromkeys((">=", "at least", "no less than", "not less than", "a minimum of"), ">="),
}
_AFTERWARDS = re.compile(
    r"\+(?! ?\d)|,? ?(?:(or (?:more|higher|above|greater|over|longer|older)|and (?:above|over|"
    r"more)|"
    r"at least)|(or (?:less|fewer|lower|below|under|shorter|younger)|and below|at most))\b"
)
_ON_WHICH_SIDE = re.compile(r"\b(?:(before|prior to|earlier than)|(after|later than))(?: the)? ?$")
_SIGN = re.compile(r"(?:^|[\s(=:])-$")
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
_CHANGE = re.compile(r"(?<!ranged )(?<!ranging )(?<!ranges )\bfrom (?:about |around )?$")
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


def same_day(one: Quantity, other: Quantity) -> bool:
    """Whether two dates can be the same day: one may lack its year, or be readable as two days."""
    if one.dimension == "date?":
        value = int(one.value)
        swapped = value // 10000 * 10000 + value % 100 * 100 + value // 100 % 100
        return other.dimension == "date" and other.value in (one.value, swapped)
    if {one.dimension, other.dimension} == {"date", "month"}:
        return one.value // (100 if one.dimension == "date" else 1) == other.value // (
            100 if other.dimension == "date" else 1
        )
    if {one.dimension, other.dimension} <= {"date", "monthday"}:
        if one.dimension == other.dimension:
            return one.value == other.value
        return one.value % 10000 == other.value % 10000
    return False


def close(a: float, b: float) -> bool:
    """Equal up to rounding of unit conversions."""
    return abs(a - b) <= 1e-6 * max(abs(a), abs(b))


@lru_cache(maxsize=4096)
def read_unit(text: str) -> Unit | None:
    """The unit written as `text`, None where it is not one we know."""
    if text == "per cent":
        text = "%"
    if text.strip() in ATOMS:
        return ATOMS[text.strip()]
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
    dates = _dates(text) if _MONTH.search(text) or "/" in text else []
    taken = [(d.start, d.end) for d in dates]
    found += dates
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


def comparator_start(text: str, start: int) -> int:
    """Where "more than 54 Gy" begins, given where its number does."""
    hit = _COMPARATOR.search(text, max(0, start - 24), start)
    return hit.start() if hit else start


def _dates(text: str) -> list[Quantity]:
    """Dates with a month in letters: "2 May 2023" (yyyymmdd), without a year "2 May" (mmdd)."""
    found = []
    for d in _MONTH_DATE.finditer(text) if _YEAR.search(text) else ():
        day, month, year = (d[1], d[2], d[3]) if d[2] else (d[5], d[4], d[6])
        value = int(year) * 10000 + _MONTH_NUMBER[month] * 100 + int(day)
        found.append(Quantity(value, "date", _side(text, d.start()), 0.0, value, *d.span()))
    for d in _DAY_MONTH.finditer(text):
        day, month = (d[1], d[2]) if d[2] else (d[4], d[3])
        value = _MONTH_NUMBER[month] * 100 + int(day)
        if not any(q.start <= d.start() < q.end for q in found):
            found.append(Quantity(value, "monthday", _side(text, d.start()), 0.0, value, *d.span()))
    for d in _MONTH_YEAR.finditer(text) if _YEAR.search(text) else ():
        month = _MONTH_NUMBER[d[1]] if d[1] else int(d[3])
        value = int(d[2] or d[4]) * 100 + month
        if month <= 12 and not any(q.start <= d.start() < q.end for q in found):
            found.append(Quantity(value, "month", _side(text, d.start()), 0.0, value, *d.span()))
    return found


def _side(text: str, start: int) -> str:
    """ "<" before a date that something lies before, ">" after."""
    m = _ON_WHICH_SIDE.search(text, max(0, start - 16), start)
    return "" if m is None else "<" if m[1] else ">"


def _time_of_day(text: str, start: int, end: int) -> Quantity:
    """A time of day, in minutes after midnight."""
    hour, minute = int(text[start:end].split(":")[0]), int(text[start:end].split(":")[1][:2])
    if text[start:end].rstrip(".m").endswith("p") and hour < 12:
        hour += 12
    value = float(60 * hour + minute)
    after = re.compile(r" ?(?:h|hrs?|hours|o'clock)\b").match(text, end)
    return Quantity(value, "time", "", 0.0, value, start, after.end() if after else end)


def _numeric_date(text: str, start: int, end: int) -> Quantity:
    """A date in digits; "02/05/2023", which could be two days, is of dimension "date?"."""
    parts = [int(p) for p in re.split(r"[-/.]", text[start:end])]
    if parts[0] > 31:
        year, month, day = parts
    else:
        day, month, year = parts
    dimension = "date" if parts[0] > 12 or parts[1] > 12 or day == month else "date?"
    if month > 12:
        day, month = month, day
    value = float(year * 10000 + month * 100 + day)
    return Quantity(value, dimension, _side(text, start), 0.0, value, start, end)


def _value(m: re.Match[str]) -> float:
    if m["word"]:
        whole = m["word"].split(" point ")[0]
        value = float(sum(_NUMBER_WORDS[p] for p in re.split("[- ]", whole)))
        if m["digits"]:
            value += float("0." + "".join(str(_NUMBER_WORDS[p]) for p in m["digits"].split()))
        return value
    if m["roman"]:
        return float(_ROMAN[m["roman"]])
    value = float(m["num"][:40])
    return value * 10.0 ** int(m["pow"]) if m["exp"] else value


def _read(text: str, m: re.Match[str], often: list[tuple[float, int, int]]) -> Quantity:
    start, end = m.span()
    if m["date"]:
        if ":" in m["date"]:
            return _time_of_day(text, start, end)
        return _numeric_date(text, start, end)
    value = _value(m)
    if text.startswith(" and a half", end):
        value, end = value + 0.5, end + len(" and a half")
    if (times := _MULTIPLE.match(text, end)) is not None:
        value, end = value * _TIMES_OVER[times[1]], times.end()
    if start and text[start - 1] == "-" and _SIGN.search(text, max(0, start - 2), start):
        value = -value
    dimension, factor, end = _unit_after(text, end)
    before = text[max(0, start - 24) : start]
    hit = _COMPARATOR.search(before) if before and before[-1] in " <>=" else None
    compare = _DIRECTION[hit[1] or hit[2]] if hit else ""
    if not dimension and (label := _LABEL.search(before)):
        dimension = f"#{label[1]}"
        hit = hit or _COMPARATOR.search(before, 0, label.start())
        compare = _DIRECTION[hit[1] or hit[2]] if hit else ""
    if hit and hit[2] == "over" and dimension in _DURATIONS:
        compare = ""
    if not compare and (later := _AFTERWARDS.match(text, end)) is not None:
        compare = "<=" if later[2] else ">="
    rate = _often(text, start, end, often)
    return Quantity(
        value * factor, dimension, compare, rate, value, start, end, m["word"] is not None
    )


def _join_ranges(text: str, found: list[Quantity]) -> list[Quantity]:
    """Give both ends of "54-59 Gy" the unit and mark them as ends of a range."""
    for i in range(len(found) - 1):
        low, high = found[i], found[i + 1]
        gap = high.start - low.end
        if not 0 < gap <= 9:
            continue
        if _CHANGE.search(text, max(0, low.start - 24), low.start):
            if (
                low.dimension == ""
                and high.dimension[:1] != "#"
                and " to " in text[low.end : high.start]
            ):
                value = low.raw * high.value / high.raw if high.raw else 0.0
                found[i] = low._replace(value=value, dimension=high.dimension)
            continue
        if low.raw >= high.raw:
            continue
        alike = low.dimension in ("", high.dimension) and high.dimension[:1] != "#"
        between = text.startswith(" and ", low.end) and text.endswith("between ", 0, low.start)
        if alike and (between or _RANGE.fullmatch(text, low.end, high.start)):
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
            if unit.dimension.endswith(
                ("/days", "/cycles", "/doses")
            ):  # "34 mg per day" is 34 mg, daily
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
