"""The checkpoints of a run: when they are made, which are kept, and which one a resume uses.

    checkpoints/grpo_300            the state after step 300, named as the training report does
    checkpoints/damaged_grpo_350    one that could not be read, set aside

Kept are the newest ones, the best by the yardstick's lower bound, the ends of blocks, and the ones
that weights may have to go back to.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import jax
import numpy as np

import curricula
from dipg.app.config import RunConfig
from dipg.app.run_directory import DirectoryError, RunDirectory
from dipg.app.settings import settings_of
from dipg.app.training_state import Arrays, TrainingState
from grpo_core.checkpoints import (
    CheckpointError,
    MismatchError,
    Writer,
    named_leaves,
    read_record,
    restore,
)
from grpo_core.distributed import from_first, is_first
from grpo_core.mesh import to_host

FORMAT = 1
"""Raise it when what is saved changes its meaning."""

FREELY = ("checkpoints.",)
"""Settings that may be changed in `config.toml` before a resume: no result depends on them."""


class ResumeError(ValueError):
    """A run cannot go on from its checkpoints; one line says why."""


def identity(config: RunConfig, reference: str) -> dict[str, Any]:
    """What a checkpoint must share with the run that resumes it: versions, settings, model."""
    settings: dict[str, Any] = {}
    for key in settings_of(RunConfig):
        if not key.startswith(FREELY):
            value: Any = config
            for part in key.split("."):
                value = getattr(value, part)
            settings[key] = value
    return {
        "format": FORMAT,
        "version": curricula.__version__,
        **settings,
        "reference model": reference,
    }


def digest(tree: Any) -> str:
    """A short name for the values of a pytree, wherever they lie."""
    total = hashlib.sha256()
    for name, leaf in named_leaves(tree).items():
        total.update(name.encode())
        total.update(np.ascontiguousarray(to_host(leaf)).reshape(-1).view(np.uint8).data)
    return total.hexdigest()[:16]


def machine() -> dict[str, str]:
    """What equal bits depend on besides: a resume elsewhere is possible, and told."""
    return {"jax": jax.__version__, "device": jax.devices()[0].device_kind}


class Checkpoints:
    """Saves and finds the checkpoints of one run. Close it at the end.

    Args:
      directory: of the run. config: of the run. reference: `digest` of all parameters that it
        starts from.
      warn: takes what a person should know.
    """

    def __init__(
        self,
        directory: RunDirectory,
        config: RunConfig,
        reference: str,
        warn: Callable[[str], None],
    ) -> None:
        self._directory, self._config, self._warn = directory, config, warn
        self._identity = identity(config, reference)
        self._writer = Writer()

    def path(self, step: int) -> Path:
        """Of the checkpoint after `step`."""
        return self._directory.checkpoints / f"grpo_{step}"

    def due(self, step: int) -> bool:
        """Whether the state after `step` is saved in any case."""
        every = self._config.checkpoints.every
        return step % every == 0 or self._ends_block(step) or step == self._config.steps

    def save(self, state: TrainingState, yardstick_lower: float) -> None:
        """Start saving the state, in the background, after the logs are on the disk.

        yardstick_lower: lower bound of the rolling window's yardstick mean, NaN where unknown.

        Raises CheckpointError where this one cannot be saved, or the one before it could not.
        """
        path = self.path(state.step)
        self._writer.wait()  # it may be this very one that is being written
        if from_first(path.exists):
            return
        record = {
            "identity": self._identity,
            "machine": machine(),
            "state": state.to_json(),
            "logs": self._directory.sync(),
            "yardstick_lower": yardstick_lower if np.isfinite(yardstick_lower) else None,
        }
        self._writer.save(path, state.arrays, record)
        if jax.process_count() > 1:
            # Written together: what the processes tell each other must not cross a step's.
            self._writer.wait()
        self._tidy()

    def wait(self) -> None:
        """Return when everything is on the disk."""
        self._writer.wait()
        self._tidy()

    def newest(self, state: TrainingState) -> TrainingState:
        """The state of the newest checkpoint that can be used; `state`, the start, where none is.

        The logs are cut to what they were then. A damaged checkpoint is set aside with a message.

        Raises ResumeError where a checkpoint is of another run than this one.
        """
        for step in from_first(lambda: steps_in(self._directory.checkpoints)[::-1]):
            path = self.path(step)
            try:
                known = (CheckpointError, DirectoryError, ResumeError)
                record = from_first(partial(self._record, path), *known)
                arrays: Arrays = restore(path, state.arrays)
            except MismatchError as error:
                raise ResumeError(str(error)) from None
            except (CheckpointError, DirectoryError) as error:
                from_first(partial(self._set_aside, path, error))
                continue
            self._tell_machine(record)
            self._directory.go_back(step, record["logs"])
            return state.restored(arrays, record["state"], self._config.guards)
        self._directory.go_back(0, {})
        return state

    def actor(self, step: int, like: Any) -> Any:
        """The actor of an earlier checkpoint, as `like`."""
        self._writer.wait()
        return restore(self.path(step), like, prefix="actor")

    def close(self) -> None:
        """Wait for what is being written and remove what is not kept."""
        self._writer.close()

    def _record(self, path: Path) -> dict[str, Any]:
        """Of a checkpoint of this run, whose logs are all there."""
        record = read_record(path)
        self._check_identity(path, record)
        self._directory.check_sizes(record["logs"])
        return record

    def _ends_block(self, step: int) -> bool:
        blocks = self._config.curriculum.block_steps
        return step % blocks == 0 or step % self._config.evaluation.every == 0

    def _check_identity(self, path: Path, record: Mapping[str, Any]) -> None:
        found = record.get("identity")
        if found != self._identity:
            raise ResumeError(f"{path}: is of another run: {parted(found, self._identity)}")

    def _tell_machine(self, record: Mapping[str, Any]) -> None:
        if record["machine"] != machine():
            self._warn(
                "the run goes on with other versions or devices, so its figures may differ from "
                f"those of an uninterrupted run: {parted(record['machine'], machine())}"
            )

    def _set_aside(self, path: Path, error: ValueError) -> None:
        aside = path.with_name(f"damaged_{path.name}")
        number = 1
        while aside.exists():
            number += 1
            aside = path.with_name(f"damaged_{path.name}_{number}")
        os.replace(path, aside)
        self._warn(f"{error}; set aside as {aside.name}, the one before it is used")

    def _tidy(self) -> None:
        """Remove what is not kept. The one being written has no place among the others yet."""
        if not is_first():
            return
        folder = self._directory.checkpoints
        records = {}
        for step in steps_in(folder):
            try:
                records[step] = read_record(self.path(step))
            except CheckpointError:
                continue  # a resume sets it aside
        bounds = {step: record["yardstick_lower"] for step, record in records.items()}
        keep = kept(bounds, self._config.checkpoints.keep)
        keep |= {step for step in records if self._ends_block(step)}
        for step in set(keep):
            keep |= set(records[step]["state"]["good"])
        for step in set(records) - keep:
            removed = folder / f".{self.path(step).name}"
            os.replace(self.path(step), removed)  # never half of a checkpoint under its name
            shutil.rmtree(removed, ignore_errors=True)


def kept(bounds: Mapping[int, float | None], newest: int) -> set[int]:
    """The newest steps, and the one with the highest bound (the later of equals)."""
    found = set(sorted(bounds)[-newest:])
    known = {step: bound for step, bound in bounds.items() if bound is not None}
    if known:
        found.add(max(known, key=lambda step: (known[step], step)))
    return found


def steps_in(folder: Path) -> list[int]:
    """Steps of the complete checkpoints in a folder, in order."""
    names = os.listdir(folder) if folder.is_dir() else []
    matches = (re.fullmatch(r"grpo_(\d{1,12})", name) for name in names)
    return sorted(int(match[1]) for match in matches if match)


def parted(there: Any, here: Mapping[str, Any]) -> str:
    """Where two descriptions differ, field by field."""
    if not isinstance(there, Mapping):
        return "it does not say what it was made from"
    names: Iterable[str] = dict.fromkeys([*here, *there])
    wrong = [
        f"{name} is {there.get(name, 'unknown')!r} there, {here.get(name, 'unknown')!r} here"
        for name in names
        if there.get(name) != here.get(name)
    ]
    return "; ".join(wrong)
