"""Writes receipts: the host's side of a decision."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from curricula.conditions import Comparison
from curricula.controller import ControllerError, CurriculumController, Decision
from curricula.penalties import PenaltyLadder
from curricula.receipts import DROP, VERDICTS, Clause, Receipt, clean
from curricula.statistics import Statistics
from curricula.window import Window

__all__ = ["Digest", "digest_of", "write_receipt"]


class Digest(NamedTuple):
    """What a receipt needs of the statistics, so that no more travels to the host.

    Attributes:
      step, severity, rung_means, flip_share: as in ``Statistics``.
      lost: [] int32, responses of the newest step that found no room.
    """

    step: Any
    severity: Any
    rung_means: Any
    flip_share: Any
    lost: Any


def digest_of(seen: Statistics, window: Window) -> Digest:
    """The digest of a step; traces."""
    lost = window.lost[window.cursor]
    return Digest(seen.step, seen.severity, seen.rung_means, seen.flip_share, lost)


def write_receipt(
    controller: CurriculumController, ladder: PenaltyLadder, digest: Digest, decision: Decision
) -> Receipt:
    """The receipt of a decision; both on the host.

    Raises:
      ControllerError: the severity is NaN or off the ladder.
    """
    before, after = float(digest.severity), float(decision.severity)
    if not 0 <= after <= ladder.top:
        raise ControllerError(
            f"{controller.name}: severity {after:g} is off the ladder (0 to {ladder.top:g})"
        )
    return Receipt(
        step=int(digest.step),
        controller=controller.name,
        severity_from=float(f"{before:.7g}"),
        severity_to=float(f"{after:.7g}"),
        rung_from=ladder.rung_name(before),
        rung_to=ladder.rung_name(after),
        reason=controller.reasons[int(decision.reason)],
        clauses=_clauses(controller, decision.clauses),
        alpha=clean(float(decision.alpha)),
        spent=clean(float(decision.spent)),
        forecast=_forecast(ladder, before, digest),
    ).explained()


def _forecast(ladder: PenaltyLadder, here: float, digest: Digest) -> dict[str, float | None]:
    """What the window would earn here and under the next rung."""
    following = min(int(here) + 1, len(ladder) - 1)
    means = digest.rung_means
    forecast = {
        "mean": clean(float(np.interp(here, range(len(ladder)), means))),
        "mean_next": clean(float(means[following])),
        "flip_share": clean(float(digest.flip_share)),
    }
    if ladder.outcomes is not None:
        forecast["break_even"] = clean(ladder.break_even(here))
        forecast["break_even_next"] = clean(ladder.break_even(following))
    return forecast


def _clauses(controller: CurriculumController, report: Any) -> tuple[Clause, ...]:
    if isinstance(report, tuple) and not report:
        return ()
    leaves = [leaf for condition in controller.conditions for leaf in condition.leaves()]
    columns = {name: np.asarray(column).tolist() for name, column in report._asdict().items()}
    clauses = []
    for i, leaf in enumerate(leaves):
        row: dict[str, Any] = {name: column[i] for name, column in columns.items()}
        verdict = VERDICTS[row.pop("verdict")]
        counts = {name: row.pop(name) for name in ("n_responses", "n_groups")}
        figures: dict[str, Any] = {name: clean(value) for name, value in row.items()}
        kind = leaf.op if isinstance(leaf, Comparison) else DROP
        clauses.append(Clause(str(leaf), leaf.metric, verdict, **figures, **counts, kind=kind))
    return tuple(clauses)
