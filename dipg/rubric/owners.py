"""Is a number of an answer said of the right drug, patient, arm and occasion?"""

import re

from dipg.quantities import Quantity
from dipg.rubric.lexicon import is_drug, word_set
from dipg.rubric.mentions import Claim
from dipg.rubric.portions import is_of_other_occasion, is_told_of_another, portions
from dipg.rubric.rivals import is_rival_name
from dipg.rubric.subjects import drugs_asked, is_at_another
from dipg.rubric.targets import bind
from dipg.text import words


def belongs(said: Quantity, owner: str, claim: Claim) -> bool:
    """Whether a number is said of the right drug, patient and arm."""
    if is_at_another(said.start, claim):
        return False
    if _is_for_another(said, claim) or is_of_other_occasion(said, claim):
        return False
    if is_told_of_another(said, claim) or _is_of_those_without(said, claim):
        return False
    asked = drugs_asked(claim.question)
    if not owner and not asked:
        return True
    mine = bind(claim.answer.text, said, claim.answer.names)
    if not owner:
        return not mine or mine in asked or not is_drug(mine)
    if not mine or mine == owner:
        return True
    wanted_names = {b for b in claim.target.bound if b}
    return mine not in wanted_names and not is_rival_name(mine, owner, claim.context)


def _is_of_those_without(said: Quantity, claim: Claim) -> bool:
    """Whether a number is said of those who lack what the question names ("0.55 in children
    without the mutation")."""
    if _LACKING.isdisjoint(claim.answer.spoken) or not _WITHOUT.search(claim.answer.text):
        return False
    asked = claim.question.text.lower()
    if not _WITH.search(asked) or _WITHOUT.search(asked):
        return False
    alike = [n for n in claim.answer.numbers if n.dimension == said.dimension and not n.spelled]
    at = next((i for i, n in enumerate(alike) if n.start == said.start), None)
    if at is None:
        return False
    part = _COMPARED.sub(" ", portions(claim.answer.text, alike)[at])
    found = _WITHOUT.search(part)
    if found is None:
        return False
    lacking = [found[1]] if found[1] else words(part[found.end() :])[:4]
    return not claim.question.terms.isdisjoint(lacking)


_WITH = re.compile(r"\b(?:with|who ha[sd]|having|carrying|harbou?ring|\w+-mutant|\w+-positive)\b")
_WITHOUT = re.compile(
    r"\b(?:without|lacking|who lack\w*|not having|free of)\b|"
    r"\b(\w+)[ -](?:wild[ -]?type|negative|intact)\b"
)
_LACKING = word_set("without lacking who having free wild wildtype negative intact")
"""A word of each way to say that."""
_COMPARED = re.compile(r"\b(?:compared (?:with|to)|relative to|versus|vs\.?|against|than)\b[^,;.]*")


def _is_for_another(said: Quantity, claim: Claim) -> bool:
    """Whether a number is said to be for another drug than the question names ("30 % for X")."""
    after = _FOR.match(claim.answer.text, said.end)
    return (
        after is not None
        and not claim.question.names <= claim.context.people
        and is_drug(after[1])
        and after[1] not in claim.question.terms | {b for b in claim.target.bound if b}
    )


_FOR = re.compile(r" ?(?:for|with|of|under|on) (?:the )?([a-z]{4,})\b")
