"""What an answer amounts to where the vignette tells what to look for.

That evidence is missing, or that sources disagree, can be said in more ways than a catalogue has:
"nobody wrote down the day", "left (ophthalmology), right (neurology)". On a vignette whose evidence
is missing a clause that denies that something is told is taken for an abstention, and on one whose
sources disagree an answer that gives both sides is taken for a report of it, if nothing is put
forward in their place.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

from dipg.quantities import Quantity
from dipg.rubric.claims import Answer
from dipg.rubric.clauses import Clause
from dipg.rubric.cues import cued
from dipg.rubric.lexicon import STOP_WORDS, word_set
from dipg.rubric.matter import Matter
from dipg.rubric.picks import REPORTS, picks_none
from dipg.rubric.reading import Reading
from dipg.rubric.stance import offers_nothing
from dipg.rubric.telling import GIVES_REASON, SOURCE
from dipg.text import words

_DENIES = word_set(
    "not never no none nobody nothing nowhere neither nor cannot without t hardly beyond"
)
_MISSING = word_set(
    "outstanding pending awaited unmentioned undated unrecorded undocumented unstated unreported "
    "unknown unanswered unspecified undisclosed unaddressed blank missing absent silent lacking "
    "lacks omitted omits unavailable undetermined"
)
_IDIOMS = cued(
    r"\b(?:empty[- ]handed|hard to (?:say|tell)|anyone's guess|no telling|(?:be|am|is) guessing|"
    r"in the dark|quiet (?:on|about)|dr[ae]ws? a blank|nothing to go on|"
    r"not (?:yet )?(?:come back|come in|arrived|been returned)|up in the air)\b",
    "handed hard guess telling guessing dark quiet blank nothing not air",
)
_TELLS = (
    r"tell|told|sa(?:ys?|id)\b|state[sd]?\b|mention|record(?:ed|s)\b|documented|"
    r"report(?:ed|s)\b|note[sd]\b|list|writ|"
    r"wrote|specif|indicat|describ|disclos|enter(?:s|ed)|quot|print|charted|logged|answer|detail|"
    r"inform|among|page|appear|decide|split"
)
_TOLD = re.compile(rf"\b(?:{_TELLS})")
_GIVEN = re.compile(
    rf"\b(?:{_TELLS}|figure|value|number|date|explanation|reason|result|gives?\b|"
    r"show|provid|contain|includ|establish)"
)
"""What may be denied, too, where more is asked for than yes or no."""


_NO_SUCH = re.compile(
    r"\bthere(?:'s| is| was| are| were) no\b|\bi (?:can )?(?:see|find|found|have|came across) no\b"
)
_NO_VALUES = frozenset(("date", "date?", "monthday", "month", "#day", "#cycle", "#week", "#visit"))
_BASED_ON = re.compile(
    rf"\b(?:based on|according to|judging by|given) (?:the |this )?(?:\w+ )?{SOURCE}\b"
)
_GUESSES = re.compile(
    r"\b(?:probably|(?:most|very) likely|likeliest|presumably|reason is that|answer is|"
    r"must (?:be|have)|should be|go(?:ing)? with|assum\w+|estimate|will have|"
    r"typically|usually|best guess|safe to say)\b"
)
_NOTHING_ELSE = re.compile(r"\b(?:else|other|otherwise)\b")


def abstains_here(answer: Answer, absences: Sequence[tuple[int, int]], matter: Matter) -> bool:
    """Whether an answer to a question without an answer says so, at `absences` or elsewhere, and
    offers nothing in its place."""
    gaps = [(p.start, p.end) for p in answer.clauses if _denies_telling(p, matter)]
    gaps += absences
    return bool(gaps) and offers_nothing(answer.text, answer.clauses, gaps, matter)


def gives_up(answer: Answer, matter: Matter) -> bool:
    """Whether an answer says in an idiom that nothing was found, also where there is an answer."""
    if _IDIOMS.search(answer.text, answer.spoken) is None:
        return False
    gaps = [(p.start, p.end) for p in answer.clauses if _IDIOMS.pattern.search(p.text)]
    return bool(gaps) and offers_nothing(answer.text, answer.clauses, gaps, matter)


def _denies_telling(part: Clause, matter: Matter) -> bool:
    spoken = words(part.text)
    if _DENIES.isdisjoint(spoken) and _MISSING.isdisjoint(spoken):
        return _IDIOMS.search(part.text, spoken) is not None
    if (matter.asks_why and GIVES_REASON.match(part.text)) or _GUESSES.search(part.text):
        return False
    if any(_is_value(n, part) for n in part.numbers):
        return False
    if not _MISSING.isdisjoint(spoken) or _IDIOMS.search(part.text, spoken):
        return True
    if _NOTHING_ELSE.search(part.text):
        return False
    told = _TOLD if matter.polar else _GIVEN
    pieces = _BASED_ON.sub(" ", part.text).split(",")  # what is denied and told of one thing
    return any(
        not _DENIES.isdisjoint(words(piece))
        and (told.search(piece) or (not matter.polar and _NO_SUCH.search(piece)))
        for piece in pieces
    )


def _is_value(number: Quantity, part: Clause) -> bool:
    """Whether a clause puts a value forward: not a date, and not one in brackets."""
    if not number.dimension or number.dimension in _NO_VALUES:
        return False
    before = part.text[: number.start - part.start]
    return before.count("(") <= before.count(")")


def reports_both_sides(answer: Answer, expected: Reading, matter: Matter) -> bool:
    """Whether an answer gives both sides of a conflict, each as what one source says, and picks
    none."""
    sides = _sides(expected, matter.question)
    if len(sides) < 2 or answer.too_long:
        return False
    if "not" in answer.spoken:
        bare = _ARTICLES.sub("", answer.text)
        if any(f" not {w}" in bare for side in sides for w in side):
            return False  # "the right arm, not the left"
    ends: dict[str, int] = {}
    for piece in _PIECES.finditer(answer.text):
        ends.setdefault(piece.group(), piece.end())
    told = [{w: ends[w] for w in side if w in ends} for side in sides]
    if (
        any(2 * len(f) < len(side) for f, side in zip(told, sides, strict=True))
        or _PREFERS.search(answer.text)
        or _opens_with_one(answer.text, sides)
    ):
        return False
    sources = _sources(expected)
    sourced = all(not found.keys().isdisjoint(sources) for found in told)
    if not sourced and not _CONTRASTS.search(answer.text):
        return False
    end = max(min(found.values()) for found in told)
    return picks_none(
        answer.text, answer.clauses, [(0, end)], matter.raws, matter.asked, matter.polar
    )


_ARTICLES = re.compile(r"\b(?:the|on|in) ")


def _opens_with_one(text: str, sides: Sequence[frozenset[str]]) -> bool:
    """Whether an answer begins with one side alone, as an answer would ("Left, since ...")."""
    opening = _FIRST.split(text, maxsplit=1)[0]
    first = words(opening)
    if REPORTS.search(opening):
        return False
    return len(first) <= 4 and sum(not side.isdisjoint(first) for side in sides) == 1


_FIRST = re.compile(r"[.!?;:\n](?:\s|$)|, (?:since|because|as|given)\b")
_CONTRASTS = re.compile(
    r"\b(?:whereas|while|versus|vs|but|against|neither|although|though|however|cannot|"
    r"on the (?:one|other) hand|the (?:one|other))\b"
)
_PREFERS = re.compile(
    r"\b(?:(?<!and )not \d|so \d|despite|rather than|instead of|ignor\w+|disregard\w*|outdated|"
    r"supersed\w+|misprint\w*|mistyped|typo|so i|i would|i'd|i take|my answer|final answer|"
    r"it is therefore|jointly|together|both of them)\b"
)


@lru_cache(maxsize=4096)
def _sides(expected: Reading, question: Reading) -> tuple[frozenset[str], ...]:
    """The words that only one side of the expected report has, side by side; () where it does not
    tell them."""
    text = expected.text.lower().partition("\n")[0]
    halves = [{*_PIECES.findall(h)} - STOP_WORDS - _NO_VALUE for h in _BETWEEN.split(text)]
    halves = [h - question.terms for h in halves]
    own = [
        frozenset(h.difference(*(o for o in halves if o is not h))) for h in halves if len(h) > 0
    ]
    if len(own) != 2 or not all(own) or (min(map(len, own)) == 1 and _DISAGREES.search(text)):
        return ()
    return tuple(own)


@lru_cache(maxsize=4096)
def _sources(expected: Reading) -> frozenset[str]:
    """The words of the expected report that name its sources: before "says", or after "in"."""
    found: set[str] = set()
    for half in _BETWEEN.split(expected.text.lower().partition("\n")[0]):
        before, says, _ = _SAYS.split(half, maxsplit=1) if _SAYS.search(half) else ("", "", "")
        found.update(words(before if says else _IN.split(half, maxsplit=1)[-1]))
    return frozenset(found) - STOP_WORDS


_SAYS = re.compile(
    r"\b(says?|gives?|reports?|records?|lists?|states?|names?|has|shows?|is|calls?)\b"
)
_IN = re.compile(r"\b(?:in|on|according to|per|by|from)\b|\(")
_PIECES = re.compile(r"[a-z]+|\d+(?:\.\d+)?")
_DISAGREES = re.compile(r"\b(?:disagree|conflict|contradict|differ|inconsistent|discrepan)")
_NO_VALUE = word_set(
    "says states gives reports lists records names source sources disagree disagrees conflict"
)
_BETWEEN = re.compile(r"[;,](?=\s)|\b(?:versus|vs|but|while|whereas|and|or)\b")
