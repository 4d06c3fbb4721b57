"""What a vignette gives and what it asks for, as the stance of an answer is judged by it."""

import re
from dataclasses import dataclass

from dipg.quantities import Quantity
from dipg.rubric.asked import asked_for, asks_yes_or_no
from dipg.rubric.labels import labels_of
from dipg.rubric.lexicon import GENERIC_WORDS, word_set
from dipg.rubric.reading import Reading, content
from dipg.rubric.stems import stem
from dipg.rubric.targets import CHOICE
from dipg.text import plain

_NAMES_OF_VALUES = word_set(
    "dose doses dosage value amount number figure date dates age duration schedule reason reasons "
    "cause explanation result results grade stage frequency name person weight volume interval "
    "location place site rate count level size time day year length"
)
"""Words of a question that a statement on something else may share."""

_ASKED_AS = (
    (re.compile(r"\bwhy\b"), "reason reasons cause explanation"),
    (re.compile(r"\bwhen\b"), "date time day year"),
    (re.compile(r"\bwho\b"), "name person"),
    (re.compile(r"\bwhere\b"), "location place site"),
    (re.compile(r"\bhow long\b"), "duration length"),
    (re.compile(r"\bhow often\b"), "frequency schedule interval"),
    (re.compile(r"\bhow many\b"), "number count"),
    (re.compile(r"\bhow old\b"), "age"),
    (re.compile(r"\bweigh\b"), "weight"),
    (re.compile(r"\bhow (?:much|large|big|high)\b"), "amount dose size value"),
)
"""Questions, and the nouns that stand for what they ask for."""


@dataclass(frozen=True, slots=True, eq=False)
class Matter:
    """What is given, and what is asked for.

    Attributes:
      context, question: of the vignette.
      given: their terms.
      raws: their numbers as written.
      asked: the words of the question that say what it asks for.
      asked_stems: of these, without words like "dose", which other matters have, too.
      labels: that the question names ("arm b").
      wanted: the dimensions of the numbers that it asks for, where it asks for one kind alone.
      asks_why, offers_choice, polar: it asks for a reason; it offers a choice between names; yes or
        no is all that it asks for.
    """

    context: Reading
    question: Reading
    given: frozenset[str]
    raws: frozenset[float]
    asked: frozenset[str]
    asked_stems: frozenset[str]
    labels: frozenset[tuple[str, str]]
    wanted: frozenset[str]
    asks_why: bool
    offers_choice: bool
    polar: bool

    def has_number(self, number: Quantity) -> bool:
        """Whether context or question contain a number, in its unit if it has one."""
        if not number.dimension or number.dimension[:1] == "#":
            return number.raw in self.raws
        return self.context.has_number(number) or self.question.has_number(number)


def matter_of(context: Reading, question: Reading, raws: frozenset[float]) -> Matter:
    """What a vignette gives (`raws` are its numbers as written) and asks for."""
    text = plain(question.text)
    nouns = (noun for asks, named in _ASKED_AS if asks.search(text) for noun in named.split())
    asked = (content(text) - GENERIC_WORDS).union(nouns)
    return Matter(
        context=context,
        question=question,
        given=context.terms | question.terms,
        raws=raws,
        asked=asked,
        asked_stems=frozenset(map(stem, asked - _NAMES_OF_VALUES)),
        labels=frozenset(labels_of(question.key)),
        wanted=asked_for(question.text)[0],
        asks_why=not question.terms.isdisjoint(("why", "reason", "cause")),
        polar=asks_yes_or_no(question.text),
        offers_choice=CHOICE.search(text) is not None,
    )
