"""How often something is given: "twice weekly" is 2/7 a day, "q12h" 2 a day."""

import re
from collections.abc import Set

_COUNTED = "two|three|four|five|six|eight|ten|twelve"
_USUAL = (
    r"(?P<times>once|twice|thrice|(?:one|two|three|four|five|six|seven) times?|[2-9] times"
    r"|[2-9] ?x) (?:-?a |per |each |every |an? )?(?P<per>hour|day|week|month|daily|weekly|monthly)"
    r"|(?P<adj>daily|weekly|monthly|biweekly|fortnightly|nightly)"
    rf"|(?P<every>every|each) (?:(?P<n>\d+|other|second|third|fourth|{_COUNTED})[- ])?"
    r"(?P<unit>hour|day|week|month|fortnight|night)s?"
    r"|q(?P<qn>\d+)(?P<qunit>h|d|w)|(?P<latin>bid|bd|tid|tds|qid|qds|qd|od|b\.i\.d\.|t\.i\.d\.|"
    r"b\.d\.|t\.d\.s\.|q\.d\.s\.|o\.d\.)"
    r"|(?:/|per )(?P<rate>day|week|month|d|wk)"
    r"|(?<!after )(?<!over )(?<!within )(?<!for )(?<!in )(?<!of )(?<!about )a "
    r"(?P<arate>day|week|month)(?! (?:later|ago|before|after|earlier|of|or|in|following|prior))"
)
_SPACED = (
    rf"(?P<an>\d+|{_COUNTED})[- ](?P<aunit>hour|day|week|month)ly"
    rf"|(?P<inn>\d+|{_COUNTED})[- ](?P<inunit>hour|day|week|month)(?:ly)? intervals"
    rf"|intervals of (?P<ofn>\d+|{_COUNTED}) (?P<ofunit>hour|day|week|month)s"
)
_BEGINS = r"(?=[\dodtfsewmnbqapi/][\da-z. /-])"
"""What every frequency begins with: a look at it saves trying them all at every word."""
_FREQUENCY = re.compile(rf"\b{_BEGINS}(?:{_USUAL})(?![a-z])")
_WITH_SPACED = re.compile(rf"\b{_BEGINS}(?:{_SPACED}|{_USUAL})(?![a-z])")
_CUES = ("intervals", "hourly", "-weekly", "-monthly")
_NTH = re.compile(rf"(?:\d|{_COUNTED}) (?:week|month)ly")
_COUNT = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "ten": 10}
_COUNT |= {"one": 1, "twelve": 12, "other": 2, "second": 2, "third": 3, "fourth": 4}
_COUNT |= {"once": 1, "twice": 2, "thrice": 3}
_DAYS = {"hour": 1 / 24, "h": 1 / 24, "day": 1.0, "daily": 1.0, "d": 1.0, "nightly": 1.0}
_DAYS |= {"week": 7.0, "weekly": 7.0, "w": 7.0, "wk": 7.0, "month": 28.0, "monthly": 28.0}
_DAYS |= {"biweekly": 14.0, "fortnight": 14.0, "fortnightly": 14.0, "night": 1.0}
_LATIN = {"bid": 2, "bd": 2, "b.i.d.": 2, "tid": 3, "tds": 3, "t.i.d.": 3, "qid": 4, "qds": 4}
_LATIN |= {"qd": 1, "od": 1, "o.d.": 1, "b.d.": 2, "t.d.s.": 3, "q.d.s.": 4}
FREQUENCY_WORDS = frozenset({
    "day", "days", "daily", "week", "weeks", "weekly", "month", "months", "monthly", "hour",
    "hours", "hourly", "night", "nights", "nightly", "biweekly", "fortnight", "fortnightly", "bid",
    "bd", "tid", "tds", "qid", "qds", "qd", "od", "q", "h", "w", "d", "wk", "intervals",
})  # fmt: skip
"""A text without any of these words says nothing about how often."""
_AFTER_EVERY = frozenset({
    "days", "weeks", "months", "hours", "night", "nights", "fortnight", "fortnights", "h", "w",
})  # fmt: skip
_EVERY = frozenset(("every", "each", "intervals", "q"))
_ALONE = FREQUENCY_WORDS - _AFTER_EVERY - _EVERY
WORDS_OF_RATES = FREQUENCY_WORDS | _AFTER_EVERY | _EVERY
"""What `may_say_how_often` has to know of."""


def may_say_how_often(said: Set[str]) -> bool:
    """Whether a text with these words (see `dipg.text.letters`) can hold a frequency: "4 months" is
    none, "every 4 months" is one."""
    if said.isdisjoint(FREQUENCY_WORDS):
        return False
    return not said.isdisjoint(_ALONE) or not (
        said.isdisjoint(_EVERY) or said.isdisjoint(_AFTER_EVERY)
    )


def frequencies(text: str) -> list[tuple[float, int, int]]:
    """How often, in 1/day, with where it stands: "twice weekly" is 2/7."""
    pattern = _WITH_SPACED if _may_be_spaced(text) else _FREQUENCY
    return [
        (_rate(m), m.start(), m.end())
        for start, stop in _windows(text)
        for m in pattern.finditer(text, start, stop)
        if m.end() < stop or not text[stop : stop + 1].isalpha()  # "per d" of "per dose"
    ]


def _may_be_spaced(text: str) -> bool:
    """Whether "3-weekly", "two monthly" or "intervals" may be there."""
    if "weekly" in text or "monthly" in text:
        return any(map(text.__contains__, _CUES)) or _NTH.search(text) is not None
    return "hourly" in text or "intervals" in text


# Alternatives that each begin with a letter, which makes searching quick.
_UNIT_OF_TIME = re.compile(
    r"day|dai|week|wk|month|hour|night|interval|per d(?![a-z])|/d(?![a-z])|b\.?i?\.?d(?![a-z])|"
    r"t\.?i?\.?ds?(?![a-z])|q\.?[di]|q\d|o\.?d(?![a-z])"
)
_BEFORE, _AFTER = 20, 24
"""Characters around a unit of time in which all of a frequency stands."""


def _windows(text: str) -> list[tuple[int, int]]:
    """Where a frequency may stand: around the units of time of a text."""
    found: list[tuple[int, int]] = []
    for m in _UNIT_OF_TIME.finditer(text):
        start, stop = max(0, m.start() - _BEFORE), m.end() + _AFTER
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], stop)
        else:
            found.append((start, stop))
    return found


_COUNTED_IN = {"unit": "n", "qunit": "qn", "aunit": "an", "inunit": "inn", "ofunit": "ofn"}
"""The group of a unit of time -> that of how many of it."""


def _rate(m: re.Match[str]) -> float:
    last = m.lastgroup or ""
    if last == "latin":
        return float(_LATIN[m[last]])
    days = _DAYS[m[last]]
    if last == "per":
        times = m["times"]
        return _number(times[0] if times[0].isdigit() else times.split()[0]) / days
    return 1 / (_number(m[_COUNTED_IN[last]]) * days) if last in _COUNTED_IN else 1 / days


def _number(written: str | None) -> int:
    """A count in digits or as a word, at least 1."""
    if written is None:
        return 1
    return max(int(written[:4]), 1) if written.isdigit() else _COUNT.get(written, 1)
