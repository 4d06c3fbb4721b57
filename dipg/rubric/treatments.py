"""Does an answer do to each treatment what was expected: start, hold, stop, resume, reduce?"""

from dipg.rubric.lexicon import CLASHES
from dipg.rubric.mentions import Claim
from dipg.rubric.targets import actions_of


def keeps_actions(claim: Claim) -> bool:
    """What is to be done to a treatment is what the answer does to it."""
    target = claim.target
    if not target.actions:
        return True
    wanted: dict[str, set[str]] = {}
    for name, action in target.actions:
        wanted.setdefault(name, set()).add(action)
    said = actions_of(claim.answer.text, claim.answer.names)
    asked = claim.question.terms
    whole = {a for o in claim.options for _, a in o.actions}
    for name, action in said:
        mine = wanted.get(name) or (wanted.get("") if name in ("", *asked) else None)
        if not name and len(wanted) == 1:
            (mine,) = wanted.values()
        if mine and action not in mine | whole and any(action in CLASHES[w] for w in mine):
            return False
    for name, actions in wanted.items():
        if name and name not in claim.question.terms and actions <= {"start"}:
            continue  # "which drug?" may be answered by its name alone
        meant = {"", name} if name else {"", *claim.question.terms}
        if not any(a in actions and n in meant for n, a in said):
            return False
    return True
