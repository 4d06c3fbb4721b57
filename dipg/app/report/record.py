"""A run's own files, read into one record; half-written and hostile ones get one clear line."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from curricula.observations import ObservationError, Schema, decode
from curricula.receipts import Receipt
from dipg.app.config import RunConfig
from dipg.app.report.sound import (
    fault_of_evaluation,
    is_count,
    is_known,
    is_number,
    is_receipt,
)
from dipg.app.run_directory import read_config

LARGEST_FILE = 512 * 2**20
"""Bytes; a line file beyond it is not one of ours."""


class ReportError(ValueError):
    """A run directory that cannot be reported on; the message is one line with the way out."""


@dataclass(frozen=True)
class Facts:
    """What happened in the training responses, by step.

    Attributes:
        schema: names of the columns.
        steps: `[S]`. terms: `[B, K]` per step. events: `[B, E]` per step. groups: `[B]` per step.
    """

    schema: Schema
    steps: np.ndarray
    terms: list[np.ndarray]
    events: list[np.ndarray]
    groups: list[np.ndarray]


@dataclass(frozen=True)
class RunRecord:
    """A run as its files tell it.

    Attributes:
        path: its directory. name: what to call it.
        config: its settings; None for a log that another trainer left.
        metrics: one object a step, in order of the steps.
        receipts: one a step. evaluations: step -> content. samples: step -> objects.
        facts: None where the run has no observation log.
        checkpoints: their names. notes: what was left out, for the reader.
    """

    path: Path
    name: str
    config: RunConfig | None
    metrics: list[dict[str, Any]]
    receipts: list[Receipt]
    evaluations: dict[int, dict[str, Any]] = field(default_factory=dict)
    samples: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    facts: Facts | None = None
    checkpoints: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def steps(self) -> np.ndarray:
        """Steps that have metrics, `[S]` int."""
        return np.array([row["step"] for row in self.metrics], int)

    @property
    def moves(self) -> list[Receipt]:
        """Decisions that changed the penalties."""
        return [receipt for receipt in self.receipts if receipt.moved]

    def column(self, name: str) -> np.ndarray:
        """A metric over the steps, `[S]`; NaN where it is unknown."""
        values = [row.get(name) for row in self.metrics]
        return np.array([math.nan if v is None else v for v in values], float)

    def has(self, name: str) -> bool:
        """Whether a metric is known at some step."""
        return any(row.get(name) is not None for row in self.metrics)


def read_run(path: Path) -> RunRecord:
    """Everything a report needs of the run in `path`.

    Raises:
        ReportError: there is no run, no step is finished, or a file is damaged.
        ConfigError: its config.toml is.
    """
    if not path.exists():
        raise ReportError(f"{path}: there is no such run directory")
    if not path.is_dir():
        raise ReportError(f"{path}: is a file; name the run's directory")
    if not (path / "metrics.jsonl").is_file():
        raise ReportError(f"{path}: has no metrics.jsonl, so it is no run")
    notes: list[str] = []
    metrics = _ordered(path / "metrics.jsonl", notes)
    if not metrics:
        raise ReportError(f"{path}: no step is finished yet")
    config = read_config(path) if (path / "config.toml").is_file() else None
    return RunRecord(
        path,
        path.resolve().name or str(path),
        config,
        metrics,
        _receipts(path / "decisions.jsonl", notes),
        {step: _evaluation(file) for step, file in _numbered(path, "evaluation_", ".json")},
        {step: _samples(file, notes) for step, file in _numbered(path, "samples_", ".jsonl")},
        _facts(path / "observations.jsonl", notes),
        _checkpoints(path / "checkpoints"),
        notes,
    )


def read_lines(path: Path, notes: list[str]) -> list[tuple[int, dict[str, Any]]]:
    """The objects of a line file with their line numbers; a last line without its end is left out.

    Raises:
        ReportError: the file cannot be read, or a whole line is no JSON object.
    """
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise ReportError(f"{path}: is larger than any run of ours")
        whole, _, rest = path.read_bytes().rpartition(b"\n")
        lines = whole.decode().split("\n") if whole else []
    except OSError as error:
        raise ReportError(f"{path}: cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise ReportError(f"{path}: is not text") from None
    if rest:
        notes.append(f"the last line of {path.name} was half-written and is left out")
    found = []
    for number, line in enumerate(lines, 1):
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            raise ReportError(f"{path}: line {number} is not JSON") from None
        if not isinstance(row, dict):
            raise ReportError(f"{path}: line {number} is not an object")
        found.append((number, row))
    return found


def _ordered(path: Path, notes: list[str]) -> list[dict[str, Any]]:
    """Rows of metrics, checked: numbers, in rising order of their steps."""
    rows: list[dict[str, Any]] = []
    for number, row in read_lines(path, notes):
        step = row.get("step")
        if not is_count(step):
            raise ReportError(f"{path}: line {number} has no step")
        if rows and step <= rows[-1]["step"]:
            raise ReportError(f"{path}: line {number}: step {step} comes after {rows[-1]['step']}")
        for name, value in row.items():
            if not is_known(value):
                raise ReportError(f"{path}: line {number}: {name!r} is not a number")
        rows.append(row)
    return rows


def _receipts(path: Path, notes: list[str]) -> list[Receipt]:
    if not path.is_file():
        notes.append("there is no decisions.jsonl, so nothing is said of decisions")
        return []
    found = []
    for number, row in read_lines(path, notes):
        try:
            receipt = Receipt.from_json(row)
            sound = is_receipt(receipt)
        except (KeyError, TypeError, ValueError, AttributeError, IndexError):
            sound = False
        if not sound:
            raise ReportError(f"{path}: line {number} is not a receipt")
        found.append(receipt)
    return found


def _numbered(path: Path, before: str, after: str) -> list[tuple[int, Path]]:
    """Files with a step in their name, by step."""
    found = []
    for file in path.glob(f"{before}*{after}"):
        step = file.name[len(before) : -len(after)]
        if step.isdecimal():
            found.append((int(step), file))
    return sorted(found)


def _evaluation(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text())
    except OSError as error:
        raise ReportError(f"{path}: cannot be read: {error.strerror or error}") from None
    except (ValueError, RecursionError):
        raise ReportError(f"{path}: is not JSON") from None
    fault = fault_of_evaluation(content)
    if fault:
        raise ReportError(f"{path}: {fault}")
    return content


def _samples(path: Path, notes: list[str]) -> list[dict[str, Any]]:
    rows = [row for _, row in read_lines(path, notes)]
    for row in rows:
        for key in ("id", "kind", "context", "question", "expected", "completion"):
            if not isinstance(row.get(key), str):
                raise ReportError(f"{path}: a sample has no {key!r}")
        if not is_number(row.get("reward")):
            raise ReportError(f"{path}: a sample has no 'reward'")
    return rows


def _facts(path: Path, notes: list[str]) -> Facts | None:
    if not path.is_file():
        notes.append("there is no observations.jsonl, so nothing is said of single terms")
        return None
    rows = read_lines(path, notes)
    if not rows:
        return None
    try:
        schema = Schema.from_json(rows[0][1]["schema"])
        seen = [decode(row, schema) for _, row in rows[1:]]
        steps = np.array([int(row["step"]) for _, row in rows[1:]], int)
    except (KeyError, TypeError, AttributeError, OverflowError, ValueError) as error:
        said = str(error) if isinstance(error, ObservationError) else "is no observation log"
        raise ReportError(f"{path}: {said}") from None
    return Facts(
        schema,
        steps,
        [np.asarray(o.terms) for o in seen],
        [np.asarray(o.events) for o in seen],
        [np.asarray(o.groups) for o in seen],
    )


def _checkpoints(path: Path) -> list[str]:
    try:
        names = [entry.name for entry in path.iterdir() if not entry.name.startswith(".")]
    except OSError:
        return []
    return sorted(names, key=lambda name: (len(name), name))
