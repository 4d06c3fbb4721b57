"""Does an answer do to each treatment what was expected: start, hold, stop, resume, reduce?"""

import re
from functools import lru_cache

from dipg.rubric.actions import actions_of, with_companions
from dipg.rubric.concepts import concepts
from dipg.rubric.lexicon import ACTIONS, CLASHES
from dipg.rubric.mentions import Claim
from dipg.rubric.reading import Reading
from dipg.rubric.targets import is_negated
from dipg.text import words


def keeps_actions(claim: Claim) -> bool:
    """What is to be done to a treatment is what the answer does to it."""
    target = claim.target
    if not target.actions:
        if target.opening:
            return True
        others = [o for o in claim.options if o.actions and not target.numbers]
        if others and _acts(claim):
            return any(keeps_actions(claim._replace(target=o)) for o in others)
        return _keeps_asked_action(claim)
    wanted: dict[str, set[str]] = {}
    for name, action in target.actions:
        wanted.setdefault(name, set()).add(action)
    text, asked_text = claim.answer.text, claim.question.text.lower()
    named = with_companions(claim.answer.names, text, asked_text)
    said = actions_of(text, named)
    if not any("stop" in actions for actions in wanted.values()):
        said = _with_interruptions(said)
    said += _affirmed(claim)
    asked = claim.question.terms
    resumed = {name for name, action in said if action == "resume" and "resumed" in asked}
    for name, action in said:
        if action == "hold" and resumed & {name}:
            continue  # what is asked to be resumed has been held
        mine = wanted.get(name) or (wanted.get("") if name in ("", *asked) else None)
        if not name and len(wanted) == 1:
            (mine,) = wanted.values()
        whole = {a for o in claim.options for n, a in o.actions if n in (name, "") or not name}
        if not name:
            whole |= {ACTIONS[w] for o in claim.options for w in words(o.whole) if w in ACTIONS}
        if mine and action not in mine | whole and any(action in CLASHES[w] for w in mine):
            return False
    for name, actions in wanted.items():
        if name and name not in claim.question.terms and actions <= {"start"}:
            continue  # "which drug?" may be answered by its name alone
        meant = {"", name} if name else {"", *claim.question.terms}
        if not any(a in actions and n in meant for n, a in said):
            return not said and _says_as_noun(claim, actions, meant)
    return True


def _with_interruptions(said: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """What is stopped and resumed is held."""
    resumed = {name for name, action in said if action == "resume"}
    return [
        (name, "hold" if action == "stop" and resumed & {name, ""} else action)
        for name, action in said
    ]


def _affirmed(claim: Claim) -> list[tuple[str, str]]:
    """What a "yes" says of the treatments that the question asks about."""
    if claim.target.opening != "yes" or not _YES.match(claim.answer.text):
        return []
    asked = claim.question.text.lower()
    named = [(name, asked.find(name)) for name in claim.question.names]
    return actions_of(asked, sorted(named, key=lambda n: n[1]))


_YES = re.compile(r"\W*yes\b")
_IN_PASSING = re.compile(
    r"(?:(?:^|,? )(?:after|because|since|following|despite|before|once)|,? (?:when|while))\b"
    r"[^,?.;]*"
)


def _says_as_noun(claim: Claim, actions: set[str], meant: set[str]) -> bool:
    """Whether an answer names what is done without a verb of its own ("discontinuation")."""
    told = {name for name, _ in claim.answer.names}
    spoken = concepts(claim.answer.text)
    return (
        any(f"~{action}" in spoken for action in actions)
        and not any(f"~{clash}" in spoken for a in actions for clash in CLASHES[a])
        and told <= meant
        and not is_negated(claim.answer.text)
    )


def _acts(claim: Claim) -> bool:
    """Whether an answer does something to a treatment that it names."""
    return any(name for name, _ in actions_of(claim.answer.text, claim.answer.names))


def _keeps_asked_action(claim: Claim) -> bool:
    """Asked when something was stopped, an answer does not say when it was started."""
    asked = _done_asked(claim.question)
    said = _done(claim.answer.text) if asked else frozenset()
    if not said or asked & said:
        return True
    return not any(said & CLASHES[action] for action in asked)


@lru_cache(maxsize=4096)
def _done_asked(question: Reading) -> frozenset[str]:
    return _done(question.text.lower())


def _done(text: str) -> frozenset[str]:
    """The actions of a text, but for what it mentions in passing."""
    if ACTIONS.keys().isdisjoint(words(text)):
        return frozenset()
    return frozenset([ACTIONS[w] for w in words(_IN_PASSING.sub(" ", text)) if w in ACTIONS])
