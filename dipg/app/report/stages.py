"""The stretches of a run that its tables are divided into."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from dipg.app.report.record import RunRecord

MOST = 12
"""More stretches than this are told as blocks of equal length: a table has to be readable."""


@dataclass(frozen=True)
class Stage:
    """Consecutive steps under one rung, or one block of them.

    Attributes:
        label: "Block 1" or "Rung soft". first, last: steps, both included.
        rung: its name; "soft to hard" where it moved within. severity: at its first step.
    """

    label: str
    first: int
    last: int
    rung: str
    severity: float

    @property
    def title(self) -> str:
        """For a table's head."""
        return f"{self.label} ({self.first}–{self.last})"


def stages_of(run: RunRecord) -> list[Stage]:
    """By rung where the rung changed a few times, else in blocks of the configured length."""
    steps, severity = run.steps, run.column("severity")
    rung = np.floor(np.nan_to_num(severity) + 1e-6)
    starts = [0, *(int(i) + 1 for i in np.flatnonzero(np.diff(rung)))]
    if not 2 <= len(starts) <= MOST:
        size = 300 if run.config is None else run.config.curriculum.block_steps
        size = max(size, math.ceil(len(steps) / MOST))
        starts = list(range(0, len(steps), size))
    names = {receipt.step: receipt.rung_from for receipt in run.receipts}
    ends = [*(start - 1 for start in starts[1:]), len(steps) - 1]
    found = []
    for number, (start, end) in enumerate(zip(starts, ends, strict=True), 1):
        first, last = names.get(int(steps[start]), ""), names.get(int(steps[end]), "")
        name = first if first == last else f"{first} to {last}"
        found.append(
            Stage(
                f"Block {number}",
                int(steps[start]),
                int(steps[end]),
                name or f"severity {severity[start]:g}",
                float(severity[start]),
            )
        )
    return found
