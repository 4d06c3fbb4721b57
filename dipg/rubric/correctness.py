"""Does an answer state the expected value, and nothing that contradicts it?

Where a text can be read either way it is not called correct.
"""

import re

from dipg.rubric.besides import says_besides
from dipg.rubric.choices import is_one_choice, leaves_aside
from dipg.rubric.claims import Answer, read_answer
from dipg.rubric.concepts import concepts, content, segments
from dipg.rubric.directions import keeps_direction
from dipg.rubric.lexicon import word_set
from dipg.rubric.measured import says_measured
from dipg.rubric.mentions import Claim
from dipg.rubric.named import is_no_owner, says_labels, says_names
from dipg.rubric.numbers import says_numbers
from dipg.rubric.openings import opens_alike
from dipg.rubric.pace import keeps_pace
from dipg.rubric.parts import keeps_parts
from dipg.rubric.predicates import (
    is_unqualified,
    keeps_asked_degree,
    keeps_dose,
    keeps_kin,
    keeps_variants,
    speaks_of_what_was_asked,
)
from dipg.rubric.reading import Reading
from dipg.rubric.roles import keeps_roles
from dipg.rubric.sequences import order_verdict
from dipg.rubric.statements import keeps_subjects
from dipg.rubric.subjects import is_of_another
from dipg.rubric.targets import Target
from dipg.rubric.treatments import keeps_actions
from dipg.rubric.wording import keeps_polarity, says_phrase
from dipg.text import IN_BRACKETS, words

CHECKS = (
    opens_alike,
    says_besides,
    says_measured,
    says_numbers,
    keeps_pace,
    says_names,
    says_labels,
    says_phrase,
    keeps_polarity,
    keeps_direction,
    keeps_actions,
    speaks_of_what_was_asked,
    keeps_asked_degree,
    is_unqualified,
    keeps_dose,
    keeps_variants,
    keeps_kin,
    is_no_owner,
    is_one_choice,
    leaves_aside,
    keeps_roles,
    keeps_parts,
    keeps_subjects,
)
"""What an answer has to pass against one of the wordings."""


def states_expected(
    answer: Answer, options: tuple[Target, ...], context: Reading, question: Reading
) -> bool:
    """Whether an answer says what one of the wordings says and contradicts none of them."""
    if answer.too_long or _is_unreal(answer, options, context, question):
        return False
    if any(_states(Claim(answer, target, options, context, question)) for target in options):
        return True
    rest = _without_table(answer) or _without_asides_on_others(answer, options, context, question)
    return rest is not None and states_expected(rest, options, context, question)


def _without_table(answer: Answer) -> Answer | None:
    """An answer without the table that it adds: rows of the context's values assert nothing."""
    lines = answer.text.split("\n") if "\n|" in answer.text else []
    outside = [line for line in lines if not line.lstrip().startswith("|")]
    said = "\n".join(outside)
    return read_answer(said) if lines and said.strip() else None


def _without_asides_on_others(
    answer: Answer, options: tuple[Target, ...], context: Reading, question: Reading
) -> Answer | None:
    """An answer without brackets that are on another patient or arm: "32 % (cohort 1: 18 %)"."""
    asides = IN_BRACKETS.findall(answer.text) if "(" in answer.text else None
    if not asides or not options:
        return None
    claim = Claim(answer, options[0], options, context, question)
    for aside in asides:
        read = read_answer(aside.strip("()"))
        if not read.clauses or not is_of_another(read.clauses[0], claim):
            return None
    return read_answer(IN_BRACKETS.sub(" ", answer.text))


_DENIALS = word_set("not t never no nobody none cannot hardly")
_DOUBLY_DENIED = re.compile(
    r"\b(?:not|n't|never|no|nobody|none|cannot|hardly) (?:(?!(?:and|or|nor|but)\b)\w+ ){0,3}?"
    r"(?:untrue|false|incorrect|wrong|inaccurate|impossible|unlikely|not|never|without|deny|denies|denied|excluded?|"
    r"ruled? out|doubted|disputed)\b"
)
_WISHED = word_set(
    "hoped hope hopes wished goal target aim aimed intended intention planned desired feared "
    "supposed supposedly alleged allegedly predicted anticipated"
)


_VERDICT = re.compile(r"\W*(yes|no)\b")


def _is_unreal(
    answer: Answer, options: tuple[Target, ...], context: Reading, question: Reading
) -> bool:
    """Whether an answer denies a denial, or speaks of what was wished where the vignette does
    not: both can be read either way."""
    text, spoken = answer.text, answer.spoken
    verdict = _VERDICT.match(text)
    if verdict is not None and any(o.opening == verdict[1] for o in options):
        return False  # it may say "does not exclude" after its yes
    if not _DENIALS.isdisjoint(spoken) and any(
        m.group() not in o.whole for m in _DOUBLY_DENIED.finditer(text) for o in options
    ):
        return True
    if _WISHED.isdisjoint(spoken):
        return False
    wished = {
        w
        for w in _WISHED.intersection(spoken) - context.terms - question.terms
        if any(w not in words(o.whole) for o in options)
    }
    return bool(wished) and any(
        not wished.isdisjoint(words(_OF_SO_MANY.sub("", said))) and _has_some(said, options)
        for said, _ in segments(text)
    )


def _has_some(said: str, options: tuple[Target, ...]) -> bool:
    """Whether a part of an answer says some of what is expected."""
    spoken = concepts(said)
    return any(not spoken.isdisjoint(unit) for o in options for unit in content(o.text))


_OF_SO_MANY = re.compile(r"\bof (?:the |all )?\w+ (?:planned|intended) \w+")


def _states(claim: Claim) -> bool:
    if claim.answer.text.strip(" .\n") == claim.target.whole.strip(" .\n"):
        return True
    ordered = order_verdict(claim)
    if ordered is not None:
        return ordered
    for check in CHECKS:  # noqa: SIM110, a loop begins quicker than a generator
        if not check(claim):
            return False
    return True
