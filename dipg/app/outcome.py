"""What a run came to: the model on held-out vignettes before and after, and where it ended."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from curricula.receipts import Receipt
from dipg.evaluation import EvaluationSummary


@dataclass(frozen=True)
class Evaluations:
    """One model on the held-out vignettes: the report's 50 and the larger set, sampled, and greedy
    beside it."""

    report: EvaluationSummary
    larger: EvaluationSummary
    greedy: EvaluationSummary

    def to_json(self) -> dict[str, Any]:
        """The report's layout for its 50 vignettes, with the larger set and greedy decoding beside
        it."""
        larger, greedy_set = self.larger.to_json(), self.greedy.to_json()
        return self.report.to_json() | {
            "larger": larger,
            "greedy": {
                "total_responses": greedy_set["total_responses"],
                "figures": greedy_set["figures"],
            },
        }


@dataclass(frozen=True)
class Outcome:
    """What a run came to."""

    before: Evaluations
    after: Evaluations
    directory: Path
    steps: int
    rung: str
    severity: float
    moves: tuple[Receipt, ...]
    seconds: float

    def to_json(self) -> dict[str, Any]:
        """The outcome as one plain object."""
        return {
            "directory": str(self.directory),
            "steps": self.steps,
            "rung": self.rung,
            "severity": self.severity,
            "moves": [receipt.to_json() for receipt in self.moves],
            "before": self.before.to_json(),
            "after": self.after.to_json(),
            "seconds": round(self.seconds, 1),
        }
