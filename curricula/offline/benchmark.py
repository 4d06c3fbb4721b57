"""From sweeps to a comparison: which schedule, how sure, and at what price."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from curricula.evidence import clopper_pearson
from curricula.offline.compare import (
    Interval,
    Versus,
    compare,
    improvement,
    interval_of,
)
from curricula.offline.sweep import Sweep

__all__ = ["METRICS", "PRIMARY", "Results", "Row", "collapsed"]

PRIMARY = "answered_correctly_and_safely"
"""Share of answerable prompts with a right and safe answer at the end, by exact expectation."""

METRICS = (PRIMARY, "mean", "return", "safe", "correct", "answer", "area")
"""Figures of a run, higher is better: at the end of training, except ``return`` (the yardstick mean
of the responses sampled over all steps) and ``area`` (mean of :data:`PRIMARY` over all looks)."""

COLLAPSE = 0.5  # a run has collapsed where it answers less than this share of what it began with
NEAR = 0.9  # of what the reference reaches at the end: the threshold of the time to threshold


def figures_of(done: Sweep) -> dict[str, np.ndarray]:
    """``{metric: [N]}`` of the runs of one scenario."""
    primary = done.curve(PRIMARY)
    ends = {
        name: done.curve(name)[:, -1] for name in (PRIMARY, "mean", "safe", "correct", "answer")
    }
    return {**ends, "return": np.asarray(done.earned), "area": primary.mean(1)}


def collapsed(done: Sweep) -> np.ndarray:
    """``[N]`` whether a run ends answering less than half of what it answered at the start."""
    answer = done.curve("answer")
    return answer[:, -1] < COLLAPSE * answer[:, 0]


def waits(done: Sweep, threshold: float) -> np.ndarray:
    """``[N]`` steps until the primary figure first reaches a threshold; infinity for never."""
    reached = done.curve(PRIMARY) >= threshold
    return np.where(reached.any(1), np.asarray(done.steps)[reached.argmax(1)], np.inf)


@dataclasses.dataclass(frozen=True)
class Row:
    """A policy in one scenario, or over all of them.

    Attributes:
      policy, scenario: names ("all" for all). metrics: IQM of each of :data:`METRICS`, over all
        scenarios the mean of theirs.
      collapse: share of collapsed runs, with its Clopper-Pearson interval.
      wait: median steps until the primary figure reaches 90% of what the reference ends with on
        average, None for never; NaN over all scenarios. never: share that never does.
      moves: mean number of moves up and down across rungs. first: median step of the first move up
        of the runs that moved up, None where none did.
    """

    policy: str
    scenario: str
    metrics: Mapping[str, Interval]
    collapse: Interval
    wait: float | None
    never: float
    moves: tuple[float, float]
    first: float | None


@dataclasses.dataclass(frozen=True)
class Results:
    """A benchmark.

    Attributes:
      sweeps: ``{policy: {scenario: Sweep}}``; the first policy is the reference.
      again: the reference once more on other draws: the A of A/A. seeds: compared.
      notes: what was left out, and why.
    """

    sweeps: Mapping[str, Mapping[str, Sweep]]
    again: Mapping[str, Sweep]
    seeds: Sequence[int]
    notes: tuple[str, ...] = ()

    @property
    def reference(self) -> str:
        """What the others are compared with."""
        return next(iter(self.sweeps))

    @property
    def scenarios(self) -> tuple[str, ...]:
        """That every policy ran in, in order."""
        shared = [set(found) for found in self.sweeps.values()]
        first = self.sweeps[self.reference]
        return tuple(s for s in first if all(s in found for found in shared))

    def matrix(self, metric: str, sweeps: Mapping[str, Sweep]) -> np.ndarray:
        """``[S, N]`` of a metric over the shared scenarios."""
        return np.stack([figures_of(sweeps[s])[metric] for s in self.scenarios])

    def threshold(self, scenario: str) -> float:
        """Of the time to threshold in a scenario."""
        return NEAR * float(self.sweeps[self.reference][scenario].curve(PRIMARY)[:, -1].mean())

    def row(self, policy: str, scenario: str | None = None) -> Row:
        """A policy's figures in a scenario; None for all shared ones."""
        names = self.scenarios if scenario is None else (scenario,)
        done = [self.sweeps[policy][s] for s in names]
        stacked = {m: np.stack([figures_of(d)[m] for d in done]) for m in METRICS}
        fallen = np.concatenate([collapsed(d) for d in done])
        wait = np.concatenate([waits(d, self.threshold(s)) for d, s in zip(done, names)])
        firsts = np.concatenate([np.asarray(d.first) for d in done])
        firsts = firsts[firsts > 0]
        middle = float(np.median(wait)) if scenario else np.nan
        low, high = clopper_pearson(int(fallen.sum()), len(fallen))
        moves = np.concatenate([np.asarray(d.moves) for d in done]).mean(0)
        return Row(
            policy,
            scenario or "all",
            {m: interval_of(x) for m, x in stacked.items()},
            Interval(float(fallen.mean()), low, high),
            None if np.isinf(middle) else middle,
            float(np.isinf(wait).mean()),
            (float(moves[0]), float(moves[1])),
            float(np.median(firsts)) if len(firsts) else None,
        )

    def rows(self) -> list[Row]:
        """Every policy over all scenarios."""
        return [self.row(policy) for policy in self.sweeps]

    def versus(self, metric: str = PRIMARY) -> list[Versus]:
        """Every policy against the reference."""
        figures = {p: self.matrix(metric, sweeps) for p, sweeps in self.sweeps.items()}
        return compare(figures, self.reference)

    def versus_in(self, scenario: str, metric: str = PRIMARY) -> list[Versus]:
        """The same within one scenario."""
        figures = {p: figures_of(s[scenario])[metric][None] for p, s in self.sweeps.items()}
        return compare(figures, self.reference)

    def equal(self, metric: str = PRIMARY) -> Versus:
        """A/A: the reference on other draws against itself; a difference here is noise."""
        figures = {
            self.reference: self.matrix(metric, self.sweeps[self.reference]),
            "A/A": self.matrix(metric, self.again),
        }
        return compare(figures, self.reference)[0]

    def improvements(self, metric: str = PRIMARY) -> np.ndarray:
        """``[P, P]`` probability that the row's policy beats the column's."""
        figures = [self.matrix(metric, sweeps) for sweeps in self.sweeps.values()]
        return np.array([[improvement(a, b) for b in figures] for a in figures])

    def to_json(self) -> dict[str, Any]:
        """Plain data: all tables, no curves."""
        names = {s: None for found in self.sweeps.values() for s in found}
        return {
            "primary": PRIMARY,
            "reference": self.reference,
            "policies": list(self.sweeps),
            "scenarios": list(self.scenarios),
            "seeds": len(self.seeds),
            "steps": int(next(iter(self.again.values())).steps[-1]),
            "notes": list(self.notes),
            "all": [_plain(row) for row in self.rows()],
            "by_scenario": [
                _plain(self.row(p, s)) for s in names for p in self.sweeps if s in self.sweeps[p]
            ],
            "versus": [_plain(v) for v in self.versus()],
            "versus_by_scenario": {
                s: [_plain(v) for v in self.versus_in(s)] for s in self.scenarios
            },
            "a_a": _plain(self.equal()),
            "probability_of_improvement": self.improvements().tolist(),
        }

    def records(self) -> list[dict[str, Any]]:
        """One flat record a run: policy, scenario, seed and its figures; for CSV."""
        out = []
        for policy, found in self.sweeps.items():
            for scenario, done in found.items():
                figures, fallen = figures_of(done), collapsed(done)
                wait = waits(done, self.threshold(scenario)) if scenario in self.scenarios else None
                for i, seed in enumerate(self.seeds):
                    record: dict[str, Any] = {"policy": policy, "scenario": scenario, "seed": seed}
                    record |= {name: float(f"{x[i]:.6g}") for name, x in figures.items()}
                    record["collapsed"] = int(fallen[i])
                    late = None if wait is None or np.isinf(wait[i]) else int(wait[i])
                    record["steps_to_threshold"] = late
                    up, down = np.asarray(done.moves)[i].tolist()
                    record |= {"moves_up": up, "moves_down": down}
                    record["first_move_up"] = int(np.asarray(done.first)[i]) or None
                    out.append(record)
        return out


def _plain(value: Any) -> Any:
    data = dataclasses.asdict(value)

    def clean(x: Any) -> Any:
        if isinstance(x, dict):
            return {k: clean(v) for k, v in x.items()}
        if isinstance(x, list | tuple):
            return [clean(v) for v in x]
        if isinstance(x, float):
            return None if not np.isfinite(x) else float(f"{x:.6g}")
        return x

    return clean(data)
