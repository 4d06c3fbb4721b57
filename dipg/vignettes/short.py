"""Short chart-entry vignettes, made for the small built-in model.

A context is four chart entries, one a line, sorted by topic, about one or two coded patients. One
attribute is entered twice for the asked patient, by two sources that agree or disagree; two more
are
entered once:

    K41 dose of 54 Gy per ward.
    K41 dose 54 Gy from clinic.
    R07 age is 12 years by lab.
    K41 size was 31 mm via scan.
    What is the dose of K41?

The patient comes first and the value before its source, so that a quotation can be copied from
left to
right by a model that has found its beginning.

The three kinds differ only in *what is asked*: an attribute on which the sources do not differ
(answer),
one that is not entered for this patient (abstain), one on which they differ (conflict). Lengths,
digits and sentence counts therefore say nothing about the kind, and neither do the question's
words.

Splits: evaluation patients never occur in training, and neither do evaluation phrasings. A
phrasing is
a *combination* of sentence order and link, or of a question's opening and ending; the words
themselves occur on both sides, as they would for a model that has read before.

All content is synthetic, for research, and not for clinical use.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from dipg.vignettes.types import Expected, Kind, Shares, Vignette

Split = Literal["train", "evaluation"]


@dataclass(frozen=True, slots=True)
class Attribute:
    """What a chart entry states: a number with a unit, or a name.

    `usual` are the values that a careless reader would give from memory, more than a context can
    state of one patient.
    """

    name: str
    values: tuple[str, ...]
    usual: tuple[str, ...]


def _numbers(low: int, high: int, unit: str, name: str, *usual: int) -> Attribute:
    values = tuple(f"{n} {unit}" for n in range(low, high + 1))
    return Attribute(name, values, tuple(f"{n} {unit}" for n in usual))


_DRUGS = (
    "panobinostat",
    "everolimus",
    "dasatinib",
    "temozolomide",
    "vorinostat",
    "bevacizumab",
    "dordaviprone",
    "crizotinib",
)
_NAMES = ("Adeyemi", "Brandt", "Castro", "Dimitrov", "Eriksen", "Fontaine", "Greco", "Hassan")

ATTRIBUTES: tuple[Attribute, ...] = (
    _numbers(30, 60, "Gy", "dose", 54, 50, 45),
    _numbers(2, 17, "years", "age", 7, 6, 9),
    _numbers(15, 60, "mm", "size", 32, 40, 25),
    _numbers(12, 70, "kg", "weight", 25, 30, 20),
    _numbers(2, 16, "mg", "steroid", 4, 8, 2),
    _numbers(5, 30, "months", "survival", 11, 9, 12),
    Attribute("drug", _DRUGS, _DRUGS[:3]),
    Attribute("oncologist", _NAMES, _NAMES[:3]),
)

_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
SOURCES = ("ward", "clinic", "lab", "scan", "chart", "letter")
LINKS = ("per", "by", "from", "via", "in", "at")
_ORDERS = (
    "{patient} {attribute} {value} {link} {source}.",
    "{patient} {attribute} of {value} {link} {source}.",
    "{patient} {attribute} is {value} {link} {source}.",
    "{patient} {attribute} was {value} {link} {source}.",
)
_OPENINGS = ("What is the", "State the", "Report the", "Give the")
_ENDINGS = ("of {patient}", "for {patient}", "recorded for {patient}", "that {patient} has")


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the chart."""

    patient: str
    attribute: Attribute
    value: str
    text: str


@dataclass(frozen=True, slots=True)
class ShortCase:
    """A vignette and how it came about: who is asked about, what, and which entries answer it."""

    vignette: Vignette
    split: Split
    patient: str
    asked: Attribute
    entries: tuple[Entry, ...]

    @property
    def found(self) -> tuple[Entry, ...]:
        """The entries on the asked attribute of the asked patient, in the order of the chart."""
        return tuple(
            e for e in self.entries if e.patient == self.patient and e.attribute is self.asked
        )

    @property
    def nearest(self) -> str:
        """What an abstention quotes: the first thing that the chart does say of the patient."""
        return next(e.text for e in self.entries if e.patient == self.patient)


def is_held_out_patient(code: str) -> bool:
    """Whether a patient belongs to the evaluation split: one code in four."""
    return (7 * _LETTERS.index(code[0]) + int(code[1:])) % 4 == 0


def sentence_forms(split: Split) -> list[tuple[str, str]]:
    """The (order, link) combinations of a split: every fourth diagonal is held out."""
    return [
        (order, link)
        for i, order in enumerate(_ORDERS)
        for j, link in enumerate(LINKS)
        if ((i + j) % 4 == 3) == (split == "evaluation")
    ]


def question_forms(split: Split) -> list[tuple[str, str]]:
    """The (opening, ending) combinations of a split: one ending of each opening is held out."""
    return [
        (opening, ending)
        for i, opening in enumerate(_OPENINGS)
        for j, ending in enumerate(_ENDINGS)
        if ((i + j) % 4 == 3) == (split == "evaluation")
    ]


def write_entry(
    rng: random.Random,
    patient: str,
    attribute: Attribute,
    value: str,
    split: Split,
    link: str,
    source: str,
) -> Entry:
    """Phrase one chart entry with this link, in an order that the split allows it."""
    order = rng.choice([o for o, word in sentence_forms(split) if word == link])
    text = order.format(
        source=source, link=link, attribute=attribute.name, value=value, patient=patient
    )
    return Entry(patient, attribute, value, text)


def generate_short(
    split: Split, count: int, seed: int, shares: Shares | None = None
) -> list[Vignette]:
    """`count` vignettes of a split. The first n of a larger count equal a count of n."""
    return [case.vignette for case in short_cases(split, count, seed, shares)]


def short_cases(
    split: Split, count: int, seed: int, shares: Shares | None = None
) -> list["ShortCase"]:
    """The same vignettes with the chart behind them, for teachers that must know it."""
    shares = shares or Shares()
    return [_one(split, index, seed, shares) for index in range(count)]


def _one(split: Split, index: int, seed: int, shares: Shares) -> ShortCase:
    rng = random.Random(f"short/{split}/{seed}/{index}")
    kinds: tuple[Kind, ...] = ("answer", "abstain", "conflict")
    weights = (shares.answer, shares.abstain, shares.conflict)
    kind = rng.choices(kinds, weights=weights)[0]
    patient, other = _patients(rng, split)
    asked, entries = _chart(rng, split, kind, patient, other)
    opening, ending = rng.choice(question_forms(split))
    question = f"{opening} {asked.name} {ending.format(patient=patient)}"
    question += "?" if opening.startswith("What") else "."
    found = [e for e in entries if e.patient == patient and e.attribute is asked]
    nearest = next(e.text for e in entries if e.patient == patient)
    vignette = Vignette(
        id=f"short-{split}-{seed}-{index:05d}",
        context="\n".join(e.text for e in entries),
        question=question,
        expected=_expected(kind, asked, found),
        gold=gold_response(asked, found, nearest),
        source=f"short/{asked.name}",
    )
    return ShortCase(vignette, split, patient, asked, tuple(entries))


def _patients(rng: random.Random, split: Split) -> tuple[str, str]:
    codes: list[str] = []
    while len(codes) < 2:
        code = f"{rng.choice(_LETTERS)}{rng.randrange(100):02d}"
        if is_held_out_patient(code) == (split == "evaluation") and code not in codes:
            codes.append(code)
    return codes[0], codes[1]


def _chart(
    rng: random.Random, split: Split, kind: Kind, patient: str, other: str
) -> tuple[Attribute, list[Entry]]:
    """Four entries, one attribute twice; the kind decides only which attribute is asked."""
    doubled, single, elsewhere, absent = rng.sample(ATTRIBUTES, 4)
    # The doubled attribute disagrees in every conflict and in half of the rest, where it is not
    # asked.
    asks_doubled = kind == "conflict" or (kind == "answer" and rng.random() < 0.5)
    differ = kind == "conflict" or (not asks_doubled and rng.random() < 0.5)
    asked = absent if kind == "abstain" else doubled if asks_doubled else single
    first = rng.choice(doubled.values)
    # Sources that disagree do so plainly: in the leading digit, or in the name.
    second = rng.choice([v for v in doubled.values if v[0] != first[0]]) if differ else first
    about = other if rng.random() < 0.5 else patient
    topics = [
        [(patient, doubled, first), (patient, doubled, second)],
        [(patient, single, rng.choice(single.values))],
        [(about, elsewhere, rng.choice(elsewhere.values))],
    ]
    rng.shuffle(topics)
    facts = [fact for topic in topics for fact in topic]
    links, writers = rng.sample(LINKS, 4), rng.sample(SOURCES, 4)
    entries = [
        write_entry(rng, *fact, split, link, writer)
        for fact, link, writer in zip(facts, links, writers, strict=True)
    ]
    return asked, entries


def _expected(kind: Kind, asked: Attribute, found: Sequence[Entry]) -> Expected:
    if kind == "answer":
        number, _, unit = found[0].value.partition(" ")
        if unit:
            return Expected(kind, found[0].value, value=float(number), unit=unit)
        return Expected(kind, found[0].value)
    if kind == "abstain":
        return Expected(kind, missing_answer(asked))
    return Expected(kind, conflict_answer(asked))


def missing_answer(asked: Attribute) -> str:
    """The answer channel of an abstention."""
    return f"The record does not state the {asked.name}."


def conflict_answer(asked: Attribute) -> str:
    """The answer channel of a conflict report."""
    return f"The sources disagree on the {asked.name}."


def gold_response(asked: Attribute, found: Sequence[Entry], nearest: str) -> str:
    """The response of a careful reader: list what was found, quote it, conclude.

    `found` are the entries on the asked attribute of the asked patient; `nearest` is the entry
    that an
    abstention quotes to show what the record does say of the patient.
    """
    if not found:
        return respond(f"Found no {asked.name}.", nearest, missing_answer(asked))
    listed = ", ".join(f"{asked.name} {e.value}" for e in found)
    if len({e.value for e in found}) > 1:
        quotes = "\n".join(e.text for e in found)
        return respond(f"Found {listed}.", quotes, conflict_answer(asked))
    return respond(f"Found {listed}.", found[0].text, f"The {asked.name} is {found[0].value}.")


def respond(think: str, proof: str, answer: str) -> str:
    """The canonical three-channel response."""
    return f"<think>{think}</think><proof>{proof}</proof><answer>{answer}</answer>"
