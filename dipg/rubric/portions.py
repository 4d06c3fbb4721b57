"""Which words of a text go with which of its numbers.

"23.4 Gy in the average-risk group and 36 Gy in the high-risk group" has two portions. Between two
numbers the strongest divider decides: a sentence end before "while", "while" before "and", "and"
before a comma.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise

from dipg.numerals import with_several
from dipg.quantities import Quantity, quantities
from dipg.rubric.labels import label_spots
from dipg.rubric.lexicon import STOP_WORDS, word_set
from dipg.rubric.mentions import Claim
from dipg.rubric.reading import Reading
from dipg.rubric.stems import stem, stems
from dipg.text import part_around, plain, sentences
from dipg.units import ATOMS

_DIVIDERS = (
    re.compile(r"[.;!?](?=\s|$)|\n|[()]"),
    re.compile(
        r"\b(?:while|whereas|but|versus|vs|compared (?:with|to)|than|unlike|though|although|"
        r"against)\b"
    ),
    re.compile(r"\b(?:and|plus)\b"),
    re.compile(","),
)
_ENDS = re.compile(r"[.;!?](?=\s|$)|\n")
_EMPTY = frozenset(
    map(
        stem,
        STOP_WORDS
        | word_set(
            "patient patients child children people subjects dose doses dosage value values figure "
            "number text context record note study given received got treatment respectively say "
            "says state stated report reported one two answer also only while whereas another other"
        ),
    )
)
"""Words that do not say which of two numbers is meant."""


def portions(text: str, numbers: Sequence[Quantity]) -> list[str]:
    """For each of some numbers of a text, in order, the words that go with it."""
    if not numbers:
        return []
    first, last = part_around(text, numbers[0].start, numbers[-1].end, _ENDS)
    edges = [first, *(_divide(text, a.end, b.start) for a, b in pairwise(numbers)), last]
    return [text[a:b] for a, b in pairwise(edges)]


def _divide(text: str, start: int, end: int) -> int:
    """Where, between two numbers, the words of the first end."""
    for divider in _DIVIDERS:
        found = [m.start() for m in divider.finditer(text, start, end)]
        if found:
            return found[-1]
    return end


def meaning(part: str) -> frozenset[str]:
    """The stems of the words of a portion that set it apart, and its labels ("arm b")."""
    said = {w for w in stems(part) if not w[0].isdigit()} - _EMPTY
    said |= {w for short in _IN_FULL.keys() & said for w in _IN_FULL[short]}
    if _IN_MAY.search(part):
        said.add("may")
    said |= {f"{kind} {label}" for _, (kind, label) in label_spots(part)}
    return frozenset(said | {f"{kind} {n}" for kind, n in occasions(part)})


def occasions(text: str) -> list[tuple[str, str]]:
    """("week", "2") for "in week 2", and the like."""
    return _OCCASION.findall(text)


_OCCASION = re.compile(
    r"\b(cycle|day|week|month|visit|line|level|step|course|year|grade|stage|phase)s? (\d+)\b"
)


_IN_FULL = {
    "pfs": stems("progression-free"),
    "os": stems("overall"),
    "efs": stems("event-free"),
    "orr": stems("objective response"),
    "dcr": stems("disease control"),
}
_IN_MAY = re.compile(r"\b(?:in|of|since|until|by|during|early|late|mid)[- ]may\b")


def keeps_owners(claim: Claim) -> bool:
    """Whether several expected numbers of one kind go to what each is expected for: not 36 Gy to
    the average-risk group where the high-risk group has them."""
    wanted = claim.target.numbers
    if len(wanted) < 2:
        return True
    for dimension in {n.dimension for n in wanted}:
        mine = [n for n in wanted if n.dimension == dimension]
        if len({n.value for n in mine}) == len(mine) > 1 and not _keeps_owners_of(mine, claim):
            return False
    return True


def _keeps_owners_of(wanted: list[Quantity], claim: Claim) -> bool:
    said = [n for n in claim.answer.numbers if n.dimension == wanted[0].dimension]
    mine = [next((i for i, n in enumerate(said) if n.same(w)), -1) for w in wanted]
    if -1 in mine:
        return True  # said in another unit or without one
    own = _own(portions(claim.target.text, wanted))
    parts = [meaning(p) for p in portions(claim.answer.text, said)]
    if not any(own):
        return True
    if all(words & parts[i] for words, i in zip(own, mine) if words):
        return True
    if any(words & parts[i] for words in own for i in mine) and not _lists_apart(own, parts, mine):
        return not any(
            own[j] & parts[mine[i]] and not own[j] & parts[mine[j]]
            for i in range(len(wanted))
            for j in range(len(wanted))
            if i != j
        )
    order = _order(own, claim.answer.text) or _order(own, claim.question.text.lower())
    if order is None:
        return True
    return sorted(range(len(mine)), key=mine.__getitem__) == order


def _own(parts: list[str]) -> list[frozenset[str]]:
    """What each portion says that no other says."""
    said = [meaning(p) for p in parts]
    return [
        one.difference(*(other for j, other in enumerate(said) if j != i))
        for i, one in enumerate(said)
    ]


def _lists_apart(own: list[frozenset[str]], parts: list[frozenset[str]], mine: list[int]) -> bool:
    """Whether one portion has what belongs to all: "36 and 23.4 Gy for high and average risk"."""
    return any(all(words & parts[i] for words in own if words) for i in mine)


def _order(own: list[frozenset[str]], text: str) -> list[int] | None:
    """The order in which a text speaks of several things; None where it lacks one of them."""
    at: list[int] = []
    for words in own:
        found = [i for w in words if (i := _find(text, w)) >= 0]
        if not found:
            return None
        at.append(min(found))
    return sorted(range(len(at)), key=at.__getitem__)


def _find(text: str, start_of_word: str) -> int:
    found = re.search(rf"\b{re.escape(start_of_word)}", text)
    return found.start() if found else -1


def is_of_other_occasion(said: Quantity, claim: Claim) -> bool:
    """Whether a number goes with another week or cycle than the one that is asked for."""
    asked = _occasions_asked(claim.question)
    if not asked:
        return False
    alike = [n for n in claim.answer.numbers if n.dimension == said.dimension]
    part = portions(claim.answer.text, alike)[[n.start for n in alike].index(said.start)]
    told = occasions(_GROUND.sub("", part))
    return any(
        kind == k and not any(other in asked for other in told if other[0] == kind)
        for kind, _ in told
        for k, _ in asked
    )


@lru_cache(maxsize=4096)
def _occasions_asked(question: Reading) -> list[tuple[str, str]]:
    return occasions(plain(question.text))


_GROUND = re.compile(r"\b(?:because|since|given that) [^,;.]*,")
"""A reason that comes first: "because cycle 2 was delayed, ..."."""


def is_told_apart(said: Quantity, claim: Claim) -> bool:
    """Whether a further number comes with words that the context gives to it and not to the
    expected one: "progression-free survival was 6.4 months" beside overall survival."""
    alike = [n for n in claim.answer.numbers if n.dimension == said.dimension]
    at = next((i for i, n in enumerate(alike) if n.start == said.start), None)
    if at is None:
        return False
    part = meaning(portions(claim.answer.text, alike)[at])
    part -= meaning(plain(claim.question.text)) | meaning(claim.target.whole)
    if not part:
        return False
    told = list(_tellings(claim.context.text, said))
    if not told:
        return False
    expected = [words for w in claim.target.numbers for words in _tellings(claim.context.text, w)]
    return any(part.intersection(words).difference(*expected) for words in told)


def is_told_of_another(said: Quantity, claim: Claim) -> bool:
    """Whether a number comes with words that the context puts, in the same sentence, behind
    another and not behind it: "12.9 months with radiotherapy alone" where that had 9.8."""
    mine: frozenset[str] = frozenset()
    theirs: frozenset[str] = frozenset()
    for numbers, parts in _told_behind(claim.context):
        if any(n.same(said) for n in numbers):
            for n, words in zip(numbers, parts):
                mine, theirs = (mine | words, theirs) if n.same(said) else (mine, theirs | words)
    if not theirs - mine or not mine - theirs:
        return False
    part = _behind(claim.answer.text, claim.answer.numbers, said)
    return bool(part & (theirs - mine)) and not part & (mine - theirs)


@lru_cache(maxsize=4096)
def _told_behind(
    context: Reading,
) -> tuple[tuple[tuple[Quantity, ...], tuple[frozenset[str], ...]], ...]:
    """The numbers of each sentence that has several of a kind, with the words behind each."""
    return tuple(
        (alike, _words_behind(sentence, alike))
        for sentence in with_several(_sentences(context.text), context.terms)
        for alike in _alike(sentence)
        if alike[1:]
    )


@lru_cache(maxsize=16384)
def _alike(sentence: str) -> tuple[tuple[Quantity, ...], ...]:
    """The numbers of a sentence, those of one kind together."""
    kinds: dict[str, list[Quantity]] = {}
    for number in quantities(sentence):
        kinds.setdefault(number.dimension, []).append(number)
    return tuple(map(tuple, kinds.values()))


def _words_behind(sentence: str, alike: Sequence[Quantity]) -> tuple[frozenset[str], ...]:
    """For each of some numbers of a sentence, the words that stand behind it in its part."""
    ends = [_divide(sentence, a.end, b.start) for a, b in pairwise(alike)]
    behind = [sentence[n.end : end] for n, end in zip(alike, [*ends, len(sentence)])]
    return tuple(_first_part(p) - _UNITS for p in behind)


_UNITS = frozenset(map(stem, ATOMS))


def _behind(text: str, numbers: Sequence[Quantity], said: Quantity) -> frozenset[str]:
    """What stands behind a number in its part of a sentence, without what it is compared with."""
    alike = [n for n in numbers if n.dimension == said.dimension]
    at = [n.start for n in alike].index(said.start)
    part = portions(text, alike)[at].rpartition(text[said.start : said.end])[2]
    return _first_part(part)


def _first_part(text: str) -> frozenset[str]:
    return meaning(_ANY_DIVIDER.split(text, maxsplit=1)[0])


_ANY_DIVIDER = re.compile(
    "|".join((_DIVIDERS[0].pattern, _DIVIDERS[1].pattern, r"\band\b", _DIVIDERS[3].pattern))
)


def _tellings(context: str, number: Quantity) -> Iterator[frozenset[str]]:
    """What a context says with a number."""
    for sentence in _sentences(context):
        for alike in _alike(sentence):
            hits = [i for i, n in enumerate(alike) if n.same(number)]
            parts = _told(sentence, alike) if hits else ()
            for i in hits:
                yield parts[i]


@lru_cache(maxsize=4096)
def _sentences(context: str) -> list[str]:
    return sentences(plain(context))


def _shared(parts: list[frozenset[str]]) -> tuple[frozenset[str], ...]:
    """Portions, where a number without words of its own has those before it ("5.0 and 7.2")."""
    for i in range(1, len(parts)):
        parts[i] = parts[i] if parts[i] - _UNITS else parts[i - 1]
    return tuple(parts)


def _told(sentence: str, alike: Sequence[Quantity]) -> tuple[frozenset[str], ...]:
    """For each of the numbers of one kind of a sentence, the words that go with it."""
    parts = _shared([meaning(p) for p in portions(sentence, alike)])
    if len(alike) > 1 and all(_words_behind(sentence, alike)):
        lead = meaning(sentence[: alike[0].start])
        parts = tuple(part | lead for part in parts)
    return parts
