"""Dates and times of day as clinical notes write them.

"2 May 2023", "May 2nd, 2023" and "2023-05-02" are one date; "02/05/2023" could be two, and says so.
"""

import re

_MONTHS = [
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
]  # fmt: skip
_NUMBER = {m: i + 1 for i, m in enumerate(_MONTHS)}
_NUMBER |= {m[:3]: i + 1 for i, m in enumerate(_MONTHS)} | {"sept": 9}
MONTH_WORDS = frozenset(_NUMBER)
"""A text without any of these words has no date in words."""
_MONTH = re.compile("(?:" + "|".join(sorted(_NUMBER, key=len, reverse=True)) + r")\b")
_DAY_BEFORE = re.compile(r"(?<![\w.])(\d{1,2})(?:st|nd|rd|th)?[ -](?:of |day of )?$")
_YEAR_AFTER = re.compile(r"\.?,?[ -](?:of )?(\d{4})\b")
_DAY_AFTER = re.compile(r"\.? (\d{1,2})(?:st|nd|rd|th)?\b(?:,? (\d{4})\b)?")
_JUST_YEAR = re.compile(r"\.?,? (?:of )?((?:19|20)\d\d)\b(?!/)")
_ENDS_THERE = re.compile(
    r"(?![ ,]*\d{4})(?=[.,;:)!?\n]|$| (?:and|to|at|in|under|by|with|as|when|was|is)\b)"
)
_NO_YEAR = re.compile(r"(?![ ,]*\d{4})")
_SLASHED_MONTH = re.compile(r"(?<![\d/])(\d{1,2})/((?:19|20)\d\d)\b(?!/)")
_ON_WHICH_SIDE = re.compile(r"\b(?:(before|prior to|earlier than)|(after|later than))(?: the)? ?$")
_NUMBERED = re.compile(
    r"\b(?:patient|case|arm|group|cohort|source|grade|stage|phase|cycle|subject|participant|level|"
    r"step|option|rule|type|class)s? $"
)
"""What is numbered rather than dated: "patient 4 may recover" names no day."""
_CLOCK = re.compile(r" ?(?:h|hrs?|hours|o'clock)\b")

Date = tuple[float, str, str, int, int]
"""Value, dimension, side ("<" before it, ">" after it, "" on it), start, end.

The dimension is "date" (value yyyymmdd), "month" (yyyymm), "monthday" (mmdd, no year given) or
"date?" for a date in digits that can be read as two days.
"""


def dates_in_words(text: str) -> list[Date]:
    """Dates with a month in letters, and months in digits ("09/2022"), of plain text."""
    found: list[Date] = []
    for m in _MONTH.finditer(text):
        if m.start() and (text[m.start() - 1].isalnum() or text[m.start() - 1] == "_"):
            continue
        read = _around(text, m)
        if read is not None:
            value, dimension, start, end = read
            found.append((float(value), dimension, side(text, start), start, end))
    for m in _SLASHED_MONTH.finditer(text) if "/19" in text or "/20" in text else ():
        if 1 <= int(m[1]) <= 12:
            value = int(m[2]) * 100 + int(m[1])
            found.append((float(value), "month", side(text, m.start()), *m.span()))
    return found


def _around(text: str, month: re.Match[str]) -> tuple[int, str, int, int] | None:
    """What a month stands in: value, dimension, start, end."""
    number, (start, end) = _NUMBER[month.group()], month.span()
    before = _DAY_BEFORE.search(text, max(0, start - 16), start)
    if before is not None:
        year = _YEAR_AFTER.match(text, end)
        if year is not None:
            value = int(year[1]) * 10000 + number * 100 + int(before[1])
            return value, "date", before.start(), year.end()
        verb = month.group() in ("may", "march") and _NUMBERED.search(
            text, max(0, before.start() - 14), before.start()
        )
        if (_ENDS_THERE if verb else _NO_YEAR).match(text, end):
            return number * 100 + int(before[1]), "monthday", before.start(), end
    after = _DAY_AFTER.match(text, end)
    if after is not None:
        if after[2]:
            value = int(after[2]) * 10000 + number * 100 + int(after[1])
            return value, "date", start, after.end()
        if _ENDS_THERE.match(text, after.end()):
            return number * 100 + int(after[1]), "monthday", start, after.end()
    year = _JUST_YEAR.match(text, end)
    return None if year is None else (int(year[1]) * 100 + number, "month", start, year.end())


def side(text: str, start: int) -> str:
    """ "<" before a date that something lies before, ">" after."""
    m = _ON_WHICH_SIDE.search(text, max(0, start - 16), start)
    return "" if m is None else "<" if m[1] else ">"


def date_in_digits(text: str, start: int, end: int) -> Date:
    """A date in digits ("2023-05-02", "16/05/2023") or a time of day, in minutes ("14:30")."""
    if ":" in text[start:end]:
        return _time_of_day(text, start, end)
    parts = [int(p) for p in re.split(r"[-/.]", text[start:end])]
    year, month, day = parts if parts[0] > 31 else parts[::-1]
    dimension = "date" if parts[0] > 12 or parts[1] > 12 or day == month else "date?"
    if month > 12:
        day, month = month, day
    return float(year * 10000 + month * 100 + day), dimension, side(text, start), start, end


def _time_of_day(text: str, start: int, end: int) -> Date:
    hour, rest = text[start:end].split(":")
    minutes = 60 * int(hour) + int(rest[:2])
    if rest[2:].strip().startswith("p") and int(hour) < 12:
        minutes += 720
    after = _CLOCK.match(text, end)
    return float(minutes), "time", "", start, after.end() if after else end


def same_day(one: tuple[float, str], other: tuple[float, str]) -> bool:
    """Whether two dates (value, dimension) can be one: one may lack its year or day, or be readable
    as two days."""
    (a, a_is), (b, b_is) = one, other
    if a_is == "date?":
        swapped = a // 10000 * 10000 + a % 100 * 100 + a // 100 % 100
        return b_is == "date" and b in (a, swapped)
    if a_is == b_is:
        return a == b
    if {a_is, b_is} == {"date", "month"}:
        return a // (100 if a_is == "date" else 1) == b // (100 if b_is == "date" else 1)
    if {a_is, b_is} == {"date", "monthday"}:
        return a % 10000 == b % 10000
    return False
