"""How a mention is meant: stated, denied, asked, one of several on offer, or made in passing."""

import re
from typing import NamedTuple

from dipg.quantities import Quantity
from dipg.rubric.claims import Answer
from dipg.rubric.clauses import Clause
from dipg.rubric.lexicon import word_set
from dipg.rubric.reading import Reading
from dipg.rubric.targets import Target
from dipg.text import part_around, words


class Claim(NamedTuple):
    """An answer held against one wording of what was expected.

    Attributes:
      answer: what was answered.
      target: the wording that it is held against.
      options: all wordings.
      context, question: of the vignette.
    """

    answer: Answer
    target: Target
    options: tuple[Target, ...]
    context: Reading
    question: Reading


_DENIED = re.compile(
    r"(?:\b(?:not|n't|never|no|without|neither|nor|rather than|instead of|except|excluding|unlike|"
    r"incorrect|false|wrong|denies|denied|ruled out|cannot be|against|avoid|avoiding|than|"
    r"other than|hardly|scarcely|barely|anything but|far from|nothing like|"
    r"compared (?:to|with)|versus|vs\.?|from|prefer\w* \S+(?: \S+)? to)\b)(?: \S+){0,4}? ?[\"'(]*$"
)
_DENIES_NOTHING = re.compile(
    r"\b(?:not only|no doubt|no question|without (?:a |any )?doubt|but also|none other than|"
    r"from (?:today|now|tomorrow|then|(?:day|hour|week|month|cycle|course) \d+)|"
    r"from (?:the|its|a) (?:\w+ )?(?:record|note|context|text|report|chart|source)|"
    r"no (?:more|less) than|(?:di(?:ed|es|e)|death|suffer\w*|result\w*|recover\w*|ar(?:is|os)\w+|"
    r"stem\w*|due|came|apart) from)\b"
)
_REFUTED = re.compile(
    r"\W*(?:[^\s,;]+ ){0,3}?(?:is|was|would be|are|were) (?:\w+ )?(?:not|incorrect|wrong|false|"
    r"inaccurate|never|contraindicated|inappropriate|unsafe|absent|negative|wild[- ]type|normal|"
    r"excluded|ruled out|for (?:another|a different))\b"
)
_CHANGES_TO = re.compile(r"\bfrom (?:\S+ ){1,6}?(?:down |up )?(?:to|->) $")
_TAKEN_BACK = re.compile(r"[^.\n]{0,20}\?\W*(?:no|not|wrong|false|never|actually)\b")
_FALSE_THAT = re.compile(
    r"\b(?:false|untrue|incorrect|wrong|not true|not correct|not the case|denies|doubt|doubtful|"
    r"hypothetical|if|unlikely) (?:that|to say|the|it)\b"
)
_COMPARED = re.compile(
    r"\b(?:than|versus|vs|compared (?:to|with)|over|from|against|relative to|rather than|"
    r"instead of|not|unlike|exceeds?|exceeding|above|below|beyond|down from|up from|historical|"
    r"ahead of|baseline|nor|never|no|whereas|while)\b\.?(?: \S+){0,5}? ?[\"'(~]*$"
)
_OR = re.compile(
    r"^(?: ?[a-z%/0-9]+)?,? ?(?:or|and/or)\b(?! (?:more|higher|above|greater|over|longer|older|"
    r"less|fewer|lower|below|under|shorter|younger|better|worse)\b)|^ ?/ ?\d"
)
_OR_BEFORE = re.compile(r"(?:\bor|\band/or|\beither) (?:\S+ )?$")
_OR_SO = re.compile(
    r"\bor (?:not|another|something|a (?:bit|little|few)|slightly|somewhat|thereabouts|maybe|"
    r"perhaps|possibly|so, maybe|once|twice|thrice|daily|weekly|monthly|every|"
    r"(?:two|three|four) times)\b"
)
_EARLIER = re.compile(
    r"\b(?:initial|initially|initiated|original|originally|previous|previously|prior|earlier|"
    r"before|formerly|history|baseline|standard|full|first|planned|instead of|reduced from|"
    r"started|starting|began|begun|lowered from|raised from|increased from|down from|up from)\b"
)
_FIRST = re.compile(r"\b(?:initial\w*|start\w*|first|original\w*|began|begun|beginning)\b")
_LATER = re.compile(
    r"\b(?:later|subsequently|then|afterwards|thereafter|eventually|now|currently|reduced to|"
    r"increased to|escalated to|lowered to|raised to)\b"
)
_INTERVAL = re.compile(
    r"\b(?:ci|confidence interval|credible interval|iqr|interquartile range|"
    r"range)\b[^.;)]*(?:\.\d[^.;)]*)?$"
)
_OF_OTHERS = re.compile(
    r"^ ?(?:in|for|with|per|of) (?:the )?(?:historical|control|placebo|comparator|other|baseline)"
)


_ALL_BUT = re.compile(r"\b(?:anything|everything|everyone|anyone|all) but\b")


def clause_of(answer: Answer, at: int) -> Clause | None:
    """The clause that a position lies in."""
    for clause in answer.clauses:
        if clause.start <= at < clause.end:
            return clause
    return None


def part_of(answer: Answer, start: int, text: str) -> Clause:
    """A part of an answer as a clause of its own."""
    end = start + len(text)
    inside = tuple(n for n, at in answer.names if start <= at < end)
    return Clause(text, start, end, (), inside)


def is_denied(text: str, start: int, end: int) -> bool:
    """Whether what stands there is denied, refuted, doubted, or only asked."""
    return _is_denied_before(text, start) or _is_denied_after(text, end)


def _is_denied_before(text: str, start: int) -> bool:
    """Whether the words before a mention deny or doubt it."""
    may_deny = _has_before(text, start, 90, _DENYING) or (
        start > 60 and _has_before(text, start, 60, _DENYING)
    )
    if not may_deny and "prefer" not in text:
        return False
    before, sentence = text[max(0, start - 60) : start], text[max(0, start - 90) : start]
    before = _ALL_BUT.sub("not", before)
    cut = max(before.rfind(c) for c in (". ", "; ", ", ", "\n", ": ", " but "))
    scope = _DENIES_NOTHING.sub("", before[cut + 1 :])
    if re.search(r"\bwithout (?:any )?(?:change|dose|adjust|further)", scope):
        scope = ""
    scope = _CHANGES_TO.sub("", scope)
    sentence = sentence.rsplit(". ", 1)[-1]
    return _DENIED.search(scope) is not None or _FALSE_THAT.search(sentence) is not None


def _has_before(text: str, start: int, window: int, some: frozenset[str]) -> bool:
    """Whether one of some words is among the characters before a place, where what is cut off a
    word may be one, too. Most texts have none of them at all."""
    first = max(0, start - window)
    whole = not _is_within_word(text, first) and not _is_within_word(text, start)
    if whole and len(text) < 2_000 and some.isdisjoint(words(text)):
        return False
    return not some.isdisjoint(words(text[first:start]))


def _is_within_word(text: str, at: int) -> bool:
    return 0 < at < len(text) and text[at].isalnum() and text[at - 1].isalnum()


_DENYING = word_set(
    "not n t never no without neither nor rather instead except excluding unlike incorrect false "
    "wrong denies denied ruled cannot against avoid avoiding than other hardly scarcely barely but "
    "far nothing compared versus vs from untrue doubt doubtful hypothetical if unlikely"
)


def _is_denied_after(text: str, end: int) -> bool:
    """Whether what follows a mention refutes it, takes it back, or makes a question of it."""
    if end >= len(text):
        return False
    stop = _SENTENCE_STOP.search(text, end, end + 60)
    if _REFUTED.match(text, end, stop.start() if stop else end + 60):
        return True
    if text.find("?", end, end + 300) < 0:
        return False
    return _TAKEN_BACK.match(text, end) is not None or is_asked(text, end)


# Begins with a set of characters, which makes searching quick.
_SENTENCE_STOP = re.compile(r"[.!?;\n](?:(?<=\n)|(?=\s))")


def is_asked(text: str, end: int) -> bool:
    """Whether the sentence that goes on there ends in a question mark: it states nothing."""
    stop = _ASKS_OR_STOPS.search(text, end, end + 300)
    return stop is not None and stop.group() == "?"


_ASKS_OR_STOPS = re.compile(r"[!?\n.](?:(?<!\.)|(?=\s|$))")


def is_compared(text: str, start: int, window: int = 60) -> bool:
    """Whether what stands there is only what something is compared with."""
    if not _has_before(text, start, window, _COMPARING):
        return False
    before = text[max(0, start - window) : start]
    cut = max(before.rfind(c) for c in (". ", "; ", "\n"))
    return _COMPARED.search(before[cut + 1 :]) is not None


_COMPARING = word_set(
    "than versus vs compared over from against relative rather instead not unlike exceed exceeds "
    "exceeding above below beyond historical ahead baseline nor never no whereas while"
)
"""A word of each thing that makes a comparison of what comes after it."""


def is_option(answer: Answer, said: Quantity) -> bool:
    """Whether a number stands in "54 or 59": a list of alternatives is no answer."""
    text = answer.text
    if _stands_before_another(answer, said) and _OR.match(text[said.end : said.end + 24]):
        return True
    before, after = text[max(0, said.start - 24) : said.start], text[said.end : said.end + 40]
    if (
        ("or " in before or "either " in before)
        and _OR_BEFORE.search(before)
        and any(0 < said.start - n.end < 24 for n in answer.numbers)
    ):
        return True
    return "or " in after and _OR_SO.search(after) is not None


def _stands_before_another(answer: Answer, said: Quantity) -> bool:
    return any(0 < n.start - said.end < 24 for n in answer.numbers)


def is_aside(claim: Claim, said: Quantity) -> bool:
    """Whether a number is given in passing: for comparison, of other groups, or of earlier."""
    answer = claim.answer
    if is_compared(answer.text, said.start):
        return True
    if _OF_OTHERS.match(answer.text[said.end : said.end + 40]):
        return True
    if _INTERVAL.search(answer.text[max(0, said.start - 40) : said.start]):
        return said.raw in claim.context.raws
    if _counts_more_in(claim, said):
        return True
    clause = clause_of(answer, said.start)
    if clause is None or not claim.context.has_number(said):
        return False
    if _is_hypothetical(answer.text, said) or _PREMISE.search(answer.text[: said.start]):
        return True
    before = clause.text[: max(0, said.start - clause.start)]
    if _FIRST.search(claim.question.text.lower()):
        return _LATER.search(before) is not None
    return _EARLIER.search(before) is not None


def _counts_more_in(claim: Claim, said: Quantity) -> bool:
    """Whether a total has in it what a question leaves out ("with the boost, 54 Gy")."""
    before = claim.answer.text[max(0, said.start - 120) : said.start]
    leaves_out = _EXCLUDES.search(claim.question.text.lower()) is not None
    return leaves_out and _INCLUDES.search(before) is not None


_EXCLUDES = re.compile(
    r"\b(?:without|not (?:counting|including)|excluding|apart from|before) the\b"
)
_INCLUDES = re.compile(
    r"\b(?:together with|including|counting|adding|with) the [^.;,]{1,40},[^.;]{1,60}$"
)


def _is_hypothetical(text: str, said: Quantity) -> bool:
    """Whether a number stands in a sentence on what would be done if something were otherwise."""
    start, end = part_around(text, said.start, said.end, _SENTENCE_STOP)
    sentence = text[start:end]
    return _WOULD.search(sentence) is not None and _ONLY_IF.search(sentence) is not None


_PREMISE = re.compile(
    r"(?:^|[.;:,\n])\W*(?:since|because|as|given(?: that)?|although|though)\b(?:[^.;,]|\.(?=\d))*$"
)
"""What a number stands behind where it is told as the reason of what follows."""
_WOULD = re.compile(r"\bwould\b")
_ONLY_IF = re.compile(r"\b(?:if|only|unless|were|had)\b")
