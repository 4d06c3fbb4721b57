"""What a vignette gives and what it asks for, as the stance of an answer is judged by it."""

from dataclasses import dataclass
from functools import lru_cache

from dipg.quantities import Quantity
from dipg.rubric.asked import asked_for, asks_yes_or_no, in_plain, offers_choice, ways_to_ask
from dipg.rubric.labels import labels_of
from dipg.rubric.lexicon import GENERIC_WORDS, word_set
from dipg.rubric.reading import Reading, content
from dipg.rubric.stems import stem

_NAMES_OF_VALUES = word_set(
    "dose doses dosage value amount number figure date dates age duration schedule reason reasons "
    "cause explanation result results grade stage frequency name person weight volume interval "
    "location place site rate count level size time day year length"
)
"""Words of a question that a statement on something else may share."""

_ASKED_AS = tuple(
    (*ways_to_ask(ways), frozenset(nouns.split()))
    for ways, nouns in (
        ("why", "reason reasons cause explanation"),
        ("when", "date time day year"),
        ("date", "day"),
        ("who", "name person"),
        ("where", "location place site"),
        ("how long", "duration length"),
        ("how often", "frequency schedule interval"),
        ("how many", "number count"),
        ("how old", "age"),
        ("weigh", "weight"),
        ("how much|how large|how big|how high", "amount dose size value"),
    )
)
"""Questions, and the nouns that stand for what they ask for."""


@dataclass(frozen=True, slots=True, eq=False)
class Matter:
    """What is given, and what is asked for.

    Attributes:
      context, question: of the vignette.
      raws: their numbers as written.
      asked: the words of the question that say what it asks for.
    """

    context: Reading
    question: Reading
    raws: frozenset[float]
    asked: frozenset[str]

    @property
    def asked_stems(self) -> frozenset[str]:
        """Of the words asked for, without words like "dose", which other matters have, too."""
        return _stems_asked(self.asked)

    @property
    def labels(self) -> frozenset[tuple[str, str]]:
        """Labels that the question names ("arm b")."""
        return _labels_in(self.question.key)

    @property
    def wanted(self) -> frozenset[str]:
        """The dimensions of the numbers that it asks for, where it asks for one kind alone."""
        return asked_for(self.question.text)

    @property
    def asks_why(self) -> bool:
        """Whether it asks for a reason."""
        return not self.question.terms.isdisjoint(("why", "reason", "cause"))

    @property
    def offers_choice(self) -> bool:
        """Whether it offers a choice between names."""
        return offers_choice(self.question.text)

    @property
    def polar(self) -> bool:
        """Whether yes or no is all that it asks for."""
        return asks_yes_or_no(self.question.text)

    def gives(self, name: str) -> bool:
        """Whether context or question have a term."""
        return name in self.context.terms or name in self.question.terms

    def has_number(self, number: Quantity) -> bool:
        """Whether context or question contain a number, in its unit if it has one."""
        if not number.dimension or number.dimension[:1] == "#":
            return number.raw in self.raws
        return self.context.has_number(number) or self.question.has_number(number)


def matter_of(context: Reading, question: Reading, raws: frozenset[float]) -> Matter:
    """What a vignette gives (`raws` are its numbers as written) and asks for."""
    text, spoken = in_plain(question.text)
    nouns = [
        named
        for last, asks, named in _ASKED_AS
        if not last.isdisjoint(spoken) and asks.search(text)
    ]
    return Matter(context, question, raws, (content(text) - GENERIC_WORDS).union(*nouns))


@lru_cache(maxsize=4096)
def _stems_asked(asked: frozenset[str]) -> frozenset[str]:
    return frozenset(map(stem, asked - _NAMES_OF_VALUES))


@lru_cache(maxsize=4096)
def _labels_in(key: str) -> frozenset[tuple[str, str]]:
    return frozenset(labels_of(key))
