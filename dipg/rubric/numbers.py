"""Does an answer state the expected numbers, and none that takes their place?"""

import re

from dipg.dates import same_day
from dipg.frequencies import frequencies
from dipg.quantities import Quantity, close, comparator_start, quantities
from dipg.rubric.lexicon import DRUG, UNITS_ASKED_BY
from dipg.rubric.limits import same_limit
from dipg.rubric.mentions import (
    Claim,
    clause_of,
    is_denied,
    is_option,
)
from dipg.rubric.portions import is_of_other_occasion, is_told_of_another, keeps_owners
from dipg.rubric.reading import Reading
from dipg.rubric.rivals import is_rival_name, takes_its_place
from dipg.rubric.stems import stem
from dipg.rubric.subjects import is_of_another
from dipg.rubric.targets import bind
from dipg.text import sentences
from dipg.units import ATOMS

_REPEATED = re.compile(
    r"^,? ?(?:twice|thrice|x ?\d|times \d|[2-9] times|two times|three times|on two occasions)\b"
    r"(?! (?:an? |per |each |every |daily|weekly|monthly))"
)
_OVER = re.compile(r"(?:^|\b(?:is|was|of|at) )over (?:a |an )?$")
_PERIOD = re.compile(r"\b(?:[Oo]ver|[Hh]ow long|period|duration|time)\b")
_TO_WHAT = re.compile(r"\bto (?:what|which)\b")
_DIFFERENCE = re.compile(
    r" (younger|older|heavier|lighter|taller|ago|later|earlier|more(?= than))\b"
)
_MORE = re.compile(
    r" (?:more(?! than)|further|additional|extra|remain(?:ed|ing|s)?|left|missing)\b"
)
_FROM = re.compile(r"\bfrom (?:\w+ ){0,2}?$")
_TO = re.compile(r"(?:\b(?:down |up )?to|->|=>|→) ?$")
_ON_TO = re.compile(r"^ ?(?:[a-z%/][a-z/0-9%]* ){0,4}?(?:(?:down |up )?to|->|=>|→) ?\d")
_BY = re.compile(r"\b(?:by what|by how|how much)\b")
_CHANGED_BY = re.compile(r"\bby (?:about |around |approximately )?$")
_UP = re.compile(r"\b(?:increas|rise|rose|grew|grow|gain|longer|higher|more|differ)")
_DOWN = re.compile(r"\b(?:decreas|reduc|fell|fall|declin|shr[aiu]nk|loss|lost|lower|drop|chang)")


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
        hits = [n for n in hits if _belongs(n, owner, claim)]
        if not hits:
            return False
        stated += hits
    bare = any(n.dimension == "" for n in stated)
    allowed = [n for option in claim.options for n in option.allowed]
    dimensions = {n.dimension for n in target.numbers}
    for n in answer.numbers:
        alike = n.dimension in dimensions or (n.dimension == "" and (bare or n.compare == "-"))
        alike = alike or _MORE.match(answer.text, n.end) is not None
        if alike and n not in stated and takes_its_place(n, claim, allowed):
            return False
    return _keeps_asked_labels(claim) and keeps_owners(claim) and _keeps_change(claim)


def _keeps_change(claim: Claim) -> bool:
    """Whether a change goes the expected way, where a wording says which ("decreased by 24 %")."""
    expected = " ".join(o.whole for o in claim.options)
    up, down = _RISES.search(expected) is not None, _FALLS.search(expected) is not None
    if up == down:
        return True
    same, opposite = (_RISES, _FALLS) if up else (_FALLS, _RISES)
    text = claim.answer.text
    return opposite.search(text) is None or same.search(text) is not None


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
    for said in answer.numbers:
        if said.dimension in ("", "percent") or said.dimension[:1] == "#":
            continue
        if context.has_number(said) or claim.question.has_number(said):
            continue
        owner = bind(answer.text, said, answer.names)
        owner = owner or next(
            (n for n in claim.target.phrase if len(n) > 2 and n in answer.text), ""
        )
        if owner not in claim.target.names and owner not in claim.target.phrase:
            continue
        told = [n for s in context.sentences if owner in s.words for n in s.numbers]
        if any(n.dimension == said.dimension for n in told):
            return False
    return True


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


def is_stated(said: Quantity, wanted: Quantity, rates: set[float], claim: Claim) -> bool:
    """Same value, unit, direction and frequency; not denied, not one of several on offer."""
    answer = claim.answer
    if not _same_value(said, wanted, claim):
        return False
    if not same_limit(said, answer.text, wanted, claim.target.text):
        return False
    if not _same_rate(said, wanted, rates, claim):
        return False
    if _REPEATED.match(answer.text[said.end : said.end + 24]):
        return False
    if _is_part_or_condition(answer.text, said):
        return False
    if _MORE.match(answer.text, said.end) and not _MORE.match(claim.target.text, wanted.end):
        return False
    counts = said.dimension == "" or said.dimension in _THINGS
    if counts and _is_total(answer.text, said) and not _is_total(claim.target.text, wanted):
        return False
    mine, theirs = _role(answer.text, said), _role(claim.target.text, wanted)
    if theirs == "by" and mine == "to":
        return False  # what falls by 35 % does not fall to 35 %
    if theirs == "from":
        return mine == "from" and not is_option(answer, said)
    if mine == "by" and theirs != "by" and not _asks_for_change(claim):
        return False
    if mine == "by" and not theirs and _TO_WHAT.search(claim.question.text.lower()):
        return False
    if not _same_side(answer.text, said, claim.target.text, wanted, claim):
        return False
    if _is_difference(said, claim) or _counts_others(said, claim):
        return False
    if _OVER.search(answer.text, max(0, said.start - 16), said.start) and not _PERIOD.search(
        claim.question.text
    ):
        return False
    if mine == "from" or (mine == "to" and not theirs and _BY.search(claim.question.text.lower())):
        return False
    start = comparator_start(answer.text, said.start) if said.compare else said.start
    return not is_denied(answer.text, start, said.end) and not _is_alternative(said, claim)


def _is_part_or_condition(text: str, said: Quantity) -> bool:
    """Whether a number is only a part of another ("344 mg, of which 275 mg"), or would hold only
    in some case."""
    before = text[max(0, said.start - 24) : said.start]
    return _OF_WHICH.search(before) is not None or _ONLY_IF.match(text, said.end) is not None


_OF_WHICH = re.compile(r"\bof (?:which|these) (?:\w+ ){0,2}$")
_ONLY_IF = re.compile(r"[^.;,]{0,30}? only (?:if|when|in case)\b")


def _same_side(text: str, said: Quantity, wording: str, wanted: Quantity, claim: Claim) -> bool:
    """Whether "14 days after" stays so: not "14 days before", not "within 14 days"."""
    mine, theirs = _SIDE.match(text, said.end), _SIDE.match(wording, wanted.end)
    if mine and theirs and (mine[1] in _AFTERWARDS) != (theirs[1] in _AFTERWARDS):
        return False
    within = _WITHIN.search(text, max(0, said.start - 16), said.start) is not None
    return not within or "within" in f"{claim.question.text.lower()} {claim.target.whole}"


_SIDE = re.compile(r",? (after|following|later|from|before|prior to|ahead of|earlier)\b")
_AFTERWARDS = ("after", "following", "later", "from")
_WITHIN = re.compile(r"\bwithin (?:the |a )?$")


def _is_difference(said: Quantity, claim: Claim) -> bool:
    """ "12 years younger" is no age, unless a difference is asked for."""
    found = _DIFFERENCE.match(claim.answer.text, said.end)
    if found is None or (found[1] == "more" and _asks_for_change(claim)):
        return False
    return found[1] not in claim.question.terms and found[1] not in claim.target.whole


def _counts_others(said: Quantity, claim: Claim) -> bool:
    """Whether a bare number counts other things than the question ("61 centres")."""
    asked = None if said.dimension else _HOW_MANY.search(claim.question.text.lower())
    counted = _COUNTED.match(claim.answer.text, said.end)
    if asked is None or counted is None or stem(counted[1]) == stem(asked[1]):
        return False
    return re.search(rf"\d {counted[1]}\b", claim.context.text.lower()) is not None


_HOW_MANY = re.compile(r"\bhow many (\w+)")
_COUNTED = re.compile(r" ([a-z]{4,})\b")


def _is_total(text: str, number: Quantity) -> bool:
    """Whether a number is what others are counted of: 46 in "2 of 46"."""
    return _COUNTED_OF.search(text, max(0, number.start - 24), number.start) is not None


_COUNTED_OF = re.compile(r"\d(?: (?:out )?of (?:the |all |a total of )?| ?/ ?)$")


def _is_alternative(said: Quantity, claim: Claim) -> bool:
    """Whether a number is one of several on offer; "2/46" of a count is "2 of 46"."""
    if not is_option(claim.answer, said):
        return False
    after = re.match(r"^ ?/ ?(\d+)\b", claim.answer.text[said.end :])
    if after and f"{said.raw:g}/{after[1]}" in claim.target.text.replace(" / ", "/"):
        return False  # "112/70 mmHg" is one pair of numbers
    whole = float(after[1][:15]) if after else 0.0
    return not (whole > said.raw and said.dimension == "" and whole in claim.context.raws)


def _asks_for_change(claim: Claim) -> bool:
    text = f"{claim.question.text.lower()} {claim.target.text}"
    return bool(_BY.search(text) or _DOWN.search(text) or _UP.search(text))


def _role(text: str, number: Quantity) -> str:
    """ "from" and "to" of a change ("from 8 mg to 2 mg")."""
    before = text[max(0, number.start - 24) : number.start]
    if _TO.search(before):
        return "to"
    if _FROM.search(before):
        return "from"
    if _CHANGED_BY.search(before):
        return "by"
    after = text[number.end : number.end + 40]
    if _OF_CHANGE.match(after):
        return "by"
    return "from" if _ON_TO.match(after) else ""


_OF_CHANGE = re.compile(
    r" (?:\w+ )?(?:reduction|decrease|increase|rise|fall|growth|shrinkage|drop|decline)\b"
)


def _same_value(said: Quantity, wanted: Quantity, claim: Claim) -> bool:
    if said.value < 0 < wanted.value and _DOWN.search(
        f"{claim.question.text.lower()} {claim.target.text}"
    ):
        said = said._replace(value=-said.value, raw=-said.raw)
    if said.same(wanted):
        return True
    if wanted.dimension == "date" and said.dimension == "monthday":
        days = {
            n.value
            for n in claim.context.numbers
            if n.dimension == "date" and same_day(said[:2], n[:2])
        }
        return days == {wanted.value}
    if not close(said.raw, wanted.raw) or _only_names(said, wanted, claim):
        return False
    if said.dimension == "":
        return wanted.dimension == "" or asks_for_unit(wanted, claim.question)
    return wanted.dimension == "" and _may_have_unit(said, claim)


def _only_names(said: Quantity, wanted: Quantity, claim: Claim) -> bool:
    """Whether a number only names what the question names, too ("cohort 2"): it counts nothing."""
    return said.dimension[:1] == "#" != wanted.dimension[:1] and any(
        said.same(n) for n in claim.question.numbers
    )


def _may_have_unit(said: Quantity, claim: Claim) -> bool:
    """Whether a bare expected number may carry this unit: the vignette gives it to it, too."""
    if said.dimension[:1] == "#":
        return True
    if any(said.same(n) for n in claim.context.numbers):
        return True
    if said.dimension in _THINGS:
        return True
    return any(
        u.dimension == said.dimension
        for w in claim.question.terms
        if (u := ATOMS.get(w)) is not None
    )


_THINGS = frozenset(
    [
        "lesions",
        "patients",
        "points",
        "copies",
        "doses",
        "sessions",
        "tablets",
        "capsules",
        "cycles",
        "iu",
    ]
)
"""Units that count things, so that a bare number may carry them."""


def asks_for_unit(wanted: Quantity, question: Reading) -> bool:
    """Whether a question names the unit of what it asks for ("in mg", "how old")."""
    for word in question.terms:
        unit = ATOMS.get(UNITS_ASKED_BY.get(word, word))
        if (
            unit is not None
            and unit.dimension == wanted.dimension
            and close(wanted.raw * unit.factor, wanted.value)
        ):
            return True
    return False


def _same_rate(said: Quantity, wanted: Quantity, rates: set[float], claim: Claim) -> bool:
    if wanted.per_day:
        if said.per_day:
            return close(said.per_day, wanted.per_day)
        if not rates and _implies_rate(claim.question.text.lower(), wanted.per_day):
            return True
        return rates == {round(wanted.per_day, 6)}
    if not said.per_day:
        return True
    known = [n.per_day for n in claim.context.numbers if n.same(said) and n.per_day]
    if not known and not claim.context.has_number(said):  # computed, and given as often as others
        everything = f"{claim.context.text} {claim.question.text}".lower()
        known = [r for r, _, _ in frequencies(everything)]
    elif not known:
        told = sentences(claim.context.text.lower())
        told = [s for s in told if any(said.same(n) for n in quantities(s))]
        known = [r for s in (*told, claim.question.text.lower()) for r, _, _ in frequencies(s)]
    return any(close(said.per_day, k) for k in known)


def _implies_rate(asked: str, rate: float) -> bool:
    """Whether a question asks for one dose alone, or says how often itself ("what daily dose")."""
    if _HOW_OFTEN.search(asked):
        return False
    return _PER_DOSE.search(asked) is not None or any(
        close(r, rate) for r, _, _ in frequencies(asked)
    )


_HOW_OFTEN = re.compile(r"\b(?:intervals?|how often|frequency)\b")
_PER_DOSE = re.compile(
    r"\b(?:(?:each|per|single) (?:administration|dose|infusion|intake)|at a time)\b"
)


def _belongs(said: Quantity, owner: str, claim: Claim) -> bool:
    """Whether a number is said of the right drug, patient and arm."""
    mine = bind(claim.answer.text, said, claim.answer.names)
    clause = clause_of(claim.answer, said.start)
    if clause is not None and is_of_another(clause, claim):
        return False
    if _is_for_another(said, claim) or is_of_other_occasion(said, claim):
        return False
    if is_told_of_another(said, claim):
        return False
    asked = {n for n in claim.question.names if DRUG.fullmatch(n)}
    if asked and not owner and mine and mine not in asked and DRUG.fullmatch(mine):
        return False
    if not owner or not mine or mine == owner:
        return True
    wanted_names = {b for b in claim.target.bound if b}
    return mine not in wanted_names and not is_rival_name(mine, owner, claim.context)


def _is_for_another(said: Quantity, claim: Claim) -> bool:
    """Whether a number is said to be for another drug than the question names ("30 % for X")."""
    after = _FOR.match(claim.answer.text, said.end)
    return (
        after is not None
        and bool(claim.question.names - claim.context.people)
        and DRUG.fullmatch(after[1]) is not None
        and after[1] not in claim.question.terms | {b for b in claim.target.bound if b}
    )


_FOR = re.compile(r" ?(?:for|with|of|under|on) (?:the )?([a-z]{4,})\b")
