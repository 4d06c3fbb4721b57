"""A run of several processes: the first one holds the directory, the others follow it.

All of them do the same work on the same configuration. Whatever may differ between hosts (files,
clocks, signals, scores) is the first one's, told to the others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dipg.app.rollout import Score
from dipg.app.run_directory import DirectoryError, RunDirectory
from dipg.app.stopping import EXIT_CODES
from dipg.vignettes.types import Vignette
from grpo_core.distributed import from_first, highest

_REASONS = ("", *EXIT_CODES)


class FollowedDirectory(RunDirectory):
    """A run's directory in a process that is not the first: what it writes, the first one does."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def sync(self) -> dict[str, int]:
        """Nothing of this process waits for the disk."""
        return {}

    def go_back(self, step: int, sizes: Mapping[str, int]) -> None:
        """The first process does."""

    def write_text(self, name: str, text: str) -> Path:
        """The first process writes it."""
        return self.path / name

    def close(self) -> None:
        """Nothing is held."""

    def _append(self, name: str, row: Mapping[str, Any]) -> None:
        """The first process does."""


def opened(take: Callable[[], RunDirectory]) -> RunDirectory:
    """The directory that the first process takes, for every process.

    Raises DirectoryError, on every process, where it cannot be taken or where another process does
    not see it.
    """
    taken: list[RunDirectory] = []

    def first() -> str:
        taken.append(take())
        return str(taken[0].path.absolute())

    path = Path(from_first(first, DirectoryError))
    if highest(int(not (path / "config.toml").is_file())):
        for directory in taken:
            directory.close()
        raise DirectoryError(
            f"{path}: is not seen by every process: it has to be on a file system that all share"
        )
    return taken[0] if taken else FollowedDirectory(path)


def agreed(reason: str | None) -> str | None:
    """Why to stop, where any of the processes has a reason to; on every process the same."""
    return _REASONS[highest(_REASONS.index(reason or ""))] or None


def scored_once(score: Score) -> Score:
    """`score`, called by the first process alone: a judge need not say the same twice."""

    def told(vignettes: Sequence[Vignette], texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        terms, events = from_first(lambda: tuple(score(vignettes, texts)))
        return terms, events

    return told
