"""Reads anyone's rewards and flags as an observation log: CSV, JSON lines, TRL's completions.

One row a response. Columns: ``reward``; ``step``; optionally the prompt group (``group``,
``prompt_id`` or ``prompt``); every column of only 0 and 1 is a flag whose rate can be watched.
TRL's completions files (``step``, ``prompt``, ``completion``, one column a reward function,
``advantage``) are read as they are; their reward is the sum of the reward functions.

A reward is no table of facts, so it cannot be re-priced: the log has two terms, a constant worth
the lowest reward and the reward's position between the limits.
"""

from __future__ import annotations

import csv
import dataclasses
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from curricula.observations import Observation, Rate, Schema, encode, header
from curricula.parsing import ALIASES
from curricula.penalties import PenaltyConfig, PenaltyLadder

__all__ = ["EXAMPLE", "Recorded", "TableError", "from_columns", "read_table"]

EXAMPLE = Path(__file__).parent / "data" / "report_evaluations.json"
"""The four evaluations behind the GRPO report that this project began from; figures only."""

REWARDS = ("reward", "rewards", "total_reward", "score")
STEPS = ("step", "global_step")
GROUPS = ("group", "group_id", "prompt_id", "prompt")
_TEXT = {"true": 1.0, "false": 0.0, "": math.nan, "null": math.nan, "none": math.nan}


class TableError(ValueError):
    """A file that cannot be read as rewards and flags; one line."""


@dataclasses.dataclass(frozen=True)
class Recorded:
    """Someone's run as an observation log.

    Attributes:
      log: header first, then one line a step. schema: of it.
      prices: the yardstick that gives back the rewards. limits: of a reward.
      labels: what the file calls each step. notes: what was assumed, a sentence each.
    """

    log: tuple[Mapping[str, Any], ...]
    schema: Schema
    prices: PenaltyConfig
    limits: tuple[float, float]
    labels: tuple[str, ...]
    notes: tuple[str, ...]

    def ladder(self, name: str, rungs: Sequence[str]) -> PenaltyLadder:
        """A ladder whose rungs all cost the same: rewards alone cannot be priced otherwise."""
        return PenaltyLadder(name, [(rung, self.prices) for rung in rungs])


def read_table(
    path: Path, limits: tuple[float, float] | None = None, rows_per_step: int | None = None
) -> Recorded:
    """A file of responses.

    Args:
      path: ``.csv``, ``.jsonl``, ``.json`` (``{step: {"rewards": [...], flag: [...]}}``) or
        ``.parquet`` (needs pyarrow).
      limits: (lowest, highest) possible reward; None takes the observed ones, which is noted.
      rows_per_step: where there is no step column.

    Raises:
      TableError: what is missing or malformed, and where.
    """
    readers = {".csv": _csv, ".jsonl": _jsonl, ".ndjson": _jsonl, ".json": _json}
    readers[".parquet"] = _parquet
    if path.suffix not in readers:
        raise TableError(f"{path}: cannot read {path.suffix!r} files; valid: {', '.join(readers)}")
    try:
        columns = readers[path.suffix](path)
    except OSError as error:
        raise TableError(f"{path}: cannot be read: {error.strerror or error}") from None
    except (UnicodeDecodeError, json.JSONDecodeError, csv.Error) as error:
        raise TableError(f"{path}: cannot be read: {error}") from None
    try:
        return from_columns(columns, limits, rows_per_step)
    except TableError as error:
        raise TableError(f"{path}: {error}") from None


def from_columns(
    columns: Mapping[str, Sequence[Any]],
    limits: tuple[float, float] | None = None,
    rows_per_step: int | None = None,
) -> Recorded:
    """A table in memory; see :func:`read_table`."""
    notes: list[str] = []
    rewards = _rewards(columns, notes)
    if not len(rewards):
        raise TableError("no rows")
    steps = _steps(columns, len(rewards), rows_per_step)
    low, high = _limits(rewards, limits, notes)
    flags = _flags(columns, notes)
    schema = _schema(tuple(flags))
    terms = np.stack([np.ones_like(rewards), (rewards - low) / (high - low)], 1)
    events = np.stack([flags[e] for e in schema.events], 1) if schema.events else np.empty((0, 0))
    groups = _groups(columns, notes)
    lines: list[Mapping[str, Any]] = []
    most_rows = most_groups = 1
    labels = list(dict.fromkeys(steps))
    rows_of = _rows_of(steps)
    for number, label in enumerate(labels, 1):
        rows = rows_of[label]
        named = [groups[i] for i in rows] if groups else list(range(len(rows)))
        ids = {name: i for i, name in enumerate(dict.fromkeys(named))}
        group = np.asarray([ids[name] for name in named])
        inside = events[rows] if schema.events else np.empty((len(rows), 0))
        lines.append(encode(number, Observation.build(schema, terms[rows], inside, group)))
        most_rows, most_groups = max(most_rows, len(rows)), max(most_groups, len(ids))
    prices = PenaltyConfig.from_mapping({"lowest": low, "reward": high - low})
    log = (header(schema, most_rows, most_groups), *lines)
    return Recorded(log, schema, prices, (low, high), tuple(map(str, labels)), tuple(notes))


def _rows_of(steps: Sequence[Any]) -> dict[Any, list[int]]:
    rows: dict[Any, list[int]] = {}
    for i, label in enumerate(steps):
        rows.setdefault(label, []).append(i)
    return rows


def _find(columns: Mapping[str, Any], names: Iterable[str]) -> str | None:
    return next((name for name in names if name in columns), None)


def _rewards(columns: Mapping[str, Sequence[Any]], notes: list[str]) -> np.ndarray:
    name = _find(columns, REWARDS)
    if name is not None:
        return _numbers(name, columns[name])
    functions = [c for c in columns if c not in (*STEPS, *GROUPS, "completion", "advantage")]
    if "advantage" in columns and functions:
        notes.append(f"reward: the sum of {', '.join(functions)}")
        return np.sum([_numbers(c, columns[c]) for c in functions], axis=0)
    found = ", ".join(columns) or "none"
    raise TableError(f"no column {REWARDS[0]!r}; columns: {found}")


def _numbers(name: str, values: Sequence[Any]) -> np.ndarray:
    out = np.empty(len(values))
    for i, value in enumerate(values):
        text = value.strip().lower() if isinstance(value, str) else value
        try:
            out[i] = math.nan if text is None else float(_TEXT.get(text, text))
        except (TypeError, ValueError):
            raise TableError(f"row {i + 1}: {name} is {value!r}, not a number") from None
    return np.where(np.isinf(out), np.nan, out)


def _steps(columns: Mapping[str, Sequence[Any]], rows: int, per_step: int | None) -> list[Any]:
    name = _find(columns, STEPS)
    if name is not None:
        return list(columns[name])
    if per_step is None:
        raise TableError("no column 'step'; say how many rows make a step (--rows-per-step)")
    return [i // per_step + 1 for i in range(rows)]


def _groups(columns: Mapping[str, Sequence[Any]], notes: list[str]) -> list[str]:
    name = _find(columns, GROUPS)
    if name is None:
        notes.append("no column for the prompt group: every response counts as independent")
        return []
    return [str(value) for value in columns[name]]


def _limits(
    rewards: np.ndarray, limits: tuple[float, float] | None, notes: list[str]
) -> tuple[float, float]:
    known = rewards[~np.isnan(rewards)]
    if not len(known):
        raise TableError("no reward is a number")
    low, high = float(known.min()), float(known.max())
    if limits is None:
        notes.append(
            f"limits of a reward: the observed {low:g} and {high:g}; bounds on the mean are only"
            " valid if no reward could ever lie outside (--limits says what could)"
        )
        return low, high if high > low else low + 1.0
    if not limits[0] < limits[1]:
        raise TableError(f"limits must rise, got {limits[0]:g} and {limits[1]:g}")
    if low < limits[0] or high > limits[1]:
        raise TableError(
            f"rewards reach from {low:g} to {high:g}, outside the limits"
            f" {limits[0]:g} to {limits[1]:g}"
        )
    return limits


def _flags(columns: Mapping[str, Sequence[Any]], notes: list[str]) -> dict[str, np.ndarray]:
    roles = {*REWARDS, *STEPS, *GROUPS, "completion", "advantage"}
    flags: dict[str, np.ndarray] = {}
    ignored = []
    for name, values in columns.items():
        if name in roles:
            continue
        try:
            numbers = _numbers(name, values)
        except TableError:
            numbers = np.full(1, 2.0)
        if np.isin(numbers[~np.isnan(numbers)], (0, 1)).all():
            flags[name.lower()] = numbers
        else:
            ignored.append(name)
    if ignored:
        notes.append(f"not 0 or 1, so not flags: {', '.join(ignored)}")
    return flags


def _schema(flags: tuple[str, ...]) -> Schema:
    """Rates under the names that conditions use; ``answer`` among the answerable where known."""
    rates = {}
    for flag in flags:
        rates[ALIASES.get(flag, flag.removesuffix("_rate"))] = Rate(flag)
    rates.pop("mean", None)
    if "answerable" in flags:
        for name, event in (("answer", "answered"), ("abstention", "abstained")):
            if event in flags:
                rates[name] = Rate(event, "answerable")
        if "answered" in flags and "correct" in flags:
            rates["competence"] = Rate("correct", ("answered", "answerable"))
    return Schema(("lowest", "reward"), flags, rates)


def _csv(path: Path) -> dict[str, list[Any]]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        return _columns(list(csv.DictReader(file)))


def _jsonl(path: Path) -> dict[str, list[Any]]:
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        row = json.loads(line)
        if not isinstance(row, dict):
            raise TableError(f"{path}: line {number} is not a JSON object")
        rows.append(row)
    return _columns(rows)


def _json(path: Path) -> dict[str, list[Any]]:
    """``{step: {"rewards": [...], flag: [...]}}``, as the report's evaluations; or rows."""
    data = json.loads(path.read_text(encoding="utf-8"))
    if isinstance(data, list) and all(isinstance(row, dict) for row in data):
        return _columns(data)
    if not isinstance(data, dict) or not all(isinstance(block, dict) for block in data.values()):
        raise TableError(f"{path}: expected a list of rows, or {{step: {{'rewards': [...]}}}}")
    rows: list[dict[str, Any]] = []
    for step, block in data.items():
        lengths = {name: len(values) for name, values in block.items() if isinstance(values, list)}
        if len(set(lengths.values())) > 1:
            raise TableError(f"{path}: {step}: lists of different lengths, {lengths}")
        for i in range(next(iter(lengths.values()), 0)):
            rows.append({"step": step, **{name: block[name][i] for name in lengths}})
    return _columns(rows)


def _parquet(path: Path) -> dict[str, list[Any]]:
    try:
        import pyarrow.parquet as parquet
    except ImportError:
        raise TableError(f"{path}: parquet needs pyarrow: pip install pyarrow") from None
    table = parquet.read_table(path)
    return {name: table[name].to_pylist() for name in table.column_names}


def _columns(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    names = dict.fromkeys(name for row in rows for name in row if name is not None)
    return {name: [row.get(name) for row in rows] for name in names}
