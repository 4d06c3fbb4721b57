"""Where controller, core and environment meet: one run from warm-up to the last evaluation."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from jax.sharding import Mesh

from dipg.app.config import RunConfig
from dipg.app.curriculum import SCHEMA, curriculum_of
from dipg.app.data import prompt_rows
from dipg.app.guards import GuardError
from dipg.app.models import load_model
from dipg.app.observer import Observer
from dipg.app.outcome import Evaluations, Outcome
from dipg.app.rollout import Score, ScoreError
from dipg.app.run_directory import RunDirectory
from dipg.app.stopping import Stop, Stopped
from dipg.app.together import agreed
from dipg.app.trial import Trial
from dipg.environment import score_batch
from grpo_core.mesh import on

__all__ = ["SCHEMA", "Observer", "check", "curriculum_of", "prompt_rows", "run"]


def check(config: RunConfig) -> None:
    """Raise ValueError, before anything is created, where a run with this configuration could not
    start."""
    curriculum_of(config)


def run(
    config: RunConfig,
    directory: RunDirectory,
    observer: Observer,
    *,
    stop: Stop | None = None,
    score: Score = score_batch,
    mesh: Mesh | None = None,
) -> Outcome:
    """Warm up, evaluate, train with the curriculum deciding after every step, evaluate again.

    A directory that holds part of this run is gone on with from its newest checkpoint; what it ends
    with is, bit for bit, what an uninterrupted run ends with.

    Args:
      config: what the run is made from. directory: takes what it leaves. observer: follows it.
      stop: says when to end before the last step; None never does.
      score: says what happened in each response.
      mesh: the devices to train on; a checkpoint can be gone on with on another mesh.

    Raises:
      Stopped: `stop` said so; the state is saved.
      ResumeError, CheckpointError, DirectoryError, ScoreError, GuardError: the run cannot go on;
        what was saved before stays.
    """
    began = time.monotonic()
    stop = stop or Stop()
    observer.phase("warm-up", "", None)
    model = load_model(
        config,
        lambda detail, total: observer.phase("warm-up", detail, total),
        _until(stop, observer.progress),
        mesh,
    )
    with on(mesh):
        trial = Trial(config, directory, observer, model, score)
        del model  # on a mesh, the trial holds a copy of its own
        try:
            before, after = _train(trial, stop)
        finally:
            trial.close()
    outcome = Outcome(
        before,
        after,
        directory.path,
        config.steps,
        trial.curriculum.rung(trial.state.curriculum),
        trial.curriculum.severity(trial.state.curriculum),
        tuple(trial.moves),
        time.monotonic() - began,
    )
    observer.finish(outcome)
    return outcome


def _train(trial: Trial, stop: Stop) -> tuple[Evaluations, Evaluations]:
    """All the steps that are left; the evaluations at the start and at the end."""
    config, observer = trial.config, trial.observer
    before = after = trial.evaluate_start()
    _stop_if(agreed(stop.reason()), trial)
    if trial.step > 0 and _evaluated(trial.step, config):
        after = trial.evaluate()  # the interruption may have come before it
    if trial.step < config.steps:
        resumed = f"resumed after step {trial.step}" if trial.step else ""
        observer.phase("training", resumed, config.steps)
    while trial.step < config.steps:
        with stop.timed("step"):
            _step(trial)
        evaluated = _evaluated(trial.step, config)
        coming = ("step", "save", "evaluation") if evaluated else ("step", "save")
        reason = agreed(stop.reason(*coming))
        if trial.due() or reason:
            with stop.timed("save"):
                trial.save()
        _stop_if(reason, trial)
        if evaluated:
            with stop.timed("evaluation"):
                after = trial.evaluate()
            if trial.step < config.steps:
                observer.phase("training", "", config.steps)
    trial.checkpoints.wait()
    return before, after


def _step(trial: Trial) -> None:
    """One step. Where it cannot be done, what was done before is saved."""
    try:
        trial.advance()
    except (ScoreError, GuardError):
        trial.save()
        trial.checkpoints.wait()
        raise


def _evaluated(step: int, config: RunConfig) -> bool:
    return step % config.evaluation.every == 0 or step == config.steps


def _stop_if(reason: str | None, trial: Trial) -> None:
    if reason is not None:
        trial.checkpoints.wait()
        raise Stopped(reason, trial.step)


def _until(
    stop: Stop, progress: Callable[[int, Mapping[str, float]], None]
) -> Callable[[int, Mapping[str, float]], None]:
    """`progress`, ending the work that it reports on where the run is to stop."""

    def report(done: int, info: Mapping[str, float]) -> None:
        progress(done, info)
        reason = stop.reason()
        if reason is not None:
            raise Stopped(reason, 0)

    return report
