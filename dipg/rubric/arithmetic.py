"""Does a number follow from other numbers by simple arithmetic, units included?

30 mg/kg a day for 25 kg in two doses makes 375 mg: not 375 g, and not 5 mg. Every operand is used
once; what is not computed to the last digit is not computed.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from functools import lru_cache
from itertools import combinations, permutations
from typing import NamedTuple

from dipg.dates import same_day
from dipg.frequencies import frequencies
from dipg.quantities import Quantity, close
from dipg.rubric.lexicon import word_set

MOST_TERMS = 18
"""Operands that are tried; a proof of more numbers shows no computation."""

_COUNTS = word_set(
    "fractions cycles doses sessions tablets capsules lesions patients points copies percent count"
)
"""Dimensions of what is only counted: it multiplies anything."""
_WORDS = re.compile(r"\b(?:half|halve[sd]?|doubled?|doubling|twice|quarter|third)\b")
_BEGINNINGS = ("hal", "doubl", "twice", "quarter", "third")
_FACTORS = {"half": 0.5, "halves": 0.5, "halved": 0.5, "halve": 0.5, "quarter": 0.25}
_FACTORS |= {"double": 2.0, "doubled": 2.0, "doubling": 2.0, "twice": 2.0, "third": 1 / 3}

Powers = tuple[tuple[str, int], ...]


Result = tuple[float, Powers, Powers, int]
"""A value, and the powers that it has if they are combined with this sign."""


class Term(NamedTuple):
    """One operand: its value in base units and the powers of its dimensions."""

    value: float
    powers: Powers


def follows(number: Quantity, quoted: Sequence[Quantity], text: str, wanted: bool) -> bool:
    """Whether a number follows from quoted ones by one step, or by two and rounded, if it is
    wanted.

    Args:
      number: what was computed.
      quoted: the numbers that it may come from.
      text: plain text that they stand in, for how often and for "half".
      wanted: it is what the vignette expects, so that it does not follow by chance.
    """
    goal = Term(_per_days(number), _powers(number.dimension))
    slack = _rounding(number) * abs(goal.value / (number.value or 1.0)) if wanted else 0.0
    if number.dimension == "percent" and _is_percent(number.value, quoted, text, slack):
        return True
    if _is_span(number, quoted) or _is_day_after(number, quoted):
        return True
    terms = _terms(quoted, text)
    if _is_one_of(_of_two(terms), goal, slack):
        return True
    if wanted and _is_one_of(_of_three(terms), goal, slack):
        return True
    if number.dimension:
        return False
    raws = [Term(q.raw, ()) for q in quoted if q.dimension[:1] != "#"][:MOST_TERMS]
    return _is_one_of(_of_two(raws), Term(number.raw, ()), slack)


def _is_one_of(results: Iterable[Result], goal: Term, slack: float) -> bool:
    """Whether a result is the goal: its value is looked at first, which few share."""
    wanted, powers = goal
    reach = 2e-6 * abs(wanted) + slack  # beyond it nothing is near
    for value, one, other, sign in results:
        if abs(value - wanted) > reach or not _is_near(value, wanted, slack):
            continue
        if _combined(one, other, sign) == powers:
            return True
    return False


def _rounding(number: Quantity) -> float:
    """Half of the last written digit, where that is little."""
    digits = f"{number.raw:.10f}".rstrip("0").partition(".")[2]
    half = 0.5 * 10.0 ** -len(digits)
    return half * abs(number.value / number.raw) if abs(number.raw) > 30 * half else 0.0


def _is_near(a: float, b: float, slack: float) -> bool:
    return close(a, b) or abs(a - b) <= slack


@lru_cache(maxsize=1024)
def _powers(dimension: str) -> Powers:
    """Dimensions with their powers; counts have none."""
    found: dict[str, int] = {}
    for i, part in enumerate(dimension.split("/")):
        name = "days" if part == "seconds" else part
        if name and name not in _COUNTS:
            found[name] = found.get(name, 0) + (-1 if i else 1)
    return tuple(sorted((n, p) for n, p in found.items() if p))


def _per_days(number: Quantity) -> float:
    """A value with days in place of seconds, as `_powers` has them."""
    over, *under = number.dimension.split("/")
    days = (over == "seconds") - under.count("seconds")
    return float(number.value / 86_400.0**days)


@lru_cache(maxsize=4096)
def _combined(one: Powers, other: Powers, sign: int) -> Powers:
    """The powers of a product, or with sign -1 of a quotient."""
    if not other:
        return one
    found = dict(one)
    for name, power in other:
        found[name] = found.get(name, 0) + sign * power
    return tuple(sorted((n, p) for n, p in found.items() if p))


def _terms(quoted: Iterable[Quantity], text: str) -> list[Term]:
    """The operands that quoted numbers and their frequencies offer."""
    terms: list[Term] = []
    for q in quoted:
        if q.dimension[:1] == "#" or q.dimension in ("date", "date?", "monthday", "month", "time"):
            continue
        if q.dimension == "percent":
            terms += [Term(1 - q.value / 100, ()), Term(q.value / 100, ())]
            continue
        powers = _powers(q.dimension)
        term = Term(_per_days(q), powers)
        if terms.count(term) < 2:
            terms.append(term)
        if q.per_day:  # in a day, so that "for 5 days" multiplies it
            terms.append(Term(term.value * q.per_day, _combined(powers, (("days", 1),), -1)))
    rates = {round(r, 9) for r, _, _ in frequencies(text)}
    for rate in rates:
        terms.append(Term(rate if rate >= 1 else rate * 7, ()))
        terms.append(Term(rate, (("days", -1),)))
    if any(map(text.__contains__, _BEGINNINGS)):
        terms += [Term(_FACTORS[w], ()) for w in dict.fromkeys(_WORDS.findall(text))]
    return terms[:MOST_TERMS]


def _of_two(terms: list[Term]) -> Iterator[Result]:
    """What one step makes of two operands."""
    for (a, a_powers), (b, b_powers) in combinations(terms, 2):
        yield a * b, a_powers, b_powers, 1
        if a_powers == b_powers:
            yield a + b, a_powers, (), 1
            yield abs(a - b), a_powers, (), 1
        if b:
            yield a / b, a_powers, b_powers, -1
        if a:
            yield b / a, b_powers, a_powers, -1


def _of_three(terms: list[Term]) -> Iterator[Result]:
    """What two steps make of three operands."""
    for (a, a_powers), (b, b_powers), (c, c_powers) in permutations(terms, 3):
        product = _combined(a_powers, b_powers, 1)
        yield a * b * c, product, c_powers, 1
        if c:
            yield a * b / c, product, c_powers, -1
        if a_powers == b_powers:
            yield (a + b) * c, a_powers, c_powers, 1
            if a_powers == c_powers:
                yield a + b + c, a_powers, (), 1
                yield a + b - c, a_powers, (), 1


def _is_percent(percent: float, quoted: Sequence[Quantity], text: str, slack: float) -> bool:
    """Whether it is the share, or the change, of two quoted numbers, the rest of a share, or what a
    ratio of risks lacks of 1."""
    some = [q for q in quoted if q.dimension[:1] != "#"][:MOST_TERMS]
    if any(q.dimension == "percent" and close(100 - q.value, percent) for q in some):
        return True
    if _RATIO.search(text) and any(
        q.dimension == "" and 0 < q.raw < 10 and _is_near(100 * abs(1 - q.raw), percent, slack)
        for q in some
    ):
        return True
    for a, b in permutations(some, 2):
        if _powers(a.dimension) != _powers(b.dimension) or not b.value:
            continue
        share = 100 * a.value / b.value
        if _is_near(share, percent, slack) or _is_near(abs(share - 100), percent, slack):
            return True
        if {a.dimension, b.dimension} == {"percent"} and close(a.value + b.value, percent):
            return True
    return False


_RATIO = re.compile(r"\b(?:(?:hazard|risk|odds|rate) ratios?|relative risk|hr|rr)\b", re.IGNORECASE)


def _is_span(number: Quantity, quoted: Sequence[Quantity]) -> bool:
    """Whether it is the time between two quoted dates, times of day or numbered days."""
    if number.dimension not in ("days", "months", "seconds"):
        return False
    for a, b in combinations(quoted[:MOST_TERMS], 2):
        if a.dimension != b.dimension:
            continue
        if a.dimension == "time" and close(60 * abs(a.value - b.value), number.value):
            return number.dimension == "seconds"
        if a.dimension in ("#day", "#week"):
            days = abs(a.value - b.value) * (7 if a.dimension == "#week" else 1)
            if number.dimension == "days" and close(days, number.value):
                return True
        if a.dimension in ("date", "monthday", "month") and _lies_between(number, a, b):
            return True
    return False


def _lies_between(number: Quantity, one: Quantity, other: Quantity) -> bool:
    try:
        first, last = sorted((_day(one), _day(other)))
    except ValueError:
        return False
    if number.dimension == "days":
        return number.value in (float((last - first).days), (last - first).days // 7 * 7.0)
    months = 12 * (last.year - first.year) + last.month - first.month - (last.day < first.day)
    return number.value in (float(months), months // 12 * 12.0)


def _is_day_after(number: Quantity, quoted: Sequence[Quantity]) -> bool:
    """Whether it is a quoted date and a quoted time later or earlier ("4 weeks after 2 May")."""
    if number.dimension not in ("date", "monthday"):
        return False
    days = [q for q in quoted if q.dimension in ("date", "monthday")][:MOST_TERMS]
    spans = [q for q in quoted if q.dimension in ("days", "months")][:MOST_TERMS]
    return any(
        same_day((_moved(d, sign * s.value, s.dimension), d.dimension), number[:2])
        for d in days
        for s in spans
        for sign in (1, -1)
    )


def _moved(start: Quantity, count: float, dimension: str) -> float:
    """The date so many days or months after another, as its own number; 0 where there is none."""
    if count != int(count) or abs(count) > 40_000:
        return 0.0
    try:
        day = _day(start)
        if dimension == "days":
            day += timedelta(days=int(count))
        else:
            months = day.year * 12 + day.month - 1 + int(count)
            day = day.replace(year=months // 12, month=months % 12 + 1)
    except (ValueError, OverflowError):
        return 0.0
    year = day.year if start.dimension == "date" else 0
    return float(10_000 * year + 100 * day.month + day.day)


def _day(q: Quantity) -> date:
    value = int(q.value)
    if q.dimension == "month":
        return date(value // 100, value % 100, 1)
    return date(value // 10000 or 2000, value // 100 % 100, value % 100)
