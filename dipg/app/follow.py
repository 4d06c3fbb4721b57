"""A run somewhere else, followed by reading its files: what `dipg-curriculum watch` shows."""

from __future__ import annotations

import dataclasses
import json
import math
import os
import socket
from pathlib import Path
from typing import Any

from curricula.receipts import Receipt
from curricula.statistics import Estimate
from dipg.app.config import RunConfig
from dipg.app.report.sound import is_count, is_known, is_number, is_receipt
from dipg.app.run_directory import DirectoryError, read_config
from dipg.app.run_state import RunState


class Tail:
    """The whole lines that were added to a file since the last look.

    A file that has become shorter was rewritten: `rewound` says so, and all of it is new.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rewound = False
        self._read = 0

    def rows(self) -> list[dict[str, Any]]:
        """New objects; a line that is none is passed over, as the next may be well.

        Raises:
            DirectoryError: the file cannot be read.
        """
        try:
            if not self.path.is_file():
                return []
            with self.path.open("rb") as file:
                size = file.seek(0, 2)
                self.rewound = size < self._read
                if self.rewound:
                    self._read = 0
                file.seek(self._read)
                whole, newline, _ = file.read().rpartition(b"\n")
        except OSError as error:
            raise DirectoryError(
                f"{self.path}: cannot be read: {error.strerror or error}"
            ) from None
        self._read += len(whole) + len(newline)
        found = []
        for line in whole.split(b"\n"):
            try:
                row = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(row, dict):
                found.append(row)
        return found


class Follow:
    """A run's state, kept up with its files.

    Time is the run's own, the sum of its step times, so that its pace is known at the first look.

    Args:
        path: the run's directory.

    Attributes:
        state: what the views draw. told: decisions worth a line since the last `look`.

    Raises:
        DirectoryError, ConfigError: there is no such run, or its configuration is damaged.
    """

    def __init__(self, path: Path) -> None:
        if not path.is_dir():
            raise DirectoryError(f"{path}: there is no such run directory")
        known = any((path / name).is_file() for name in ("config.toml", "metrics.jsonl"))
        if not known:
            raise DirectoryError(
                f"{path}: has no config.toml and no metrics.jsonl, so it is no run"
            )
        self.path = path
        self.logged_only = not (path / "config.toml").is_file()
        self._begin()

    def _begin(self) -> None:
        config = RunConfig() if self.logged_only else read_config(self.path)
        self._now = 0.0
        self.state = RunState(config, lambda: self._now)
        self.told: list[Receipt] = []
        self._metrics = Tail(self.path / "metrics.jsonl")
        self._decisions = Tail(self.path / "decisions.jsonl")
        self._timings = Tail(self.path / "timings.jsonl")
        self._seconds: dict[int, float] = {}

    @property
    def finished(self) -> bool:
        """Whether every step, and the evaluation after the last, is done."""
        if self.logged_only or self.state.done < self.state.config.steps:
            return False
        return (self.path / f"evaluation_{self.state.config.steps}.json").is_file()

    @property
    def writing(self) -> bool:
        """Whether a process holds the directory, as far as this host can tell."""
        try:
            owner = json.loads((self.path / "lock").read_text())
            pid, host = int(owner["pid"]), owner.get("host", socket.gethostname())
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return False
        if host != socket.gethostname():
            return True
        try:
            os.kill(pid, 0)  # asks only: nothing is sent
        except ProcessLookupError:
            return False
        except OSError:
            return True
        return True

    def look(self) -> bool:
        """Take in what is new; whether there was anything.

        Raises:
            DirectoryError: a file cannot be read.
        """
        metrics = self._metrics.rows()
        if self._metrics.rewound:  # the run went back to a checkpoint: its story begins again
            self._begin()
            metrics = self._metrics.rows()
        self._seconds |= {
            row["step"]: float(row["step_time"])
            for row in self._timings.rows()
            if is_count(row.get("step")) and is_number(row.get("step_time"))
        }
        decisions = self._decisions.rows()
        self.told = []
        for row in metrics:
            self._step(row)
        for row in decisions:
            self._decision(row)
        self._place()
        return bool(metrics or decisions)

    def _step(self, row: dict[str, Any]) -> None:
        if not is_count(row.get("step")) or not all(is_known(value) for value in row.values()):
            return
        if self.state.phase_name != "training":
            total = None if self.logged_only else self.state.config.steps
            self.state.phase("training", self.path.name, total)
        self._now += self._seconds.get(row["step"], 0.0)
        figures = {k: math.nan if v is None else v for k, v in row.items()}
        self.state.step(figures, summary_of(figures))

    def _decision(self, row: dict[str, Any]) -> None:
        try:
            receipt = Receipt.from_json(row)
            if not is_receipt(receipt):
                return
        except (KeyError, TypeError, ValueError, AttributeError, IndexError):
            return
        if self.logged_only and self.state.receipt is None:
            named = dataclasses.replace(self.state.config.curriculum, policy=receipt.controller)
            self.state.config = dataclasses.replace(self.state.config, curriculum=named)
        if self.state.decision(receipt):
            self.told.append(receipt)

    def _place(self) -> None:
        """Where the run is, as far as its files say."""
        state = self.state
        if self.finished:
            if state.phase_name != "finished":
                done = state.done
                state.phase("finished", f"{done} steps", None)
                state.done = done
        elif not self.logged_only and not self.writing:
            state.phase_detail = f"{self.path.name}, nobody is writing"
        elif state.metrics:
            state.phase_detail = self.path.name
        else:
            state.phase_name, state.phase_detail = "warm-up", f"{self.path.name}, no step yet"


def summary_of(figures: dict[str, float]) -> dict[str, Estimate]:
    """The window's estimates from a line of `metrics.jsonl`; their counts are not in it (0)."""
    found = {}
    for key, value in figures.items():
        name = key.removeprefix("window/")
        if name == key or name.endswith(("_lower", "_upper")):
            continue
        low, high = (figures.get(f"{key}{end}", math.nan) for end in ("_lower", "_upper"))
        found[name] = Estimate(value, low, high, 0, 0)
    return found
