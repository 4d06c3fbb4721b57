"""Jobs of a benchmark: policies in scenarios, run here, in threads or through Ray."""

from __future__ import annotations

import functools
import importlib.util
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from curricula.conditions import parse
from curricula.controller import ControllerError
from curricula.offline.benchmark import Results
from curricula.offline.stage import Stage
from curricula.offline.sweep import Case, Sweep
from curricula.offline.world import World
from dipg.app.metrics import METRICS
from dipg.app.policies import controller_from_name
from dipg.app.scenarios import BENCHMARK_LADDERS, SCENARIOS, arena

__all__ = ["Job", "benchmark", "in_threads", "run_job", "through_ray"]

Runner = Callable[[Sequence["Job"]], "list[Sweep]"]
LOOKS = 30
APART = 10_000_000  # between the seeds of one scenario and the next
AGAIN = 1  # the draws of the A/A comparison; the others have 0


class Job(NamedTuple):
    """A policy in a scenario, as plain data, so that it can be sent to another machine.

    Attributes:
      policy: as typed. scenario: name. seeds: to run. steps: of training.
      when: promotion condition, None for the usual. chance: which draws.
    """

    policy: str
    scenario: str
    seeds: tuple[int, ...]
    steps: int
    when: str | None = None
    chance: int = 0


@functools.lru_cache(maxsize=64)
def _stage(policy: str, ladder: str, steps: int, when: str | None) -> Stage:
    """Compiled once for all scenarios on a ladder."""
    controller = controller_from_name(
        policy,
        when=None if when is None else parse(when, METRICS),
        ladder=BENCHMARK_LADDERS[ladder],
        total_steps=steps,
        # The report's three blocks, whatever the length of the runs.
        block_steps=max(steps // 3, 1),
    )
    return arena(ladder).stage(controller)


def _stage_of(job: Job) -> Stage:
    return _stage(job.policy, SCENARIOS[job.scenario].ladder, job.steps, job.when)


def run_job(job: Job) -> Sweep:
    """One job; the same on every machine."""
    return run_together([job])[0]


def run_together(jobs: Sequence[Job]) -> list[Sweep]:
    """Jobs of one policy on one ladder, of the same length: each as it would run alone."""
    stage, steps = _stage_of(jobs[0]), jobs[0].steps
    cases = [Case(SCENARIOS[j.scenario].scenario, seeds_of(j), j.chance) for j in jobs]
    return stage.run_cases(cases, steps, LOOKS)


def batches(jobs: Sequence[Job]) -> list[list[int]]:
    """Indices of the jobs that run together."""
    found: dict[tuple[object, ...], list[int]] = {}
    for i, job in enumerate(jobs):
        key = (job.policy, SCENARIOS[job.scenario].ladder, job.steps, job.when)
        found.setdefault(key, []).append(i)
    return list(found.values())


def in_order(jobs: Sequence[Job], parts: Iterable[tuple[list[int], list[Sweep]]]) -> list[Sweep]:
    """Results of batches in the order of the jobs."""
    done = {i: sweep for indices, sweeps in parts for i, sweep in zip(indices, sweeps)}
    return [done[i] for i in range(len(jobs))]


def seeds_of(job: Job) -> np.ndarray:
    """``[N]`` the job's seeds as the simulation gets them: the same for every policy, others in
    every scenario, so that scenarios are independent strata, as the bootstrap and the sign-flip
    test take them to be."""
    return np.asarray(job.seeds) + APART * list(SCENARIOS).index(job.scenario)


def keep_compiled() -> None:
    """Keep compiled programs between processes, in the cache directory."""
    import jax

    from dipg.app.models import cache_root

    jax.config.update("jax_compilation_cache_dir", str(cache_root() / "xla"))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.1)


def in_threads(jobs: Sequence[Job], workers: int | None = None) -> list[Sweep]:
    """Everything is compiled once, side by side, then one policy a thread is run; XLA leaves the
    interpreter's lock."""
    parts = batches(jobs)
    with ThreadPoolExecutor(workers or min(os.cpu_count() or 1, 8)) as pool:
        list(pool.map(lambda program: program(), _programs(jobs, parts)))
        done = pool.map(lambda part: run_together([jobs[i] for i in part]), parts)
        return in_order(jobs, zip(parts, done))


def _programs(jobs: Sequence[Job], parts: Sequence[list[int]]) -> list[Callable[[], None]]:
    """What is to be compiled, the largest first: the worlds, which policies share."""
    worlds: dict[World, Callable[[], None]] = {}
    stages: list[Callable[[], None]] = []
    for part in parts:
        stage, scenario = _stage_of(jobs[part[0]]), SCENARIOS[jobs[part[0]].scenario].scenario
        if stage.compiled:
            world, width = stage.arena.world, stage.arena.width
            worlds[world] = functools.partial(world.warm, scenario, width)
            stages.append(stage.warm)
    return [*worlds.values(), *stages]


class RayError(ValueError):
    """Ray cannot be used; the message says what to install."""


def check_ray() -> None:
    """Raise where Ray is missing.

    Raises:
      RayError: naming the extra.
    """
    if importlib.util.find_spec("ray") is None:
        raise RayError("--ray needs Ray: pip install 'dipg-curriculum[ray]'")


def through_ray(jobs: Sequence[Job], address: str | None = None) -> list[Sweep]:
    """The same list of jobs on a Ray cluster; results in the order of the jobs.

    Args:
      jobs: those of one policy are one task. address: of a cluster; None for one on this machine.
    """
    import ray

    if not ray.is_initialized():
        ray.init(address=address, log_to_driver=False, include_dashboard=False)
    task, parts = ray.remote(num_cpus=1)(run_together), batches(jobs)
    done = ray.get([task.remote([jobs[i] for i in part]) for part in parts])
    return in_order(jobs, zip(parts, done))


def buildable(policy: str, ladder: str, steps: int, when: str | None) -> str | None:
    """Why a policy cannot run on a ladder; None where it can."""
    try:
        _stage(policy, ladder, steps, when)
    except ControllerError as error:
        return str(error)
    return None


def benchmark(
    policies: Sequence[str],
    scenarios: Iterable[str] | None = None,
    *,
    seeds: int = 64,
    steps: int = 900,
    when: str | None = None,
    first_seed: int = 0,
    runner: Runner = in_threads,
) -> Results:
    """Every policy in every scenario, on the same seeds.

    Args:
      policies: as typed; the first is the reference. scenarios: names; None for all.
      seeds, first_seed: how many, from which. steps: of training. when: promotion condition.
      runner: runs the list of jobs.

    Raises:
      ControllerError: no policy can run anywhere.
    """
    names = list(scenarios or SCENARIOS)
    numbers = tuple(range(first_seed, first_seed + seeds))
    jobs, notes = [], []
    refused: Mapping[tuple[str, str], str | None] = {
        (policy, ladder): buildable(policy, ladder, steps, when)
        for policy in policies
        for ladder in {SCENARIOS[s].ladder for s in names}
    }
    for policy in policies:
        for name in names:
            why = refused[policy, SCENARIOS[name].ladder]
            if why is None:
                jobs.append(Job(policy, name, numbers, steps, when))
            else:
                notes.append(f"{policy} does not run in {name!r}: {why}")
    again = [j._replace(chance=AGAIN) for j in jobs if j.policy == policies[0]]
    done = dict(zip([*jobs, *again], runner([*jobs, *again])))
    sweeps = {p: {j.scenario: done[j] for j in jobs if j.policy == p} for p in policies}
    results = Results(sweeps, {j.scenario: done[j] for j in again}, numbers, tuple(notes))
    if not results.scenarios:
        raise ControllerError("no scenario in which every policy runs: " + "; ".join(notes))
    return results
