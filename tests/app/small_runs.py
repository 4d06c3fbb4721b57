"""Runs as small as they get in which much still happens: rewards differ, weights move, the gate
promotes."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import pytest

from dipg.app import experiment, trial, update
from dipg.app.config import RunConfig, load
from dipg.app.outcome import Outcome
from dipg.app.run_directory import RunDirectory
from dipg.app.settings import Given
from dipg.app.stopping import Stop
from dipg.app.view import View

LEARNING = {
    "steps": 12,
    "seed": 3,
    "curriculum.when": "mean > -20",
    "curriculum.policy": "gated",
    "curriculum.block_steps": 4,
    "grpo.learning_rate": 3e-3,
    "grpo.num_generations": 4,
    "grpo.prompts_per_step": 4,
    "model.width": 32,
    "model.layers": 2,
    "model.heads": 2,
    "warmup.steps": 120,
    "warmup.batch_size": 16,
    "warmup.learning_rate": 1e-2,
    "data.train_count": 64,
    "evaluation.count": 12,
    "evaluation.report_count": 4,
    "evaluation.every": 5,
    "checkpoints.every": 3,
}


def small_config(**changes: Any) -> RunConfig:
    """The configuration, with `section__key` changed."""
    values = LEARNING | {key.replace("__", "."): value for key, value in changes.items()}
    return load(given=[Given(key, key, value) for key, value in values.items()])


def compile_once(patch: pytest.MonkeyPatch, cache: Path) -> None:
    """Runs of one process share what they have compiled, and one warm-up."""
    patch.setenv("DIPG_CURRICULUM_CACHE", str(cache))
    patch.setattr(trial, "curriculum_of", functools.cache(trial.curriculum_of))
    patch.setattr(update, "make_optimizer", functools.cache(update.make_optimizer))


def go(
    config: RunConfig, path: Path, view: View | None = None, stop: Stop | None = None, **more: Any
) -> Outcome:
    """The run in `path`, from its newest checkpoint on where there is one."""
    resume = (path / "config.toml").is_file()
    directory = RunDirectory.resume(path) if resume else RunDirectory.create(path, config)
    with directory:
        return experiment.run(config, directory, view or View(config), stop=stop, **more)
