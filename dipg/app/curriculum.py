"""The curriculum of a run: the configured controller on its ladder, over the facts of DIPG."""

from __future__ import annotations

from curricula import Curriculum, Rate, Schema
from curricula.conditions import parse
from curricula.hand import Hand
from curricula.receipts import Receipt
from dipg.app.config import RunConfig
from dipg.app.metrics import METRICS, RATES
from dipg.app.policies import controller_from_name
from dipg.pricing import EVALUATION, LADDERS, LIMITS, TERMS
from dipg.rubric import EVENTS

SCHEMA = Schema(
    terms=TERMS,
    events=EVENTS,
    rates={name: Rate(event, given) for name, (event, given) in RATES.items()},
    attempt="answered",
)


def curriculum_of(config: RunConfig) -> Curriculum:
    """The configured controller on its ladder. Raises ValueError where the parts do not fit."""
    chosen = config.curriculum
    ladder = LADDERS[chosen.ladder]
    controller = controller_from_name(
        chosen.policy,
        when=parse(chosen.when, METRICS),
        ladder=ladder,
        total_steps=config.steps,
        block_steps=chosen.block_steps,
    )
    return Curriculum(
        Hand(controller),
        ladder,
        EVALUATION,
        SCHEMA,
        window=chosen.window,
        limits=LIMITS,
        start=chosen.start,
    )


def is_regression(receipt: Receipt) -> bool:
    """Whether a decision went back on evidence, rather than by a schedule or a person's hand."""
    return receipt.severity_to < receipt.severity_from and receipt.reason.startswith("demoted")
