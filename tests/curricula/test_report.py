"""The report's four evaluations, through the statistics and through the gate."""

import json
from pathlib import Path

import numpy as np
import pytest

from curricula import Curriculum, Observation, PenaltyConfig, PenaltyLadder, Rate, Schema
from curricula.conditions import drop
from curricula.controllers import gated, gated_point

DATA = json.loads((Path(__file__).parent / "data" / "report_evaluations.json").read_text())
# Each reward of the evaluation list is one outcome; see the report's price list.
OUTCOMES = {"right_abstention": 36.0, "grounded_but_wrong": 1.0, "no_proof": -5.0}
OUTCOMES |= {"foreign_proof": -15.0}
RATES = ("safe", "hallucination", "refusal", "consistency")
SCHEMA = Schema(tuple(OUTCOMES), RATES, {rate: Rate(rate) for rate in RATES})
YARDSTICK = PenaltyConfig.from_mapping(OUTCOMES)
LADDER = PenaltyLadder("one", [("soft", YARDSTICK), ("medium", YARDSTICK * 2)])

TABLE = {  # mean, median, std, min, max, range; safe, hallucination, refusal, consistency
    # The report prints block 3's 6.18 as block 1's standard deviation; it is 7.61.
    "grpo_300": (-1.66, 1.0, 7.61, -15.0, 36.0, 51.0, 0.64, 0.12, 0.00, 0.64),
    "grpo_600": (-2.08, 1.0, 5.66, -15.0, 1.0, 16.0, 0.72, 0.14, 0.02, 0.70),
    "grpo_900": (0.58, 1.0, 6.18, -15.0, 36.0, 51.0, 0.88, 0.04, 0.00, 0.88),
    "grpo_1200": (0.12, 1.0, 9.10, -15.0, 36.0, 51.0, 0.82, 0.12, 0.02, 0.80),
}


def evaluation(name):
    rewards = np.asarray(DATA[name]["rewards"])
    terms = (rewards[:, None] == np.asarray(list(OUTCOMES.values()))).astype(float)
    events = np.stack([DATA[name][rate] for rate in RATES], axis=1)
    return Observation(terms, events, np.arange(50), np.ones(50, bool))


def course(controller):
    return Curriculum(controller, LADDER, YARDSTICK, SCHEMA, window=1, limits=(-50, 36))


@pytest.fixture(scope="module")
def decided():
    """Receipts and summaries of both rules, looking at the evaluations in turn."""
    found = {}
    for name, rule in (("gated", gated(guard=drop("safe", 0.85))), ("gated-point", gated_point())):
        curriculum = course(rule)
        state, rows = curriculum.init(50), []
        for key in TABLE:
            receipt, state = curriculum.step(state, evaluation(key))
            rows.append((receipt, curriculum.describe(state), curriculum.summary(state)))
        found[name] = dict(zip(TABLE, rows))
    return found


@pytest.mark.parametrize("name", TABLE)
def test_the_statistics_give_the_reports_table(decided, name):
    _, described, summary = decided["gated"][name]
    figures = [described.mean, described.median, described.std, described.minimum]
    figures += [described.maximum, described.range]
    figures += [summary[rate].value for rate in RATES]
    np.testing.assert_allclose(np.round(np.asarray(figures, float), 2), TABLE[name], atol=1e-6)
    assert summary["mean"].n_responses == 50


@pytest.mark.parametrize("rule", ["gated", "gated-point"])
def test_neither_rule_would_have_escalated(decided, rule):
    for name, (receipt, _, _) in decided[rule].items():
        assert not receipt.moved, f"{rule} after {name}"
        assert receipt.rung_to == "soft"
    mean = decided[rule]["grpo_300"][0].clauses[0]
    assert mean.value == pytest.approx(-1.66, abs=1e-6)
    assert mean.verdict == {"gated": "inconclusive", "gated-point": "fail"}[rule]


def test_what_the_gate_says_of_block_three(decided):
    receipt = decided["gated"]["grpo_900"][0]
    assert receipt.sentence.startswith(
        "held at soft (the evidence is missing): mean 0.58, at least"
    )
    safe = receipt.clauses[1]
    assert safe.value == pytest.approx(0.88)
    assert safe.verdict != "pass"
