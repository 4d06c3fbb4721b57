"""Does an answer say an expected wording: its words, its polarity, its direction?"""

import re

from dipg.rubric.comparisons import relation
from dipg.rubric.lexicon import (
    ACTIONS,
    CLASSES,
    COURSES,
    DIRECTIONS,
    PLAIN_WORDS,
    STOP_WORDS,
    courses_of,
)
from dipg.rubric.mentions import Claim, is_denied, is_of_another
from dipg.rubric.stance import Clause
from dipg.rubric.targets import is_negated, stem, stems
from dipg.text import words

_CONTRAST = re.compile(
    r"(?<=\w)(?:[,;] (?:and |but )?(?:not|never)| (?:and|but) (?:not|never)"
    r"|[,;]? (?:rather than|instead of|unlike))\b(?= (?:\S+ ){0,4}\S+\W*$)"
)
_EITHER = re.compile(
    r"(\w+),? (?:or|and/or|versus|vs\.?) "
    r"(?:the |a |an |dr\.? |nurse |professor |mr |mrs |ms )?(\w+)"
)
_PARTS = re.compile(r",|;|\band\b|/|\+|&")
_HARMLESS_PART = re.compile(
    r"\W*(?:with|in|of|at|as|by|for|on|from|per|to|according|because|since|due|while|which|who|not|"
    r"rather|instead|never|based|given|\d)\b"
)


_KNOWN = STOP_WORDS | {stem(w) for w in PLAIN_WORDS} | PLAIN_WORDS
_VERBS = frozenset(
    ["is", "was", "are", "were", "had", "has", "have", "remained", "gave", "got", "did", "does"]
)


def up_to_reason(text: str) -> str:
    """A clause without the reason that it gives."""
    return re.split(r",? (?:because|since|as long as|provided|and no|given|with no|as)\b", text)[0]


def says_phrase(claim: Claim) -> bool:
    """The content words of an expected phrase, together in one clause, with no rival of their
    class."""
    answer, target = claim.answer, claim.target
    if not target.phrase:
        return bool(
            target.numbers
            or target.names
            or target.labels
            or target.opening
            or target.actions
            or _offers_direction(claim)
        )
    wanted = [stem(w) for w in target.phrase]
    for clause in answer.clauses:
        spoken = stems(clause.text)
        if all(w in spoken for w in wanted) and not _phrase_denied(clause, claim):
            if is_of_another(clause, claim):
                continue
            return not class_rival(claim) and not word_options(claim)
    if len(wanted) <= 4:
        return _across_clauses(claim, wanted) and not class_rival(claim)
    spoken = stems(answer.text)
    share = sum(w in spoken for w in wanted) / len(wanted)
    return share >= 0.75 and not class_rival(claim)


def _across_clauses(claim: Claim, wanted: list[str]) -> bool:
    """Whether a short answer lists the words of a phrase in several clauses, none denied."""
    spoken = [(stem(m.group()), m) for m in re.finditer(r"[^\W_]+", claim.answer.text)]
    if len(spoken) > 2 * len(wanted) + 4 or word_options(claim) or is_negated(claim.answer.text):
        return False
    if any(is_of_another(clause, claim) for clause in claim.answer.clauses):
        return False
    return set(wanted) <= {w for w, _ in spoken} and not any(
        w in wanted and is_denied(claim.answer.text, m.start(), m.end()) for w, m in spoken
    )


def _offers_direction(claim: Claim) -> bool:
    """Whether the direction alone answers: the question offers it and its opposite."""
    axes = [DIRECTIONS[w][0] for w in claim.question.terms & DIRECTIONS.keys()]
    return any(axes.count(axis) > 1 for axis, _ in claim.target.directions)


_REASON = re.compile(r"\W*(?:because|since|due|owing)\b")


def _phrase_denied(clause: Clause, claim: Claim) -> bool:
    first = claim.target.phrase[0]
    at = clause.text.find(first[:5])
    if at < 0 or claim.target.negated:
        return False
    if _REASON.match(clause.text):  # "was not given because of X" does not deny X
        return claim.answer.text[: clause.start].endswith("not ")
    at += clause.start
    return is_denied(claim.answer.text, at, at + len(first))


def class_rival(claim: Claim) -> bool:
    """Whether another word of the class of an expected word is asserted ("left" and "right")."""
    answer, options = claim.answer, claim.options
    allowed = {w for o in options for w in words(o.whole)} | claim.question.terms
    if _finds_otherwise(claim):
        return True
    classes = {CLASSES[w] for o in options for w in o.phrase if w in CLASSES}
    if not classes:
        return False
    for w in words(answer.text):
        if w in CLASSES and CLASSES[w] in classes and w not in allowed:
            at = answer.text.find(w)
            if not is_denied(answer.text, at, at + len(w)):
                return True
    return False


def _finds_otherwise(claim: Claim) -> bool:
    """Whether an answer also reports a course that the expected one excludes ("stable disease with
    new lesions")."""
    wanted = frozenset().union(*[courses_of(o.text) for o in claim.options])
    if not wanted or courses_of(claim.question.text):
        return False
    text = claim.answer.text
    return any(
        not is_denied(text, m.start(), m.end())
        for course, found in COURSES.items()
        if course not in wanted
        for m in found.finditer(text)
        if not any(m.group() in o.whole for o in claim.options)
    )


def word_options(claim: Claim) -> bool:
    """Whether an expected word stands in "X or Y", or a short answer names another thing as
    well."""
    text = claim.answer.text
    known = {stem(w) for o in claim.options for w in words(o.whole)}
    known |= {stem(w) for w in claim.question.terms} | STOP_WORDS
    mine = {stem(w) for w in claim.target.phrase}
    for m in _EITHER.finditer(text):
        pair = {stem(m[1]), stem(m[2])}
        if pair & mine and pair - known and not is_denied(text, m.start(2), m.end(2)):
            return True
    if len(words(text)) > 6:
        return False
    known |= _KNOWN
    parts = _PARTS.split(text) if _PARTS.search(text) else []
    for i, part in enumerate(parts):
        part = _CAUSE.sub("", part) if i == 0 else part
        spoken = words(part)
        if i == 0 and mine & {stem(w) for w in spoken}:
            continue
        if _HARMLESS_PART.match(part) or any(w in ACTIONS or w in _VERBS for w in spoken):
            continue
        if any(stem(w) not in known and not w[0].isdigit() for w in spoken):
            return True
    return False


_CAUSE = re.compile(r"^\W*(?:because of|due to|owing to|for|it was|it is)\b")


def keeps_polarity(claim: Claim) -> bool:
    """A denial stays a denial and a statement a statement, in the clause that answers."""
    target = claim.target
    if target.opening or target.actions or (target.numbers and not target.negated):
        return True
    clause = best_clause(claim)
    if clause is None:
        return True
    said = is_negated(_CONTRAST.split(up_to_reason(clause.text))[0])
    if said and target.negated and (denied := _DENIED_WORD.search(target.text)):
        spoken = stems(claim.answer.text)
        return bool({stem(w) for w in denied[1].split() if w not in STOP_WORDS} & spoken)
    return said == target.negated


_DENIED_WORD = re.compile(r"\b(?:not|no|never|without) ((?:\w+ ){0,3}\w+)")


def best_clause(claim: Claim) -> Clause | None:
    """The clause of an answer that shares most words with the wording."""
    wanted = {stem(w) for w in words(claim.target.text) if w not in STOP_WORDS}
    best, most = None, 0
    for clause in claim.answer.clauses:
        overlap = len(wanted & stems(clause.text))
        if overlap > most:
            best, most = clause, overlap
    return best


def keeps_direction(claim: Claim) -> bool:
    """ "Increased" is not "decreased", "before" not "after", where the wording takes a side."""
    target = claim.target
    if not target.directions or target.compares:
        return _keeps_asked_direction(claim)
    if not _chooses_direction(claim):
        return False
    clause = best_clause(claim)
    spoken = words(clause.text if clause is not None else claim.answer.text)
    said: dict[int, set[int]] = {}
    offered = _offered(claim)
    for w in spoken:
        if w in DIRECTIONS and w not in claim.question.terms:
            axis, side = DIRECTIONS[w]
            said.setdefault(axis, set()).add(side)
    return all(
        axis not in said or side in said[axis] or len(offered.get(axis, ())) > 1
        for axis, side in target.directions
    )


_CHANGE_UP = re.compile(r"\b(?:increas\w+|rise|rose|risen|grew|grow\w*|gain\w*|longer|higher)\b")
_CHANGE_DOWN = re.compile(
    r"\b(?:decreas\w+|fell|fall\w*|declin\w+|shrank|shrink\w*|shrunk|reduc\w+|shorter|lower|fewer|"
    r"drop\w*)\b"
)


def _keeps_asked_direction(claim: Claim) -> bool:
    """Asked by how much something fell, an answer does not say that it rose."""
    if not claim.target.numbers:
        return True
    asked, text = claim.question.text.lower(), claim.answer.text
    up, down = bool(_CHANGE_UP.search(asked)), bool(_CHANGE_DOWN.search(asked))
    if up == down:
        return True
    same, opposite = (_CHANGE_UP, _CHANGE_DOWN) if up else (_CHANGE_DOWN, _CHANGE_UP)
    return same.search(text) is not None or opposite.search(text) is None


def _offered(claim: Claim) -> dict[int, set[int]]:
    """The sides that a question names, by axis."""
    offered: dict[int, set[int]] = {}
    for w in claim.question.terms & DIRECTIONS.keys():
        offered.setdefault(DIRECTIONS[w][0], set()).add(DIRECTIONS[w][1])
    return offered


def _chooses_direction(claim: Claim) -> bool:
    """Where the question offers both sides ("before or after?"), the answer takes the right one."""
    answer, target = claim.answer, claim.target
    offered = _offered(claim)
    for axis, side in target.directions:
        if len(offered.get(axis, ())) < 2:
            continue
        said = [
            (DIRECTIONS[m[0]][1], m.end())
            for m in re.finditer(r"[a-z]+", answer.text)
            if DIRECTIONS.get(m[0], (-1, 0))[0] == axis
            and not is_denied(answer.text, m.start(), m.end())
        ]
        if len({s for s, _ in said}) != 1:
            return False
        sides = _things_compared(claim)
        if len(sides) == 2:
            here = [(at, n) for n, at in answer.names if n in sides]
            subject, taken, other = relation(answer.text, here, axis)
            swapped = subject == sides[1] or other == sides[0]
            return (taken == side) != swapped
        if (turned := _turned_around(claim, axis, said[0][1])) is not None:
            return (said[0][0] == side) != turned
        if said[0][0] != side:
            return False
        wanted = _next_word(target.text, axis)
        meant = [w for w in words(answer.text[said[0][1] :]) if w not in STOP_WORDS]
        if wanted and meant and meant[0] != wanted and wanted not in meant[:2]:
            return False
    return True


def _turned_around(claim: Claim, axis: int, end: int) -> bool | None:
    """Whether an answer names the question's two sides the other way round ("radiotherapy came
    after the drain" where the drain was asked about); None where it does not name both."""
    text = claim.answer.text
    other = _next_word(claim.question.text.lower(), axis)
    other = other if other not in DIRECTIONS else ""
    before = [w for w in words(text[:end]) if w not in STOP_WORDS]
    after = [w for w in words(text[end:]) if w not in STOP_WORDS][:1]
    if not other or not after or other not in before or after[0] not in claim.question.terms:
        return None
    return after[0] != other


def _things_compared(claim: Claim) -> list[str]:
    """The named things of a question, in its order ("KT33 before or after KT34?")."""
    found = sorted((claim.question.text.lower().find(n), n) for n in claim.question.names)
    return [n for _, n in found]


def _next_word(text: str, axis: int) -> str:
    spoken = words(text)
    for i, w in enumerate(spoken):
        if DIRECTIONS.get(w, (-1, 0))[0] == axis:
            return next((x for x in spoken[i + 1 :] if x not in STOP_WORDS), "")
    return ""
