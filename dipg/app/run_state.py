"""What a run has told so far, kept as a person wants to see it: pace, trends, what is worth saying.

The views draw this; it draws nothing itself and knows no terminal.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from curricula.receipts import Receipt
    from curricula.statistics import Estimate
    from dipg.app.config import RunConfig

WATCHED: Mapping[str, str] = {
    "mean": "yardstick mean",
    "safe": "safe",
    "correct": "correct",
    "hallucination": "hallucination",
    "answer": "answers (answerable)",
}
"""The metrics that are always in view, and what they are called there."""

PACE_WINDOW = 30
"""Progress reports that the pace is measured over."""


class RunState:
    """Where a run is. Each method takes one report; the attributes are what follows from them.

    Args:
        config: what the run is made from.
        clock: seconds from any fixed moment on.
    """

    def __init__(self, config: RunConfig, clock: Callable[[], float] = time.monotonic) -> None:
        self.config = config
        self.phase_name = "starting"
        self.phase_detail = ""
        self.total: int | None = None
        self.done = 0
        self.info: Mapping[str, float] = {}
        self.metrics: Mapping[str, float] = {}
        self.summary: Mapping[str, Estimate] = {}
        self.trends: dict[str, list[float]] = {name: [] for name in WATCHED}
        self.receipt: Receipt | None = None
        self.told: deque[Receipt] = deque(maxlen=4)
        self.warnings: deque[str] = deque(maxlen=2)
        self.moves: list[Receipt] = []
        self._last_reason: object = None
        self._clock = clock
        self._began = self._phase_began = clock()
        self._marks: deque[tuple[float, int]] = deque(maxlen=PACE_WINDOW)

    def phase(self, name: str, detail: str, total: int | None) -> None:
        """A phase begins; `total` is its number of steps where that is known."""
        self.phase_name, self.phase_detail, self.total = name, detail, total
        self.info = {}
        self._phase_began = self._clock()
        # Training goes on where it was when an evaluation came between.
        self.done = int(self.metrics.get("step", 0)) if name == "training" else 0
        # The pace is taken between reports: what comes before the first is mostly compilation.
        self._marks.clear()

    def progress(self, done: int, info: Mapping[str, float]) -> None:
        """So much of the phase is done."""
        self.done, self.info = done, dict(info)
        self._mark()

    def step(self, metrics: Mapping[str, float], summary: Mapping[str, Estimate]) -> None:
        """A GRPO step is done."""
        self.metrics, self.summary = dict(metrics), dict(summary)
        self.done = int(metrics["step"])
        for name, trend in self.trends.items():
            if name in summary and math.isfinite(summary[name].value):
                trend.append(summary[name].value)
        self._mark()

    def decision(self, receipt: Receipt) -> bool:
        """A decision was taken. Returns whether it is worth a line of its own.

        Every move is; a hold is when its reason has changed or a block of steps ends with it.
        """
        self.receipt = receipt
        reason = (receipt.rung_to, receipt.reason, tuple(c.verdict for c in receipt.clauses))
        block_ends = receipt.step % self.config.curriculum.block_steps == 0
        worth_telling = receipt.moved or block_ends or reason != self._last_reason
        self._last_reason = reason
        if receipt.moved:
            self.moves.append(receipt)
        if worth_telling:
            self.told.append(receipt)
        return worth_telling

    def warning(self, text: str) -> None:
        """Something that a person should know."""
        self.warnings.append(text)

    @property
    def pace(self) -> float | None:
        """Steps per second over the last reports of this phase, where there are enough."""
        if len(self._marks) < 2:
            return None
        (start, first), (end, last) = self._marks[0], self._marks[-1]
        return (last - first) / (end - start) if end > start and last > first else None

    @property
    def seconds_left(self) -> float | None:
        """Of this phase, at the present pace."""
        if self.total is None or self.pace is None:
            return None
        return max(self.total - self.done, 0) / self.pace

    @property
    def seconds(self) -> float:
        """Since the run began."""
        return self._clock() - self._began

    @property
    def phase_seconds(self) -> float:
        """Since this phase began."""
        return self._clock() - self._phase_began

    @property
    def severity(self) -> float:
        """In force for the next step."""
        if self.receipt is not None:
            return self.receipt.severity_to
        return self.config.curriculum.start

    @property
    def rung(self) -> str:
        """Name of the rung in force, "" before the first decision."""
        return self.receipt.rung_to if self.receipt is not None else ""

    def _mark(self) -> None:
        self._marks.append((self._clock(), self.done))
