"""What a run came to: the model on held-out vignettes before and after, and where it ended."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np

from curricula.observations import Observation, ObservationError, decode, encode
from curricula.receipts import Receipt
from dipg.app.curriculum import SCHEMA
from dipg.evaluation import EvaluationSummary, summarise


class Facts(NamedTuple):
    """What happened in responses: terms `[B, K]`, events `[B, E]`."""

    terms: np.ndarray
    events: np.ndarray

    def first(self, count: int) -> EvaluationSummary:
        """Figures of the first `count` of them."""
        return summarise(self.terms[:count], self.events[:count])

    def to_json(self) -> dict[str, Any]:
        """One integer a response; bit i is the i-th name of the schema."""
        seen = Observation.build(SCHEMA, self.terms, self.events, np.arange(len(self.terms)))
        line = encode(0, seen)
        return {"terms": line["terms"], "events": line["events"]}

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """The facts that `to_json` wrote. Raises ObservationError where they are something else."""
        try:
            seen = decode({**data, "groups": range(len(data["terms"]))}, SCHEMA)
        except (TypeError, KeyError, ValueError) as error:
            raise ObservationError(f"not the facts of an evaluation: {error}") from None
        return cls(seen.terms, seen.events)


@dataclass(frozen=True)
class Evaluations:
    """One model on the held-out vignettes: the report's 50 and the larger set, sampled, and greedy
    beside it."""

    report: EvaluationSummary
    larger: EvaluationSummary
    greedy: EvaluationSummary
    facts: tuple[Facts, Facts]

    @classmethod
    def of(cls, sampled: Facts, greedy: Facts, report_count: int, count: int) -> Self:
        """From what happened, sampled and with greedy decoding."""
        facts = (sampled, greedy)
        return cls(sampled.first(report_count), sampled.first(count), greedy.first(count), facts)

    @classmethod
    def from_json(cls, data: Any, report_count: int, count: int) -> Self:
        """The evaluation that `to_json` wrote.

        Raises ObservationError where it is something else, or of another number of vignettes.
        """
        try:
            kept = data["facts"]
            sampled, greedy = Facts.from_json(kept["sampled"]), Facts.from_json(kept["greedy"])
            same = kept["schema"] == SCHEMA.to_json()
        except (TypeError, KeyError) as error:
            raise ObservationError(f"not an evaluation: {error!r}") from None
        wanted = max(report_count, count)
        if not same or len(sampled.terms) != wanted or len(greedy.terms) != wanted:
            raise ObservationError("an evaluation of other vignettes or of other events")
        return cls.of(sampled, greedy, report_count, count)

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
            "facts": {
                "schema": SCHEMA.to_json(),
                "sampled": self.facts[0].to_json(),
                "greedy": self.facts[1].to_json(),
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
