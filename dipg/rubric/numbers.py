"""Does an answer state the expected numbers, and none that takes their place?"""

import re
from functools import lru_cache

from dipg.frequencies import frequencies
from dipg.quantities import Quantity
from dipg.rubric.lexicon import is_drug
from dipg.rubric.mentions import Claim
from dipg.rubric.owners import belongs
from dipg.rubric.portions import keeps_owners
from dipg.rubric.rivals import takes_its_place
from dipg.rubric.stated import MORE, is_stated
from dipg.rubric.targets import Target, bind


def says_numbers(claim: Claim) -> bool:
    """Every expected number is stated, and no other takes its place."""
    answer, target = claim.answer, claim.target
    if not target.numbers:
        return _keeps_asked_labels(claim) and _keeps_told_numbers(claim)
    paced = any(number.per_day for number in target.numbers)
    rates = {round(r, 6) for r, _, _ in frequencies(answer.text)} if paced else set()
    stated: list[Quantity] = []
    for number, owner in zip(target.numbers, target.bound):
        hits = [n for n in answer.numbers if is_stated(n, number, rates, claim)]
        hits = [n for n in hits if belongs(n, owner, claim)]
        if not hits:
            return False
        stated += hits
    bare = any(n.dimension == "" for n in stated)
    allowed = [n for option in claim.options for n in option.allowed]
    dimensions = {n.dimension for n in target.numbers}
    for n in answer.numbers:
        alike = n.dimension in dimensions or (n.dimension == "" and (bare or n.compare == "-"))
        alike = alike or MORE.match(answer.text, n.end) is not None
        if alike and n not in stated and takes_its_place(n, claim, allowed):
            return False
    return _keeps_asked_labels(claim) and keeps_owners(claim) and _keeps_change(claim)


def _keeps_change(claim: Claim) -> bool:
    """Whether a change goes the expected way, where a wording says which ("decreased by 24 %")."""
    rises, falls = _expected_change(claim.options)
    if rises == falls:
        return True
    same, opposite = (_RISES, _FALLS) if rises else (_FALLS, _RISES)
    text = claim.answer.text
    return opposite.search(text) is None or same.search(text) is not None


@lru_cache(maxsize=4096)
def _expected_change(options: tuple[Target, ...]) -> tuple[bool, bool]:
    """Whether the wordings speak of a rise, and of a fall."""
    expected = " ".join(o.whole for o in options)
    return _RISES.search(expected) is not None, _FALLS.search(expected) is not None


_RISES = re.compile(
    r"\b(?:increas\w+|rise[sn]?|rising|rose|gr[eo]w\w*|gain(?:s|ed|ing)?|enlarg\w+|expan\w+|"
    r"doubl\w+|climb\w*|up(?! to)|larger|bigger|greater)\b|(?<![\w+])\+ ?\d"
)
_FALLS = re.compile(
    r"\b(?:decreas\w+|fell|fall(?:s|en|ing)?|declin\w+|shr[aiu]nk\w*|reduc\w+|drop\w*|loss|lost|"
    r"halv\w+|lessen\w*|diminish\w*|down(?! to)|smaller)\b"
)


def _keeps_told_numbers(claim: Claim) -> bool:
    """Whether a number beside an expected name is not another than the context gives it: no
    "valproate 300 mg" where it was 150 mg."""
    answer, context = claim.answer, claim.context
    if any(_has_other_unit(said, claim) for said in answer.numbers):
        return False
    has_drug = any(map(is_drug, claim.target.names))
    for said in answer.numbers:
        if said.dimension == "" or said.dimension[:1] == "#":
            continue
        told = context.has_number(said)
        if (told and not has_drug) or claim.question.has_number(said):
            continue
        if told:
            if _is_of_another_drug(said, claim):
                return False
            continue
        owner = bind(answer.text, said, answer.names)
        owner = owner or next(
            (n for n in claim.target.phrase if len(n) > 2 and n in answer.text), ""
        )
        if owner not in claim.target.names and owner not in claim.target.phrase:
            continue
        if said.dimension == "percent":
            continue
        alike = [n for s in context.sentences if owner in s.words for n in s.numbers]
        if any(n.dimension == said.dimension for n in alike):
            return False
    return True


def _has_other_unit(said: Quantity, claim: Claim) -> bool:
    """Whether a span of time is an expected one in another unit ("4 to 6 months" for weeks)."""
    if said.dimension not in _SPANS or claim.context.has_number(said):
        return False
    allowed = [n for o in claim.options for n in o.allowed if n.dimension in _SPANS]
    return any(n.raw == said.raw for n in allowed) and not any(n.same(said) for n in allowed)


_SPANS = ("days", "months", "seconds")


def _is_of_another_drug(said: Quantity, claim: Claim) -> bool:
    """Whether an expected drug is given a number that the context gives to other drugs only."""
    owner = bind(claim.answer.text, said, claim.answer.names)
    if owner not in claim.target.names or not is_drug(owner):
        return False
    told = [s for s in claim.context.sentences if any(n.same(said) for n in s.numbers)]
    return bool(told) and all(owner not in s.words and any(map(is_drug, s.names)) for s in told)


def _keeps_asked_labels(claim: Claim) -> bool:
    """Asked for what was of grade 3, an answer does not speak of grade 4 alone."""
    for asked in claim.question.numbers:
        if asked.dimension not in _DEGREES:
            continue
        said = [n for n in claim.answer.numbers if n.dimension == asked.dimension]
        if said and not any(n.same(asked) for n in said):
            return False
    return True


_DEGREES = ("#grade", "#stage", "#phase", "#type", "#class")
