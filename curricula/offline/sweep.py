"""Runs a controller on many seeds of a surrogate at once; memory does not grow with the steps.

Runs go through in chunks of a fixed width: a new number of seeds or steps compiles nothing, and
what a run does depends on its seed alone, to the last bit, not on what else is run.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import jax
import numpy as np

from curricula.controller import ControllerError
from curricula.offline.surrogate import FIGURES, Scenario, evaluate

if TYPE_CHECKING:
    from curricula.offline.stage import Stage

__all__ = ["Case", "Sweep", "run_cases"]


class Case(NamedTuple):
    """Runs of one scenario. seeds: ``[N]`` int. chance: which draws of a seed."""

    scenario: Scenario
    seeds: Any
    chance: int = 0


class Sweep(NamedTuple):
    """What came of N runs, looked at P times.

    Attributes:
      figures: ``[N, P, 7]`` :data:`~curricula.offline.surrogate.FIGURES`, exact expectations.
      chances: ``[N, P, kinds, 6]`` of the ways of responding.
      severity: ``[N, P]`` in force. steps: ``[P]`` after how many steps.
      earned: ``[N]`` yardstick mean of the responses sampled in training, over all steps.
      moves: ``[N, 2]`` up and down. first: ``[N]`` step of the first move up, 0 for none.
    """

    figures: Any
    chances: Any
    severity: Any
    steps: Any
    earned: Any
    moves: Any
    first: Any

    def curve(self, figure: str) -> np.ndarray:
        """``[N, P]`` of one figure."""
        return np.asarray(self.figures[..., FIGURES.index(figure)])


class Chunk(NamedTuple):
    """Runs that go through together.

    Attributes:
      scenario: leaves with the runs last. seeds, chances: ``[width]``.
      runs: of them that are wanted; the others repeat the last one.
    """

    scenario: Scenario
    seeds: Any
    chances: Any
    runs: int


def chunks_of(cases: Sequence[Case], width: int) -> Iterator[Chunk]:
    """All runs of the cases in order, the last one repeated until the last chunk is full."""
    which = np.concatenate([np.full(len(case.seeds), i) for i, case in enumerate(cases)])
    seeds = np.concatenate([np.asarray(case.seeds, np.int32) for case in cases])
    chances = np.array([case.chance for case in cases], np.int32)
    table = jax.tree.map(
        lambda *x: np.stack([np.asarray(y, np.float32) for y in x], -1),
        *(case.scenario for case in cases),
    )
    for start in range(0, len(which), width):
        rows = np.minimum(np.arange(start, start + width), len(which) - 1)
        of = which[rows]
        part = jax.tree.map(lambda x, of=of: x[..., of], table)
        yield Chunk(part, seeds[rows], chances[of], min(width, len(which) - start))


def run_chunk(stage: Stage, chunk: Chunk, points: int, every: int) -> tuple[Any, ...]:
    """Chances ``[N, P, kinds, 6]``, severity ``[N, P]``, sum earned, moves ``[N, 2]``, first."""
    world = stage.arena.world
    scenario, seeds, chances = jax.device_put(chunk[:3])
    learner, home = world.begin(scenario, seeds)
    course = stage.start(chunk.runs)
    looks = [(world.look(learner, scenario, np.int32(0)), np.asarray(course.severity))]
    for step in range(1, points * every + 1):
        now = np.int32(step)
        learner, kind, judged = world.train(
            learner, home, scenario, seeds, chances, now, course.pays
        )
        course = stage.step(course, kind, judged, now)
        if step % every == 0:
            looks.append((world.look(learner, scenario, now), np.asarray(course.severity)))
    shares, severity = (np.stack(x, 1) for x in zip(*looks))
    return shares, severity, *(np.asarray(x) for x in (course.earned, course.moves.T, course.first))


def run_cases(stage: Stage, cases: Sequence[Case], steps: int, points: int) -> list[Sweep]:
    """Every run of every case; see :meth:`curricula.offline.stage.Stage.run`."""
    points = min(points, steps)
    every = steps // points
    sizes = [len(case.seeds) for case in cases]
    runs = sum(sizes)
    chunks = chunks_of(cases, stage.arena.width)
    parts = [run_chunk(stage, chunk, points, every) for chunk in chunks]
    found = [np.concatenate(x)[:runs] for x in zip(*parts)]
    _on_ladder(stage, found[1])
    figures = evaluate(found[0], stage.arena.ways, stage.arena.yardstick.weights)
    at = np.arange(points + 1) * every
    ends = np.cumsum(sizes)[:-1]
    return [
        Sweep(figure, shares, severity, at, earned / (points * every), moves, first)
        for figure, shares, severity, earned, moves, first in zip(
            *(np.split(x, ends) for x in (figures, *found))
        )
    ]


def _on_ladder(stage: Stage, severity: np.ndarray) -> None:
    top = len(stage.arena.ladder) - 1
    good = (severity >= 0) & (severity <= top)
    if not good.all():
        raise ControllerError(
            f"{stage.controller.name}: severity {severity[~good][0]:g} is off the ladder"
            f" (0 to {top})"
        )
