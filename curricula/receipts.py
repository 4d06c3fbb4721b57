"""Receipts: what was decided after a step, why, and what would have to change."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from curricula.conditions import REWARD_METRICS

__all__ = ["DROP", "Clause", "Receipt", "Replay", "clean", "verify"]

if TYPE_CHECKING:
    from curricula.curriculum import Curriculum

DROP = "drop"  # kind of a clause that is a detector; the others have their comparison
VERDICTS = {1: "pass", 0: "inconclusive", -1: "fail"}


def clean(value: float) -> float | None:
    """A float as it is written: six significant digits, None for NaN."""
    return None if not math.isfinite(value) else float(f"{value:.6g}")


@dataclasses.dataclass(frozen=True)
class Clause:
    """One clause of a condition as it was judged; natural units, None where unknown.

    Attributes:
      text: the clause. metric: what it reads.
      verdict: "pass", "inconclusive" or "fail"; for a drop, "pass" is an alarm.
      value, lower, upper, threshold, alpha, groups_needed: see
        :class:`~curricula.verdicts.ClauseReport`.
      n_responses, n_groups: counts.
      kind: its comparison, ">", ">=", "<" or "<=", or "drop"; read off the text where not given.
    """

    text: str
    metric: str
    verdict: str
    value: float | None
    lower: float | None
    upper: float | None
    threshold: float | None
    alpha: float | None
    groups_needed: float | None
    n_responses: int
    n_groups: int
    kind: str = ""

    def __post_init__(self) -> None:
        if not self.kind:
            kind = DROP if self.text.startswith("drop(") else self.text.split()[-2]
            object.__setattr__(self, "kind", kind)

    def sentence(self) -> str:
        """In words: ``safe 93%, at least 90% with 97% confidence: passes "safe > 90%"``."""
        value = _show(self.metric, self.value)
        if self.kind == DROP:
            if self.verdict == "pass":
                return f"{self.metric} {value} has certifiably fallen below {self._level()}"
            watching = self.threshold is not None
            return f"{self.metric} {value}, " + (
                f"no drop below {self._level()}" if watching else "baseline still unknown"
            )
        parts = [f"{self.metric} {value}"]
        rising = self.kind.startswith(">")
        bound = self.lower if rising else self.upper
        if bound is not None and self.alpha is not None:
            side = "at least" if rising else "at most"
            confidence = f"{(1 - self.alpha) * 100:.3g}%"
            parts.append(f"{side} {_show(self.metric, bound)} with {confidence} confidence")
        word = {"pass": "passes", "fail": "fails", "inconclusive": "not shown yet"}[self.verdict]
        text = ", ".join(parts) + f": {word} ({self.text})"
        if self.verdict != "pass" and self.groups_needed:
            text += f", about {math.ceil(self.groups_needed)} more groups at this rate"
        return text

    def _level(self) -> str:
        return _show(self.metric, self.threshold)


def _show(metric: str, value: float | None) -> str:
    if value is None:
        return "unknown"
    return f"{value:.3g}" if metric in REWARD_METRICS else f"{100 * value:.3g}%"


@dataclasses.dataclass(frozen=True)
class Receipt:
    """One decision and its reasons. JSON both ways; equal receipts are equal decisions.

    Attributes:
      step: the step decided after, from 1; the decision is in force from ``step + 1``.
      controller: name.
      severity_from, severity_to: before and after. rung_from, rung_to: their names.
      reason: the controller's phrase.
      clauses: what was judged.
      alpha: error level of this stint; None where none is spent. spent: by the run so far.
      forecast: ``mean`` of the window now and under the next rung (``mean_next``), the share of
        groups whose best response flips to not answering, break-even now and next where known.
      sentence: all of it for a person.
    """

    step: int
    controller: str
    severity_from: float
    severity_to: float
    rung_from: str
    rung_to: str
    reason: str
    clauses: tuple[Clause, ...]
    alpha: float | None
    spent: float | None
    forecast: Mapping[str, float | None]
    sentence: str = ""

    @property
    def moved(self) -> bool:
        """Whether the severity changes."""
        return self.severity_from != self.severity_to

    def explained(self) -> Receipt:
        """With its sentence written."""
        if self.moved:
            head = f"moved from {self.rung_from} to {self.rung_to}"
        else:
            head = f"held at {self.rung_from}"
        detail = self.reason.split(": ", 1)[-1]
        shown = [c.sentence() for c in self.clauses if self._told(c)]
        sentence = head + (f" ({detail})" if detail else "")
        return dataclasses.replace(
            self, sentence=sentence + (": " + "; ".join(shown) if shown else "")
        )

    def _told(self, clause: Clause) -> bool:
        """A ringing drop is told where it decided: a model still below the level has not fallen."""
        if clause.kind != DROP:
            return True
        return clause.verdict == "pass" and "guard" in self.reason

    def to_json(self) -> dict[str, Any]:
        """Plain data in a fixed key order."""
        data = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        data["moved"] = self.moved
        data["clauses"] = [dataclasses.asdict(c) for c in self.clauses]
        data["forecast"] = dict(self.forecast)
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Receipt:
        """The receipt that :meth:`to_json` wrote."""
        known = {f.name: data[f.name] for f in dataclasses.fields(cls)}
        known["clauses"] = tuple(Clause(**c) for c in data["clauses"])
        return cls(**known)


@dataclasses.dataclass(frozen=True)
class Replay:
    """Whether a replay found the same decisions.

    Attributes:
      steps: decisions compared. step: the first that differs, None where none does.
      field: what differs there; recorded, replayed: both values.
    """

    steps: int
    step: int | None = None
    field: str = ""
    recorded: Any = None
    replayed: Any = None

    @property
    def agrees(self) -> bool:
        """Every decision was found again."""
        return self.step is None

    def __str__(self) -> str:
        if self.agrees:
            return f"{self.steps} decisions replayed, all the same"
        return (
            f"decisions part at step {self.step}: {self.field} was {self.recorded!r},"
            f" the replay finds {self.replayed!r}"
        )


def verify(
    curriculum: Curriculum,
    log: Iterable[Mapping[str, Any]],
    receipts: Iterable[Receipt | Mapping[str, Any]],
) -> Replay:
    """Replay a run's observations and compare every decision with its receipt.

    Args:
      curriculum: built as in the run.
      log: the observation log, its header first.
      receipts: the decision log, in order; a log that was cut off is compared as far as it goes.

    Raises:
      ObservationError: a log without header, or with another schema than the curriculum's.
    """
    from curricula.replay import replay

    compared = 0
    for found, kept in zip(replay(curriculum, log), receipts):
        compared += 1
        recorded = kept.to_json() if isinstance(kept, Receipt) else dict(kept)
        replayed = found.to_json()
        for field, value in replayed.items():
            if recorded.get(field) != value:
                return Replay(compared, found.step, field, recorded.get(field), value)
    return Replay(compared)
