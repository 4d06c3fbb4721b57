"""Full vignettes, for real models: 8 to 14 sentences, two patients, several sources.

Single facts, comparisons of two patients, doses to be computed, protocol rules to be applied. As
in the short ones, the kinds differ only in *what is asked*: every context has one attribute on
which two sources disagree, one on which two agree, and some that are entered once. Lengths, digits
and sentence counts therefore do not tell the kinds apart, and neither do the words of the question.

Splits: evaluation shares neither a patient code, a source nor a phrasing with training.

All content is synthetic, for research, and not for clinical use.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from dipg.vignettes.phrases import (
    AREA,
    ATTRIBUTES,
    BACKGROUND,
    COMPARABLE,
    DRUGS,
    PLATELETS,
    QUESTIONS,
    RATES,
    RULES,
    SOURCES,
    STATEMENTS,
    Attribute,
    Split,
)
from dipg.vignettes.types import Expected, Kind, Shares, Vignette

_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
_TYPES = ("fact", "compare", "compute", "rule")
_TYPE_WEIGHTS = (0.40, 0.20, 0.20, 0.20)


@dataclass(frozen=True, slots=True)
class _Line:
    """One statement of the record."""

    patient: str
    attribute: Attribute
    value: str
    text: str


@dataclass(frozen=True, slots=True)
class _Record:
    """A context and what it is made of."""

    patient: str
    other: str
    lines: tuple[_Line, ...]
    drug: str
    limit: int
    rate: int
    rule: str
    rate_text: str
    text: str

    def about(self, patient: str, attribute: Attribute) -> list[_Line]:
        """What the record states of an attribute of a patient, in its order."""
        return [x for x in self.lines if x.patient == patient and x.attribute is attribute]


def generate_full(split: Split, count: int, seed: int, shares: Shares) -> list[Vignette]:
    """`count` vignettes of a split. The first n of a larger count equal a count of n."""
    return [_one(split, index, seed, shares) for index in range(count)]


def is_held_out(code: str) -> bool:
    """Whether a patient belongs to the evaluation split: one code in four."""
    return (5 * _LETTERS.index(code[0]) + 3 * _LETTERS.index(code[1]) + int(code[2:])) % 4 == 0


def _one(split: Split, index: int, seed: int, shares: Shares) -> Vignette:
    rng = random.Random(f"full/{split}/{seed}/{index}")
    kinds: tuple[Kind, ...] = ("answer", "abstain", "conflict")
    weights = (shares.answer, shares.abstain, shares.conflict)
    kind = rng.choices(kinds, weights=weights)[0]
    task = rng.choices(_TYPES, weights=_TYPE_WEIGHTS)[0]
    asked = _asked(rng, task)
    record = _record(rng, split, kind, task, asked)
    question = rng.choice(QUESTIONS[split][task]).format(
        noun=asked.noun, patient=record.patient, other=record.other, drug=record.drug
    )
    expected, gold = _solve(kind, task, asked, record)
    return Vignette(
        id=f"full-{split}-{seed}-{index:05d}",
        context=record.text,
        question=question,
        expected=expected,
        gold=gold,
        source=f"full/{task}/{asked.name}",
    )


def _asked(rng: random.Random, task: str) -> Attribute:
    if task == "compute":
        return AREA
    if task == "rule":
        return PLATELETS
    if task == "compare":
        return rng.choice([a for a in ATTRIBUTES if a.name in COMPARABLE])
    return rng.choice(ATTRIBUTES)


def _patients(rng: random.Random, split: Split) -> tuple[str, str]:
    codes: list[str] = []
    while len(codes) < 2:
        code = f"{rng.choice(_LETTERS)}{rng.choice(_LETTERS)}{rng.randrange(10, 100)}"
        if is_held_out(code) == (split == "evaluation") and code not in codes:
            codes.append(code)
    return codes[0], codes[1]


def _record(rng: random.Random, split: Split, kind: Kind, task: str, asked: Attribute) -> _Record:
    """A record in which the asked attribute plays the part that the kind needs.

    It is mentioned equally often in all kinds: what the asked patient's part leaves out, the other
    patient's sources supply. So not even its digits say which kind it is.
    """
    patient, other = _patients(rng, split)
    limit = rng.randrange(60, 110, 5)
    rest = [a for a in ATTRIBUTES if a is not asked]
    rng.shuffle(rest)
    part = kind if kind != "answer" else rng.choice(("agree", "single"))
    disagreeing = asked if part == "conflict" else rest.pop()
    agreeing = asked if part == "agree" else rest.pop()
    singles = [rest.pop() for _ in range(rng.randrange(1, 4))]
    if part == "single":
        singles[0] = asked
    first, second = _two(rng, task, asked, disagreeing, limit)
    same = rng.choice(agreeing.values)
    facts = [
        (patient, disagreeing, first),
        (patient, disagreeing, second),
        (patient, agreeing, same),
        (patient, agreeing, same),
        *((patient, a, rng.choice(a.values)) for a in singles),
    ]
    times = _TIMES_OF_THE_OTHER[part] + (task == "compare")
    facts += _of_the_other(rng, other, task, asked, facts, rest, times)
    return _write(rng, split, patient, other, facts, limit)


_TIMES_OF_THE_OTHER = {"conflict": 0, "agree": 0, "single": 1, "abstain": 2}
"""How often sources give the asked attribute of the other patient; once more for a comparison."""


def _two(
    rng: random.Random, task: str, asked: Attribute, disagreeing: Attribute, limit: int
) -> tuple[str, str]:
    """Two different values; for a rule or a comparison, such that the answer hangs on which is
    right."""
    values = disagreeing.values
    first, second = rng.sample(values, 2)
    if disagreeing is not asked or task not in ("rule", "compare"):
        return first, second
    if task == "rule":
        low = [v for v in values if float(v) < limit]
        high = [v for v in values if float(v) >= limit]
    else:
        low, high = list(values[: len(values) // 3]), list(values[-(len(values) // 3) :])
    pair = [rng.choice(low), rng.choice(high)]
    rng.shuffle(pair)
    return pair[0], pair[1]


def _of_the_other(
    rng: random.Random,
    other: str,
    task: str,
    asked: Attribute,
    facts: Sequence[tuple[str, Attribute, str]],
    rest: Sequence[Attribute],
    times: int,
) -> list[tuple[str, Attribute, str]]:
    """Three statements on the other patient, of which `times` give the asked attribute."""
    mine = {v for _, a, v in facts if a is asked}
    third = len(asked.values) // 3
    between = asked.values[third:-third] if task == "compare" else asked.values
    value = rng.choice([v for v in between if v not in mine])
    found = [(other, asked, value)] * times
    return found + [(other, a, rng.choice(a.values)) for a in rng.sample(list(rest), 3 - times)]


def _write(
    rng: random.Random,
    split: Split,
    patient: str,
    other: str,
    facts: Sequence[tuple[str, Attribute, str]],
    limit: int,
) -> _Record:
    lines = []
    taken: dict[tuple[str, str], set[str]] = {}
    for who, attribute, value in facts:
        used = taken.setdefault((who, attribute.name), set())
        source = rng.choice([s for s in SOURCES[split] if s not in used])
        used.add(source)
        text = rng.choice(STATEMENTS[split]).format(
            source=source, noun=attribute.noun, patient=who, value=attribute.written(value)
        )
        lines.append(_Line(who, attribute, value, text[0].upper() + text[1:]))
    drug, rate = rng.choice(DRUGS), rng.randrange(10, 41, 10)
    rule = rng.choice(RULES[split]).format(drug=drug, limit=limit)
    rate_text = rng.choice(RATES[split]).format(drug=drug, rate=rate)
    extra = [
        s.format(a=rng.randrange(8, 13), b=rng.randrange(13, 18), year=rng.randrange(2016, 2021))
        for s in rng.sample(BACKGROUND[split], rng.randrange(0, 3))
    ]
    order = list(range(len(lines)))
    rng.shuffle(order)
    lines = [lines[i] for i in order]
    texts = [line.text for line in lines]
    for added in (rule, rate_text, *extra):
        texts.insert(rng.randrange(len(texts) + 1), added)
    return _Record(
        patient, other, tuple(lines), drug, limit, rate, rule, rate_text, " ".join(texts)
    )


def _solve(kind: Kind, task: str, asked: Attribute, record: _Record) -> tuple[Expected, str]:
    """What a right response says, and the response of a careful reader."""
    patient = record.patient
    found = record.about(patient, asked)
    if kind == "abstain":
        answer = f"The record does not state the {asked.noun} of patient {patient}."
        nearest = next(x.text for x in record.lines if x.patient == patient)
        gold = _respond(f"No {asked.noun} of {patient} is recorded.", [nearest], answer)
        return Expected(kind, answer), gold
    quotes = [x.text for x in found]
    if kind == "conflict":
        answer = f"The sources disagree on the {asked.noun} of patient {patient}."
        values = " and ".join(asked.written(x.value) for x in found)
        return Expected(kind, answer), _respond(f"Found {values}.", quotes, answer)
    return {"fact": _fact, "compare": _compare, "compute": _compute, "rule": _rule}[task](
        asked, record, found
    )


def _fact(asked: Attribute, record: _Record, found: list[_Line]) -> tuple[Expected, str]:
    answer = asked.written(found[0].value)
    expected = Expected("answer", answer)
    if asked.unit:
        expected = Expected("answer", answer, value=float(found[0].value), unit=asked.unit)
    sentence = f"The {asked.noun} of patient {record.patient} is {answer}."
    return expected, _respond(f"The record gives {answer}.", [found[0].text], sentence)


def _compare(asked: Attribute, record: _Record, found: list[_Line]) -> tuple[Expected, str]:
    theirs = record.about(record.other, asked)[0]
    higher = record.patient if float(found[0].value) > float(theirs.value) else record.other
    think = f"{asked.written(found[0].value)} against {asked.written(theirs.value)}."
    answer = f"Patient {higher}"
    expected = Expected("answer", answer, aliases=(higher,))
    return expected, _respond(think, [found[0].text, theirs.text], f"{answer}.")


def _compute(asked: Attribute, record: _Record, found: list[_Line]) -> tuple[Expected, str]:
    dose = round(record.rate * float(found[0].value), 6)
    answer = f"{dose:g} mg"
    think = f"{record.rate} mg/m2 x {asked.written(found[0].value)} = {answer}."
    expected = Expected("answer", answer, value=dose, unit="mg")
    return expected, _respond(think, [record.rate_text, found[0].text], answer)


def _rule(asked: Attribute, record: _Record, found: list[_Line]) -> tuple[Expected, str]:
    below = float(found[0].value) < record.limit
    verb, past = ("Hold", "held") if below else ("Continue", "continued")
    think = f"{found[0].value} is {'below' if below else 'not below'} {record.limit}."
    expected = Expected(
        "answer",
        f"{verb} {record.drug}.",
        aliases=(f"{record.drug.capitalize()} should be {past}.", f"It should be {past}."),
    )
    return expected, _respond(think, [record.rule, found[0].text], f"{verb} {record.drug}.")


def _respond(think: str, quotes: Sequence[str], answer: str) -> str:
    proof = "\n".join(quotes)
    return f"<think>{think}</think>\n<proof>{proof}</proof>\n<answer>{answer}</answer>"
