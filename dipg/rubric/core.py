"""Which part of an expected wording has to be said: what a question asks for decides.

Reasons, asides and steps of a computation may be told; only a question that asks why makes a
reason of them that has to be given.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from dipg.quantities import quantities
from dipg.rubric.asked import (
    asks_difference,
    asks_number_and_thing,
    asks_thing_and_number,
    asks_thing_and_why,
    asks_verdict_and_why,
    asks_why,
    in_plain,
)
from dipg.rubric.lexicon import ACTIONS, STOP_WORDS, word_set
from dipg.rubric.reading import names, read
from dipg.rubric.stems import stem
from dipg.text import IN_BRACKETS, fold, plain, sentences, words


class Core(NamedTuple):
    """A wording, divided.

    Attributes:
      text: folded text of what has to be said.
      besides: folded text of what is asked for besides: the reason of a yes or no, or a thing
        beside a number.
      set_aside: what the wording says it is not ("X rather than Y").
      measured: folded text with the numbers that are asked for before what the text says
        ("9.8 months in arm A and 12.6 in arm B, so arm B lived longer").
    """

    text: str
    besides: str
    set_aside: str
    measured: str = ""


def core_of(folded: str, question: str) -> Core:
    """Divide a wording by what the question asks for."""
    verdict = _OPENS.match(folded)
    if verdict and asks_verdict_and_why(question):
        return Core(verdict[1], folded[verdict.end() :].strip(" ,.;:"), "")
    if asks_thing_and_why(question) and (found := _with_reason(folded)):
        return Core(found[0], found[1], "")
    if asks_number_and_thing(question) and (told := _with_numbers(folded)):
        return Core(told[1], "", "", told[0])
    text, set_aside = _without_contrast(
        _without_end(_reason_of(folded, question) or _core(folded, question), question)
    )
    return Core(text, _thing_of(text, question), set_aside, _measured(folded, text, question))


def _with_numbers(folded: str) -> tuple[str, str] | None:
    """The sentences with numbers, and those that follow them without any."""
    parts = [p for p in sentences(folded.replace("; ", ". ")) if p.strip()]
    measured = [bool(quantities(plain(p))) for p in parts]
    last = measured.count(True)
    if not 0 < last < len(parts) or not all(measured[:last]):
        return None
    return " ".join(parts[:last]), " ".join(parts[last:])


def _measured(folded: str, text: str, question: str) -> str:
    """The numbers that are asked for beside a thing, where what was kept lacks them."""
    if not asks_number_and_thing(question) or quantities(plain(text)):
        return ""
    found = _PREMISE.match(folded)
    if found is not None and quantities(plain(found[0])):
        return found[0]
    return folded if quantities(plain(folded)) else ""


def _with_reason(folded: str) -> tuple[str, str] | None:
    """What is asked and why: the sentences before the one with the reason, or its part before."""
    said: list[str] = []
    for sentence in sentences(folded):
        because = _BECAUSE.search(sentence)
        if because is not None:
            before = "" if said else sentence[: because.start()].rstrip(" ,;.")
            text = " ".join(said) or before
            return (text, because[1]) if words(text.lower()) else None
        said.append(sentence)
    return None


def _thing_of(folded: str, question: str) -> str:
    """The parts of a wording that have no number, where a question asks for a thing and a number
    ("which operation comes first, and how long ...?")."""
    number_first = asks_number_and_thing(question)
    if not number_first and not asks_thing_and_number(question):
        return ""
    parts = _PARTS.split(folded)
    found = [p for p in parts if not quantities(plain(p))]
    if number_first:  # what comes before the number tells of it
        first = next((i for i, p in enumerate(parts) if p not in found), len(parts))
        found = [p for p in parts[first:] if p in found and words(plain(p))]
    if not found and len(parts) == 1 and (told := quantities(plain(folded))):
        return folded[: told[0].start].strip(" ,")  # "labetalol 200 mg"
    return "; ".join(found) if len(found) < len(parts) else ""


_PARTS = re.compile(r"[;.](?=\s|$)|,? (?:and|which|then)\b|,(?=\s)")


_OPENS = re.compile(r"\W*((?:yes|no)\b)", re.IGNORECASE)

_REASON = re.compile(
    r",? (?:because|since|given that|as it|as the|as this|due to|owing to|i\.e\.|e\.g\.|"
    r"representing|indicating|reflecting|so that|in order to)\b.*",
    re.DOTALL,
)
_REASON_CUES = word_set(
    "because since given as due owing i e representing indicating reflecting so order"
)
_WHICH = re.compile(r",? which (?:is|was|are|were)\b.*", re.DOTALL)
_WHICH_CUES = word_set("which")
_RELATIVE = re.compile(r",? (?:which|who|whose) [a-z].*", re.DOTALL)
_RELATIVE_CUES = word_set("which who whose")
_ASKS_ONE_THING = re.compile(
    r"(?:[^,?]{1,80}, )?(?:which|what|who)\b"
    r"(?![^?]*\b(?:and|dos\w+|rates?|percent\w*|how|when|why|evidence for)\b)"
)
"""A question for a thing, which nothing that is added about it is asked by."""
_ASIDE = re.compile(
    r"(?:,| and)? (?:while|whilst|along with|together with monitoring)\b.*", re.DOTALL
)
_ASIDE_CUES = word_set("while whilst along together")
_CUES = _REASON_CUES | _WHICH_CUES | _RELATIVE_CUES | _ASIDE_CUES
_PREMISE = re.compile(
    r"^.+?(?:, (?:so|therefore|thus|hence|and so|and therefore)|[;,] (?:therefore|thus|hence),) "
    r"(?!that\b)|^\W*(?:because|since|given that|as) [^,]+, (?=\w)",
    re.DOTALL | re.IGNORECASE,
)
_APPOSITION = re.compile(r"^(\W*[a-z][\w-]{3,}), (?:the|an?) [^,.;]+(?=[,.;]|$)", re.IGNORECASE)


def _reason_of(folded: str, question: str) -> str:
    """The reason that a longer wording gives, where a question asks why."""
    found = _BECAUSE.search(folded) if asks_why(question) else None
    if found is None or len(words(plain(folded[: found.start()]))) <= 1:
        return ""
    return found[1]


_BECAUSE = re.compile(r"\b(?:because of|because|due to|owing to|given that) (.+)$", re.DOTALL)


def _without_end(folded: str, question: str) -> str:
    """A dose without how long it is given, where that is not asked for."""
    found = _UNTIL.search(folded) if "til" in folded or " long as" in folded else None
    if found is None or _ASKS_UNTIL.search(in_plain(question)[0]):
        return folded
    dose = folded[: found.start()]
    return dose if quantities(plain(dose)) else folded


_UNTIL = re.compile(r",? (?:until|till|as long as)\b")
_ASKS_UNTIL = re.compile(r"\b(?:how long|until|till|when|duration|what must|what should)\b")


_CONTRAST = re.compile(r",? (?:rather than|instead of|as opposed to) (.+)$", re.DOTALL)
_CONTRASTS = frozenset(("rather", "instead", "opposed"))


def _without_contrast(folded: str) -> tuple[str, str]:
    """A wording without what it sets aside, and that: "X rather than Y" is X."""
    found = None if _CONTRASTS.isdisjoint(words(folded)) else _CONTRAST.search(folded)
    if found is None or not words(plain(folded[: found.start()])):
        return folded, ""
    return folded[: found.start()], found[1]


def _core(folded: str, question: str) -> str:
    """The sentences that answer, without reasons and asides."""
    parts = [p for p in sentences(folded.replace("; ", ". ")) if p.strip()]
    cores = [_strip(p, question) for p in parts]
    if len(cores) <= 1:
        return cores[0] if cores else folded
    asked = {stem(w) for w in words(plain(fold(question))) if w not in STOP_WORDS}
    overlaps = [sum(stem(w) in asked for w in set(words(plain(c)))) for c in cores]
    best = max(overlaps)
    kept = []
    for i, core in enumerate(cores):
        first = words(plain(core))[:1]
        leads = i == 0 and bool(first) and (first[0] in ACTIONS or first[0] in ("yes", "no"))
        if leads or (best and overlaps[i] >= 0.6 * best):
            kept.append(core)
    kept += _of_others_asked(cores, kept, question)
    return " ".join(kept) or cores[0]


def _of_others_asked(cores: list[str], kept: list[str], question: str) -> list[str]:
    """What is to be done to a treatment that the question names beside another ("how should A and
    B be managed?") and that nothing kept speaks of."""
    asked = read(question).names
    if len(asked) < 2:
        return []
    told = {name for core in kept for name, _ in names(core)}
    return [
        core
        for core in cores
        if core not in kept
        and not asked.isdisjoint({n for n, _ in names(core)} - told)
        and words(plain(core))[:1]
        and words(plain(core))[0] in ACTIONS
    ]


def _strip(sentence: str, question: str) -> str:
    stripped = sentence
    previous = None
    while "(" in stripped and previous != stripped:
        previous, stripped = stripped, IN_BRACKETS.sub("", stripped)
    if ", " in stripped:
        stripped = _APPOSITION.sub(r"\1", stripped)
    explained = _EXPLAINED.search(stripped) if ": " in stripped else None
    if explained is not None and quantities(plain(stripped[: explained.start()])):
        stripped = stripped[: explained.start()]
    if ", " in stripped:
        stripped = _without(_PREMISE, stripped)
    spoken = words(stripped)
    if not _CUES.isdisjoint(spoken):
        for cues, aside in _asides_to(question):
            if not cues.isdisjoint(spoken):
                stripped = _without(aside, stripped)
    return stripped.strip()


def _without(aside: re.Pattern[str], text: str) -> str:
    """A text without an aside, unless nothing would be left to say."""
    shorter = aside.sub(_rest_of, text, count=1)
    return shorter if any(w not in STOP_WORDS for w in words(shorter.lower())) else text


@lru_cache(maxsize=4096)
def _asides_to(question: str) -> tuple[tuple[frozenset[str], re.Pattern[str]], ...]:
    """What does not answer a question, each with words without one of which it is not said."""
    several = asks_difference(question) or asks_number_and_thing(question)
    which = () if several else ((_WHICH_CUES, _WHICH),)
    relative = (
        ((_RELATIVE_CUES, _RELATIVE),) if _ASKS_ONE_THING.match(in_plain(question)[0]) else ()
    )
    return ((_REASON_CUES, _REASON), *which, (_ASIDE_CUES, _ASIDE), *relative)


def _rest_of(aside: re.Match[str]) -> str:
    """What follows an aside as a clause of its own ("because of X, the dose is 275 mg")."""
    rest = aside.group().partition(", ")[2]
    return f", {rest}" if aside.re is _REASON and _MAIN.match(rest) and quantities(rest) else ""


_MAIN = re.compile(
    r"(?:the|he|she|it|this|patients?|an?) (?:[^,.;]{1,60} )?(?:is|are|should|must|has to|have to|"
    r"receives?|gets?|was|were|needs?|may)\b"
)
_EXPLAINED = re.compile(
    r"(?<=[\w%)]): (?:the|he|she|it|this|his|her|their|because|since|as|given|with) .+$", re.DOTALL
)
