"""Does an answer report that sources disagree on what was asked?"""

import re
from collections.abc import Set
from functools import lru_cache

from dipg.quantities import quantities
from dipg.rubric.cues import cued, matches
from dipg.rubric.lexicon import CLASSES, PLAIN_WORDS, STOP_WORDS, word_set
from dipg.rubric.telling import GAP, SOURCE, STRONG, VALUE_NOUN
from dipg.text import words

_DISAGREE = (
    r"(?:conflict(?:s|ed|ing)?|disagree(?:s|d|ing|ment|ments)?|contradict(?:s|ed|ing|ory|ion|"
    r"ions)?|"
    r"inconsisten(?:t|tly|cy|cies)|discrepan(?:t|cy|cies)|at odds|incompatible|irreconcilable|"
    r"mismatch(?:es)?|"
    r"diverge(?:s|nt)?|divergent|clash(?:es)?|in dispute|disputed?|discordan(?:t|ce)|opposing|"
    r"(?:do|does|did)(?: not|n't) (?:agree|match|align|coincide)|(?:can ?not|can't) be reconciled)"
)
_WAYS = (
    cued(
        rf"\b{_DISAGREE}\b",
        """
        conflict conflicts conflicted conflicting disagree disagrees disagreed disagreeing
        disagreement disagreements contradict contradicts contradicted contradicting contradictory
        contradiction contradictions inconsistent inconsistently inconsistency inconsistencies
        discrepant discrepancy discrepancies odds incompatible irreconcilable mismatch mismatches
        diverge diverges divergent clash clashes dispute disputed discordant discordance opposing
        agree match align coincide reconciled
        """,
    ),
    cued(
        rf"\b(?:{SOURCE}|accounts|they|entries|readings|letters)\b (?:\w+ ){{0,4}}?"
        rf"(?:differ|vary|give different|state different|report different|list different|"
        rf"record different|"
        rf"are different|provide different|name different|say different)\b",
        "differ vary different",
    ),
    cued(
        rf"\bgives? (?:two |three )?different (?:\w+ )?(?:dates|sides|answers|figures|results|"
        rf"accounts|{VALUE_NOUN}s?)\b",
        "different",
    ),
    cued(
        r"\b(?:gives?|says?|states?|makes?|recommends?|contains?|reports?|returned|reached|came to|"
        r"got|had|have|shows?|showed) (?:opposite|contrary|conflicting|contradictory|opposing|"
        r"incompatible|differing) \w+",
        "opposite contrary conflicting contradictory opposing incompatible differing",
    ),
    cued(
        r"\b(?:documented|recorded|reported|named|noted|listed|stated|gave) (?:two )?different \w+",
        "different",
    ),
    cued(
        r"\b(?:do|does|did) not (?:\w+ )?(?:show|give|have|state|report|record|list|name) "
        r"the same\b",
        "same",
    ),
    cued(
        r"\bat variance\b|\bof two minds\b|"
        r"\b(?:days?|weeks?|months?|years?|points|percent|gy|mg|mm|kg) apart on\b",
        "variance minds apart",
    ),
    cued(
        r"\b(?:no|not) (?:agreement|consensus|unanimity) (?:\w+ ){0,2}?(?:between|among)\b",
        "agreement consensus unanimity",
    ),
    cued(
        r"\b(?:values?|doses?|figures?|numbers?|dates?|readings?|results?|measurements?|findings|"
        r"statements) (?:\w+ ){0,3}?differ\b",
        "differ",
    ),
    cued(r"\bdiffers? (?:between|across|from one)\b", "differ differs"),
    cued(
        rf"\b(?:two|three|different|differing|varying|multiple) "
        rf"(?:different |conflicting |distinct )?"
        rf"(?:values?|answers?|doses?|figures?|versions|accounts|statements)\b{GAP}\b{SOURCE}\b",
        "two three different differing varying multiple",
    ),
    cued(
        rf"\b(?:two|three|several|multiple) (?:different|conflicting|distinct|differing) "
        rf"(?:\w+ ){{0,2}}?(?:dates|ages|weights|grades|stages|durations|intervals|counts|levels|"
        rf"sizes|sides|locations|names|results|{VALUE_NOUN}s?) (?:are|were|is|was) (?:{STRONG}|"
        rf"given|on record|on file)\b",
        "two three several multiple",
    ),
)
"""Statements that sources disagree."""
_WORDS_OF_WAYS = frozenset().union(*(way.words for way in _WAYS))
_NO_CONFLICT = cued(
    rf"\b(?:no|not|never|without|n't|nor|free of|any) (?:\w+ ){{0,3}}?{_DISAGREE}\b|"
    rf"\bconsistent with\b"
    rf"|\b(?:conflict of interest|mismatch[- ]repair)\b",
    "no not never without n nor free any consistent conflict mismatch",
)
ONE_SOURCE = re.compile(
    r"\b(?:source|report|note|record|document|letter|chart|hospital|clinic|lab|ward|registry|"
    r"entry|site|"
    r"center|centre|physician|review|section|paragraph|table|log|summary|form|opinion|mri|ct|scan|"
    r"addendum|minutes|request|discharge|referral|admission|consult|pathologist|radiologist|"
    r"pathology|radiology)\b ?[a-z0-9]?\b|"
    r"\b(?:one|other|"
    r"another|first|second|former|latter|former's|some|others)\b"
)

_CONFLICT_CUES = (
    "conflict", "disagree", "contradict", "inconsisten", "discrepan", "at odds", "incompatible",
    "irreconcil", "mismatch", "diverge", "clash", "disput", "discordan", "oppos", "agree", "match",
    "align", "coincide", "reconcil", "differ", "vary", "whereas", "versus", "two ", "multiple ",
    "variance", "apart", "the same",
)  # fmt: skip
"""What a text has to have, too: "three values" or "consensus" alone are no report of a conflict."""


_TOPIC = re.compile(
    r"[^.;\n]{0,30}?\b(?:about|on|over|as to|regarding|concerning|whether|when|where)\b"
    r"([^.,;:(\n]*)"
)


def is_on(text: str, conflict: tuple[int, int], asked: frozenset[str]) -> bool:
    """Whether a statement of conflict is on what was asked: it may name no topic, or another."""
    topic = _TOPIC.match(text, conflict[1])
    named = {w for w in words(topic[1]) if w not in SAYS_LITTLE} if topic else set()
    if not named or not asked or not named.isdisjoint(asked | _THE_MATTER):
        return True
    return len(named) == 1 and named.isdisjoint(_ONE_THING)


SAYS_LITTLE = STOP_WORDS | PLAIN_WORDS
_ONE_THING = word_set("dose dosage weight age date grade stage name drug side")
"""Topics that are others than what was asked for, where that is not called so."""
_THE_MATTER = word_set("point matter issue question answer value detail fact item aspect")


def reports_conflict(text: str) -> bool:
    """Whether plain text says that something disagrees, or that nothing does."""
    return next(matches(_WAYS, text, set(words(text))), None) is not None


def statements_of_conflict(text: str, spoken: Set[str] | None = None) -> list[tuple[int, int]]:
    """Where plain text says that sources disagree; its words may be given."""
    spoken = frozenset(words(text)) if spoken is None else spoken
    if _WORDS_OF_WAYS.isdisjoint(spoken) or not any(map(text.__contains__, _CONFLICT_CUES)):
        return []
    denied = _NO_CONFLICT.spans(text, spoken)
    return [
        m.span()
        for m in matches(_WAYS, text, spoken)
        if not any(a < m.end() and m.start() < b for a, b in denied)
        or re.search(
            r"not (?:agree|match|align|coincide)|n't (?:agree|match|align)|not be recon", m.group()
        )
    ]


@lru_cache(maxsize=4096)
def speaks_of_conflict(question: str) -> bool:
    """Whether a question is itself about a disagreement."""
    return bool(statements_of_conflict(question))


def states_both_sides(text: str) -> bool:
    """ "Source A gives 54 Gy, whereas source B gives 59 Gy": two sources, two values, side by
    side."""
    sides = [(m.group(), p) for p in _SIDES.split(text) if (m := ONE_SOURCE.search(p))]
    if len({source for source, _ in sides}) < 2:
        return False
    if "not" in text and _AND_NOT.search(text):
        return False
    said: dict[str, set[object]] = {}
    kinds: set[str] = set()
    for source, part in sides:
        values = [n for n in quantities(part) if not n.spelled and n.dimension not in SOURCE_LABELS]
        if values:
            kinds.add(values[0].dimension)
            said.setdefault(source, set()).add(values[0].value)
        elif sided := [w for w in words(part) if w in CLASSES]:
            kinds.add(CLASSES[sided[0]])
            said.setdefault(source, set()).add(sided[0])
    return len(said) > 1 and len(kinds) == 1 and len(set().union(*said.values())) > 1


def names_one_and_other(text: str, spoken: Set[str]) -> bool:
    """Whether plain text, with its words, says what one source says and speaks of another."""
    if "one" not in spoken or ("other" not in spoken and "another" not in spoken):
        return False
    return _ONE_AND_OTHER.search(text) is not None


_ONE_AND_OTHER = re.compile(
    rf"\bone (?:{SOURCE} )?(?:says?|states?|gives?|reports?|describes?|records?|lists?|has|"
    rf"reads?)\b{GAP}\b(?:the other|another)\b"
)
_AND_NOT = re.compile(r", (?:and )?not (?:the )?\d")
"""One side, and not the other."""
_SIDES = re.compile(r"[,;.](?=\s|$)|\n|\b(?:but|while|whereas|although|however|and|versus|vs)\b")
SOURCE_LABELS = frozenset(
    f"#{kind}"
    for kind in ("source", "report", "note", "patient", "case", "version", "site", "visit")
)
"""Numbers that name a source or a person, and are no values."""
