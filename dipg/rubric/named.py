"""Does an answer name the expected drugs, genes, people and arms, and no others in their place?"""

import itertools
import re

from dipg.rubric.claims import labels_in
from dipg.rubric.comparisons import Spot, chosen_by_comparison
from dipg.rubric.labels import label_spots
from dipg.rubric.mentions import (
    Claim,
    is_compared,
    is_denied,
)
from dipg.rubric.otherwise import word_options
from dipg.rubric.people import asked_person, names_person
from dipg.rubric.statements import leads
from dipg.rubric.subjects import is_at_another
from dipg.rubric.targets import is_negated
from dipg.rubric.wording import up_to_reason
from dipg.text import sentences, words

_CONNECTOR = re.compile(
    r"^ ?(?:,|/|\+|&|,? ?(?:and|or|plus|and/or|as well as|(?:together |along |combined )?with|"
    r"alongside)) ?"
    r"(?:(?:the|a|an|also|then|later|dr|nurse|patient|possibly|perhaps|maybe|both|oral|weekly|daily)"
    r"\.? ){0,2}$"
)
_OR_CONNECTOR = re.compile(r"^,? (?:or|and/or) (?:\w+ ){0,2}?$")


def says_names(claim: Claim) -> bool:
    """Every expected name is mentioned, not denied, not one of a list, in the right order."""
    answer, target = claim.answer, claim.target
    if person := asked_person(claim):
        return names_person(claim, person)
    if not target.names:
        return True
    if target.chooses:
        return _chooses(claim)
    positions = []
    for name in target.names:
        hits = [at for n, at in answer.names if n == name] or _find_word(answer.text, name)
        hits = [at for at in hits if not is_denied(answer.text, at, at + len(name))]
        hits = [at for at in hits if not is_at_another(at, claim)]
        if not hits:
            return False
        positions.append(min(hits))
    if len(positions) > 1 and _are_alternatives(claim):
        return False
    allowed = {n for option in claim.options for n in option.names} | claim.question.terms
    allowed |= {n for option in claim.options for n in words(option.whole)}
    allowed -= _ruled_out(claim)
    if _lists_others(claim, allowed) or _leaves_open(claim, allowed):
        return False
    alone = len(target.names) == 1 and target.names[0] in words(answer.text)
    return not (alone and word_options(claim))


def _ruled_out(claim: Claim) -> set[str]:
    """What the wordings say is not meant ("Y is not suitable")."""
    mine = set(claim.target.names)
    said = [up_to_reason(s) for o in claim.options for s in sentences(o.whole)]
    told = [{*words(s)} for s in said if is_negated(s)]
    return set().union(*[spoken for spoken in told if mine.isdisjoint(spoken)])


def _leaves_open(claim: Claim, allowed: frozenset[str] | set[str]) -> bool:
    """Whether an expected name stands with another in "either X at 3 mg or Y at 5 mg" or "both X
    and Y"."""
    found = _EITHER.search(claim.answer.text)
    if found is None:
        return False
    here = {n for n, at in claim.answer.names if found.start() <= at < found.end()}
    return bool(here & set(claim.target.names)) and not here <= set(claim.target.names) | allowed


_EITHER = re.compile(r"\beither\b[^.;]{1,160}\bor\b[^.;]{1,40}|[^.;]{1,80}\bboth\b")


def is_no_owner(claim: Claim) -> bool:
    """Whoever is "Dr Haddad's colleague" is not Dr Haddad."""
    target, text = claim.target, claim.answer.text
    if "'" not in text:
        return True
    spoken = words(target.text)
    if not spoken or len(spoken) > 3 or not spoken[-1].isalpha():
        return True
    ends = [m.end() for m in re.finditer(rf"\b{spoken[-1]}\b", text)]
    return not ends or not all(_OWNS.match(text, end) for end in ends)


_OWNS = re.compile(r"'s? (?!is\b|was\b|the\b|it\b|not\b)[a-z]")


def _are_alternatives(claim: Claim) -> bool:
    """Whether several expected names stand as "X or Y"."""
    spots = [(at, n) for n, at in claim.answer.names if n in claim.target.names]
    return " or " not in claim.target.text and any(
        _OR_CONNECTOR.match(claim.answer.text[at + len(n) : next_at])
        for (at, n), (next_at, _) in itertools.pairwise(sorted(spots))
    )


def _chooses(claim: Claim) -> bool:
    """Whether an answer chooses the expected one of several that the question offers."""
    answer, target = claim.answer, claim.target
    spots: list[Spot] = [
        (at, n in target.names)
        for n, at in answer.names
        if n in target.names or n in target.chooses
    ]
    mine = [at for at, good in spots if good]
    others = [at for at, good in spots if not good]
    verdict = chosen_by_comparison(answer.text, answer.clauses, spots, claim.question)
    if verdict is not None:
        return verdict
    if not mine:
        return False
    size = len(target.names[0])
    if not any(not is_denied(answer.text, at, at + size) for at in mine):
        return False
    return all(is_compared(answer.text, at) for at in others) or leads(claim, spots)


def _find_word(text: str, name: str) -> list[int]:
    return [m.start() for m in re.finditer(rf"\b{re.escape(name)}\b", text.replace("-", ""))][:4]


def _lists_others(claim: Claim, allowed: frozenset[str] | set[str]) -> bool:
    """Whether an expected name stands in a list with another ("vincristine and cisplatin")."""
    text = claim.answer.text
    spots = sorted((at, n) for n, at in claim.answer.names)
    mine = set(claim.target.names)
    for (at, name), (next_at, other) in itertools.pairwise(spots):
        pair = {name, other}
        if len(pair & mine) != 1 or next(iter(pair - mine), "") in allowed:
            continue
        gap = text[at + len(name) : next_at]
        if len(gap) < 24 and _CONNECTOR.match(gap) and not is_denied(text, next_at, next_at):
            return True
    return False


def says_labels(claim: Claim) -> bool:
    """ "Arm B" where arm B is expected, and not arm A as well."""
    answer, target = claim.answer, claim.target
    if not target.labels:
        return True
    spots = label_spots(answer.text)
    for kind, label in target.labels:
        same = [(at, v) for at, (k, v) in spots if k == kind]
        if not same and re.fullmatch(rf"\W*{re.escape(label)}\W*", answer.text):
            continue
        verdict = chosen_by_comparison(
            answer.text, answer.clauses, [(at, v == label) for at, v in same], claim.question
        )
        if verdict is not None:
            if verdict:
                continue
            return False
        if not _is_meant(claim, same, kind, label):
            return False
    return True


_SO = re.compile(r"\b(?:so|hence|thus|therefore) (?:it is |it was |in )?$")


def _is_meant(claim: Claim, same: list[tuple[int, str]], kind: str, label: str) -> bool:
    text = claim.answer.text
    if not any(v == label and not is_denied(text, at, at + 8) for at, v in same):
        return False
    allowed = {v for o in claim.options for k, v in o.labels if k == kind}
    if f"{kind} {label}" not in text and f"{kind}s {label}" in text:  # "patients 2 and 3"
        listed = {v for k, v in labels_in(text) if k == kind}
        if not listed <= allowed | {label}:
            return False
    others = [at for at, v in same if v != label and v not in allowed]
    last, meant = same[-1]
    if meant == label and _SO.search(text, 0, last):
        return True
    return all(is_compared(text, at, 40) for at in others) or leads(
        claim, [(at, v == label) for at, v in same]
    )
