"""What an answer says of the expected value, where it makes a sentence of it.

"RT58 is ill" names the right patient and does not answer "which one is heavier?"; "32 % had
neutropenia" is no response rate.
"""

import re
from functools import lru_cache
from itertools import pairwise

from dipg.rubric.clauses import Clause
from dipg.rubric.concepts import concepts, concepts_of, root, segments
from dipg.rubric.lexicon import (
    ANTONYMS,
    CLASSES,
    DIRECTIONS,
    DRUG,
    KIN,
    LIGHT_WORDS,
    MODALS,
    PLAIN_WORDS,
    STOP_WORDS,
    word_set,
)
from dipg.rubric.mentions import Claim, clause_of, is_denied
from dipg.rubric.otherwise import asserted
from dipg.rubric.targets import Target, is_negated
from dipg.text import words

_VERB = re.compile(
    r" (?:is|was|are|were|has|had|have|did|does|do|will|survived|died|relapsed|progressed|"
    r"responded|withdrew|completed|developed|experienced|improved)\b"
    r"(?! (?:the )?(?:answer|one|correct|right)\b)"
)
_TITLE = re.compile(r"^(?:(?:the|a|patient|dr\.?|case) )+")
_STATE = re.compile(r"[ -]\(?(wild|intact|negative|absent|excluded|refuted)\b")
_ABOUT = {
    "older": "old age older oldest younger youngest born",
    "heavier": "weight weigh weighs heavier heaviest lighter lightest mass kg",
    "taller": "height tall taller tallest size shorter",
}
_ABOUT |= {"younger": _ABOUT["older"], "lighter": _ABOUT["heavier"], "sicker": "sick ill"}
"""A comparative that compares one thing alone -> words of a question that ask for it."""


def speaks_of_what_was_asked(claim: Claim) -> bool:
    """Whether a sentence on the expected value says of it what the question asks for."""
    answer, target = claim.answer, claim.target
    if len(answer.clauses) != 1 or target.opening or target.actions:
        return True
    value = _TITLE.sub("", target.text.strip(" ."))
    said = _TITLE.sub("", answer.text.lstrip(" \"'*(-"))
    start = next((v for v in (value, value.replace(" ", "")) if said.startswith(v)), None)
    if start is None:
        return True
    state = _STATE.match(said, len(start))
    if state is not None and state[1] not in claim.question.terms and state[1] not in target.whole:
        return False
    verb = _VERB.match(said, len(start))
    if verb is None or _SAYS_SO.match(said, len(start)):
        return True
    said = said[verb.start() :]
    if is_negated(said) and not target.negated:
        return False
    mine = {*words(target.whole), *target.chooses}
    meant = [w for w in words(said) if w not in STOP_WORDS and w not in mine]
    meant = [w for w in meant if w not in PLAIN_WORDS or w in DIRECTIONS]
    return not meant or any(_is_asked_for(w, claim.question.terms) for w in meant)


_SAYS_SO = re.compile(
    r" (?:did|does|do|was|is|had|has|will)\b"
    r"(?:\W*$|[,.;]| (?:after|because|since|following|once)\b)"
)


def _is_asked_for(word: str, asked: frozenset[str]) -> bool:
    """Whether a word of a predicate takes up the question: the same word, or a comparative."""
    if word in _ABOUT:
        return not asked.isdisjoint(_ABOUT[word].split())
    if word in ANTONYMS or word.endswith("est"):
        return not asked.isdisjoint(ANTONYMS) or any(w.endswith(("er", "est")) for w in asked)
    if word in LIGHT_WORDS:
        return True
    meant = concepts_of(word)
    return any(
        word.startswith(w[:5]) or not meant.isdisjoint(concepts_of(w))
        for w in asked
        if w in MODALS or (len(w) > 2 and w not in STOP_WORDS)
    )


def keeps_asked_degree(claim: Claim) -> bool:
    """Asked for the most common, an answer does not give the least common."""
    if _DEGREES.isdisjoint(claim.question.terms):
        return True
    said = claim.answer.spoken
    for word in _DEGREES & claim.question.terms:
        opposite = ANTONYMS[word] & said - set(words(claim.target.whole))
        if opposite and word not in said:
            return False
    return True


_DEGREES = word_set("most least highest lowest largest smallest longest shortest oldest youngest")


def is_unqualified(claim: Claim) -> bool:
    """Whether an expected wording is said without a word before it that takes it back ("nearly
    normal", "formerly Jansen"), and not of a part alone ("normal on the left only")."""
    target, text, spoken = claim.target, claim.answer.text, claim.answer.spoken
    if _is_weakened(claim) or _averts(claim):
        return False
    if "both" in target.text and _BOTH.search(target.text) and _NOT_BOTH.search(text):
        return False
    if (
        "or" in spoken
        and _OR_ANOTHER.search(text)
        and not any(_OR_ANOTHER.search(o.whole) for o in claim.options)
    ):
        return False
    if target.numbers:
        about_day = not _MONTHS.isdisjoint(spoken) and _ABOUT_DAY.search(text) is not None
        return not about_day or _ABOUT_DAY.search(target.whole) is not None
    if not target.phrase and not target.names:
        return True
    return not _adds_what_is_told(claim) and not _is_of_a_part(claim)


def _is_weakened(claim: Claim) -> bool:
    """Whether a word that takes back stands right before what is expected."""
    if _WEAKENING.isdisjoint(claim.answer.spoken):
        return False
    spoken = words(claim.answer.text)
    weak = _WEAKENING.intersection(spoken) - claim.question.terms - claim.context.terms
    said = [w for w in words(claim.target.text) if w not in STOP_WORDS and w not in LIGHT_WORDS]
    return bool(weak and said) and any(
        w in weak and other == said[0] for w, other in pairwise(spoken)
    )


def _adds_what_is_told(claim: Claim) -> bool:
    """Whether an answer adds "left" or "severe", of which neither vignette nor wordings speak."""
    told = asserted(_TOLD, claim)
    if not told:
        return False
    known = claim.context.terms | claim.question.terms
    known |= {w for o in claim.options for w in words(o.whole)} | {"bilateral"}
    return any(all(concepts_of(w).isdisjoint(concepts_of(k)) for k in known) for w in told - known)


def _is_of_a_part(claim: Claim) -> bool:
    """Whether what is expected is said of a part alone ("on the left only")."""
    if _PARTIAL.isdisjoint(claim.answer.spoken):
        return False
    part = _IN_PART.search(claim.answer.text)
    if part is None or _IN_PART.search(claim.target.whole):
        return False
    clause = clause_of(claim.answer, part.start())
    return clause is None or not _is_on_others(clause, claim)


def _is_on_others(clause: Clause, claim: Claim) -> bool:
    """Whether a clause names treatments, and none of the expected ones."""
    named = {n for n in clause.names if DRUG.fullmatch(n)}
    return bool(named and claim.target.names) and named.isdisjoint(claim.target.names)


_BOTH = re.compile(r"\bboth\b")
_NOT_BOTH = re.compile(r"\b(?:one|only|neither|either|single)\b")


def _averts(claim: Claim) -> bool:
    """Whether what is expected is said not to have come, or not to have been the reason."""
    text = claim.answer.text
    if _AVERTING.isdisjoint(claim.answer.spoken) and "prevent" not in text and "avert" not in text:
        return False
    found = _AVERTED.search(text)
    if found is None or root(found[0]) in map(root, claim.context.terms | claim.question.terms):
        return False
    if any(found[0] in o.whole for o in claim.options):
        return False
    piece = next(p for p, at in segments(text) if at + len(p) >= found.start())
    spoken = concepts(piece)
    return any(not spoken.isdisjoint(unit) for unit in claim.target.units)


_AVERTING = word_set("despite spite notwithstanding avoided")
_AVERTED = re.compile(r"\b(?:despite|in spite of|notwithstanding|prevent\w*|avert\w*|avoided)\b")


_TOLD = word_set("high low normal abnormal safe unsafe risky elevated") | {
    w for w, kind in CLASSES.items() if kind in ("side", "lobe", "severity")
}
"""Words that no context leaves open to be added."""
_OR_ANOTHER = re.compile(
    r"\bor (?:another|someone|somebody|something|some other|others?|similar|so)\b"
)
_WEAKENING = word_set(
    "formerly previously nearly almost partly partially somewhat rarely seldom quasi half "
    "despite prevent preventing"
)
_MONTHS = word_set(
    "january february march april may june july august september october november december"
)
_ABOUT_DAY = re.compile(
    r"\b(?:around|about|circa|approximately|roughly|planned for|due on|scheduled for)"
    rf"(?: the)? (?:\d{{1,2}}(?:st|nd|rd|th)? )?(?:{'|'.join(sorted(_MONTHS))})\b"
)
_PARTIAL = word_set("only except apart other")
_IN_PART = re.compile(
    r"\b(?:only|except|apart from|other than)\b\W*(?:(?:in|on|for|at) |$)|\bonly$"
)


def keeps_dose(claim: Claim) -> bool:
    """Told to go on with a drug, an answer does not change its dose on its own."""
    if " dose" not in claim.answer.text or not any(
        action in ("continue", "resume", "start") for _, action in claim.target.actions
    ):
        return True
    allowed = {w for o in claim.options for w in words(o.whole)}
    return not any(
        found[1] not in allowed
        and not is_denied(claim.answer.text, *found.span(1))
        and not _is_expected_dose(claim, found.end())
        for found in _OTHER_DOSE.finditer(claim.answer.text)
    )


def _is_expected_dose(claim: Claim, at: int) -> bool:
    """Whether "the reduced dose" is then given as the expected number."""
    return any(
        0 < n.start - at <= 6 and any(n.same(w) for w in claim.target.numbers)
        for n in claim.answer.numbers
    )


_OTHER_DOSE = re.compile(
    r"\b(half|halved|reduced|lower|double|doubled|quarter|higher|increased)(?: the| of the)? dose"
)


def keeps_variants(claim: Claim) -> bool:
    """Whether an answer names the expected variant and no other: H3.1 is not H3.3."""
    wanted = _variants_of(claim.target)
    if not wanted:
        return True
    said = set(_VARIANT.findall(claim.answer.text))
    allowed = {v for o in claim.options for v in _VARIANT.findall(o.whole)}
    told = allowed | set(_VARIANT.findall(claim.question.text.lower()))
    return said <= told and (not said or not wanted.isdisjoint(said))


@lru_cache(maxsize=4096)
def _variants_of(target: Target) -> frozenset[str]:
    if "." not in target.text:
        return frozenset()
    return frozenset(_VARIANT.findall(_COMPARED.split(target.text, maxsplit=1)[0]))


_COMPARED = re.compile(r"\b(?:than|versus|vs|compared (?:with|to)|not|rather than)\b")
_VARIANT = re.compile(r"\b[a-z]+\d+\.\d+\b")


def keeps_kin(claim: Claim) -> bool:
    """Asked about the brother of a patient, an answer does not speak of the patient or a sister."""
    if KIN.isdisjoint(claim.question.terms):
        return True
    said = KIN & claim.answer.spoken
    if said:
        return not said.isdisjoint(claim.question.terms)
    codes = {n for n in claim.question.names if any(c.isdigit() for c in n)}
    return codes.isdisjoint(n for n, _ in claim.answer.names)
