"""Which numbers of an answer are steps on the way to the expected one, which the context lacks?"""

import re
from itertools import pairwise

from dipg.quantities import Quantity, close
from dipg.rubric.mentions import Claim
from dipg.text import part_around


def is_step(said: Quantity, claim: Claim) -> bool:
    """Whether a further number only leads to the expected one."""
    wanted = [w for w in claim.target.numbers if not claim.context.has_number(w)]
    if not wanted:
        return False
    return _is_operand(said, claim, wanted) or _is_unreduced(said, claim, wanted)


def _is_unreduced(said: Quantity, claim: Claim, wanted: list[Quantity]) -> bool:
    """Whether it is what a share is taken off, or a part taken of, and is told as that: "60 mg/m2 x
    0.8 m2 = 48 mg, reduced by 25 %", "without aprepitant it would have been 120 mg"."""
    text = claim.answer.text
    start, end = part_around(text, said.start, said.end, _STOP)
    if not any(_is_share_of(w, said, claim) for w in wanted):
        return False
    if _WOULD.search(text, start, said.start) and _OTHERWISE.search(text, start, end):
        but = _BUT.search(text, said.end, end)
        end = but.start() if but else end
        return _is_final(claim, wanted, start, end)
    if _PART_OF.search(text, max(0, said.start - 24), said.start):
        return _is_final(claim, wanted, start, start)
    leads = text[start : said.start].strip(" (") in ("", "the")
    if not leads and _REACHED.search(text, max(0, said.start - 24), said.start) is None:
        return False
    return _CHANGED.match(text, said.end) is not None and _is_final(claim, wanted, start, start)


def _is_share_of(wanted: Quantity, said: Quantity, claim: Claim) -> bool:
    """Whether a share that the vignette gives makes the expected number of another."""
    given = (*claim.context.numbers, *claim.question.numbers)
    shares = {n.value / 100 for n in given if n.dimension == "percent"}
    if "third" in claim.context.terms:
        shares.add(1 / 3)
    factors = {0.5, 0.25, 0.75, *shares, *(1 - s for s in shares), *(1 + s for s in shares)}
    return said.dimension == wanted.dimension and any(
        close(said.value * f, wanted.value) or close(said.value, wanted.value * f) for f in factors
    )


def _is_final(claim: Claim, wanted: list[Quantity], start: int, end: int) -> bool:
    """Whether the expected number stands outside a part of an answer, and not only as what would
    be if something were otherwise."""
    text = claim.answer.text
    return any(
        n.same(w)
        and not start <= n.start < end
        and not _IF_ONLY.search(text[max(0, n.start - 200) : n.start])
        for n in claim.answer.numbers
        for w in wanted
    )


_STOP = re.compile(r"[.!?;\n](?=\s|$)|[()]")
_WOULD = re.compile(r"\b(?:would|could)\b")
_OTHERWISE = re.compile(
    r"\b(?:without|if|unless|had|otherwise|were|before|full|unreduced|"
    r"standard|usual|normally)\b"
)
_BUT = re.compile(r"\b(?:but|however|yet)\b")
_IF_ONLY = re.compile(r"\b(?:would|could|if|in case|unless)\b(?:(?!\b(?:but|however)\b)[^.;()])*$")
_REACHED = re.compile(
    r"(?:=|\b(?:makes?|gives?|equals?|is|of|calculated|unreduced|full|standard|initial|usual)) ?"
    r"(?:about )?$"
)
_PART_OF = re.compile(r"(?:\d ?%|\bhalf|\bquarters?) of (?:the )?(?:\w+ ){0,2}$")
_CHANGED = re.compile(
    r"(?: (?:a|per|each|once|every) ?(?:day|daily|dose|week)| daily)?[,;:)]? ?(?:and |then |"
    r"is |which is |to be |must be |has to be |this is |with |after )*(?:a )?"
    r"(?:reduc\w+|minus|less|lower\w+|decreas\w+|cut|halv\w+|[x*/-] ?(?=[\d.])|"
    r"(?:\d+ %|(?:one )?third|quarter|half) (?:reduction|less|lower|off)|"
    r"increas\w+|rais\w+|plus \d+ %)"
)


def _is_operand(said: Quantity, claim: Claim, wanted: list[Quantity]) -> bool:
    """Whether the expected number, which the context lacks, is computed from this one and another
    ("11.2 - 9.1 = 2.1 months")."""
    if _is_total_of(said, claim) or not _is_given(said, claim):
        return False
    others = [n.value for n in claim.answer.numbers if n.start != said.start]
    others += [said.per_day] if said.per_day else []
    return any(
        close(result, w.value)
        for w in wanted
        for other in others
        for result in (
            said.value - other,
            other - said.value,
            said.value + other,
            said.value * other,
        )
    )


def _is_given(said: Quantity, claim: Claim) -> bool:
    """Whether a number is the vignette's own, or leads up to the expected one ("36 - 9 = 27")."""
    if claim.context.has_number(said) or claim.question.has_number(said):
        return True
    text = claim.answer.text
    leads = _LEADS_TO.match(text, said.end)
    return leads is not None and any(
        n.start - leads.end() in (0, 1) and any(n.same(w) for w in claim.target.numbers)
        for n in claim.answer.numbers
    )


_LEADS_TO = re.compile(
    r"[^.;=]{0,40}?(?:=|\bi\.e\.|\b(?:makes?|gives?|equals?|(?:comes?|adds? up) to)\b)"
)


def _is_total_of(said: Quantity, claim: Claim) -> bool:
    """Whether a number is the sum of the expected one and something that is counted in ("59.4 Gy
    (50.4 Gy plus 9 Gy)")."""
    text, numbers = claim.answer.text, claim.answer.numbers
    return any(
        close(one.value + other.value, said.value)
        and one.dimension == other.dimension == said.dimension
        and any(n.same(w) for n in (one, other) for w in claim.target.numbers)
        and _ADDED.fullmatch(text, one.end, other.start) is not None
        for one, other in pairwise(numbers)
    )


_ADDED = re.compile(r",? ?(?:\+|plus|and|with|together with)[^.;=\d]{0,40}")
