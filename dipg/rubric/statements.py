"""Is what was asked said of what is expected?

"SUFU was mutated, whereas PTCH1 was intact" names the right gene, and says of another what was
asked.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from dipg.rubric.clauses import Clause
from dipg.rubric.concepts import OPPOSITES, concepts, content, segments, shared, units
from dipg.rubric.lexicon import STOP_WORDS, is_drug
from dipg.rubric.mentions import Claim, part_of
from dipg.rubric.reading import Reading
from dipg.rubric.subjects import (
    ASIDE,
    HAS_VERB,
    drugs_asked,
    is_of_another,
    is_rival,
    refers,
    said_in,
    subject_of,
)
from dipg.rubric.targets import Target, is_negated
from dipg.text import words


def keeps_subjects(claim: Claim) -> bool:
    """Whether what was asked is said of what is expected, and the expected of what was asked
    about."""
    target = claim.target
    if target.opening or target.numbers or not (target.units or target.names):
        return True
    wanted, asked, verbs = _asked(target, claim.question)
    mine: list[tuple[int, Clause]] = []
    others: list[tuple[int, str]] = []
    explains = False
    for part, spoken in _statements(claim, verbs):
        before = claim.answer.text[part.start - 1 : part.start] if part.start else ""
        explains = bool(mine) and (before == ":" or (explains and before not in (".", ";", "\n")))
        if explains:
            continue
        told = shared(spoken, asked)
        if any(not spoken.isdisjoint(unit) for unit in wanted):
            mine.append((told, part))
        elif told and (not verbs or verbs & spoken) and not _is_passing(part.text):
            others.append((told, part.text))
    if not mine:
        return True
    most = max(told for told, _ in mine)
    if any(told > most and _has_rival(said, claim) for told, said in others):
        known = frozenset().union(*asked, *wanted)
        return not any(_says_more(part.text, known) for _, part in mine)
    return not all(is_of_another(part, claim) or _has_other(part.text, claim) for _, part in mine)


def _statements(claim: Claim, verbs: frozenset[str]) -> Iterator[tuple[Clause, frozenset[str]]]:
    """The parts of an answer and what each speaks of, with what it leaves out: the verb ("X takes
    iron and Y zinc") or what "which" is ("X replaced Y, which had been stopped")."""
    before, doing = "", frozenset[str]()
    for said, start in segments(claim.answer.text):
        part = part_of(claim.answer, start, said)
        if _RELATIVE.match(said):
            last = (words(before) or ("",))[-1]
            part = part._replace(text=f"{last} {said}")
        before = said
        spoken = said_in(part.text)
        if HAS_VERB.search(said) is None:
            spoken |= doing
        doing = spoken & verbs
        yield part, spoken


class _Asked(NamedTuple):
    """What an answer has to say, what else the question speaks of, and what it says is done."""

    wanted: tuple[frozenset[str], ...]
    beside: tuple[frozenset[str], ...]
    verbs: frozenset[str]


@lru_cache(maxsize=4096)
def _asked(target: Target, question: Reading) -> _Asked:
    text = question.text.lower()
    wanted = target.units or tuple(map(concepts, target.names))
    return _Asked(wanted, tuple(u for u in content(text) if u not in wanted), _verbs(text))


def _verbs(question: str) -> frozenset[str]:
    """What a question says is done, as far as words show that they are verbs."""
    return frozenset().union(
        *[
            unit.meant
            for unit in units(question)
            if unit.said not in STOP_WORDS
            and (unit.said.endswith("ed") or unit.meant & (OPPOSITES.keys() | _OTHER_VERBS))
        ]
    )


_OTHER_VERBS = frozenset(
    ["~give", "~replace", "~choose", "~judge", "~do", "~show", "~recommend", "~need", "~want"]
)


def _is_passing(said: str) -> bool:
    return is_negated(said) or ASIDE.match(said) is not None or refers(said)


def _has_other(said: str, claim: Claim) -> bool:
    """Whether a statement is made of another drug than the one asked about ("they gave Y")."""
    drugs = drugs_asked(claim.question)
    if not drugs or not drugs.isdisjoint(words(said)) or any(map(is_drug, claim.target.names)):
        return False
    named = any(is_drug(u.said) and is_rival(u.said, claim) for u in units(said))
    return named and HAS_VERB.search(said) is not None


def leads(claim: Claim, spots: Sequence[tuple[int, bool]]) -> bool:
    """Whether more of what was asked is said of the expected one of several than of any other
    ("B was stopped, and A was recommended")."""
    asked = content(claim.question.text.lower())
    best = {True: -1, False: -1}
    for said, start in segments(claim.answer.text):
        inside = {good for at, good in spots if start <= at < start + len(said)}
        if len(inside) == 2:
            return False
        for good in inside if not is_negated(said) else ():
            best[good] = max(best[good], shared(said_in(said), asked))
    return best[True] > best[False]


_RELATIVE = re.compile(r"\W*(?:which|who)\b")


def _says_more(said: str, known: frozenset[str]) -> bool:
    """Whether a part of an answer is more than the bare name of what is expected."""
    if _IT_IS.search(said):
        return False
    return HAS_VERB.search(said) is not None or any(u.isdisjoint(known) for u in content(said))


_IT_IS = re.compile(r"\b(?:it|this|that|answer) (?:is|was)\b")


def _has_rival(said: str, claim: Claim) -> bool:
    """Whether a rival stands before what was asked, or right behind it as its owner or doer."""
    if subject_of(said, claim):
        return True
    return any(
        is_rival(u.said, claim) and _OF_OR_BY.search(said, 0, u.start) is not None
        for u in units(said)
    )


_OF_OR_BY = re.compile(r"\b(?:of|by|in) (?:the )?$")
