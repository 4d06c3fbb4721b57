"""How often something is given: "twice weekly" is 2/7 a day, "q12h" 2 a day."""

import re

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
_LATIN = {"bid": 2, "b.i.d.": 2, "tid": 3, "t.i.d.": 3, "qid": 4, "qd": 1, "od": 1}
_COUNT = {"other": 2, "two": 2, "three": 3, "four": 4, "six": 6, "eight": 8}
FREQUENCY_WORDS = frozenset({
    "day", "days", "daily", "week", "weeks", "weekly", "month", "months", "monthly", "hour",
    "hours", "nightly", "biweekly", "bid", "tid", "qid", "qd", "od", "q", "h", "w", "d", "wk",
})  # fmt: skip
"""A text without any of these words says nothing about how often."""


def frequencies(text: str) -> list[tuple[float, int, int]]:
    """How often, in 1/day, with where it stands: "twice weekly" is 2/7."""
    found: list[tuple[float, int, int]] = []
    for m in _FREQUENCY.finditer(text):
        g = m.groupdict()
        if g["times"]:
            rate = _TIMES[g["times"]] / _DAYS[g["per"]]
        elif g["adj"]:
            rate = 1 / _DAYS[g["adj"]]
        elif g["every"]:
            n = g["n"]
            count = 1 if n is None else _COUNT.get(n) or (int(n[:4]) if n.isdigit() else 1)
            rate = 1 / (max(count, 1) * _DAYS[g["unit"]])
        elif g["qn"]:
            rate = 1 / (max(int(g["qn"][:4]), 1) * _DAYS[g["qunit"]])
        elif g["latin"]:
            rate = float(_LATIN[g["latin"]])
        else:
            rate = 1 / _DAYS[g["rate"]]
        found.append((rate, m.start(), m.end()))
    return found
