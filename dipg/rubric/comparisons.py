"""Which side of a comparison an answer takes, however it turns the sentence.

"Survival in arm 2 was shorter than in arm 1" says that arm 1's was longer, and "KT34 was enrolled
after KT33" that KT33 was before KT34.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

from dipg.rubric.clauses import Clause
from dipg.rubric.lexicon import ANTONYMS
from dipg.rubric.mentions import is_denied
from dipg.rubric.reading import Reading
from dipg.text import words

_THAN = re.compile(r"\b(?:than|compared (?:to|with)|versus|vs)\b")

Spot = tuple[int, bool]
"""Where one of several candidates is mentioned, and whether it is the expected one."""


@lru_cache(maxsize=4096)
def asked_directions(question: Reading) -> tuple[frozenset[str], frozenset[str]]:
    """Comparatives of a question, where it takes one side, and their antonyms ("shorter")."""
    asked: dict[str, frozenset[str]] = {w: ANTONYMS[w] for w in question.terms if w in ANTONYMS}
    asked = {w: o for w, o in asked.items() if not o & asked.keys()}
    return frozenset(asked), frozenset().union(*asked.values())


def chosen_by_comparison(
    text: str, clauses: Sequence[Clause], spots: Sequence[Spot], question: Reading
) -> bool | None:
    """Whether comparisons in an answer come out for the expected candidate; None where there are
    none.

    Args:
      text: of the answer.
      clauses: its clauses.
      spots: where candidates are mentioned, in order.
      question: whose comparative ("longer") says what is chosen.
    """
    same, opposite = asked_directions(question)
    if not same or not spots:
        return None
    verdict: bool | None = None
    for clause in clauses:
        said = words(clause.text)
        takes = not same.isdisjoint(said)
        if takes != opposite.isdisjoint(said):
            continue
        inside = [(at, good) for at, good in spots if clause.start <= at < clause.end]
        wins = _winner(clause, inside, takes) if inside else None
        if wins is None:
            continue
        if not wins:
            return False
        verdict = True
    return verdict


def _winner(clause: Clause, inside: list[Spot], same: bool) -> bool | None:
    """Whether a clause with one comparative comes out for the expected candidate."""
    than = _THAN.search(clause.text)
    if than is not None and len(inside) > 1:
        before = [good for at, good in inside if at < clause.start + than.start()]
        after = [good for at, good in inside if at >= clause.start + than.end()]
        if len(set(before)) != 1 or len(set(after)) != 1:
            return None
        return before[0] if same else after[0]
    if len({good for _, good in inside}) > 1:
        return None
    at, good = inside[0]
    if is_denied(clause.text, at - clause.start, at - clause.start):
        return None
    if than is not None and at > clause.start + than.start():
        return good != same
    return good == same
