"""Who follows a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from curricula.receipts import Receipt
    from curricula.statistics import Estimate
    from dipg.app.outcome import Outcome
    from dipg.evaluation import EvaluationSummary


class Observer(Protocol):
    """Who follows a run. Everything told is plain Python or numpy."""

    def phase(self, name: str, detail: str, total: int | None) -> None: ...
    def progress(self, done: int, info: Mapping[str, float]) -> None: ...
    def step(
        self,
        metrics: Mapping[str, float],
        summary: Mapping[str, Estimate],
        timing: Mapping[str, float],
    ) -> None: ...
    def decision(self, receipt: Receipt) -> None: ...
    def warning(self, text: str) -> None: ...
    def evaluation(self, step: int, summary: EvaluationSummary) -> None: ...
    def finish(self, outcome: Outcome) -> None: ...
