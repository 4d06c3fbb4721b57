"""What the thinking concludes."""

import re

from dipg.rubric.absence import UNDECIDABLE, is_cued, statements_of_absence
from dipg.rubric.cues import Cued
from dipg.rubric.lexicon import PLAIN_WORDS
from dipg.rubric.reading import content
from dipg.rubric.telling import SOURCE, STRONG, TELLS
from dipg.text import words


def concludes_absence(think: str, asked: frozenset[str] = frozenset()) -> bool:
    """Whether plain thinking ends in the conclusion that the evidence is missing.

    Args:
      think: its end, plain.
      asked: content words of the question; what is said to be missing may be something else
        ("the dose is 54 Gy; the margin is not given"), unless a guess follows.
    """
    parts = _last_sentences(think[-700:], 3)
    if not any(map(is_cued, parts)):
        return False
    ending = parts[-1:]
    if len(parts) > 1 and _CONCLUDES.match(parts[-2]):
        ending = parts[-2:]
    if len(parts) > 1 and _GUESS.search(parts[-1]):
        ending = parts
    for part in ending:
        spoken = words(part)
        spans = statements_of_absence(part, spoken) or _UNDECIDED.spans(part, spoken)[:1]
        if spans and not _BUT_THERE_IS.search(part[spans[-1][1] :]):
            if not _GUESS.search(think) and not any(_is_on(part, s, asked) for s in spans):
                continue
            return "not required" not in part and "no need" not in part
    return False


_UNDECIDED = Cued(
    re.compile(rf"{UNDECIDABLE.pattern.pattern}|\b(?:cannot|can't|can not) (?:\w+ )?answer\b"),
    UNDECIDABLE.words,
)


def _is_on(part: str, absence: tuple[int, int], asked: frozenset[str]) -> bool:
    """Whether what is missing may be what was asked for: it is that, or it is not named."""
    start = max(part.rfind(c, 0, absence[0]) for c in _CLAUSE_BORDERS) + 1
    stops = [at for c in _CLAUSE_BORDERS if (at := part.find(c, absence[1])) >= 0]
    about = content(part[start : min(stops, default=len(part))])
    named = {w for w in about if w not in PLAIN_WORDS and not _SAYS.fullmatch(w)}
    return not asked or not named or not about.isdisjoint(asked)


_CLAUSE_BORDERS = (";", ", ", " but ", " and ")
_SAYS = re.compile(
    rf"{SOURCE}|{TELLS}|{STRONG}|therefore|conclude|must|abstain|evidence|anything|missing|cannot|insufficient"
)


def _last_sentences(text: str, count: int) -> list[str]:
    parts: list[str] = []
    stop = len(text)
    ends = [end for end in (". ", "\n", "? ", "! ") if end[0] in text]
    while stop > 0 and len(parts) < count:
        at = -1
        for end in ends:
            at = max(at, text.rfind(end, 0, stop - 1))
        part = text[at + 1 : stop].strip()
        if part.strip(" .-*"):
            parts.append(part)
        stop = at + 1
    return parts[::-1]


_CONCLUDES = re.compile(
    r"\W*(?:\d+\.? )?(?:therefore|thus|hence|so\b|conclu|in conclusion|i must|decision)"
)
_GUESS = re.compile(
    r"\b(?:guess\w*|assum\w+|presum\w+|probably|perhaps|maybe|typical\w*|usual\w*|standard|"
    r"anyway|likely|likelihood|i(?:'ll| will| shall| can)? (?:\w+ )?(?:answer|say|pick|"
    r"take|give|use|choose|go with|put)|pick (?:one|any))\b"
)
_BUT_THERE_IS = re.compile(
    r"\b(?:but|however|though)\b.{0,80}\b(?:says|states|is|was|gives|reports)\b"
)
