"""Does an answer say the words of an expected wording, and deny what it denies?"""

import re
from functools import lru_cache

from dipg.rubric.clauses import Clause
from dipg.rubric.comparisons import asked_directions, chosen_by_comparison
from dipg.rubric.concepts import asked_kind, concepts, content, segments, shared, units
from dipg.rubric.lexicon import DIRECTIONS, STOP_WORDS
from dipg.rubric.mentions import Claim, is_denied
from dipg.rubric.otherwise import class_rival, word_options
from dipg.rubric.pace import is_only_pace
from dipg.rubric.people import asked_person
from dipg.rubric.reading import Reading
from dipg.rubric.subjects import is_of_another, said_in
from dipg.rubric.targets import Target, is_negated

_CONTRAST = re.compile(
    r"(?<=\w)(?:[,;] (?:and |but )?(?:not|never)| (?:and|but) (?:not|never)"
    r"|[,;]? (?:rather than|instead of|unlike))\b(?= (?:\S+ ){0,6}\S+\W*$)"
)


def up_to_reason(text: str) -> str:
    """A clause without the reason that it gives."""
    return _REASON_FROM.split(text, maxsplit=1)[0]


_REASON_FROM = re.compile(
    r",? (?:because|since|as long as|provided|and no|with no|as|"
    r"given (?:that|the|his|her|its|their))\b"
)


def says_phrase(claim: Claim) -> bool:
    """The content words of an expected phrase, together in one clause, with no rival of their
    class."""
    answer, target = claim.answer, claim.target
    if not target.phrase:
        return _says_what_of_names(claim) and bool(
            target.numbers
            or target.names
            or target.labels
            or target.opening
            or target.actions
            or _offers_direction(claim)
        )
    if asked_person(claim) or is_only_pace(claim):
        return True
    if target.polar:
        return not class_rival(claim)
    wanted = target.units
    compared = _compared(claim)
    if compared is not None:
        return compared
    for clause in answer.clauses:
        if _says_all(said_in(clause.text), wanted) and not _phrase_denied(clause, claim):
            if is_of_another(clause, claim):
                continue
            return not class_rival(claim) and not word_options(claim)
    if says_each(claim):
        return not class_rival(claim)
    if len(wanted) <= 4:
        return _across_clauses(claim) and not class_rival(claim)
    spoken = concepts(answer.text)
    share = sum(not spoken.isdisjoint(unit) for unit in wanted) / len(wanted)
    return share >= 0.75 and not class_rival(claim)


def _says_what_of_names(claim: Claim) -> bool:
    """Whether most of what a reason says of a name is said of it, where a question asks why."""
    target = claim.target
    if not target.names or target.numbers or not _asks_why(claim.question):
        return True
    known = frozenset().union(*content(claim.question.text.lower()), *map(concepts, target.names))
    fresh = [unit for unit in content(target.text) if unit.isdisjoint(known)]
    return not fresh or 2 * shared(concepts(claim.answer.text), tuple(fresh)) > len(fresh)


@lru_cache(maxsize=4096)
def _asks_why(question: Reading) -> bool:
    return _ASKS_WHY.search(question.text) is not None


_ASKS_WHY = re.compile(r"\b[Ww]hy\b|\breasons?\b|\bhow (?:did|does|do)\b|[Ww]hat happened")


def says_each(claim: Claim) -> bool:
    """Whether an answer says each part of a wording of several, and denies what that denies
    ("it improved symptoms but did not prolong survival")."""
    told = _told_and_denied(claim.target)
    if not told:
        return False
    said = [(concepts(p), is_negated(p)) for p, _ in segments(claim.answer.text)]
    return all(
        {denies for spoken, denies in said if not spoken.isdisjoint(meant)} == {denied}
        for meant, denied in told
    )


@lru_cache(maxsize=4096)
def _told_and_denied(target: Target) -> tuple[tuple[frozenset[str], bool], ...]:
    """What a wording says, each with whether it is denied; nothing, where all or none is."""
    told = tuple(
        (unit.meant, is_negated(piece))
        for piece, _ in segments(target.text)
        for unit in units(piece)
        if unit.meant in target.units
    )
    return told if len({denied for _, denied in told}) == 2 else ()


def _says_all(spoken: frozenset[str], wanted: tuple[frozenset[str], ...]) -> bool:
    return not any(spoken.isdisjoint(unit) for unit in wanted)


def _compared(claim: Claim) -> bool | None:
    """Whether a comparison comes out for what is expected ("the others lived shorter than")."""
    wanted, text = claim.target.units, claim.answer.text
    if not asked_directions(claim.question)[0] or len(wanted) > 2:
        return None
    head = asked_kind(claim.question.text.lower())
    spots, before = [], frozenset[str]()
    for unit in units(text):
        if not unit.meant.isdisjoint(wanted[0]):
            spots.append((unit.start, True))
        elif not unit.meant.isdisjoint(head) and before and before.isdisjoint(wanted[0]):
            spots.append((unit.start, False))
        before = unit.meant if unit.said not in STOP_WORDS else frozenset()
    return chosen_by_comparison(text, claim.answer.clauses, spots, claim.question)


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


def keeps_polarity(claim: Claim) -> bool:
    """A denial stays a denial and a statement a statement, in the clause that answers."""
    target = claim.target
    if target.opening or target.actions or (target.numbers and not target.negated):
        return True
    clause = best_clause(claim)
    if clause is None:
        return True
    if says_each(claim):
        return True
    piece = _piece_with(claim, clause.text)
    said = is_negated(_CONTRAST.split(up_to_reason(piece))[0])
    said = said or (target.negated and is_negated(piece))
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
    wanted = _words_wanted(claim.target)
    best, most = None, 0
    for clause in claim.answer.clauses if wanted else ():
        overlap = shared(said_in(clause.text), wanted)
        if overlap > most:
            best, most = clause, overlap
    return best


@lru_cache(maxsize=4096)
def _words_wanted(target: Target) -> tuple[frozenset[str], ...]:
    return tuple(u.meant for u in units(target.text) if u.said not in STOP_WORDS)
