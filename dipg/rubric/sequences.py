"""What comes before what: "first A, then B", "B followed A" and "A came before B" are one order."""

import itertools
import re
from functools import lru_cache

from dipg.rubric.concepts import units
from dipg.rubric.lexicon import DRUG, LIGHT_WORDS, STOP_WORDS, word_set
from dipg.rubric.mentions import Claim
from dipg.rubric.reading import Reading
from dipg.rubric.targets import Target
from dipg.text import words

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
    r"\b(?:came|come|comes|given|done|used|started|happened|was) first\b|\bfirst\W*$"
)
_EARLIER = re.compile(
    r"\b(?:before|prior to|preceded|precedes|preceding|ahead of|earlier than|sooner than|"
    r"until(?= (?:after )?the))\b"
)
_LATER = re.compile(
    r"\b(?:after|followed|follows|following|later than|only once|only when|once|preceded by|upon|"
    r"subsequent to)\b"
)
_BACK = re.compile(
    r"\b(?:preceded by|beforehand|(?:before|prior to|ahead of) (?:it|that|this|these|which))\b"
)
"""What follows came earlier than what was said."""
_THEN = re.compile(
    r"\b(?:then|followed by|next|subsequently|afterwards|thereafter|later(?! than)|"
    r"(?:after|following) (?:it|that|this|these|which))\b|->"
)
_RANKS = (
    re.compile(r"\b(?:first|initially|earliest)\b"),
    re.compile(r"\b(?:(?<!a )second|secondly)\b"),
    re.compile(r"\b(?:third|thirdly)\b"),
    re.compile(r"\b(?:last|lastly|finally|fourth|latest)\b"),
)
_FIRST = re.compile(
    r"\b(?:first|initially|earlier|beforehand|sooner|(?:before|precede[sd]) (?:it|that|this))\b"
)
_LAST = re.compile(
    r"\b(?:(?<!a )second|last|later|afterwards|subsequently|thereafter|then|finally|"
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
    "sequence finally initially subsequently afterwards thereafter once ended over finished only"
)
_ANY_THING = word_set("procedure treatment operation event")


def order_verdict(claim: Claim) -> bool | None:
    """Whether an answer puts things in the expected order; None where none is asked for or said."""
    if not _has_order(claim.question, claim.target) or _DENIES.search(claim.answer.text):
        return None
    asked = claim.question.text.lower()
    listed = _ASKS_ORDER.search(asked) is not None
    if _names_out_of_order(claim):
        return False
    items, wanted = _wanted(claim)
    said = relations(claim.answer.text, items, listed) if wanted else set()
    if not said:
        return None
    if any((later, earlier) in said for earlier, later in wanted):
        return False
    return True if wanted <= said and _ORDERS.search(asked) else None


def _names_out_of_order(claim: Claim) -> bool:
    """Whether an answer tells expected steps in another order, without a word like "after"."""
    names, text = claim.target.names, claim.answer.text
    if len(names) < 2 or not _THEN.search(claim.target.text) or not _THEN.search(text):
        return False
    first = [next((at for n, at in claim.answer.names if n == name), -1) for name in names]
    if min(first) < 0 or first == sorted(first):
        return False
    return not any(p.search(text) for p in (_EARLIER, _LATER, _BACK, *_RANKS[1:]))


@lru_cache(maxsize=4096)
def _has_order(question: Reading, target: Target) -> bool:
    """Whether a question or a wording may put things in an order."""
    asked = question.text.lower()
    asks = not _ORDERING.isdisjoint(words(asked)) and _ORDERS.search(asked)
    return bool(asks or _THEN.search(target.text))


_ORDERING = word_set("order sequence first before after earlier prior")
_ORDERS = re.compile(r"\b(?:order|sequence|first|before or|after or|earlier or|prior to or)\b")


_DENIES = re.compile(r"\b(?:not|never|neither|nor|no|rather than|instead of)\b")


def _closed(pairs: set[Pair]) -> set[Pair]:
    found = set(pairs)
    for middle in {i for pair in pairs for i in pair}:
        found |= {(i, k) for i, j in found if j == middle for j2, k in found if j2 == middle}
    return {(i, k) for i, k in found if i != k}


def _wanted(claim: Claim) -> tuple[list[Item], set[Pair]]:
    """The things that a question puts in order, and the expected order."""
    asked, text = claim.question.text.lower(), claim.target.text
    if _ASKS_ORDER.search(asked) or not _ORDERS.search(asked):
        items = _distinct([item for p in _IN_TURN.split(text) if (item := _item(p))])
        return items, relations(text, items, listed=True)
    if found := _BEFORE_OR_AFTER.match(asked):
        items = _distinct([_head(found["one"], claim), _head(found["other"], claim)])
        return items, relations(text, items) if all(items) else set()
    if _ASKS_FIRST.search(asked):
        return _first_of(claim)
    return [], set()


_IN_TURN = re.compile(r"[,;.]|\b(?:then|and|before|followed by)\b")


def _first_of(claim: Claim) -> tuple[list[Item], set[Pair]]:
    """What is expected to come first, and what else of its kind an answer names."""
    mine = _item(_AHEAD.split(claim.target.text, maxsplit=1)[0])
    names = claim.context.names | claim.question.names
    drug = any(DRUG.fullmatch(n) for n in names if not _item(n).isdisjoint(mine))
    others = set(_offered_beside(mine, claim.question.text.lower()))
    for name in names:
        if _item(name).isdisjoint(mine) and (not drug or DRUG.fullmatch(name)):
            others |= _item(name)
    return [mine, frozenset(others)], {(0, 1)} if mine else set()


def _offered_beside(mine: Item, asked: str) -> Item:
    """What a question offers beside what is expected ("X or Y")."""
    found = _OFFERS.search(asked)
    sides = [_item(found[1]), _item(found[2])] if found else []
    beside = [side for side in sides if side.isdisjoint(mine)]
    return beside[0] if len(sides) - len(beside) == 1 else frozenset()


_OFFERS = re.compile(r"([^,:?]{1,80})\bor\b([^,?]{1,80})")
_AHEAD = re.compile(r"(?<=\w) (?:before|prior to|ahead of|and then|then|followed by|preceded)\b")


def _item(text: str) -> Item:
    """The concepts of a thing's name."""
    said = [u for u in units(text) if u.said not in STOP_WORDS and u.said not in LIGHT_WORDS]
    said = [u for u in said if u.said not in _NO_THING]
    named = [u for u in said if u.said not in _ANY_THING]
    return frozenset().union(*[u.meant for u in named or said])


def _head(text: str, claim: Claim) -> Item:
    """The concepts of the thing that a side of a question is about: its names, or its words."""
    named = [n for n in claim.question.names if n in text.replace("-", "")]
    if named:
        return frozenset().union(*[_item(n) for n in named])
    return _item(text)


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


def relations(text: str, items: list[Item], listed: bool = False) -> set[Pair]:
    """What plain text puts before what; where it lists things and says nothing else, they come in
    their turn."""
    spots = _spots(text, items)
    found = _amid(text, spots)
    subject = spots[0][2] if spots else 0
    for (start, end, i), (next_start, _, j) in itertools.pairwise(spots):
        gap = text[end:next_start]
        one = subject if _GOES_ON.match(gap) else i
        if one != j and (pair := _between(text, start, gap, one, j)):
            found.add(pair)
        subject = j if _STOPS.search(gap) else subject
    ranks: dict[int, int] = {}
    at = 0
    for end in [*[m.start() for m in _PART.finditer(text)], len(text)]:
        mentioned = list(dict.fromkeys(i for a, _, i in spots if at <= a < end))
        if len(items) == 2 and len(mentioned) < 2:
            found |= _of_one(text[at:end], items, mentioned)
        elif len(mentioned) == 1:
            ranks |= dict.fromkeys(mentioned, _rank(text[at:end]))
        at = end
    found |= {(i, j) for i in ranks for j in ranks if 0 < ranks[i] < ranks[j]}
    turns = set(itertools.pairwise(dict.fromkeys(i for _, _, i in spots)))
    if listed and not any((j, i) in _closed(turns) for i, j in found):
        found |= turns
    return _closed(found)


def _rank(part: str) -> int:
    """The place that a part of a text gives to the one thing that it names; 0 for none."""
    return next((n for n, rank in enumerate(_RANKS, 1) if rank.search(part)), 0)


def _between(text: str, start: int, gap: str, i: int, j: int) -> Pair | None:
    """What two mentions, one after the other, are put in: the order that the words between them
    say, or those in front of the first."""
    if _BACK.search(gap):
        return (j, i)
    if _THEN.search(gap):
        return (i, j)
    if _STOPS.search(gap):
        return None
    if _EARLIER.search(gap):
        return (i, j)
    if _LATER.search(gap):
        return (j, i)
    lead = text[max(m.end() for m in _LEADS.finditer(text, 0, start)) : start]
    fronted = _FRONTED.match(lead)
    if fronted is not None:
        return (j, i) if fronted["before"] else (i, j)
    if re.search(r"\bfirst\b", lead) or _CAME_FIRST.search(gap):
        return (i, j)
    return None


_GOES_ON = re.compile(r",? (?:and|but) (?:was |came )?(?:preced|follow|before|after)")
_STOPS = re.compile(r"[.;\n](?=\s|$)")
_LEADS = re.compile(r"^|[.;:\n](?=\s)|,? (?:and|but|while|whereas)\b")
_CAME_FIRST = re.compile(
    r"^\W*first\b|\b(?:came|comes|was|is|went|done|placed|given) first\b|\bfirst,"
)


def _amid(text: str, spots: list[tuple[int, int, int]]) -> set[Pair]:
    """ "Q came between P and R"."""
    for (_, end, i), (start, _, j), (_, _, k) in zip(spots, spots[1:], spots[2:]):
        if len({i, j, k}) == 3 and re.search(r"\bbetween\b", text[end:start]):
            return {(j, i), (i, k)}
    return set()


def _of_one(part: str, items: list[Item], mentioned: list[int]) -> set[Pair]:
    """What a part of a text says that names one of two things, or none."""
    before, after = _EARLIER.search(part), _LATER.search(part)
    marker = before or after
    at = next((start for start, _, _ in _spots(part, items)), 0)
    if marker and marker.start() < at and not _FRONTED_VERB.match(part):
        if _POINTS_BACK.match(part, marker.end()):  # "after that Y"
            return {
                (mentioned[0], 1 - mentioned[0]) if before else (1 - mentioned[0], mentioned[0])
            }
        if _OWN_CLAUSE.search(part, marker.end(), at):  # "after a reaction he was switched to Y"
            switched = _SWITCHED.search(part, 0, at) is not None
            return {(1 - mentioned[0], mentioned[0])} if switched else set()
        subject, other = 1 - mentioned[0], mentioned[0]
        return {(subject, other) if before else (other, subject)}
    subject = mentioned[0] if mentioned else 0
    if _FIRST.search(part) or (before and not mentioned):
        return {(subject, 1 - subject)}
    if _LAST.search(part) or (after and not mentioned):
        return {(1 - subject, subject)}
    return set()


_POINTS_BACK = re.compile(r" (?:it|that|this|these|which)\b")
_SWITCHED = re.compile(r"\b(?:switched|changed|moved|went) (?:\w+ )?to (?:\w+ )?$")
_OWN_CLAUSE = re.compile(
    r"\w\W+(?:he|she|it|they|the patient|we) "
    r"(?:was|were|is|had|got|received|took|gave|switched|changed)\b"
)
_FRONTED_VERB = re.compile(r"\W*(?:followed|follows|preceded|precedes)\b")
