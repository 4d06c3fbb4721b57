"""What an answer claims, and whether context and proof carry it."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from dipg.quantities import Quantity, close, quantities
from dipg.rubric.clauses import Clause, clauses
from dipg.rubric.lexicon import ACTIONS, DIRECTIONS, PLAIN_WORDS, STOP_WORDS
from dipg.rubric.reading import Reading, facts, names
from dipg.text import fold, plain, spell_out_not, words

LONGEST_ANSWER = 6_000
"""Characters. A longer answer is no answer that anyone would read; it is not searched for a right
one."""


class Answer(NamedTuple):
    """An answer, read once: plain text, numbers, names, clauses."""

    text: str
    numbers: list[Quantity]
    names: list[tuple[str, int]]
    clauses: Sequence[Clause]
    too_long: bool = False


def read_answer(answer: str) -> Answer:
    """Read an answer channel."""
    folded = spell_out_not(fold(answer.strip()[: 2 * LONGEST_ANSWER]))
    if "**" in folded or "__" in folded or "`" in folded:
        folded = folded.replace("**", "").replace("__", "").replace("`", "")
    folded = _AROUND_QUESTION.sub("", folded)
    too_long = len(folded) > LONGEST_ANSWER
    text = plain(folded[:LONGEST_ANSWER])
    numbers = quantities(text)
    # Names are found in text that still has its capitals, so offsets are those of the folded text;
    # only digit grouping moves them, by a character or two, which no clause border is near to.
    named = names(folded[:LONGEST_ANSWER])
    return Answer(text, numbers, named, clauses(text, numbers, named), too_long)


_AROUND_QUESTION = re.compile(r"^\s*(?:final )?answer\s*:\s*", re.IGNORECASE)


def joined(named: list[tuple[str, int]], known: frozenset[str]) -> list[tuple[str, int]]:
    """Names with codes joined as the vignette writes them: "H3 K27M" is its "H3K27M"."""
    found: list[tuple[str, int]] = []
    for name, at in named:
        if found:
            before, start = found[-1]
            if (
                start + len(before) + 1 == at
                and not {before, name} <= known
                and before + name in known
            ):
                found[-1] = (before + name, start)
                continue
        found.append((name, at))
    return found


_WORDS_OF_SPEECH = PLAIN_WORDS | STOP_WORDS | ACTIONS.keys() | DIRECTIONS.keys()


def claimed_names(answer: Answer, known: frozenset[str], answers: bool) -> set[str]:
    """Names that an answer brings up; of a few words none of which the vignette knows, each is
    one."""
    found = {name for name, _ in answer.names}
    if not answers or answer.numbers or len(answer.text) > 100:
        return found
    spoken = [w for w in words(answer.text) if w.isalpha() and len(w) > 2]
    if len(spoken) <= 3 and not ACTIONS.keys() & set(spoken):
        spoken = [w for w in spoken if w not in _WORDS_OF_SPEECH]
        if not known.intersection(spoken) and not known & found:
            found.update(spoken)
    return found


def is_foreign(
    answer: Answer,
    context: Reading,
    question: Reading,
    expected: Reading,
    known: frozenset[str],
    answers: bool,
    absences: Sequence[tuple[int, int]],
) -> bool:
    """Whether an answer asserts a number or a name that neither context nor question contains.

    What the vignette expects is not foreign: a value may have to be computed. Nor is a share of a
    number of the context, where the share is named too ("a 50% reduced dose (10 mg/m2)" of 20
    mg/m2).

    Args:
      known: every term of context, question and expected answer.
      answers: it is an answer, not an abstention, a conflict report or a refusal.
      absences: where it says what is *not* there; nothing is asserted there unless it answers.
    """
    ignore: Sequence[tuple[int, int]] = [] if answers else absences
    for name in claimed_names(answer, known, answers):
        if name not in known and not _is_compound_of(name, known):
            at = next((i for n, i in answer.names if n == name), -1)
            if not any(a <= at < b for a, b in ignore):
                return True
    for number in answer.numbers:
        if number.spelled and (not number.dimension or number.raw == 1):
            continue
        if (
            number.dimension[:1] == "#"
            and number.raw in context.raws | question.raws | expected.raws
        ):
            continue
        if context.has_number(number) or question.has_number(number):
            continue
        if number.compare == "-" and number.raw in context.raws:
            continue
        if expected.has_number(number) or any(a <= number.start < b for a, b in ignore):
            continue
        if number.dimension == "" and number.raw in context.raws | question.raws:
            continue
        if not _is_share(number, answer.numbers, context):
            return True
    return False


def _is_compound_of(name: str, known: frozenset[str]) -> bool:
    """A plural or possessive of something known."""
    return name.endswith("s") and name[:-1] in known


def _is_share(number: Quantity, stated: list[Quantity], context: Reading) -> bool:
    """Whether a number is p% (or 1 - p%) of a number of the context, with p named in the answer."""
    for share in stated:
        if share.dimension != "percent" or not context.has_number(share):
            continue
        part = share.value / 100
        for whole in context.numbers:
            if whole.dimension == number.dimension and (
                close(number.value, whole.value * (1 - part))
                or close(number.value, whole.value * part)
            ):
                return True
    return False


def is_carried(
    answer: Answer, proof_text: str, question: Reading, context: Reading, expected: Reading
) -> bool:
    """Whether a proof carries an answer's numbers and names; what the question says needs no
    proof."""
    if answer.too_long:
        return False
    proof_terms, quoted = facts(proof_text)
    for name, _ in answer.names:
        if name in proof_terms or name in question.terms or name.rstrip("s") in proof_terms:
            continue
        return False
    if not answer.numbers:
        return True
    distinct = {(n.dimension, n.value, n.raw): n for n in answer.numbers}
    for number in distinct.values():
        if number.spelled and (not number.dimension or number.raw == 1):
            continue
        if number.dimension[:1] == "#" and number.raw in {q.raw for q in quoted}:
            continue
        if any(_matches(number, q) for q in quoted) or question.has_number(number):
            continue
        computed = expected.has_number(number) or not context.has_number(number)
        if computed and _follows(number, quoted, question, answer.numbers):
            continue
        return False
    return True


def _matches(number: Quantity, quoted: Quantity) -> bool:
    if number.same(quoted):
        return True
    bare = "" in (number.dimension, quoted.dimension)
    return number.raw == quoted.raw and (bare or number.dimension == "")


def _follows(
    number: Quantity, quoted: list[Quantity], question: Reading, stated: list[Quantity]
) -> bool:
    """Whether a computed number follows from quoted ones by one or two steps of arithmetic."""
    pool = [q for q in (*quoted, *question.numbers)][:24]
    goal = (number.value, number.raw)
    bases = (
        {q.value for q in pool}
        | {q.raw for q in pool}
        | {q.per_day for q in pool if q.per_day}
        | {s.raw for s in stated if s is not number}
    )
    shares = {1 - q.value / 100 for q in pool if q.dimension == "percent"}
    shares |= {q.value / 100 for q in pool if q.dimension == "percent"}
    bases = set(list(bases)[:24])
    for a in bases:
        if any(close(a * s, g) for s in shares for g in goal):
            return True
        if a <= 1 and any(close(100 * (1 - a), g) for g in goal):
            return True
        for b in bases:
            if any(close(r, g) for r in _results(a, b) for g in goal):
                return True
            for s in shares:
                if any(close(a * b * s, g) for g in goal):
                    return True
    if len(pool) < 2:
        return False
    products = {a * b for a in bases for b in bases}
    return any(close(p * c, g) for p in products for c in bases for g in goal)


def _results(a: float, b: float) -> tuple[float, ...]:
    results = (a + b, a - b, a * b)
    return (*results, a / b, 100 * a / b, 100 * (a - b) / b) if b else results
