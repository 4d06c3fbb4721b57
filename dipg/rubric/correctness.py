"""Does an answer state the expected value, and nothing that contradicts it?

Where a text can be read either way it is not called correct.
"""

from dipg.rubric.claims import Answer
from dipg.rubric.mentions import Claim
from dipg.rubric.named import says_labels, says_names
from dipg.rubric.numbers import says_numbers
from dipg.rubric.reading import Reading
from dipg.rubric.targets import Target
from dipg.rubric.treatments import keeps_actions
from dipg.rubric.wording import keeps_direction, keeps_polarity, opens_alike, says_phrase

CHECKS = (
    opens_alike,
    says_numbers,
    says_names,
    says_labels,
    says_phrase,
    keeps_polarity,
    keeps_direction,
    keeps_actions,
)
"""What an answer has to pass against one of the wordings."""


def states_expected(
    answer: Answer, options: tuple[Target, ...], context: Reading, question: Reading
) -> bool:
    """Whether an answer says what one of the wordings says and contradicts none of them."""
    if answer.too_long:
        return False
    return any(_states(Claim(answer, target, options, context, question)) for target in options)


def _states(claim: Claim) -> bool:
    if claim.answer.text.strip(" .\n") == claim.target.whole.strip(" .\n"):
        return True
    return all(check(claim) for check in CHECKS)
