"""Small stages for controllers: exact streams, and a curriculum over four terms."""

import functools

import numpy as np

from curricula import Curriculum, Observation, Outcomes, PenaltyConfig, PenaltyLadder, Rate, Schema
from curricula.conditions import drop
from curricula.controllers import gated
from curricula.offline.simulate import Simulator
from curricula.offline.streams import LIMITS, Stream

NAMES = ("mean", "safe", "answer", "correct", "hallucination", "competence")
FIT = {"mean": 15.0, "safe": 0.97, "answer": 0.9, "correct": 0.7, "hallucination": 0.02}
FIT |= {"competence": 0.75}


GATE = gated(resolution=0)  # the default gate, without the bounds that receipts show


def limits(names=NAMES):
    return tuple(LIMITS if n == "mean" else (0.0, 1.0) for n in names)


def exact(steps, groups=8, names=NAMES, **levels):
    """A stream of one run whose groups all stand at the given levels (a number, or one a step)."""
    hits = np.zeros((1, steps, len(names), groups), np.float32)
    trials = np.ones_like(hits)
    for m, name in enumerate(names):
        level = np.broadcast_to(np.asarray(levels.get(name, FIT.get(name, 0.5)), float), (steps,))
        low, high = limits((name,))[0]
        unknown = np.isnan(level)
        hits[0, :, m] = np.where(unknown, 0, (level - low) / (high - low))[:, None]
        trials[0, :, m] = np.where(unknown, 0, 1)[:, None]
    return Stream(names, limits(names), hits, trials)


def drive(controller, steps, rungs=3, start=None, window=8, names=NAMES, **levels):
    """Severity after each step, and the reason's phrase, on an exact stream."""
    whole = {k: _extended(v, -(-steps // 100) * 100) for k, v in levels.items()}
    simulator = _simulator(controller, names, rungs, window)
    _, done = simulator.run(exact(-(-steps // 100) * 100, names=names, **whole), start=start)
    return done.severity[0, :steps], [controller.reasons[r] for r in done.reason[0, :steps]]


@functools.cache
def _simulator(controller, names, rungs, window):
    return Simulator(controller, names, limits(names), rungs=rungs, window=window)


def _extended(levels, steps):
    """Levels for `steps` steps: streams of few lengths are compiled few times."""
    levels = np.atleast_1d(np.asarray(levels, float))
    return np.concatenate([levels, np.full(max(steps - len(levels), 0), levels[-1])])


TERMS = ("format", "right", "rest", "wrong")
SOFT = {"format": 10.0, "right": 20.0, "rest": -5.0, "wrong": -10.0}
HARD = {**SOFT, "wrong": -60.0}
OUTCOMES = Outcomes(
    right=("format", "right"),
    abstention=("format", "rest"),
    failures={"wrong": ("format", "wrong")},
)
LADDER = PenaltyLadder(
    "two", [("soft", PenaltyConfig.from_mapping(SOFT)), ("hard", PenaltyConfig.from_mapping(HARD))],
    OUTCOMES,
)  # fmt: skip
YARDSTICK = PenaltyConfig.from_mapping({"format": 10, "right": 10, "rest": -15, "wrong": -25})
SCHEMA = Schema(
    TERMS,
    ("safe", "answered", "answerable", "correct"),
    {
        "safe": Rate("safe"),
        "answer": Rate("answered", "answerable"),
        "correct": Rate("correct"),
        "competence": Rate("correct", ("answered", "answerable")),
    },
    attempt="answered",
)
GROUPS, SIZE = 8, 4
SMALL = gated(guard=drop("answer"), dwell=2, resolution=19)


@functools.cache
def curriculum(controller, **options):
    """Compiled once for all tests that ask for the same one; its state is theirs."""
    settings = {"window": 4, "limits": (-20, 20), **options}
    return Curriculum(controller, LADDER, YARDSTICK, SCHEMA, **settings)


def batch(rng, quality, answering=0.9):
    """A step's responses: right with probability `quality` where they answer."""
    rows = GROUPS * SIZE
    answered = rng.random(rows) < answering
    right = answered & (rng.random(rows) < quality)
    wrong = answered & ~right
    answerable = np.repeat(rng.random(GROUPS) < 0.7, SIZE)
    terms = np.stack([np.ones(rows), right, ~answered, wrong], 1)
    events = np.stack([~wrong, answered, answerable, right], 1)
    return Observation(terms, events, np.repeat(np.arange(GROUPS), SIZE), np.ones(rows, bool))


def trained(controller, qualities, seed=0, **options):
    """Receipts of a run whose responses are right as often as `qualities` say, step by step."""
    course, rng, receipts = curriculum(controller, **options), np.random.default_rng(seed), []
    state = course.init(GROUPS * SIZE, GROUPS)
    for quality in qualities:
        receipt, state = course.step(state, batch(rng, quality))
        receipts.append(receipt)
    return receipts, state, course
