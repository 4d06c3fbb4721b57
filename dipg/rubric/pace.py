"""Does an answer say as often as expected, where that is what was asked ("every 14 days")?"""

import re
from functools import lru_cache

from dipg.frequencies import FREQUENCY_WORDS, frequencies
from dipg.quantities import Quantity, close, quantities
from dipg.rubric.lexicon import word_set
from dipg.rubric.mentions import Claim

_OF_A_PACE = FREQUENCY_WORDS | word_set(
    "every each once twice thrice per other second third fourth time times one two three four five "
    "six seven eight ten twelve"
)


@lru_cache(maxsize=4096)
def pace_of(text: str) -> frozenset[float]:
    """The rates, in 1/day, that a wording tells on their own, and not of a dose."""
    rates = frozenset(round(rate, 6) for rate, _, _ in frequencies(text))
    return rates if rates and not any(n.per_day for n in quantities(text)) else frozenset()


@lru_cache(maxsize=4096)
def asks_how_often(question: str) -> bool:
    """Whether a lower-case question asks for a rate or an interval."""
    return _HOW_OFTEN.search(question) is not None


_HOW_OFTEN = re.compile(
    r"\bhow (?:often|frequently)\b|\bwhat (?:\w+ )?frequency\b|"
    r"\b(?:dosing|dose|treatment|infusion|scan\w*|what|which) interval\b"
)


@lru_cache(maxsize=4096)
def intervals_of(text: str) -> tuple[float, ...]:
    """The intervals, in days, of the rates that plain text tells: "every 36 hours" is 1.5 days."""
    return tuple(1 / rate for rate, _, _ in frequencies(text) if rate)


def is_interval_of(number: Quantity, text: str) -> bool:
    """Whether a span is the interval of a rate of plain text: 24 hours of "every 24 hours"."""
    return number.is_span and any(close(number.in_days(), i) for i in intervals_of(text))


def is_only_pace(claim: Claim) -> bool:
    """Whether how often is all that is asked and that a wording has to say."""
    target = claim.target
    return (
        not target.numbers
        and asks_how_often(claim.question.text.lower())
        and bool(pace_of(target.text))
        and all(w in _OF_A_PACE for w in target.phrase)
    )


def keeps_pace(claim: Claim) -> bool:
    """Every expected rate is told, and no other in the same clause."""
    target = claim.target
    wanted = pace_of(target.text)
    if not wanted or not asks_how_often(claim.question.text.lower()):
        return True
    told = [{round(r, 6) for r, _, _ in frequencies(c.text)} for c in claim.answer.clauses]
    if not wanted <= set().union(*told):
        return False
    known = (*(o.whole for o in claim.options), claim.question.text.lower())
    allowed = {round(r, 6) for text in known for r, _, _ in frequencies(text)}
    return all(rates <= allowed for rates in told if not rates.isdisjoint(wanted))
