"""Does an answer give the reason that a question asks for beside its yes or no?"""

from dipg.quantities import quantities
from dipg.rubric.concepts import concepts, units
from dipg.rubric.lexicon import LIGHT_WORDS, STOP_WORDS
from dipg.rubric.mentions import Claim
from dipg.rubric.reading import names
from dipg.text import plain


def gives_reason(claim: Claim) -> bool:
    """Whether an answer says why: the names of the reason, or one of its numbers or half of its
    words where it names nothing, and no number in the place of one of them."""
    folded = claim.target.reason
    if not folded:
        return True
    reason = plain(folded)
    spoken = concepts(claim.answer.text)
    numbers = [n for n in quantities(reason) if not claim.question.has_number(n)]
    allowed = [n for option in claim.options for n in option.allowed]
    kinds = {n.dimension for n in numbers if n.dimension}
    for said in claim.answer.numbers:
        known = claim.context.has_number(said) or claim.question.has_number(said)
        if said.dimension in kinds and not known and not any(said.same(n) for n in allowed):
            return False
    named = {n for n, _ in names(folded)} - claim.question.terms
    if named:
        return all(not concepts(n).isdisjoint(spoken) for n in named)
    if any(said.same(n) for n in numbers for said in claim.answer.numbers):
        return True
    asked = concepts(claim.question.text.lower())
    told = [u for u in units(reason) if u.said not in STOP_WORDS and u.said not in LIGHT_WORDS]
    fresh = [u.meant for u in told if u.meant.isdisjoint(asked) and not u.said[0].isdigit()]
    return 2 * sum(not unit.isdisjoint(spoken) for unit in fresh) >= max(len(fresh), 1)
