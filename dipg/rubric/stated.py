"""Is a number of an answer meant as the expected one: in its direction, as a value, not denied?"""

import re

from dipg.comparators import comparator_start
from dipg.quantities import Quantity
from dipg.rubric.claims import Answer
from dipg.rubric.limits import same_limit
from dipg.rubric.mentions import Claim, is_denied, is_option
from dipg.rubric.required import CHANGED_BY
from dipg.rubric.stems import stem
from dipg.rubric.values import DOWN, THINGS, same_rate, same_value

_REPEATED = re.compile(
    r",? ?(?:twice|thrice|x ?\d|times \d|[2-9] times|two times|three times|on two occasions)\b"
    r"(?! (?:an? |per |each |every |daily|weekly|monthly))"
)
_OVER = re.compile(r"(?:^|\b(?:is|was|of|at) )over (?:a |an )?$")
_PERIOD = re.compile(r"\b(?:[Oo]ver|[Hh]ow long|period|duration|time)\b")
_TO_WHAT = re.compile(r"\bto (?:what|which)\b")
_DIFFERENCE = re.compile(
    r" (younger|older|heavier|lighter|taller|ago|later|earlier|more(?= than))\b"
)
MORE = re.compile(r" (?:more(?! than)|further|additional|extra|remain(?:ed|ing|s)?|left|missing)\b")
_FROM = re.compile(r"\bfrom (?:\w+ ){0,2}?$")
_TO = re.compile(r"(?:\b(?:down |up )?to|->|=>|→) ?$")
_ON_TO = re.compile(
    r"^ ?(?:(?!with |plus |and |boost )[a-z%/][a-z/0-9%]* ){0,4}?(?:(?:down |up )?to|->|=>|→) ?\d"
)
_BY = re.compile(r"\b(?:by what|by how|how much)\b")
_UP = re.compile(r"\b(?:increas|rise|rose|grew|grow|gain|longer|higher|more|differ)")


def is_stated(said: Quantity, wanted: Quantity, rates: set[float], claim: Claim) -> bool:
    """Same value, unit, direction and frequency; not denied, not one of several on offer."""
    return _is_that_value(said, wanted, rates, claim) and _is_meant_alike(said, wanted, claim)


def _is_that_value(said: Quantity, wanted: Quantity, rates: set[float], claim: Claim) -> bool:
    """Same value, unit, direction and frequency; no part of another number, and nothing on top."""
    answer = claim.answer
    if not same_value(said, wanted, claim):
        return False
    if said.compare != wanted.compare and not same_limit(
        said, answer.text, wanted, claim.target.text, claim.question.text.lower()
    ):
        return False
    if not same_rate(said, wanted, rates, claim):
        return False
    if _REPEATED.match(answer.text, said.end, said.end + 24):
        return False
    if _is_part_or_condition(answer, said):
        return False
    if _adds(said, wanted, claim):
        return False
    counts = said.dimension == "" or said.dimension in THINGS
    return not (
        counts and _is_total(answer.text, said) and not _is_total(claim.target.text, wanted)
    )


def _is_meant_alike(said: Quantity, wanted: Quantity, claim: Claim) -> bool:
    """The same end of a change, on the same side of an event; neither denied nor on offer."""
    answer = claim.answer
    mine, theirs = _role(answer.text, said), _role(claim.target.text, wanted)
    if theirs == "by" and mine == "to":
        return False  # what falls by 35 % does not fall to 35 %
    if theirs == "from":
        return mine == "from" and not is_option(answer, said)
    if mine == "by" and theirs != "by" and not _asks_for_change(claim):
        return False
    if mine == "by" and not theirs and _TO_WHAT.search(claim.question.text.lower()):
        return False
    if not _same_side(said, wanted, claim):
        return False
    if _is_difference(said, claim) or _counts_others(said, claim):
        return False
    if (
        "over" in answer.spoken
        and _OVER.search(answer.text, max(0, said.start - 16), said.start)
        and not _PERIOD.search(claim.question.text)
    ):
        return False
    start = comparator_start(answer.text, said.start) if said.compare else said.start
    if mine == "from" and _is_earliest(said, claim):  # "from 6 months on"
        start = max(0, answer.text.rfind("from", 0, start))
        mine = ""
    if mine == "from" or (mine == "to" and not theirs and _BY.search(claim.question.text.lower())):
        return False
    return not is_denied(answer.text, start, said.end) and not _is_alternative(said, claim)


def _is_earliest(said: Quantity, claim: Claim) -> bool:
    """Whether something is asked for at the earliest, and no span goes on from there."""
    goes_on = _ON_TO.match(claim.answer.text, said.end) is not None
    return "earliest" in claim.question.terms and not goes_on


def _adds(said: Quantity, wanted: Quantity, claim: Claim) -> bool:
    """Whether a number comes on top ("9 Gy more"), and is not asked as a difference."""
    more = MORE.match(claim.answer.text, said.end)
    if more is None or MORE.match(claim.target.text, wanted.end):
        return False
    if _STILL.search(claim.question.text.lower()):
        return False  # asked how many are left
    return more[0] != " more" or _UP.search(claim.question.text.lower()) is None


_STILL = re.compile(r"\b(?:still|remain(?:ed|ing|s)?|left|outstanding|more)\b")


def _is_part_or_condition(answer: Answer, said: Quantity) -> bool:
    """Whether a number is only a part of another ("344 mg, of which 275 mg"), or would hold only
    in some case."""
    before = answer.text[max(0, said.start - 24) : said.start]
    if "of " in before and _OF_WHICH.search(before):
        return True
    return "only" in answer.spoken and _ONLY_IF.match(answer.text, said.end) is not None


_OF_WHICH = re.compile(r"\bof (?:which|these) (?:\w+ ){0,2}$")
_ONLY_IF = re.compile(r"[^.;,]{0,30}? only (?:if|when|in case)\b")


def _same_side(said: Quantity, wanted: Quantity, claim: Claim) -> bool:
    """Whether "14 days after" stays so: not "14 days before", not "within 14 days"."""
    text = claim.answer.text
    mine = _SIDE.match(text, said.end)
    if mine:  # which another wording tells, too
        theirs = [_SIDE.match(claim.target.text, wanted.end)]
        theirs += [
            _SIDE.match(o.text, n.end) for o in claim.options for n in o.numbers if n.same(wanted)
        ]
        theirs.append(_ASKED_SIDE.search(claim.question.text.lower()))
        if any(t and (mine[1] in _AFTERWARDS) != (t[1] in _AFTERWARDS) for t in theirs):
            return False
    if "within" not in claim.answer.spoken:
        return True
    within = _WITHIN.search(text, max(0, said.start - 16), said.start) is not None
    return not within or "within" in f"{claim.question.text.lower()} {claim.target.whole}"


_SIDE = re.compile(r",? (after|following|later|from|before|prior to|ahead of|earlier)\b")
_ASKED_SIDE = re.compile(r"\bhow (?:long|many (?:hours|days|weeks|months|years)) (before|after)\b")
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
    if said.dimension:
        return False
    asked = _HOW_MANY.search(claim.question.text.lower())
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
    return bool(_BY.search(text) or DOWN.search(text) or _UP.search(text))


def _role(text: str, number: Quantity) -> str:
    """ "from" and "to" of a change ("from 8 mg to 2 mg")."""
    before = text[max(0, number.start - 24) : number.start]
    if _may_say_to(before) and _TO.search(before):
        return "to"
    if "from" in before and _FROM.search(before):
        return "from"
    if "by" in before and CHANGED_BY.search(before):
        return "by"
    after = text[number.end : number.end + 40]
    if _OF_CHANGE.match(after):
        return "by"
    return "from" if _may_say_to(after) and _ON_TO.match(after) else ""


def _may_say_to(text: str) -> bool:
    return "to" in text or ">" in text or "→" in text


_OF_CHANGE = re.compile(
    r" (?:\w+ )?(?:reduction|decrease|increase|rise|fall|growth|shrinkage|drop|decline)\b"
)
