"""What a text does to which treatment: "hold panobinostat", "ONC201 carries on"."""

import re
from functools import lru_cache

from dipg.rubric.lexicon import ACTIONS, DRUG, PLAIN_WORDS, TREATMENTS, word_set
from dipg.text import words


def actions_of(text: str, named: list[tuple[str, int]]) -> list[tuple[str, str]]:
    """(name, action) for each verb that does something to the treatment after it, in its clause."""
    if not may_act(text):
        return []
    found = []
    at = 0
    for m in _WORD.finditer(text):
        word = m.group()
        if word not in _BEGINNINGS and "-" not in word:  # as most words
            continue
        action = ACTIONS.get(word)
        opens = word.partition("-")[0] in _OPENS_PHRASE
        if action is None and not opens:
            continue
        phrase = _phrase_at(text, m.start()) if opens else None
        goes_on = phrase == "continue"
        action = phrase or action
        if action is None or _is_history(text, m.start()) or _is_denied(text, m.start()):
            continue
        if _WOULD.search(text, max(0, m.start() - 40), m.start()):
            continue
        if _NOT_NEEDED.match(text, m.end()) or _LOWER_DOSE.match(text, m.start()):
            continue
        while at < len(named) and named[at][1] < m.end():
            at += 1
        if goes_on and at and not _CLAUSE.search(text, named[at - 1][1], m.start()):
            found.append((named[at - 1][0], action))
            continue
        found.append((_target_of(text, m, named, at), action))
    return found


_WORD = re.compile(r"[a-z]+(?:-[a-z]+)*")


def may_act(text: str) -> bool:
    """Whether a text has a verb that may do something to a treatment."""
    spoken = words(text)
    if not _VERBS.isdisjoint(spoken):
        return True  # of a verb with a hyphen one part is a verb, too
    may = "leav" in text or not _PHRASAL_WORDS.isdisjoint(spoken)
    return may and _PHRASAL.search(text) is not None


_VERBS = frozenset(ACTIONS)


def _phrase_at(text: str, at: int) -> str | None:
    """What a verb of several words that begins there does."""
    return next((done for phrase, done in _PHRASES if phrase.match(text, at)), None)


def with_companions(named: list[tuple[str, int]], text: str, asked: str) -> list[tuple[str, int]]:
    """The names of a text, and where it mentions what a question puts beside a drug ("everolimus
    and lanreotide"): that is a drug, too, whatever it ends in."""
    found = _companions(asked)
    spots = [(w, m.start()) for w in found for m in re.finditer(rf"\b{w}\b", text)]
    return sorted({*named, *spots}, key=lambda spot: spot[1]) if spots else named


@lru_cache(maxsize=4096)
def _companions(asked: str) -> frozenset[str]:
    if " and " not in asked and " or " not in asked:
        return frozenset()
    beside = {w for m in _BESIDE_DRUG.finditer(asked) for w in m.groups() if w}
    return frozenset(w for w in beside if not DRUG.fullmatch(w)) - PLAIN_WORDS - TREATMENTS


_BESIDE_DRUG = re.compile(
    rf"{DRUG.pattern} (?:and|or) ([a-z]{{6,}})\b|\b([a-z]{{6,}}) (?:and|or) {DRUG.pattern}"
)


def _target_of(
    text: str, verb: re.Match[str], named: list[tuple[str, int]], first_after: int
) -> str:
    """The treatment of a verb: the name after it in its clause, or before it ("X should be
    held")."""
    common = _TREATMENT.search(text, verb.end(), verb.end() + 40)
    for name, at in named[first_after : first_after + 1]:
        if common and common.start() < at:
            break
        if at - verb.end() < 60 and not _CLAUSE.search(text, verb.end(), at):
            return name
    if common and not _CLAUSE.search(text, verb.end(), common.start()):
        return common.group()
    before = [(at, n) for n, at in named[max(first_after - 1, 0) : first_after]]
    if before and _IT_IS.search(text, max(0, verb.start() - 30), verb.start()):
        return before[0][1]
    before += [(m.start(), m.group()) for m in _TREATMENT.finditer(text, 0, verb.start())][-1:]
    for at, name in sorted(before)[-1:]:
        if verb.group().endswith("ed") and text[at + len(name) : verb.start()] in (" ", ": "):
            return name  # "ONC201 unchanged"
        passive = _PASSIVE.search(text, at, verb.start())
        apart = _CLAUSE.search(text, at, verb.start()) or "," in text[at : verb.start()]
        if passive and verb.start() - at < 60 and not apart:
            return name
    return ""


_IT_IS = re.compile(
    r"\b(?:it|this drug) (?:is|has to be|should be|must be|can be|may be|will be)(?: \w+)? $"
)
_PHRASAL = re.compile(
    r" (?:on|again)\b|\bno (?:dose |further )?[cmai]|\bleav|\bleft\b|\b(?:be|is) \w+ed\b"
)
_PHRASAL_WORDS = word_set("on again no left be is")
_PHRASES = (
    (re.compile(r"(?:go|goes|went|going|carry|carries|carried|kept|keep) on\b"), "continue"),
    (
        re.compile(
            r"no (?:dose |further )?(?:change|modification|adjustment|alteration|interruption)s?\b"
            r"(?! (?:in|of) (?:the )?(?:lesion|tumou?r|size))"
        ),
        "continue",
    ),
    (
        re.compile(
            r"(?:lef?t|leaves?|leaving) (?:[^.;,]{1,30} )?(?:as (?:it|they) (?:is|are)|alone)\b"
        ),
        "continue",
    ),
    (re.compile(r"(?:(?<=\bbe )|(?<=\bis ))(?:reduced|lowered|decreased|halved)\b"), "reduce"),
    (re.compile(r"(?:(?<=\bbe )|(?<=\bis ))(?:increased|raised|escalated|doubled)\b"), "increase"),
    (re.compile(r"(?:give|gave|given|giving) (?:[^.;,]{1,30} )?again\b"), "resume"),
)
"""Verbs of several words, and what they do to a treatment."""
_OPENS_PHRASE = word_set(
    "go goes went going carry carries carried kept keep no let left leave leaves leaving reduced "
    "lowered decreased halved increased raised escalated doubled give gave given giving"
)
"""How each of them begins."""
_BEGINNINGS = _OPENS_PHRASE | ACTIONS.keys()
_LOWER_DOSE = re.compile(r"(?:lower|double) (?:\w+ )?(?:dose|dosage|limit|level)\b")
_PASSIVE = re.compile(r"\b(?:be|being|should|must|may|can|is|are|to be|needs)\b")
_TREATMENT = re.compile(rf"\b(?:{'|'.join(sorted(TREATMENTS))})\b")
_NOT_NEEDED = re.compile(
    r"(?: \w+){0,3}? (?:is|are|would be|was) (?:(?:not|never) (?:\w+ )?(?:necessary|required|"
    r"needed|"
    r"indicated|recommended|appropriate|warranted)|unnecessary|inappropriate|contraindicated)\b"
)
_CLAUSE = re.compile(
    r"[.;\n](?=\s|$)|,? (?:and|then|once|while|but|since|because|as|if|when|until|unless|so)\b"
)


def _is_history(text: str, at: int) -> bool:
    return _HISTORY.search(text[max(0, at - 24) : at]) is not None


_HISTORY = re.compile(
    r"\b(?:(?:was|were)(?! to be\b| to )|had to be|been|already|previously|had|has been)(?: \w+)? $"
)


_WOULD = re.compile(r"\bwould (?:only |then |have to |need to |be |also ){0,3}$")


def _is_denied(text: str, at: int) -> bool:
    return _DENIED.search(text[max(0, at - 24) : at]) is not None


_DENIED = re.compile(
    r"\b(?:no|not|n't|without|never|cannot|rather than|instead of|dose) (?:\w+ ){0,3}$"
)
