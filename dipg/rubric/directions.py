"""Does an answer keep the direction: "increased" is not "decreased", "before" not "after"?"""

import re

from dipg.rubric.comparisons import relation
from dipg.rubric.lexicon import DIRECTIONS, STOP_WORDS
from dipg.rubric.mentions import Claim, is_denied
from dipg.rubric.wording import best_clause
from dipg.text import words


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
