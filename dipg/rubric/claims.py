"""What an answer claims, and whether context and proof carry it."""

import re
from collections.abc import Sequence, Set
from functools import lru_cache
from typing import NamedTuple

from dipg.quantities import Quantity, quantities
from dipg.rubric.clauses import Clause, clauses
from dipg.rubric.lexicon import ACTIONS, DIRECTIONS, PLAIN_WORDS, STOP_WORDS, word_set
from dipg.rubric.reading import Reading, names
from dipg.rubric.targets import labels_of
from dipg.text import fold, plain, spell_out_not, without_emphasis, words

LONGEST_ANSWER = 6_000
"""Characters. A longer answer is no answer that anyone would read; it is not searched for a right
one."""
MOST_VALUES = 150
"""Numbers, or names, of an answer; one with more is a list, and not searched either."""


class Answer(NamedTuple):
    """An answer, read once: plain text, numbers, names, clauses.

    Attributes:
      spoken: the words of its text, so that a check can see that it has nothing to look at.
      opening: the capitalised word that it begins with, where that could be a person's name.
    """

    text: str
    numbers: list[Quantity]
    names: list[tuple[str, int]]
    clauses: Sequence[Clause]
    spoken: frozenset[str] = frozenset()
    too_long: bool = False
    opening: str = ""


def read_answer(answer: str) -> Answer:
    """Read an answer channel."""
    folded = spell_out_not(fold(answer.strip()[: 2 * LONGEST_ANSWER]))
    folded = without_emphasis(folded)
    if ":" in folded and (opens := _BEFORE_ANSWER.match(folded)):
        folded = folded[opens.end() :]
    if "[" in folded:
        folded = _CITATION.sub("", folded)
    if "\n" in folded and len(_LIST_MARK.findall(folded)) > 1:
        folded = _LIST_MARK.sub("", folded)
    if folded[:2] == "A " or any(map(folded.__contains__, _SPANS)):
        folded = _ONE_SPAN.sub("1 ", folded)
    text = plain(folded[:LONGEST_ANSWER])
    numbers = quantities(text)
    # Names are found in text that still has its capitals, so offsets are those of the folded text;
    # only digit grouping moves them, by a character or two, which no clause border is near to.
    named = names(folded[:LONGEST_ANSWER])
    too_long = len(folded) > LONGEST_ANSWER or max(len(numbers), len(named)) > MOST_VALUES
    first = _FIRST_NAME.match(folded)
    opening = first[1].lower() if first else ""
    spoken = frozenset(words(text))
    parts = clauses(text, numbers, named, spoken)
    return Answer(text, numbers, named, parts, spoken, too_long, opening)


_ONE_SPAN = re.compile(
    r"(?:(?<=^)|(?<=\bwithin )|(?<=\bafter )|(?<=\bfor )|(?<=\bover ))an? "
    r"(?=(?:hour|day|week|month|year)\b)",
    re.IGNORECASE,
)
"""An hour, where it is a span of time."""
_SPANS = ("n hour", "a day", "a week", "a month", "a year")
_LIST_MARK = re.compile(r"^[ \t]*\(?\d{1,2}[.)] (?=\S)", re.MULTILINE)
_CITATION = re.compile(r"(?<=\S) ?\[\d{1,2}(?:, ?\d{1,2})*\]")
_BEFORE_ANSWER = re.compile(r"\s*(?:final )?answer\s*:\s*", re.IGNORECASE)


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


COUNTABLE = word_set(
    "fractions cycles doses sessions tablets capsules lesions patients points copies"
)
"""Dimensions of what is counted, so that "one" and "two" may only point at it."""


def is_uncounted(number: Quantity, answer: Answer, question: Reading) -> bool:
    """Whether a number in words only points ("the two arms", "one dose"), and claims no count."""
    if not number.spelled or (number.dimension and number.dimension not in COUNTABLE):
        return False
    if asks_how_many(question):
        return number.raw == 1 and number.start != answer.numbers[0].start
    return not number.dimension or number.raw == 1


def asks_how_many(question: Reading) -> bool:
    return _asks_how_many(question.text)


@lru_cache(maxsize=4096)
def _asks_how_many(question: str) -> bool:
    return _HOW_MANY.search(question.lower()) is not None


_HOW_MANY = re.compile(r"\bhow many\b")


@lru_cache(maxsize=4096)
def labels_in(text: str) -> frozenset[tuple[str, str]]:
    """The labels of a text, those of a list included ("arms A, B and C")."""
    text = plain(text)
    listed = {
        (m[1], label)
        for m in _LISTED_LABELS.finditer(text)
        for label in re.findall(r"\w+", m[2])
        if label not in ("and", "or", "to")
    }
    return frozenset(labels_of(text)) | listed


_LISTED_LABELS = re.compile(
    r"\b(arm|group|cohort|patient|case|source|site|option|report|stratum|level|schedule|plan)s "
    r"(\w{1,3}(?:(?:, and |, | and | or | to |/)\w{1,4})+)\b"
)


WORDS_OF_SPEECH = (
    PLAIN_WORDS
    | STOP_WORDS
    | ACTIONS.keys()
    | DIRECTIONS.keys()
    | word_set(
        "either neither only nobody everyone someone anyone just probably perhaps maybe up down "
        "couple normal abnormal high low good bad fine"
    )
)
"""Words that are no names."""


def person(answer: Answer, question: Reading) -> str:
    """The name that an answer to "who?" or "which child?" begins with; "" where there is none."""
    if not answer.opening or answer.opening in WORDS_OF_SPEECH:
        return ""
    return answer.opening if _ASKS_WHO.search(question.text.lower()) else ""


_ASKS_WHO = re.compile(
    r"\b(?:who|whose|whom|(?:which|what) (?:\w+ )?(?:child|patient|boy|girl|person|doctor|"
    r"physician|surgeon|consultant|oncologist|radiologist|pathologist|neurologist|nurse|investigator|author|"
    r"sibling|man|woman))\b"
)
_FIRST_NAME = re.compile(
    r"\W*(?:(?:Dr|Mr|Mrs|Ms|Prof|Professor|Nurse)\.? )?([A-Z][a-z]{2,})"
    r"(?=\W*$|'s\b|[.,;] | (?:[A-Z]|did|does|was|is|has|had|can|could|will|who|and|or|alone|only)|"
    r" [a-z]+ed\b)"
)


def thing_named(answer: Answer, question: Reading, *known: Set[str]) -> str:
    """The word that an answer to "which artery?" or "which drug?" names it by, where that and
    nothing else that it says is new ("the basilar artery"); "" where there is none."""
    asked = _thing_asked(question.text)
    if not asked or len(answer.text) > 120:
        return ""
    rest = [w for w in words(answer.text) if w.isalpha() and len(w) > 2]
    rest = [w for w in rest if w not in WORDS_OF_SPEECH and w not in question.terms]
    new = [w for w in rest if not w.endswith(_NO_NOUN)]
    if not rest or len(new) != 1 or not all(terms.isdisjoint(rest) for terms in known):
        return ""
    return new[0] if len(rest) == 1 or f"{new[0]} {asked}" in answer.text else ""


@lru_cache(maxsize=4096)
def _thing_asked(question: str) -> str:
    """What a question asks the name of ("artery"); "" where it asks for none."""
    asked = _ASKS_NAME.search(question.lower())
    return asked[1] if asked else ""


_ASKS_NAME = re.compile(
    r"\b(?:which|what) (?:\w+ ){0,2}?(drug|agent|medication|medicine|antibiotic|inhibitor|artery|"
    r"vessel|vein|nerve|gene|protein|organism|bacterium|pathogen|hospital|city|lobe|muscle|bone)\b"
)
_NO_NOUN = ("ly", "ed", "ing", "est", "able", "less")


def conditions(plain_text: str) -> frozenset[str]:
    """Diseases and toxicities, by their endings ("hypertension", "neutropenia")."""
    return frozenset(_CONDITION.findall(plain_text))


_CONDITION = re.compile(
    r"\b(?:(?!\w*gnosis)\w{3,}(?:itis|osis|a?emia|penia|pathy|algia|plegia|paresis|rrhage|rrhagia|"
    r"rrhoea|rrhea|uria|toxicity|phagia)|hypertension|hypotension|edema|oedema|syndrome|sepsis|infection|fever|rash|"
    r"nausea|vomiting|seizures?|bleeding|fatigue|allergy|relapse)\b"
)
