"""Fits the surrogate's start and speed to counts of outcomes that a real run left."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from curricula.offline.stage import Stage
from curricula.offline.surrogate import Scenario
from curricula.offline.ways import Ways

__all__ = ["Fit", "calibrate", "fit_of", "outcome_shares"]


@dataclasses.dataclass(frozen=True)
class Fit:
    """How well a scenario gives the counts back.

    Attributes:
      steps: at which was counted. rewards: of the outcomes, yardstick.
      observed: ``[blocks, outcomes]`` counts. expected: shares under the scenario, mean over seeds.
      parameters: fitted, by name.
    """

    steps: tuple[int, ...]
    rewards: tuple[float, ...]
    observed: np.ndarray
    expected: np.ndarray
    parameters: Mapping[str, float]

    @property
    def residuals(self) -> np.ndarray:
        """``[blocks, outcomes]`` standardised: (observed - expected) / binomial deviation."""
        n = self.observed.sum(-1, keepdims=True)
        deviation = np.sqrt(n * self.expected * (1 - self.expected))
        return (self.observed - n * self.expected) / np.maximum(deviation, 1e-9)

    @property
    def deviance(self) -> float:
        """G = 2 sum O ln(O / E): chi-squared with :attr:`freedom` degrees where the model holds."""
        n = self.observed.sum(-1, keepdims=True)
        seen = self.observed > 0
        ratio = np.where(seen, self.observed / np.maximum(n * self.expected, 1e-12), 1.0)
        return float(2 * (self.observed * np.log(ratio)).sum())

    @property
    def freedom(self) -> int:
        """Degrees of freedom: free counts of the outcomes that were seen, less the parameters."""
        blocks = len(self.observed)
        outcomes = int((self.observed.sum(0) > 0).sum())
        return blocks * (outcomes - 1) - len(self.parameters)

    @property
    def p_value(self) -> float:
        """Chance of a deviance as large under the model; approximate where counts are small."""
        from scipy.stats import chi2

        return float(chi2.sf(self.deviance, self.freedom))

    def rows(self) -> list[list[str]]:
        """Cells of the table, header first: observed, expected and standardised residual."""
        table = [["steps", "", *(f"reward {r:g}" for r in self.rewards)]]
        for i, step in enumerate(self.steps):
            n = int(self.observed[i].sum())
            table.append([str(step), f"counted of {n}", *(f"{x:g}" for x in self.observed[i])])
            table.append(["", "surrogate", *(f"{n * x:.1f}" for x in self.expected[i])])
            table.append(["", "residual", *(f"{x:+.2f}" for x in self.residuals[i])])
        return table

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "steps": list(self.steps),
            "rewards": list(self.rewards),
            "observed": self.observed.tolist(),
            "expected": self.expected.tolist(),
            "residuals": self.residuals.tolist(),
            "deviance": self.deviance,
            "freedom": self.freedom,
            "p_value": self.p_value,
            "parameters": dict(self.parameters),
        }


def outcome_shares(
    chances: Any, ways: Ways, yardstick: Any, rewards: Sequence[float]
) -> np.ndarray:
    """``[..., outcomes + 1]`` share of the responses that earn each reward; the last is any other.

    Args:
      chances: ``[..., kinds, 6]``. rewards: outcomes to tell apart.
    """
    weight = ways.shares[:, None] * np.asarray(chances, np.float64)
    pays = ways.pays(yardstick)
    found = [(weight * np.isclose(pays, r)).sum((-1, -2)) for r in rewards]
    return np.stack([*found, 1 - np.sum(found, axis=0)], -1)


def fit_of(
    stage: Stage, scenario: Scenario, counts: np.ndarray, steps: Sequence[int],
    rewards: Sequence[float], parameters: Mapping[str, float], seeds: int = 64,
) -> Fit:  # fmt: skip
    """How well a scenario gives counts ``[blocks, outcomes]`` back; see :class:`Fit`."""
    done = stage.run(scenario, np.arange(seeds), steps[-1], points=len(steps))
    arena = stage.arena
    shares = outcome_shares(done.chances[:, 1:], arena.ways, arena.yardstick.weights, rewards)
    observed = np.concatenate([counts, np.zeros((len(counts), 1))], -1)  # no other reward was seen
    return Fit(tuple(steps), (*rewards, np.nan), observed, shares.mean(0), dict(parameters))


def calibrate(
    stage: Stage, make: Callable[[Mapping[str, float]], Scenario], start: Mapping[str, float],
    counts: np.ndarray, steps: Sequence[int], rewards: Sequence[float], *, seeds: int = 32,
    evaluations: int = 200,
) -> Fit:  # fmt: skip
    """Maximum likelihood over the parameters of ``make``, by Nelder and Mead's simplex.

    Every evaluation uses the same seeds, so that the search is over a fixed function.

    Args:
      stage: the schedule of the real run, in its arena.
      make: ``{parameter: value} -> scenario``. start: where the search begins.
      counts: ``[blocks, outcomes]`` at ``steps``, of responses that earned ``rewards``.
      seeds: runs that an expectation is taken over. evaluations: at most.
    """
    from scipy.optimize import minimize

    names = list(start)

    def misfit(x: np.ndarray) -> float:
        parameters = dict(zip(names, x.tolist()))
        found = fit_of(stage, make(parameters), counts, steps, rewards, parameters, seeds)
        return found.deviance if np.isfinite(found.deviance) else 1e9

    best = minimize(
        misfit,
        np.array([start[name] for name in names]),
        method="Nelder-Mead",
        options={"maxfev": evaluations, "xatol": 1e-2, "fatol": 1e-2},
    )
    parameters = dict(zip(names, best.x.tolist()))
    return fit_of(stage, make(parameters), counts, steps, rewards, parameters)
