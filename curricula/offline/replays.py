"""Decisions of several controllers on one recorded run, and where they part.

What a controller would have *decided* on recorded responses is exact. What would have come of it is
not in the record: other prices would have changed the responses.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from curricula.curriculum import Curriculum
from curricula.receipts import Receipt
from curricula.replay import replay

__all__ = ["CAVEAT", "Difference", "Replayed", "differences", "replay_all"]

CAVEAT = (
    "Decisions on a log are valid: each policy sees exactly these responses. Outcomes are not:"
    " under other prices the model would have given others."
)


@dataclasses.dataclass(frozen=True)
class Replayed:
    """A policy's decisions on a log, a receipt a step."""

    name: str
    receipts: tuple[Receipt, ...]

    @property
    def moves(self) -> tuple[Receipt, ...]:
        """The decisions that changed the severity."""
        return tuple(r for r in self.receipts if r.moved)

    def needed(self) -> list[str]:
        """What the last decision says is missing for the clauses that have not passed."""
        last = self.receipts[-1]
        return [c.sentence() for c in last.clauses if c.kind != "drop" and c.verdict != "pass"]

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "policy": self.name,
            "moves": [r.to_json() for r in self.moves],
            "last": self.receipts[-1].to_json(),
            "severity": [r.severity_to for r in self.receipts],
        }


@dataclasses.dataclass(frozen=True)
class Difference:
    """Steps ``first`` to ``last``, after which policies stood on ``rungs``, ``{name: rung}``."""

    first: int
    last: int
    rungs: Mapping[str, str]

    def __str__(self) -> str:
        steps = f"step {self.first}" if self.first == self.last else f"{self.first} to {self.last}"
        return f"{steps}: " + ", ".join(f"{name} at {rung}" for name, rung in self.rungs.items())


def replay_all(
    curricula: Mapping[str, Curriculum], log: Sequence[Mapping[str, Any]]
) -> list[Replayed]:
    """Replay a log under each curriculum; see :func:`curricula.replay.replay` for errors."""
    return [Replayed(name, tuple(replay(course, log))) for name, course in curricula.items()]


def differences(replayed: Iterable[Replayed]) -> list[Difference]:
    """Spans of steps on which policies stood on different rungs; a span ends where one moves."""
    runs = list(replayed)
    found: list[Difference] = []
    for row in zip(*(r.receipts for r in runs)):
        rungs = {run.name: receipt.rung_to for run, receipt in zip(runs, row)}
        if len(set(rungs.values())) == 1:
            continue
        step = row[0].step
        if found and found[-1].last == step - 1 and found[-1].rungs == rungs:
            found[-1] = dataclasses.replace(found[-1], last=step)
        else:
            found.append(Difference(step, step, rungs))
    return found
