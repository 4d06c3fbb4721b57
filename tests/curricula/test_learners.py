"""A learner of one's own, compared like any other."""

import numpy as np
import pytest

from curricula import Curriculum, Observation, Rate, Schema
from curricula.controllers import blocks
from curricula.offline.benchmark import Results
from curricula.offline.learners import LearnerError, run_learner
from curricula.offline.surrogate import FIGURES
from tests.curricula.lab import LADDER, SCHEMA, TERMS, YARDSTICK

EVENTS = ("safe", "answered", "answerable", "correct", "hallucinated")
OURS = Schema(TERMS, EVENTS, {"safe": Rate("safe"), "answer": Rate("answered", "answerable")})


class Shy:
    """Answers half of the prompts while wrong answers are cheap, and none once they are dear."""

    def start(self, seed):
        return np.random.default_rng(seed)

    def step(self, rng, prices, step):
        bold = float(prices["wrong"]) > -50
        answered = (np.arange(8) < 4) & bold
        right = answered & (np.arange(8) < 2)
        terms = np.stack([np.ones(8), right, ~answered, answered & ~right], 1)
        events = np.stack([~answered | right, answered, np.ones(8), right, answered & ~right], 1)
        return Observation.build(OURS, terms, events, np.repeat([0, 1], 4)), rng


def course(controller, schema=OURS):
    return Curriculum(controller, LADDER, YARDSTICK, schema, window=4, limits=(-20, 20))


def test_a_learner_of_two_functions_is_run_under_a_curriculum():
    done = run_learner(Shy(), course(blocks((0.0, 1.0), 10)), seeds=[0, 1], steps=20, points=4)
    assert done.steps.tolist() == [0, 5, 10, 15, 20]
    assert done.severity.tolist() == [[0, 0, 1, 1, 1]] * 2
    figures = dict(zip(FIGURES, np.moveaxis(done.figures, -1, 0)))
    assert figures["answer"][0].tolist() == [0.5, 0.5, 0.5, 0, 0]
    assert figures["answered_correctly_and_safely"][0].tolist() == [0.25, 0.25, 0.25, 0, 0]
    # Two right (20), two wrong (-15), four resting (-5); once it is shy, eight resting.
    assert figures["mean"][0].tolist() == [-1.25, -1.25, -1.25, -5, -5]
    assert done.moves.tolist() == [[1, 0]] * 2
    assert done.first.tolist() == [10, 10]
    assert done.earned.tolist() == pytest.approx([(-1.25 - 5) / 2] * 2)


def test_its_sweeps_are_compared_like_any_others():
    still, moving = (
        {"mine": run_learner(Shy(), course(rule), range(4), 20, 4)}
        for rule in (blocks((0.0,), 1), blocks((0.0, 1.0), 10))
    )
    results = Results({"still": still, "moving": moving}, still, range(4))
    versus = results.versus()[0]
    assert versus.difference.value == pytest.approx(-0.25)
    assert versus.verdict(0.01) == "worse"
    assert results.row("moving").collapse.value == 1.0


def test_a_schema_without_the_events_is_refused():
    with pytest.raises(LearnerError, match="the schema has no event 'hallucinated'"):
        run_learner(Shy(), course(blocks((0.0,), 1), SCHEMA), [0], 4)
