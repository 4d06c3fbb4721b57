"""Does an answer assert what it cannot have from the vignette?"""

import re
from collections.abc import Sequence

from dipg.frequencies import frequencies
from dipg.quantities import Quantity, close
from dipg.rubric.arithmetic import follows
from dipg.rubric.claims import (
    WORDS_OF_SPEECH,
    Answer,
    conditions,
    is_uncounted,
    labels_in,
    person,
    thing_named,
)
from dipg.rubric.labels import label_spots
from dipg.rubric.lexicon import ACTIONS, word_set
from dipg.rubric.pace import is_interval_of
from dipg.rubric.reading import Reading
from dipg.text import plain, words

_DESCRIBES = ("ly", "ed", "ing", "er", "est", "ward", "wards", "able", "less")
"""Endings of words that describe, and name nothing."""
_PRONOUN = re.compile(r"\W*(?:it|she|he|they|this|that|these|both|we)\b(?! (?:is|was|were|are)\b)")


def claimed_names(
    answer: Answer, question: Reading, known: frozenset[str], answers: bool
) -> set[str]:
    """Names that an answer brings up; of a few words none of which the vignette knows, each is
    one."""
    found = {name for name, _ in answer.names}
    if answers and (name := person(answer, question)):
        found.add(name)
    if answers and (name := thing_named(answer, question, known)):
        found.add(name)
    if not answers or answer.numbers or len(answer.text) > 100 or _PRONOUN.match(answer.text):
        return found
    spoken = [w for w in words(answer.text) if w.isalpha() and len(w) > 2]
    if len(spoken) <= 3 and not ACTIONS.keys() & set(spoken):
        spoken = [w for w in spoken if w not in WORDS_OF_SPEECH]
        if not known.intersection(spoken) and not known & found:
            found.update(w for w in spoken if not w.endswith(_DESCRIBES))
    return found


def is_foreign(
    answer: Answer,
    context: Reading,
    question: Reading,
    expected: Reading,
    known: frozenset[str],
    answers: bool,
    absences: Sequence[tuple[int, int]],
    unanswerable: bool = False,
) -> bool:
    """Whether an answer asserts a number or a name that neither context nor question contains.

    What the vignette expects is not foreign: a value may have to be computed. Nor is a share of a
    number of the context, where the share is named too ("a 50% reduced dose (10 mg/m2)" of 20
    mg/m2).

    Args:
      known: every term of context, question and expected answer.
      answers: it is an answer, not an abstention, a conflict report or a refusal.
      absences: where it says what is *not* there; nothing is asserted there unless it answers.
      unanswerable: nothing is right to answer, so that a condition may not be a mere synonym.
    """
    ignore: Sequence[tuple[int, int]] = [] if answers else absences
    for name in claimed_names(answer, question, known, answers):
        if name not in known and not _is_compound_of(name, known):
            at = next((i for n, i in answer.names if n == name), -1)
            if not any(a <= at < b for a, b in ignore):
                return True
    if answers and unanswerable and conditions(answer.text) - known:
        return True
    if _has_foreign_label(answer, context, question, expected, ignore):
        return True
    if _has_foreign_interval(answer, context, question, expected):
        return True
    computed: list[Quantity] = []
    for number in answer.numbers:
        if number.spelled and is_uncounted(number, answer, question):
            continue
        if _is_told(number, context, question, expected):
            continue
        if any(a <= number.start < b for a, b in ignore):
            continue
        if not _is_share(number, _shares(answer.numbers, context), context):
            computed.append(number)
            if len(computed) > _MOST_STEPS:
                return True
    return bool(computed) and not _are_steps(computed, answer, context, question, expected)


def _is_told(number: Quantity, context: Reading, question: Reading, expected: Reading) -> bool:
    """Whether context, question or what is expected give a number, as it is or, but for what is
    expected, without its unit."""
    if not number.dimension or number.dimension[:1] == "#":
        if number.raw in context.raws or number.raw in question.raws:
            return True
        if number.dimension and number.raw in expected.raws:
            return True
    if context.has_number(number) or question.has_number(number) or expected.has_number(number):
        return True
    if number.compare == "-" and number.raw in context.raws:
        return True
    if is_interval_of(number, context.text.lower()):
        return True  # "the 24-hour interval" of "every 24 hours"
    whole, _, each = number.dimension.partition("/")
    if each == "fractions":  # 1.8 Gy in each of 30 fractions of 54 Gy
        alone = number._replace(dimension=whole)
        return context.has_number(alone) or follows(number, context.numbers, "", False)
    return any(
        n.raw == number.raw
        and (
            n.dimension.partition("/") == (number.dimension, "/", "fractions")
            or (number.dimension == "months" and n.dimension == "" and not n.spelled)
        )
        for n in context.numbers
    )


def _has_foreign_label(
    answer: Answer,
    context: Reading,
    question: Reading,
    expected: Reading,
    ignore: Sequence[tuple[int, int]],
) -> bool:
    """Whether an answer speaks of an arm C where the vignette has arms A and B."""
    said = [(at, label) for at, label in label_spots(answer.text) if _is_named(at, label, answer)]
    if not said:
        return False
    known = labels_in(context.text) | labels_in(question.text) | labels_in(expected.text)
    kinds = {kind for kind, _ in known}
    return any(
        label not in known
        and label[0] in kinds
        and label[1] != "a"
        and not any(a <= at < b for a, b in ignore)
        for at, label in said
    )


def _is_named(at: int, label: tuple[str, str], answer: Answer) -> bool:
    """Whether a label names an arm or a patient: "reports 38 %" and "patients 3 to 21 years" do
    not."""
    kind, value = label
    if kind not in _NAMED_THINGS:
        return False
    return not value.isdigit() or not answer.text.startswith(f"{kind}s", at)


_NAMED_THINGS = word_set("arm group cohort patient source stratum regimen drug")


def _has_foreign_interval(
    answer: Answer, context: Reading, question: Reading, expected: Reading
) -> bool:
    """Whether an answer says "every 5 weeks" where the vignette has no such interval."""
    text = answer.text
    if "every" not in answer.spoken and ("q" not in text or _Q.search(text) is None):
        return False
    said = [rate for rate, a, b in frequencies(text) if _INTERVAL.match(text, a, b) is not None]
    if not said:
        return False
    given = f"{context.text}\n{question.text}\n{expected.text}".lower()
    known = [rate for rate, _, _ in frequencies(given)]
    return bool(known) and not all(any(close(rate, k) for k in known) for rate in said)


_INTERVAL = re.compile(r"every \w+[- ]\w|q\d")
_Q = re.compile(r"q\d")


_MOST_STEPS = 3
"""More numbers that nobody has given are no steps of a computation."""


def _are_steps(
    computed: list[Quantity],
    answer: Answer,
    context: Reading,
    question: Reading,
    expected: Reading,
) -> bool:
    """Whether numbers are steps on the way to the expected one, which the context lacks and the
    answer states: 750 mg a day, for 375 mg in each of two doses."""
    goals = [n for n in answer.numbers if expected.has_number(n) and not context.has_number(n)]
    if not goals:
        return False
    text = f"{plain(context.text)}\n{plain(question.text)}"
    known = [*context.numbers, *question.numbers]
    return all(
        follows(n, known, text, True) and any(follows(g, [n, *known], text, True) for g in goals)
        for n in computed
    )


def _is_compound_of(name: str, known: frozenset[str]) -> bool:
    """A plural or possessive of something known."""
    return name.endswith("s") and name[:-1] in known


def _shares(stated: list[Quantity], context: Reading) -> set[float]:
    """The parts that an answer names in percent, as the context does."""
    return {n.value / 100 for n in stated if n.dimension == "percent" and context.has_number(n)}


def _is_share(number: Quantity, shares: set[float], context: Reading) -> bool:
    """Whether a number is p% (or 1 - p%) of a number of the context, with p named in the answer."""
    for part in shares:
        for whole in context.numbers:
            if whole.dimension == number.dimension and (
                close(number.value, whole.value * (1 - part))
                or close(number.value, whole.value * part)
            ):
                return True
    return False
