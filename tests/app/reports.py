"""What a run reports, as the real types, for the tests of what is drawn from it."""

from __future__ import annotations

import math
from collections.abc import Mapping

from curricula.receipts import Clause, Receipt
from curricula.statistics import Estimate


def estimate(value: float, half: float = 0.05) -> Estimate:
    """An estimate with bounds `half` on either side."""
    return Estimate(value, value - half, value + half, 3200, 400)


def clause(text: str, verdict: str, value: float, groups_needed: float | None = None) -> Clause:
    """A clause on the metric that its text begins with, e.g. "safe > 90%" or "drop(answer)"."""
    metric = text.removeprefix("drop(").split()[0].rstrip(")")
    return Clause(
        text,
        metric,
        verdict,
        value,
        value - 0.05,
        value + 0.05,
        0.9,
        0.05,
        groups_needed,
        3200,
        400,
    )


def receipt(step: int, *clauses: Clause, to: tuple[float, str] = (0.0, "soft")) -> Receipt:
    """A decision of `gated` at rung soft."""
    moved = to[1] != "soft"
    reason = "evidence is complete" if moved else "evidence is missing"
    return Receipt(
        step, "gated", 0.0, to[0], "soft", to[1], reason, clauses, 0.05, 0.0, {}
    ).explained()


def step_report(
    step: int, mean: float, safe: float
) -> tuple[Mapping[str, float], Mapping[str, Estimate]]:
    """Metrics and summary of a step."""
    metrics = {"step": step, "kl": 0.0125, "reward": 10.5, "entropy": 0.4}
    summary = {
        "mean": estimate(mean, 1.0),
        "safe": estimate(safe),
        "correct": estimate(0.425),
        "hallucination": estimate(0.3),
        "answer": Estimate(0.8, math.nan, math.nan, 100, 1),
    }
    return metrics, summary
