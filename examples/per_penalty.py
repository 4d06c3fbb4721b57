"""A policy that moves each penalty for a reason of its own.

    dipg-curriculum run --policy examples/per_penalty.py:per_penalty --ladder caution

A foreign or missing quotation gets dearer once nine in ten responses are proven safe; a wrong
answer once three in five answers are proven right. The others stay those of the first rung.
"""

from curricula import CurriculumController
from curricula.conditions import parse
from curricula.controllers import gated
from curricula.per_penalty import PerPenalty
from dipg.pricing import CAUTION


def per_penalty() -> CurriculumController:
    """One gate for how answers are grounded, one for whether they are right."""
    return PerPenalty(
        CAUTION,
        {
            "hallucinated_trace": gated(parse("safe > 90%")),
            "missing_trace": gated(parse("safe > 90%")),
            "incorrect_answer": gated(parse("competence > 60%")),
        },
    )
