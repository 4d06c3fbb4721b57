"""Runs a controller on many seeds of a surrogate at once; memory does not grow with the steps."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from curricula.asking import ask, ask_plainly, traces
from curricula.controller import ControllerError, CurriculumController
from curricula.offline.reading import reads
from curricula.offline.surrogate import (
    FIGURES,
    Draws,
    Learner,
    Scenario,
    draw,
    evaluate,
    init_learner,
    learn,
    ways_of,
)
from curricula.offline.ways import WAYS, Ways
from curricula.penalties import PenaltyConfig, PenaltyLadder
from curricula.statistics import Ledger, Metrics, Statistics

__all__ = ["Arena", "Course", "Sweep"]

BOUNDS = ("lower", "upper", "n_groups")
FORECASTS = ("flip_share",)


class Course(NamedTuple):
    """What one simulated run carries from step to step.

    Attributes:
      learner, controller: their states. severity: [] in force. in_rung: [] int32 steps.
      hits, trials: ``[W, M]`` sums of each step of the window, a ring.
      paid: ``[W, R + 1]`` mean reward of each step under every rung, and as priced.
      flips: ``[W]`` share of each step's groups that the next rung would silence, or ().
      ledger: evidence since the rung began, or ().
      earned: [] sum of the yardstick's mean over the steps.
      moves: ``[2]`` int32 moves up and down across rungs. first: [] int32 step of the first one up,
        0 for none.
    """

    learner: Learner
    controller: Any
    severity: Any
    in_rung: Any
    hits: Any
    trials: Any
    paid: Any
    flips: Any
    ledger: Any
    earned: Any
    moves: Any
    first: Any


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


@dataclasses.dataclass(frozen=True, eq=False)
class Arena:
    """Where controllers are compared: everything but the controller, the scenario and the seeds.

    Attributes:
      ways: of responding. ladder: of prices. yardstick: reference prices.
      limits: (lowest, highest) possible yardstick reward.
      prompts, generations: groups per step, and their size. window: steps of the rolling window.
      updates: gradient steps per batch.
    """

    ways: Ways
    ladder: PenaltyLadder
    yardstick: PenaltyConfig
    limits: tuple[float, float]
    prompts: int = 8
    generations: int = 8
    window: int = 32
    updates: int = 1

    def stage(self, controller: CurriculumController) -> Stage:
        """A controller in this arena, compiled when it first runs."""
        return Stage(self, controller)


@dataclasses.dataclass(frozen=True, eq=False)
class Stage:
    """A controller in an arena."""

    arena: Arena
    controller: CurriculumController

    @functools.cached_property
    def lean(self) -> CurriculumController:
        """What is run."""
        return self.controller.lean()

    @functools.cached_property
    def metrics(self) -> Metrics:
        """How metrics are read off responses."""
        arena = self.arena
        return Metrics(arena.ways.schema, arena.limits, tuple(self.controller.metrics))

    @functools.cached_property
    def _facts(self) -> tuple[np.ndarray, np.ndarray]:
        """Hits and trials ``[kinds * 6, M]`` of one response of each kind and way."""
        ways = self.arena.ways
        reward = ways.pays(self.arena.yardstick.weights)
        with jax.ensure_compile_time_eval():
            hit, trial, _ = self.metrics.facts(
                jnp.asarray(reward), jnp.asarray(ways.events), jnp.ones(reward.shape, bool)
            )
        hits, trials = (np.asarray(x, np.float32).reshape(len(x), -1).T for x in (hit, trial))
        return hits, trials

    @functools.cached_property
    def _prices(self) -> np.ndarray:
        """``[R, kinds * 6]`` what each way pays on each rung."""
        pays = self.arena.ways.pays(self.arena.ladder.weights)
        return np.asarray(pays.reshape(len(pays), -1))

    @functools.cached_property
    def compiled(self) -> bool:
        """Whether the controller traces."""
        seen = jax.tree.map(jnp.asarray, self._nothing())
        return traces(lambda s, x: ask(self.lean, s, x), self._state(), seen)

    @functools.cached_property
    def _reads(self) -> tuple[bool, bool]:
        """Whether it reads bounds, and forecasts, which are dear to compute."""
        state, seen = self._state(), self._nothing()
        bounds, forecasts = (reads(self.lean, state, seen, f) for f in (BOUNDS, FORECASTS))
        return bounds, forecasts

    def _state(self) -> Any:
        return jax.tree.map(jnp.asarray, self.lean.init())

    def _nothing(self) -> Statistics:
        names, rungs = self.metrics.names, len(self.arena.ladder)
        nothing, zero = np.zeros(len(names), np.float32), np.zeros((), np.float32)
        group = np.zeros((len(names), self.arena.prompts), np.float32)
        count = np.zeros((), np.int32)
        return Statistics(
            names=names, limits=self.metrics.ranges, step=count, steps_in_rung=count,
            severity=zero, top=zero + rungs - 1, value=nothing, lower=nothing, upper=nothing,
            n_responses=nothing.astype(np.int32), n_groups=nothing.astype(np.int32),
            hits=group, trials=group, missing=group, live_mean=zero,
            rung_means=np.zeros(rungs, np.float32), flip_share=zero, command=count,
        )  # fmt: skip

    # One step.

    def start(self, scenario: Scenario, seed: Any) -> Course:
        """A run before its first step."""
        arena, rungs = self.arena, len(self.arena.ladder)
        bounds, forecasts = self._reads if self.compiled else (True, True)
        ring = jnp.zeros((arena.window, len(self.metrics.names)), jnp.float32)
        zero = jnp.zeros((), jnp.int32)
        return Course(
            init_learner(scenario, jax.random.fold_in(jax.random.key(1), seed)),
            self._state(),
            jnp.asarray(self.controller.start(), jnp.float32),
            zero,
            ring,
            ring,
            jnp.zeros((arena.window, rungs + 1), jnp.float32),
            jnp.zeros((arena.window,), jnp.float32) if forecasts else (),
            self.metrics.init_ledger() if bounds else (),
            jnp.zeros((), jnp.float32),
            jnp.zeros((2,), jnp.int32),
            zero,
        )

    def before(
        self, course: Course, scenario: Scenario, seed: Any, step: Any, chance: Any
    ) -> tuple[Course, Statistics]:
        """Sample and learn at the prices in force; what the controller then sees."""
        arena = self.arena
        key = jax.random.fold_in(jax.random.fold_in(jax.random.key(chance), seed), step)
        draws = draw(scenario, arena.ways.shares, step, key, arena.prompts, arena.generations)
        rung = jnp.arange(len(arena.ladder), dtype=jnp.float32)
        near = jnp.maximum(1 - jnp.abs(course.severity - rung), 0.0)  # piecewise linear
        pays = (near @ self._prices).reshape(len(arena.ways.kinds), len(WAYS))
        learner, judged = learn(course.learner, scenario, arena.ways, draws, pays, arena.updates)
        course = self._take(course._replace(learner=learner), draws, judged, near, step)
        return course, self._seen(course, draws, judged, step)

    def _share(self, draws: Draws, judged: Any) -> Any:
        """``[P, kinds * 6]`` share of each group's responses, by kind and way."""
        share = judged / self.arena.generations
        return (draws.kind[:, :, None] * share[:, None, :]).reshape(len(judged), -1)

    def _take(self, course: Course, draws: Draws, judged: Any, near: Any, step: Any) -> Course:
        slot = (step - 1) % self.arena.window
        share = self._share(draws, judged)
        hits, trials = (share @ facts for facts in self._facts)  # [P, M]
        earned = (share @ self._prices.T).mean(0)  # [R]
        ledger, flips = course.ledger, course.flips
        if isinstance(ledger, Ledger):
            ledger = self.metrics.update_ledger(ledger, hits.T, trials.T, jnp.zeros_like(hits.T))
        if not isinstance(flips, tuple):
            flips = flips.at[slot].set(self._flips(draws, judged, course.severity, near))
        yardstick = share @ self.arena.ways.pays(self.arena.yardstick.weights).ravel()
        return course._replace(
            in_rung=course.in_rung + 1,
            hits=course.hits.at[slot].set(hits.sum(0)),
            trials=course.trials.at[slot].set(trials.sum(0)),
            paid=course.paid.at[slot].set(jnp.append(earned, near @ earned)),
            flips=flips,
            ledger=ledger,
            earned=course.earned + yardstick.mean(),
        )

    def _flips(self, draws: Draws, judged: Any, severity: Any, near: Any) -> Any:
        """Share of the step's groups whose best response would stop trying on the next rung."""
        top = len(self.arena.ladder) - 1
        rung = jnp.arange(top + 1, dtype=jnp.float32)
        then = (rung == jnp.minimum(jnp.floor(severity) + 1, top)).astype(jnp.float32)
        tries = draws.kind @ jnp.asarray(self.arena.ways.tries, jnp.float32) > 0  # [P, 6]

        def trying(weights: Any) -> Any:
            table = (weights @ self._prices).reshape(len(self.arena.ways.kinds), len(WAYS))
            pays = jnp.where(judged > 0, draws.kind @ table, -jnp.inf)
            attempts = jnp.where(tries, pays, -jnp.inf).max(-1)
            return (attempts > -jnp.inf) & (attempts >= jnp.where(tries, -jnp.inf, pays).max(-1))

        return (trying(near) & ~trying(then)).mean()

    def _seen(self, course: Course, draws: Draws, judged: Any, step: Any) -> Statistics:
        share = self._share(draws, judged)
        hits, trials = ((share @ facts).T for facts in self._facts)
        total = course.trials.sum(0)
        low, high = np.asarray(self.metrics.ranges, np.float32).T
        value = low + course.hits.sum(0) / jnp.where(total > 0, total, jnp.nan) * (high - low)
        nothing = jnp.full(value.shape, jnp.nan)
        lower, upper, groups = nothing, nothing, jnp.zeros(value.shape, jnp.int32)
        if isinstance(course.ledger, Ledger):
            lower, upper = self.metrics.bounds(course.ledger, 0.05)
            lower, upper = jnp.fmin(lower, value), jnp.fmax(upper, value)
            groups = course.ledger.groups
        filled = jnp.minimum(step, self.arena.window).astype(jnp.float32)
        paid = course.paid.sum(0) / filled
        flips = jnp.asarray(jnp.nan)
        if not isinstance(course.flips, tuple):
            # Steps on this rung only: before, other rungs were compared.
            ours = jnp.minimum(course.in_rung, self.arena.window).astype(jnp.float32)
            flips = course.flips.sum() / jnp.maximum(ours, 1.0)
        return dataclasses.replace(
            self._nothing(),
            step=jnp.asarray(step, jnp.int32),
            steps_in_rung=course.in_rung,
            severity=course.severity,
            value=value,
            lower=lower,
            upper=upper,
            n_responses=(total * self.arena.generations).astype(jnp.int32),
            n_groups=groups,
            hits=hits,
            trials=trials,
            live_mean=paid[-1],
            rung_means=paid[:-1],
            flip_share=flips,
        )

    def after(self, course: Course, severity: Any, inner: Any, step: Any) -> Course:
        """Act on a decision."""
        now, then = (jnp.floor(x + 1e-6) for x in (course.severity, severity))
        changed, ledger, flips = now != then, course.ledger, course.flips
        if isinstance(ledger, Ledger):
            fresh = self.metrics.init_ledger()
            ledger = jax.tree.map(lambda a, b: jnp.where(changed, a, b), fresh, ledger)
        if not isinstance(flips, tuple):
            flips = jnp.where(changed, 0.0, flips)
        moves = course.moves + jnp.stack([then > now, then < now]).astype(jnp.int32)
        first = jnp.where((course.first == 0) & (then > now), step, course.first)
        return course._replace(
            controller=inner,
            severity=severity,
            in_rung=jnp.where(changed, 0, course.in_rung).astype(jnp.int32),
            ledger=ledger,
            flips=flips,
            moves=moves,
            first=first.astype(jnp.int32),
        )

    def look(self, course: Course, scenario: Scenario, step: Any) -> tuple[Any, Any]:
        """Chances of the ways ``[kinds, 6]`` and severity of a run after a step."""
        return ways_of(course.learner, scenario, self.arena.ways, step), course.severity

    # Whole runs.

    @functools.cached_property
    def _whole(self) -> Any:
        def one(scenario: Scenario, seed: Any, chance: Any, points: int, every: int) -> Any:
            def step(course: Course, t: Any) -> tuple[Course, Any]:
                course, seen = self.before(course, scenario, seed, t, chance)
                decision, inner = ask(self.lean, course.controller, seen)
                return self.after(course, decision.severity, inner, t), None

            def block(course: Course, start: Any) -> tuple[Course, Any]:
                course, _ = jax.lax.scan(step, course, start + jnp.arange(1, every + 1))
                return course, self.look(course, scenario, start + every)

            begun = self.start(scenario, seed)
            first = self.look(begun, scenario, 0)
            course, looks = jax.lax.scan(block, begun, jnp.arange(points) * every)
            looks = jax.tree.map(lambda a, b: jnp.concatenate([a[None], b]), first, looks)
            return looks, course.earned, course.moves, course.first

        over = jax.vmap(one, in_axes=(None, 0, None, None, None))
        return jax.jit(over, static_argnums=(3, 4))

    def run(
        self, scenario: Scenario, seeds: Any, steps: int, points: int = 30, chance: int = 0
    ) -> Sweep:
        """All seeds of a scenario.

        Args:
          scenario: to run in. seeds: ``[N]`` int; a seed has the same learner, prompts and draws
            under every controller.
          steps: of training. points: at which runs are looked at, beside the start.
          chance: another number gives a seed other prompts and draws, but the same learner.

        Raises:
          ControllerError: a severity off the ladder, named.
        """
        points = min(points, steps)
        every = steps // points
        seeds = jnp.asarray(seeds, jnp.int32)
        if self.compiled:
            found = self._whole(scenario, seeds, chance, points, every)
        else:
            rows = [self._plain(scenario, s, chance, points, every) for s in seeds]
            found = jax.tree.map(lambda *x: np.stack(x), *rows)
        (chances, severity), earned, moves, first = jax.device_get(found)
        top = len(self.arena.ladder) - 1
        good = (severity >= 0) & (severity <= top)
        if not good.all():
            raise ControllerError(
                f"{self.controller.name}: severity {severity[~good][0]:g} is off the ladder"
                f" (0 to {top})"
            )
        at = np.arange(points + 1) * every
        figures = evaluate(chances, self.arena.ways, self.arena.yardstick.weights)
        mean = earned / (points * every)
        return Sweep(figures, chances, severity, at, mean, moves, first)

    @functools.cached_property
    def _parts(self) -> tuple[Any, Any, Any]:
        return jax.jit(self.before), jax.jit(self.after), jax.jit(self.look)

    def _plain(self, scenario: Scenario, seed: Any, chance: int, points: int, every: int) -> Any:
        before, after, look = self._parts
        course, looks = self.start(scenario, seed), []
        looks.append(look(course, scenario, 0))
        for t in range(1, points * every + 1):
            course, seen = before(course, scenario, seed, t, chance)
            decision, inner = ask_plainly(self.lean, course.controller, seen)
            course = after(course, decision.severity, inner, t)
            if t % every == 0:
                looks.append(look(course, scenario, t))
        found = tuple(np.stack(x) for x in zip(*jax.device_get(looks)))
        return (found, *map(np.asarray, (course.earned, course.moves, course.first)))
