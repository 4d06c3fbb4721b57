"""Asked for "the survival in each arm, and which lived longer", does an answer give the numbers?"""

import re
from dataclasses import replace

from dipg.quantities import Quantity, quantities
from dipg.rubric.asked import asks_each
from dipg.rubric.claims import read_answer
from dipg.rubric.concepts import concepts, content, segments
from dipg.rubric.labels import labels_of
from dipg.rubric.mentions import Claim
from dipg.rubric.numbers import says_numbers
from dipg.rubric.reading import names
from dipg.rubric.required import CHANGED_BY, Wording, is_required
from dipg.rubric.targets import bind
from dipg.text import plain


def says_measured(claim: Claim) -> bool:
    """Whether an answer states the numbers that are asked for first, each of its owner."""
    folded = claim.target.measured
    if not folded:
        return True
    if not _says_of_it(claim):
        return False
    text = plain(folded)
    numbers = _asked(text, claim)
    named = names(folded)
    target = replace(
        claim.target,
        text=text,
        labels=frozenset(labels_of(text)),
        numbers=tuple(numbers),
        bound=tuple(bind(text, n, named) for n in numbers),
    )
    answer = claim.answer
    if asks_each(claim.question.text) and _COMPARED.search(answer.text):
        listed = _COMPARED.sub("while", answer.text)
        answer = read_answer(_ONE_UNIT.sub(r"\1 \3\2", listed))
    return says_numbers(claim._replace(answer=answer, target=target))


_COMPARED = re.compile(r"\b(?:versus|vs\.?|(?:as )?compared (?:with|to)|(?:as )?against)(?=\s)")
"""What sets a number aside, but where each number is asked for."""
_ONE_UNIT = re.compile(r"(?<![\d.])(\d+(?:\.\d+)?)( while \d+(?:\.\d+)? ?(%|[a-z]+))")
"""Two numbers with one unit: "8.4 versus 6.2 months"."""


def _says_of_it(claim: Claim) -> bool:
    """Whether what the wording says of the thing ("was more effective") is said of it, where a
    part of the answer says it of something."""
    target = claim.target
    if not target.units:
        return True
    asked = content(claim.question.text.lower())
    predicate = [u for u in content(target.text) if u in asked and u not in target.units]
    parts = [concepts(part) for part, _ in segments(claim.answer.text)]
    said = [p for p in parts if predicate and not any(p.isdisjoint(u) for u in predicate)]
    return not said or any(not p.isdisjoint(u) for p in said for u in target.units)


def _asked(text: str, claim: Claim) -> list[Quantity]:
    """The required numbers of the kind of the first, without differences ("by 2.8 months")."""
    told = [n for n in quantities(text) if n.dimension[:1] != "#"]
    wording = Wording(text, told, told)
    found = [
        n
        for n in told
        if is_required(n, wording, claim.question, claim.context)
        and not CHANGED_BY.search(text, max(0, n.start - 24), n.start)
    ]
    return [n for n in found if n.dimension == found[0].dimension]
