"""The small transformer of the default run as a learner to compare schedules on."""

from __future__ import annotations

import dataclasses
import multiprocessing
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from curricula import Observation
from curricula.offline.benchmark import Results
from curricula.offline.learners import run_learner
from curricula.offline.sweep import Sweep
from curricula.penalties import PenaltyConfig
from dipg.app.builtin_model import load_or_teach
from dipg.app.config import RunConfig
from dipg.app.curriculum import SCHEMA, curriculum_of
from dipg.app.data import load_data, prompt_rows
from dipg.app.rollout import roll_out, select
from dipg.app.update import make_update
from dipg.environment import score_batch
from grpo_core.sampling import Temperature
from grpo_core.trainer import ActorState, init_actor

__all__ = ["NAME", "Tiny", "TinyJob", "benchmark_tiny", "in_processes", "run_tiny"]

NAME = "tiny"  # what the learner is called beside the scenarios


class Tiny:
    """Real GRPO on the built-in model; a seed is the order of the prompts and the sampling.

    All seeds start from one warm-up, which is taught once and kept.
    """

    def __init__(self, config: RunConfig) -> None:
        self.config = config
        self.model = load_or_teach(config, lambda detail, total: None, lambda done, info: None)
        self.data, _ = load_data(config, self.model)
        self.update = make_update(config.grpo, self.model)

    def start(self, seed: int) -> tuple[ActorState, int]:
        """The warmed-up actor."""
        params = jax.tree.map(jnp.copy, self.model.params)
        return init_actor(params, self.update.optimizer), seed

    def step(
        self, state: tuple[ActorState, int], prices: PenaltyConfig, step: int
    ) -> tuple[Observation, tuple[ActorState, int]]:
        """One GRPO step at these prices."""
        (actor, seed), grpo = state, self.config.grpo
        rows = prompt_rows(len(self.data.vignettes), grpo.prompts_per_step, seed, step)
        rollout = roll_out(
            self.model._replace(params=actor.params),
            select(self.data.prompts, rows),
            [self.data.vignettes[i] for i in rows],
            rows,
            seed=seed,
            step=step,
            group=grpo.num_generations,
            sampling=Temperature(grpo.temperature),
            max_length=grpo.max_completion_length,
            score=score_batch,
        )
        rewards = np.asarray(prices.rewards(rollout.terms), np.float32)
        actor, _ = self.update(actor, rollout, rewards.reshape(len(rows), -1), step)
        groups = np.repeat(np.arange(len(rows)), grpo.num_generations)
        observation = Observation.build(SCHEMA, rollout.terms, rollout.events, groups)
        return observation, (actor, seed)


class TinyJob(NamedTuple):
    """A policy on some seeds, as plain data. config: of a run, its policy replaced."""

    policy: str
    seeds: tuple[int, ...]
    config: RunConfig
    points: int = 10


def run_tiny(job: TinyJob) -> Sweep:
    """One job in this process."""
    chosen = dataclasses.replace(job.config.curriculum, policy=job.policy)
    config = dataclasses.replace(job.config, curriculum=chosen)
    return run_learner(Tiny(config), curriculum_of(config), job.seeds, config.steps, job.points)


def _alone(job: TinyJob) -> Sweep:
    return run_tiny(job)


def _one_core() -> None:
    # A second thread hardly speeds up such a small model; a second process doubles it.
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"


def in_processes(jobs: Sequence[TinyJob], workers: int | None = None) -> list[Sweep]:
    """Every job in a process of its own, as many at a time as there are cores."""
    if jobs:
        Tiny(jobs[0].config)  # the warm-up is taught once, before the processes look for it
    context = multiprocessing.get_context("spawn")
    count = min(workers or os.cpu_count() or 1, max(len(jobs), 1))
    with ProcessPoolExecutor(count, mp_context=context, initializer=_one_core) as pool:
        return list(pool.map(_alone, jobs))


def benchmark_tiny(
    policies: Sequence[str], config: RunConfig, seeds: int, points: int = 10
) -> Results:
    """Every policy on the same seeds, one process a run; the A/A has seeds of its own."""
    numbers = range(seeds)
    jobs = [TinyJob(p, (s,), config, points) for p in policies for s in numbers]
    again = [TinyJob(policies[0], (seeds + s,), config, points) for s in numbers]
    done = in_processes([*jobs, *again])
    joined = [_joined(done[i : i + seeds]) for i in range(0, len(done), seeds)]
    sweeps = {policy: {NAME: sweep} for policy, sweep in zip(policies, joined)}
    return Results(sweeps, {NAME: joined[-1]}, tuple(numbers))


def _joined(parts: Sequence[Sweep]) -> Sweep:
    """Runs of one policy as one sweep."""
    fields = {
        name: np.concatenate([getattr(part, name) for part in parts])
        for name in ("figures", "severity", "earned", "moves", "first")
    }
    return Sweep(chances=None, steps=parts[0].steps, **fields)
