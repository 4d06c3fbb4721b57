"""Does an answer say an expected wording: its words, its polarity, its direction?"""

import re

from dipg.rubric.choices import allowed_words
from dipg.rubric.clauses import Clause
from dipg.rubric.comparisons import relation
from dipg.rubric.concepts import OPPOSITES, concepts, concepts_of, root, segments, units
from dipg.rubric.lexicon import (
    ACTIONS,
    CLASSES,
    COURSES,
    DIRECTIONS,
    PLAIN_WORDS,
    STOP_WORDS,
    courses_of,
    word_set,
)
from dipg.rubric.mentions import Claim, is_denied, is_of_another
from dipg.rubric.people import asked_person
from dipg.rubric.targets import is_negated
from dipg.text import words

_CONTRAST = re.compile(
    r"(?<=\w)(?:[,;] (?:and |but )?(?:not|never)| (?:and|but) (?:not|never)"
    r"|[,;]? (?:rather than|instead of|unlike))\b(?= (?:\S+ ){0,4}\S+\W*$)"
)
_PARTS = re.compile(r",|;|\band\b|/|\+|&")
_HARMLESS_PART = re.compile(
    r"\W*(?:with|in|of|at|as|by|for|on|from|per|to|according|because|since|due|while|which|who|not|"
    r"rather|instead|never|based|given|\d)\b"
)


_PEOPLE = word_set("mother father nurse doctor professor boy girl man woman parents")
_KNOWN = frozenset(map(root, (STOP_WORDS | PLAIN_WORDS) - _PEOPLE))
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
    if asked_person(claim):
        return True
    if target.polar:
        return not class_rival(claim)
    wanted = target.units
    for clause in answer.clauses:
        if _says_all(concepts(clause.text), wanted) and not _phrase_denied(clause, claim):
            if is_of_another(clause, claim):
                continue
            return not class_rival(claim) and not word_options(claim)
    if len(wanted) <= 4:
        return _across_clauses(claim) and not class_rival(claim)
    spoken = concepts(answer.text)
    share = sum(not spoken.isdisjoint(unit) for unit in wanted) / len(wanted)
    return share >= 0.75 and not class_rival(claim)


def _says_all(spoken: frozenset[str], wanted: tuple[frozenset[str], ...]) -> bool:
    return not any(spoken.isdisjoint(unit) for unit in wanted)


def _across_clauses(claim: Claim) -> bool:
    """Whether a short answer lists the words of a phrase in several clauses, none denied."""
    text, wanted = claim.answer.text, claim.target.units
    spoken = units(text)
    content = [u for u in spoken if u.said not in STOP_WORDS]
    if len(content) > 2 * len(wanted) + 4 or word_options(claim) or is_negated(text):
        return False
    if any(is_of_another(clause, claim) for clause in claim.answer.clauses):
        return False
    meant = frozenset().union(*wanted)
    return _says_all(concepts(text), wanted) and not any(
        not unit.meant.isdisjoint(meant) and is_denied(text, unit.start, unit.end)
        for unit in spoken
    )


def _offers_direction(claim: Claim) -> bool:
    """Whether the direction alone answers: the question offers it and its opposite."""
    axes = [DIRECTIONS[w][0] for w in claim.question.terms & DIRECTIONS.keys()]
    return any(axes.count(axis) > 1 for axis, _ in claim.target.directions)


_REASON = re.compile(r"\W*(?:because|since|due|owing)\b")


def _phrase_denied(clause: Clause, claim: Claim) -> bool:
    first = claim.target.units[0]
    spot = next((u for u in units(clause.text) if not first.isdisjoint(u.meant)), None)
    if spot is None or claim.target.negated:
        return False
    if _REASON.match(clause.text):  # "was not given because of X" does not deny X
        return claim.answer.text[: clause.start].endswith("not ")
    if _LOSS.search(claim.question.text.lower()) and _WITHOUT.search(clause.text, 0, spot.start):
        return False
    start = clause.start + spot.start
    return is_denied(claim.answer.text, start, clause.start + spot.end)


_LOSS = re.compile(r"\b(?:loss|lack|absence|without|missing|lost|deletion|knock-?out)\b")
_WITHOUT = re.compile(r"\b(?:without|lacking|no|not having) (?:\w+ )?$")


def class_rival(claim: Claim) -> bool:
    """Whether another word of the class of an expected word is asserted ("left" and "right")."""
    answer, options = claim.answer, claim.options
    allowed = allowed_words(options) | claim.question.terms
    if _finds_otherwise(claim):
        return True
    classes = {CLASSES[w] for o in options for w in o.phrase if w in CLASSES}
    if not classes:
        return False
    meant = frozenset().union(*map(concepts_of, allowed))
    for w in words(answer.text):
        if w in CLASSES and CLASSES[w] in classes and concepts_of(w).isdisjoint(meant):
            at = answer.text.find(w)
            if not is_denied(answer.text, at, at + len(w)) and not _is_opposed(at, claim):
                return True
    return False


def _is_opposed(at: int, claim: Claim) -> bool:
    """Whether what stands there is said of the opposite of what was asked ("lost on the left,
    preserved on the right")."""
    text = claim.answer.text
    piece = next((p for p, start in segments(text) if start <= at < start + len(p)), "")
    asked, spoken = concepts(claim.question.text.lower()), concepts(piece)
    return any(c in OPPOSITES and c not in asked and OPPOSITES[c] in asked for c in spoken)


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
    """Whether a short answer names another thing as well ("the pons and the thalamus")."""
    text = claim.answer.text
    if len(words(text)) > 6 or not _PARTS.search(text):
        return False
    known = set().union(*map(concepts_of, allowed_words(claim.options)), _KNOWN)
    known |= {root(w) for w in claim.question.terms}
    mine = frozenset().union(*claim.target.units)
    for i, part in enumerate(_PARTS.split(text)):
        part = _CAUSE.sub("", part) if i == 0 else part
        said = [u for u in units(part) if u.said not in STOP_WORDS]
        if i == 0 and any(not u.meant.isdisjoint(mine) for u in said):
            continue
        if _HARMLESS_PART.match(part) or any(w in ACTIONS or w in _VERBS for w in words(part)):
            continue
        if any(u.meant.isdisjoint(known) and not u.said[0].isdigit() for u in said):
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
    said = is_negated(_CONTRAST.split(up_to_reason(_piece_with(claim, clause.text)))[0])
    if said and target.negated and (denied := _DENIED_WORD.search(target.text)):
        spoken = concepts(claim.answer.text)
        return any(
            not spoken.isdisjoint(u.meant) for u in units(denied[1]) if u.said not in STOP_WORDS
        )
    return said == target.negated


def _piece_with(claim: Claim, clause: str) -> str:
    """The part of a clause that says all of a short wording: others may deny what they will."""
    wanted = claim.target.units
    if claim.target.negated or not 0 < len(wanted) <= 2:
        return clause
    pieces = [p for p, _ in segments(clause) if _says_all(concepts(p), wanted)]
    return pieces[0] if pieces else clause


_DENIED_WORD = re.compile(r"\b(?:not|no|never|without) ((?:\w+ ){0,3}\w+)")


def best_clause(claim: Claim) -> Clause | None:
    """The clause of an answer that shares most words with the wording."""
    wanted = [u.meant for u in units(claim.target.text) if u.said not in STOP_WORDS]
    best, most = None, 0
    for clause in claim.answer.clauses:
        spoken = concepts(clause.text)
        overlap = sum(not spoken.isdisjoint(unit) for unit in wanted)
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
