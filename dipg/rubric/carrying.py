"""Does a proof carry what an answer claims: its names, its labels, its numbers with their units,
how often, and of what?

Literal: what the question says needs no proof, what is computed has to follow from what is quoted.
"""

import re
from collections.abc import Sequence, Set
from functools import lru_cache

from dipg.dates import same_day
from dipg.frequencies import FREQUENCY_WORDS, frequencies
from dipg.quantities import Quantity, close
from dipg.rubric.arithmetic import follows
from dipg.rubric.claims import (
    COUNTABLE,
    Answer,
    asks_how_many,
    conditions,
    is_uncounted,
    labels_in,
    person,
    thing_named,
)
from dipg.rubric.lexicon import DRUG
from dipg.rubric.pace import asks_how_often, intervals_of, is_interval_of
from dipg.rubric.reading import Reading, names, read_lines
from dipg.rubric.targets import bind, labels_of
from dipg.text import letters, sentences
from dipg.units import ATOMS

MOST_COMPUTED = 8
"""Numbers of an answer that may be computed; each costs a search."""


def is_carried(
    answer: Answer,
    proof_text: str,
    question: Reading,
    context: Reading,
    expected: Reading,
    unanswerable: bool = False,
) -> bool:
    """Whether a proof carries an answer's names and numbers, and, where nothing is right to answer,
    the conditions that it speaks of."""
    if answer.too_long:
        return False
    lines = read_lines(proof_text)
    said = [terms for terms, _ in lines]
    if len(said) > _MOST_LINES:  # one set of all terms takes longer than a few look-ups
        said = [frozenset().union(*said)]
    for name, _ in answer.names:
        if not _is_said(name, said, question):
            return False
    opening = person(answer, question)
    if not opening and answer.opening in context.names:
        opening = answer.opening
    if opening and not _is_said(opening, said, question):
        return False
    if thing_named(answer, question, context.terms, expected.terms, *said):
        return False
    if unanswerable and conditions(answer.text).difference(question.terms, *said):
        return False
    if not _carries_labels(answer.text, proof_text, question):
        return False
    quoted = [number for _, numbers in lines for number in numbers]
    asked = question.text.lower()
    if asks_how_often(asked) and not _carries_pace(answer, proof_text, asked, quoted):
        return False
    if not [n for n in answer.numbers if n.dimension[:1] != "#"]:
        return not _counts_none(answer, proof_text, question)
    return _carries_numbers(answer, proof_text, said, quoted, question, context, expected)


_MOST_LINES = 32


def _is_said(name: str, said: Sequence[Set[str]], question: Reading) -> bool:
    """Whether a question or quoted lines have a name, or the lines what it is a plural of."""
    if name in question.terms:
        return True
    one = name.rstrip("s")
    return bool([terms for terms in said if name in terms or one in terms])


def _carries_pace(answer: Answer, proof_text: str, asked: str, quoted: Sequence[Quantity]) -> bool:
    """Whether the rates of an answer are quoted, be it as an interval ("interval: 36 hours")."""
    told = [*intervals_of(proof_text), *intervals_of(asked)]
    told += [q.in_days() for q in quoted if q.is_span]
    return all(any(close(i, t) for t in told) for i in intervals_of(answer.text))


def _carries_labels(text: str, proof_text: str, question: Reading) -> bool:
    """Whether every arm, cohort or patient that is mentioned is quoted or asked about."""
    said = {label for label in labels_of(text) if " ".join(label) not in proof_text}
    return not said or said <= labels_in(proof_text) | labels_in(question.text)


def _carries_numbers(
    answer: Answer,
    proof_text: str,
    said: Sequence[Set[str]],
    quoted: Sequence[Quantity],
    question: Reading,
    context: Reading,
    expected: Reading,
) -> bool:
    raws = {q.raw for q in quoted}
    spoken = (question.terms, *said)
    pending: list[Quantity] = []
    for number in {(n.dimension, n.value, n.raw, n.per_day): n for n in answer.numbers}.values():
        if number.spelled and is_uncounted(number, answer, question):
            continue
        if number.dimension[:1] == "#" and number.raw in raws:
            continue
        if is_interval_of(number, proof_text):
            continue
        told = [q for q in quoted if _matches(number, q, spoken)]
        if told or question.has_number(number):
            if told and not _is_given_as_often(number, told, proof_text, question):
                return False
            if told and _is_of_another_drug(number, answer, proof_text, spoken):
                return False
            continue
        if context.has_number(number) and not expected.has_number(number):
            return False
        pending.append(number)
    if not pending:
        return True
    return len(pending) <= MOST_COMPUTED and _all_follow(
        pending, [*quoted, *question.numbers], f"{proof_text}\n{question.text.lower()}", expected
    )


def _all_follow(
    pending: list[Quantity], known: list[Quantity], text: str, expected: Reading
) -> bool:
    """Whether numbers follow from known ones, or from those that follow from them."""
    while pending:
        left = [n for n in pending if not follows(n, known, text, expected.has_number(n))]
        if len(left) == len(pending):
            return False
        known = [*(n for n in pending if n not in left), *known]
        pending = left
    return True


_WORDS_OF: dict[str, set[str]] = {}
for _word, _unit in ATOMS.items():
    _WORDS_OF.setdefault(_unit.dimension, set()).add(_word)


_DAYS = ("date", "date?", "monthday", "month")


def _matches(number: Quantity, quoted: Quantity, spoken: Sequence[Set[str]]) -> bool:
    """The same number; where one of them lacks a unit, the other's is taken, if that is named at
    all: 12 of 40 patients are not 12 %."""
    if number.value < 0:  # "-22 %" of "a decrease of 22 %"
        number = number._replace(value=-number.value, raw=-number.raw)
    if number.same(quoted):
        return True
    if number.dimension in _DAYS and quoted.dimension in _DAYS:
        return same_day(number[:2], quoted[:2])
    if number.raw != quoted.raw:
        return False
    if number.dimension == "":
        return True
    if quoted.dimension == "":
        aged = number.dimension == "months" and not quoted.spelled
        unit = _WORDS_OF.get(number.dimension.partition("/")[0], set())
        return aged or number.dimension in COUNTABLE or any(unit & terms for terms in spoken)
    one, other = quoted.dimension, number.dimension
    return f"{other}/fractions" == one or f"{one}/fractions" == other


def _is_given_as_often(
    number: Quantity, told: list[Quantity], proof_text: str, question: Reading
) -> bool:
    """Whether a quotation gives a number as often as an answer does ("every 3 weeks")."""
    if not number.per_day:
        return True
    rates = {q.per_day for q in told if q.per_day}
    if not rates and letters(proof_text, FREQUENCY_WORDS):
        rates = {r for r, _, _ in frequencies(proof_text)}
    if not rates:
        return True
    rates |= {r for r, _, _ in frequencies(question.text.lower())}
    return any(close(number.per_day, r) for r in rates)


def _is_of_another_drug(
    number: Quantity, answer: Answer, proof_text: str, spoken: Sequence[Set[str]]
) -> bool:
    """Whether an answer gives a drug the number that is quoted for other drugs only."""
    if not [name for name, _ in answer.names if _is_drug(name)]:
        return False
    mine = bind(answer.text, number, answer.names)
    if not _is_drug(mine):
        return False
    owners: set[str] = set()
    for sentence in sentences(proof_text):
        if any(_matches(number, q, spoken) for _, told in read_lines(sentence) for q in told):
            mentioned = names(sentence)
            if not mentioned:
                return False
            owners.update(n for n, _ in mentioned if _is_drug(n))
    return bool(owners) and mine not in owners


@lru_cache(maxsize=4096)
def _is_drug(name: str) -> bool:
    return DRUG.fullmatch(name) is not None


def _counts_none(answer: Answer, proof_text: str, question: Reading) -> bool:
    """Whether a count is said to be none where the quotations deny nothing."""
    return (
        _NONE.match(answer.text) is not None
        and asks_how_many(question)
        and _NONE_AT_ALL.search(proof_text) is None
    )


_NONE = re.compile(r"\W*(?:none|nobody|no one|zero|no (?!\w+ (?:is|are|was|were) given)\w+)\b")
_NONE_AT_ALL = re.compile(r"\b(?:no|none|nobody|not|never|zero|0|without|neither|nor)\b")
