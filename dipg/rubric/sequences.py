"""What comes before what: "first A, then B", "B followed A" and "A came before B" are one order."""

import itertools
import re

from dipg.rubric.concepts import units
from dipg.rubric.lexicon import DRUG, LIGHT_WORDS, STOP_WORDS, word_set
from dipg.rubric.mentions import Claim

Item = frozenset[str]
"""The concepts by any of which a thing is known."""
Pair = tuple[int, int]
"""The numbers of an earlier and a later thing."""

_ASKS_ORDER = re.compile(r"\b(?:what|which) (?:order|sequence)\b|\bin which order\b")
_BEFORE_OR_AFTER = re.compile(
    r"^(?P<one>.*?)\b(?:before or (?:after|later)|after or before|earlier or later|"
    r"prior to or after)\b(?: than)?(?P<other>.*)$",
    re.DOTALL,
)
_ASKS_FIRST = re.compile(
    r"\b(?:came|come|comes|given|done|used|started|happened|was) first\b|"
    r"\bfirst\W*$"
)
_EARLIER = re.compile(
    r"\b(?:before|prior to|preceded|precedes|preceding|ahead of|earlier than|sooner than|"
    r"until(?= (?:after )?the))\b"
)
_LATER = re.compile(
    r"\b(?:after|followed(?! by)|follows|following|later than|only once|only when|once|"
    r"preceded by|upon|subsequent to)\b"
)
_THEN = re.compile(
    r"\b(?:then|followed by|next|subsequently|afterwards|thereafter|later|second|finally|"
    r"(?:came|was|is) (?:second|last))\b|->"
)
_FIRST = re.compile(
    r"\b(?:first|initially|earlier|beforehand|sooner|(?:before|precede[sd]) (?:it|that|this))\b"
)
_LAST = re.compile(
    r"\b(?:second|last|later|afterwards|subsequently|thereafter|then|finally|"
    r"(?:after|follow(?:ed|s)) (?:it|that|this))\b"
)
_FRONTED = re.compile(
    r"\W*(?:only )?(?:(?P<before>before|prior to)|"
    r"(?P<after>after|once|when|following|as soon as))\b"
)
_PART = re.compile(r"[.;:\n](?=\s|$)|,? (?:and|but|while|whereas)\b(?! (?:then|next|subsequently))")
_NO_THING = word_set(
    "first second then before after earlier later followed follows following preceded prior next "
    "last came come comes started start began begun given placed done performed put had did order "
    "sequence finally initially subsequently afterwards thereafter once ended over finished only "
    "procedure treatment operation event"
)


def order_verdict(claim: Claim) -> bool | None:
    """Whether an answer puts things in the expected order; None where none is asked for or said."""
    if not _ORDERS.search(claim.question.text.lower()):
        return None
    items, wanted = _wanted(claim)
    if not wanted:
        return None
    if _DENIES.search(claim.answer.text):
        return None
    said = relations(claim.answer.text, items)
    if not said and _ASKS_ORDER.search(claim.question.text.lower()):
        spots = _spots(claim.answer.text, items)
        in_turn = list(dict.fromkeys(i for _, _, i in spots))
        said = set(itertools.pairwise(in_turn))
    if any((later, earlier) in said for earlier, later in wanted):
        return False
    return True if wanted <= _closed(said) else None


_ORDERS = re.compile(r"\b(?:order|sequence|first|before or|after or|earlier or|prior to or)\b")


_DENIES = re.compile(r"\b(?:not|never|neither|nor|no|rather than|instead of)\b")


def _closed(pairs: set[Pair]) -> set[Pair]:
    found = set(pairs)
    for one, two in pairs:
        found |= {(one, other) for middle, other in pairs if middle == two}
    return found


def _wanted(claim: Claim) -> tuple[list[Item], set[Pair]]:
    """The things that a question puts in order, and the expected order."""
    asked, text = claim.question.text.lower(), claim.target.text
    if _ASKS_ORDER.search(asked):
        items = _distinct([item for p in _IN_TURN.split(text) if (item := _item(p))])
        said = relations(text, items)
        turns = {(i, i + 1) for i in range(len(items) - 1)}
        return items, said if _LATER.search(text) or _FRONTED.match(text) else turns
    if found := _BEFORE_OR_AFTER.match(asked):
        items = _distinct([_head(found["one"], claim), _head(found["other"], claim)])
        return items, relations(text, items) if all(items) else set()
    if _ASKS_FIRST.search(asked):
        return _first_of(claim)
    return [], set()


_IN_TURN = re.compile(r"[,;.]|\b(?:then|and|before|followed by)\b")


def _first_of(claim: Claim) -> tuple[list[Item], set[Pair]]:
    """What is expected to come first, and what else of its kind an answer names."""
    mine = _item(claim.target.text)
    names = claim.context.names | claim.question.names
    drug = any(DRUG.fullmatch(n) for n in names if not _item(n).isdisjoint(mine))
    others: set[str] = set()
    for name in names:
        if _item(name).isdisjoint(mine) and (not drug or DRUG.fullmatch(name)):
            others |= _item(name)
    return [mine, frozenset(others)], {(0, 1)} if mine else set()


def _item(text: str) -> Item:
    """The concepts of a thing's name."""
    return frozenset().union(
        *[
            u.meant
            for u in units(text)
            if u.said not in STOP_WORDS and u.said not in LIGHT_WORDS and u.said not in _NO_THING
        ]
    )


def _head(text: str, claim: Claim) -> Item:
    """The concepts of the thing that a side of a question is about: its names, or its noun."""
    named = [n for n in claim.question.names if n in text.replace("-", "")]
    if named:
        return frozenset().union(*[_item(n) for n in named])
    for unit in units(text):
        if item := _item(unit.said):
            return item
    return frozenset()


def _distinct(items: list[Item]) -> list[Item]:
    return [
        item - frozenset().union(*[o for j, o in enumerate(items) if j != i])
        for i, item in enumerate(items)
    ]


def _spots(text: str, items: list[Item]) -> list[tuple[int, int, int]]:
    """Where the things are mentioned: start, end, number."""
    return [
        (u.start, u.end, i)
        for u in units(text)
        for i, item in enumerate(items)
        if not u.meant.isdisjoint(item)
    ]


def relations(text: str, items: list[Item]) -> set[Pair]:
    """What plain text puts before what."""
    found: set[Pair] = set()
    at = 0
    for end in [*[m.start() for m in _PART.finditer(text)], len(text)]:
        found |= _in_part(text[at:end], items)
        at = end
    whole = _spots(text, items)
    for (_, end, i), (start, _, j) in itertools.pairwise(whole):
        if i != j and _THEN.search(text, end, start) and not _LATER.search(text, end, start):
            found.add((i, j))
    return found


def _in_part(part: str, items: list[Item]) -> set[Pair]:
    spots = _spots(part, items)
    mentioned = list(dict.fromkeys(i for _, _, i in spots))
    if len(mentioned) > 1:
        return _between(part, spots)
    if len(items) != 2:
        return set()
    return _of_one(part, items, mentioned, spots)


def _between(part: str, spots: list[tuple[int, int, int]]) -> set[Pair]:
    found: set[Pair] = set()
    for (start, end, i), (next_start, _, j) in itertools.pairwise(spots):
        if i == j:
            continue
        gap, lead = part[end:next_start], _FRONTED.match(part[:start])
        if re.search(r"\bpreceded by\b", gap):
            found.add((j, i))
        elif _EARLIER.search(gap):
            found.add((i, j))
        elif _LATER.search(gap):
            found.add((j, i))
        elif _THEN.search(gap):
            found.add((i, j))
        elif lead is not None:
            found.add((j, i) if lead["before"] else (i, j))
        elif re.search(r"\bfirst\b", part[:start]) or _CAME_FIRST.search(gap):
            found.add((i, j))
    return found


_CAME_FIRST = re.compile(
    r"^\W*first\b|\b(?:came|comes|was|is|went|done|placed|given) first\b|\bfirst,"
)


def _of_one(
    part: str, items: list[Item], mentioned: list[int], spots: list[tuple[int, int, int]]
) -> set[Pair]:
    """What a part of a text says that names one of two things, or none."""
    before, after = _EARLIER.search(part), _LATER.search(part)
    marker = before or after
    if mentioned and marker and marker.start() < spots[0][0] and not _FRONTED_VERB.match(part):
        subject, other = 1 - mentioned[0], mentioned[0]
        return {(subject, other) if before else (other, subject)}
    subject = mentioned[0] if mentioned else 0
    if _FIRST.search(part) or (before and not mentioned):
        return {(subject, 1 - subject)}
    if _LAST.search(part) or (after and not mentioned):
        return {(1 - subject, subject)}
    return set()


_FRONTED_VERB = re.compile(r"\W*(?:followed|follows|preceded|precedes)\b")
