"""Schedules compared on a learner of one's own: anything that can train a step at given prices."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from curricula.curriculum import Curriculum
from curricula.observations import Observation, Schema
from curricula.offline.surrogate import FIGURES
from curricula.offline.sweep import Sweep
from curricula.penalties import PenaltyConfig

__all__ = ["Learner", "LearnerError", "run_learner"]

NEEDED = ("answerable", "answered", "correct", "safe", "hallucinated")


class LearnerError(ValueError):
    """A learner that cannot be compared; the message says what it lacks."""


class Learner(Protocol):
    """Two functions::

    class Mine:
        def start(self, seed):
            return make_model(seed)

        def step(self, model, prices, step):
            terms, events, groups = sample_and_score(model)
            model = train(model, prices.rewards(terms))
            return Observation.build(SCHEMA, terms, events, groups), model
    """

    def start(self, seed: int) -> Any:
        """The learner of a seed before training; the same seed, the same learner."""

    def step(self, state: Any, prices: PenaltyConfig, step: int) -> tuple[Observation, Any]:
        """One training step, from 1, at these prices: what happened, and the learner after it."""


def run_learner(
    learner: Learner, course: Curriculum, seeds: Any, steps: int, points: int = 30
) -> Sweep:
    """Train every seed under a curriculum, one after the other.

    The figures of a look are those of the responses since the look before, sampled, not exact; the
    first look, before training, repeats the second. ``competence`` is NaN where nothing was tried.

    Args:
      learner: trains. course: decides; its schema needs the events :data:`NEEDED`.
      seeds: ``[N]``. steps, points: as in :meth:`curricula.offline.sweep.Stage.run`.

    Raises:
      LearnerError: the schema lacks an event that the figures are made of.
    """
    missing = [name for name in NEEDED if name not in course.schema.events]
    if missing:
        known = ", ".join(course.schema.events) or "none"
        raise LearnerError(f"the schema has no event {missing[0]!r}; its events: {known}")
    points = min(points, steps)
    every = steps // points
    runs = [_one(learner, course, int(seed), points, every) for seed in seeds]
    figures, severity, earned, moves, first = (np.stack(x) for x in zip(*runs))
    at = np.arange(points + 1) * every
    return Sweep(figures, None, severity, at, earned, moves, first)


def _one(learner: Learner, course: Curriculum, seed: int, points: int, every: int) -> tuple:
    state, held = learner.start(seed), None
    looks, severities, earned, moves, first = [], [course.start], [], [0, 0], 0
    seen: list[Observation] = []
    for step in range(1, points * every + 1):
        prices = PenaltyConfig(course.ladder.names, course.ladder.at(course.start).weights)
        if held is not None:
            prices = course.penalties(held)
        observation, state = learner.step(state, prices, step)
        if held is None:
            held = course.init(len(observation.mask), len(np.unique(observation.groups)))
        receipt, held = course.step(held, observation)
        before, after = int(receipt.severity_from + 1e-6), int(receipt.severity_to + 1e-6)
        moves[0] += after > before
        moves[1] += after < before
        first = step if after > before and first == 0 else first
        seen.append(observation)
        if step % every == 0:
            looks.append(sampled_figures(course.schema, course.yardstick, seen))
            severities.append(receipt.severity_to)
            earned += [look_mean(course.yardstick, o) for o in seen]
            seen = []
    figures = np.stack([looks[0], *looks])
    return figures, np.asarray(severities), np.nanmean(earned), np.asarray(moves), np.asarray(first)


def look_mean(yardstick: PenaltyConfig, observation: Observation) -> float:
    """Mean yardstick reward of a step's responses."""
    mask = np.asarray(observation.mask, bool)
    return float(np.nanmean(yardstick.rewards(np.asarray(observation.terms))[mask]))


def sampled_figures(
    schema: Schema, yardstick: PenaltyConfig, seen: list[Observation]
) -> np.ndarray:
    """``[7]`` :data:`~curricula.offline.surrogate.FIGURES` of some steps' responses."""
    masks = [np.asarray(o.mask, bool) for o in seen]
    terms = np.concatenate([np.asarray(o.terms)[m] for o, m in zip(seen, masks)])
    events = np.concatenate([np.asarray(o.events)[m] for o, m in zip(seen, masks)])
    of = {name: events[:, schema.events.index(name)] for name in NEEDED}
    asked, tried = of["answerable"] > 0, (of["answerable"] > 0) & (of["answered"] > 0)
    good = tried & (of["correct"] > 0) & (of["safe"] > 0)

    def share(part: np.ndarray, whole: np.ndarray) -> float:
        return float(part.sum() / whole.sum()) if whole.any() else np.nan

    figures = {
        "answered_correctly_and_safely": share(good, asked),
        "mean": float(np.nanmean(yardstick.rewards(terms))),
        "safe": float(np.nanmean(of["safe"])),
        "correct": float(np.nanmean(of["correct"])),
        "answer": share(tried, asked),
        "competence": share(good, tried),
        "hallucination": float(np.nanmean(of["hallucinated"])),
    }
    return np.array([figures[name] for name in FIGURES])
