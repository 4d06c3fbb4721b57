"""A controller on simulated learners, one step of many runs at a time.

A step is two compiled programs: the world's, shared by all controllers, and the controller's own,
which is small. So a new controller costs about a second to compile, and a new number of steps
nothing. Runs lie last, as in :mod:`curricula.offline.surrogate`.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from curricula.asking import ask, ask_plainly, traces
from curricula.controller import CurriculumController
from curricula.offline.reading import reads
from curricula.offline.surrogate import Scenario
from curricula.offline.sweep import Case, Sweep, run_cases
from curricula.offline.ways import WAYS, Ways
from curricula.offline.world import World, world_of
from curricula.penalties import PenaltyConfig, PenaltyLadder
from curricula.statistics import Ledger, Metrics, Statistics

__all__ = ["Arena", "Course", "Stage"]

BOUNDS = ("lower", "upper", "n_groups")
FORECASTS = ("flip_share",)


class Course(NamedTuple):
    """What N simulated runs carry from step to step, beside their learners.

    Attributes:
      controller: its states, N first. severity: ``[N]`` in force. in_rung: ``[N]`` int32 steps.
      pays: ``[kinds, 6, N]`` reward of each way at the prices in force.
      counts: ``[W, kinds * 6, N]`` responses of each step of the window, a ring; total: their sum,
        exact, since they are whole numbers.
      live: ``[W, N]`` mean reward of each step as it was priced.
      flips: ``[W, N]`` share of each step's groups that the next rung would silence, or ().
      ledger: evidence since the rung began, N first, or ().
      earned: ``[N]`` sum of the yardstick's mean over the steps.
      moves: ``[2, N]`` int32 moves up and down across rungs. first: ``[N]`` int32 step of the first
        one up, 0 for none.
    """

    controller: Any
    severity: Any
    in_rung: Any
    pays: Any
    counts: Any
    total: Any
    live: Any
    flips: Any
    ledger: Any
    earned: Any
    moves: Any
    first: Any


@dataclasses.dataclass(frozen=True, eq=False)
class Arena:
    """Where controllers are compared: everything but the controller, the scenario and the seeds.

    Attributes:
      ways: of responding. ladder: of prices. yardstick: reference prices.
      limits: (lowest, highest) possible yardstick reward.
      prompts, generations: groups per step, and their size. window: steps of the rolling window.
      updates: gradient steps per batch. width: runs that go through together.
    """

    ways: Ways
    ladder: PenaltyLadder
    yardstick: PenaltyConfig
    limits: tuple[float, float]
    prompts: int = 8
    generations: int = 8
    window: int = 32
    updates: int = 1
    width: int = 512

    def stage(self, controller: CurriculumController) -> Stage:
        """A controller in this arena, compiled when it first runs."""
        return Stage(self, controller)

    @property
    def world(self) -> World:
        """What trains the learners."""
        return world_of(self.ways, self.prompts, self.generations, self.updates)

    @functools.cached_property
    def prices(self) -> np.ndarray:
        """``[R, kinds * 6]`` what each way pays on each rung."""
        pays = self.ways.pays(self.ladder.weights)
        return np.asarray(pays.reshape(len(pays), -1))


def _dot(rows: Any, weights: Any) -> Any:
    """``[rows, ...], [rows] -> [...]``: a weighted sum over the first axis."""
    rows = jnp.asarray(rows)
    return (rows * np.asarray(weights).reshape(-1, *[1] * (rows.ndim - 1))).sum(0)


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
        """Hits and trials ``[M, kinds * 6]`` of one response of each kind and way."""
        ways = self.arena.ways
        reward = ways.pays(self.arena.yardstick.weights)
        with jax.ensure_compile_time_eval():
            hit, trial, _ = self.metrics.facts(
                jnp.asarray(reward), jnp.asarray(ways.events), jnp.ones(reward.shape, bool)
            )
        hits, trials = (np.asarray(x, np.float32).reshape(len(x), -1) for x in (hit, trial))
        return hits, trials

    @functools.cached_property
    def compiled(self) -> bool:
        """Whether the controller traces."""
        return traces(lambda s, x: ask(self.lean, s, x), self._state(), self._nothing())

    @functools.cached_property
    def _reads(self) -> tuple[bool, bool]:
        """Whether it reads bounds, and forecasts, which are dear to compute."""
        if not self.compiled:
            return True, True
        state, seen = self._state(), self._nothing()
        bounds, forecasts = (reads(self.lean, state, seen, f) for f in (BOUNDS, FORECASTS))
        return bounds, forecasts

    def _state(self) -> Any:
        return jax.tree.map(np.asarray, self.lean.init())

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

    # One step of N runs.

    def start(self, asked: int) -> Course:
        """Runs before their first step.

        Args:
          asked: of them, how many a controller in plain Python is asked about.
        """
        arena, (bounds, forecasts), runs = self.arena, self._reads, self.arena.width
        columns = arena.prices.shape[1]

        def every(x: Any) -> Any:
            return jnp.array(np.broadcast_to(x, (runs, *np.shape(x))))

        severity = jnp.full(runs, self.controller.start(), jnp.float32)
        return Course(
            jax.tree.map(every, self._state()) if self.compiled else [self.lean.init()] * asked,
            severity,
            jnp.zeros(runs, jnp.int32),
            self._pays(severity),
            jnp.zeros((arena.window, columns, runs), jnp.float32),
            jnp.zeros((columns, runs), jnp.float32),
            jnp.zeros((arena.window, runs), jnp.float32),
            jnp.zeros((arena.window, runs), jnp.float32) if forecasts else (),
            jax.tree.map(every, self.metrics.init_ledger()) if bounds else (),
            jnp.zeros(runs, jnp.float32),
            jnp.zeros((2, runs), jnp.int32),
            jnp.zeros(runs, jnp.int32),
        )

    def _near(self, severity: Any) -> list[Any]:
        """Weight of each rung's prices at a severity: piecewise linear."""
        return [jnp.maximum(1 - jnp.abs(severity - k), 0.0) for k in range(len(self.arena.ladder))]

    def _pays(self, severity: Any) -> Any:
        lift = [1] * jnp.ndim(severity)
        rungs = (row.reshape(-1, len(WAYS), *lift) for row in self.arena.prices)
        return sum((near * row for near, row in zip(self._near(severity), rungs)), 0.0)

    def observe(self, course: Course, kind: Any, judged: Any, step: Any) -> tuple[Course, Any]:
        """A step's responses into the window, and what the controller then sees.

        Args:
          kind: ``[kinds, P, N]``. judged: ``[P, 6, N]`` counts. step: [] from 1.

        Returns:
          The courses, and :class:`~curricula.statistics.Statistics` whose leaves have N last.
        """
        arena = self.arena
        slot = (step - 1) % arena.window
        each = [k * judged[:, way] for k in kind for way in range(len(WAYS))]  # [P, N] a column
        counts = jnp.stack([x.sum(0) for x in each])
        earned = _dot(counts, arena.ways.pays(arena.yardstick.weights).ravel())
        responses = arena.prompts * arena.generations
        hits, trials = (self._groups(each, facts) for facts in self._facts)
        ledger, flips = course.ledger, course.flips
        if isinstance(ledger, Ledger):
            update = jax.vmap(self.metrics.update_ledger, in_axes=(0, -1, -1, -1))
            ledger = update(ledger, hits, trials, jnp.zeros_like(hits))
        if not isinstance(flips, tuple):
            flips = flips.at[slot].set(self._flips(kind, judged, course.severity, course.pays))
        live = (course.pays.reshape(counts.shape) * counts).sum(0) / responses
        course = course._replace(
            in_rung=course.in_rung + 1,
            counts=course.counts.at[slot].set(counts),
            total=course.total + counts - course.counts[slot],
            live=course.live.at[slot].set(live),
            flips=flips,
            ledger=ledger,
            earned=course.earned + earned / responses,
        )
        return course, self._seen(course, hits, trials, step)

    def _groups(self, each: Sequence[Any], facts: np.ndarray) -> Any:
        """``[M, P, N]`` of a step; a metric that nothing reads is never computed."""
        size = self.arena.generations
        rows = [
            sum((x * (f / size) for x, f in zip(each, row) if f), jnp.zeros_like(each[0]))
            for row in facts
        ]
        return jnp.stack(rows)

    def _flips(self, kind: Any, judged: Any, severity: Any, pays: Any) -> Any:
        """``[N]`` share of groups whose best response would stop trying on the next rung."""
        top = len(self.arena.ladder) - 1
        then = self._pays(jnp.minimum(jnp.floor(severity) + 1, top))
        tries = jnp.asarray(self.arena.ways.tries, jnp.float32)
        tried = (kind[:, :, None] * tries[:, None, :, None]).sum(0) > 0  # [P, 6, N]

        def trying(table: Any) -> Any:
            reward = (kind[:, :, None] * table[:, None]).sum(0)
            reward = jnp.where(judged > 0, reward, -jnp.inf)
            attempts = jnp.where(tried, reward, -jnp.inf).max(1)
            rest = jnp.where(tried, -jnp.inf, reward).max(1)
            return (attempts > -jnp.inf) & (attempts >= rest)

        return (trying(pays) & ~trying(then)).mean(0)

    def _seen(self, course: Course, hits: Any, trials: Any, step: Any) -> Statistics:
        window, responses = self.arena.window, self.arena.prompts * self.arena.generations
        hit, trial = (jnp.stack([_dot(course.total, row) for row in f]) for f in self._facts)
        low, high = np.asarray(self.metrics.ranges, np.float32).T[..., None]
        value = low + hit / jnp.where(trial > 0, trial, jnp.nan) * (high - low)
        nothing = jnp.full(value.shape, jnp.nan)
        lower, upper, groups = nothing, nothing, jnp.zeros(value.shape, jnp.int32)
        if isinstance(course.ledger, Ledger):
            bounds = jax.vmap(lambda ledger: self.metrics.bounds(ledger, 0.05), out_axes=-1)
            lower, upper = bounds(course.ledger)
            lower, upper = jnp.fmin(lower, value), jnp.fmax(upper, value)
            groups = course.ledger.groups.T
        filled = jnp.minimum(step, window).astype(jnp.float32)
        flips = jnp.full(course.severity.shape, jnp.nan)
        if not isinstance(course.flips, tuple):
            # Steps on this rung only: before, other rungs were compared.
            ours = jnp.minimum(course.in_rung, window).astype(jnp.float32)
            flips = course.flips.sum(0) / jnp.maximum(ours, 1.0)
        rungs = jnp.stack([_dot(course.total, row) for row in self.arena.prices])
        zero = jnp.zeros_like(course.in_rung)
        return Statistics(
            names=self.metrics.names,
            limits=self.metrics.ranges,
            step=zero + step,
            steps_in_rung=course.in_rung,
            severity=course.severity,
            top=zero + jnp.float32(len(self.arena.ladder) - 1),
            value=value,
            lower=lower,
            upper=upper,
            n_responses=trial.astype(jnp.int32),
            n_groups=groups,
            hits=hits,
            trials=trials,
            missing=jnp.zeros_like(hits),
            live_mean=course.live.sum(0) / filled,
            rung_means=rungs / (responses * filled),
            flip_share=flips,
            command=zero,
        )

    def act(self, course: Course, severity: Any, inner: Any, step: Any) -> Course:
        """Act on decisions; severity ``[N]``, inner N first."""
        now, then = (jnp.floor(x + 1e-6) for x in (course.severity, severity))
        changed, ledger, flips = now != then, course.ledger, course.flips
        if isinstance(ledger, Ledger):
            fresh = self.metrics.init_ledger()
            renew = jax.vmap(lambda c, b: jax.tree.map(lambda x, y: jnp.where(c, x, y), fresh, b))
            ledger = renew(changed, ledger)
        if not isinstance(flips, tuple):
            flips = jnp.where(changed, 0.0, flips)
        moves = course.moves + jnp.stack([then > now, then < now]).astype(jnp.int32)
        first = jnp.where((course.first == 0) & (then > now), step, course.first)
        return course._replace(
            controller=inner,
            severity=severity,
            in_rung=jnp.where(changed, 0, course.in_rung).astype(jnp.int32),
            pays=self._pays(severity),
            ledger=ledger,
            flips=flips,
            moves=moves,
            first=first.astype(jnp.int32),
        )

    def decide(self, course: Course, kind: Any, judged: Any, step: Any) -> Course:
        """Observe, ask, act: the controller's part of a step of N runs."""
        # Without the barrier the compiler works what is seen out anew wherever it is read.
        course, seen = jax.lax.optimization_barrier(self.observe(course, kind, judged, step))

        def asked(state: Any, one: Statistics) -> tuple[Any, Any]:
            decision, inner = ask(self.lean, state, one)
            return decision.severity, inner

        severity, inner = jax.vmap(asked, in_axes=(0, -1))(course.controller, seen)
        return self.act(course, severity, inner, step)

    @functools.cached_property
    def step(self) -> Any:
        """``(course, kind, judged, step) -> course``: compiled, or asked plainly run by run."""
        if self.compiled:
            return jax.jit(self.decide, donate_argnums=0)
        observe, act = jax.jit(self.observe), jax.jit(self.act)

        def plainly(course: Course, kind: Any, judged: Any, step: Any) -> Course:
            states = course.controller
            course, seen = observe(course._replace(controller=()), kind, judged, step)
            seen, severity, after = jax.device_get(seen), np.array(course.severity), []
            for run, state in enumerate(states):
                one = jax.tree.map(lambda x, run=run: x[..., run], seen)
                decision, inner = ask_plainly(self.lean, state, one)
                severity[run] = decision.severity
                after.append(inner)
            return act(course, severity, (), step)._replace(controller=after)

        return plainly

    def warm(self) -> None:
        """Compile, by a step of nothing."""
        arena, kinds = self.arena, len(self.arena.ways.kinds)
        kind = np.zeros((kinds, arena.prompts, arena.width), np.float32)
        judged = np.zeros((arena.prompts, len(WAYS), arena.width), np.float32)
        self.step(self.start(1), kind, judged, np.int32(1))

    # Whole runs.

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
        return self.run_cases([Case(scenario, seeds, chance)], steps, points)[0]

    def run_cases(self, cases: Sequence[Case], steps: int, points: int = 30) -> list[Sweep]:
        """The same for several scenarios, whose runs share their chunks."""
        return run_cases(self, cases, steps, points)
