"""Searches a policy's numbers on training scenarios; what is found is reported on held-out ones."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from curricula.offline.benchmark import PRIMARY
from curricula.offline.compare import over_scenarios
from curricula.offline.sweep import Sweep
from dipg.app.policy_text import PolicyCall, PolicyError, parse_policy
from dipg.app.scenarios import SCENARIOS
from dipg.app.schedules import Job, Runner, in_threads

__all__ = ["RANGES", "Search", "tune"]

LADDER = "caution"

RANGES: Mapping[str, Mapping[str, tuple[float, float, str]]] = {
    "constant": {"severity": (0.0, 3.0, "linear")},
    "blocks": {"length": (50, 600, "whole")},
    "ramp": {"end": (0.0, 3.0, "linear"), "steps": (100, 900, "whole")},
    "gated": {
        "dwell": (2, 100, "whole"), "cooldown": (5, 200, "whole"), "alpha": (0.005, 0.3, "log"),
        "run_length": (100, 10_000, "log"),
    },
    "gated-point": {"dwell": (1, 100, "whole")},
    "forecast-gated": {
        "dwell": (2, 100, "whole"), "cooldown": (5, 200, "whole"), "alpha": (0.005, 0.3, "log"),
        "max_flips": (0.01, 0.5, "log"),
    },
    "break-even": {
        "margin": (0.0, 0.3, "linear"), "rise": (0.001, 0.05, "log"), "span": (8, 128, "whole"),
        "alpha": (0.005, 0.3, "log"),
    },
    "plateau": {
        "tolerance": (0.05, 3.0, "log"), "accumulate": (1, 20, "whole"),
        "patience": (2, 20, "whole"),
    },
    "dual-ascent": {"budget": (0.01, 0.4, "log"), "rate": (0.005, 0.5, "log")},
    "dual-ascent-log": {"budget": (0.01, 0.4, "log"), "rate": (0.005, 0.5, "log")},
    "pid-lagrangian": {
        "budget": (0.01, 0.4, "log"), "kp": (0.1, 5.0, "log"), "ki": (0.005, 0.5, "log"),
        "slew": (0.005, 0.2, "log"),
    },
    "multiplicative": {"up": (1.0005, 1.02, "linear"), "drop": (0.01, 0.2, "log")},
    "target-rate": {"target": (0.2, 0.9, "linear"), "step": (0.002, 0.1, "log")},
    "bandit": {"hold": (4, 64, "whole"), "rate": (0.05, 1.0, "log"), "scale": (1.0, 20.0, "log")},
}  # fmt: skip
"""What is searched, per policy: lowest, highest, and how numbers between are spread."""


@dataclasses.dataclass(frozen=True)
class Search:
    """What a search found.

    Attributes:
      policy: searched. best: with its numbers. score: of the best on the training scenarios;
        default: of the policy as it stands. trials: policies tried, the default included.
      training, held_out: names of scenarios.
    """

    policy: str
    best: PolicyCall
    score: float
    default: float
    trials: int
    training: tuple[str, ...]
    held_out: tuple[str, ...]

    def __str__(self) -> str:
        return (
            f"{self.policy}: best of {self.trials} on {', '.join(self.training)}: {self.best}\n"
            f"  {100 * self.score:.2f} there against {100 * self.default:.2f} of the default;"
            f" what follows is from {', '.join(self.held_out)}, which the search did not see\n"
        )


def candidates(policy: str, trials: int, seed: int = 0) -> list[PolicyCall]:
    """The policy as it stands, then ``trials - 1`` points of a scrambled Sobol sequence over
    :data:`RANGES` (Joe & Kuo 2008; scipy), so that every policy gets the same budget.

    Raises:
      PolicyError: a policy without numbers to search.
    """
    from scipy.stats import qmc

    call = parse_policy(policy)
    ranges = RANGES.get(call.name)
    if not ranges:
        raise PolicyError(f"nothing to tune in {policy!r}; tunable: {', '.join(RANGES)}")
    sampler = qmc.Sobol(len(ranges), rng=np.random.default_rng(seed))
    places = sampler.random(2 ** int(np.ceil(np.log2(max(trials, 2)))))[: trials - 1]
    found = [call]
    for place in places.tolist():
        numbers = {k: _between(x, *r) for x, (k, r) in zip(place, ranges.items())}
        found.append(dataclasses.replace(call, options={**call.options, **numbers}))
    return found


def _between(place: float, low: float, high: float, how: str) -> float:
    if how == "log":
        return float(f"{low * (high / low) ** place:.6g}")
    value = low + place * (high - low)
    return round(value) if how == "whole" else float(f"{value:.6g}")


def tune(
    policy: str,
    *,
    trials: int = 20,
    seeds: int = 16,
    steps: int = 900,
    when: str | None = None,
    runner: Runner = in_threads,
) -> Search:
    """The best of ``trials`` by the primary figure, averaged over the training scenarios.

    Seeds are others than the ones a benchmark reports on.
    """
    training = tuple(s.name for s in SCENARIOS.values() if not s.held_out and s.ladder == LADDER)
    held_out = tuple(s.name for s in SCENARIOS.values() if s.held_out and s.ladder == LADDER)
    numbers = tuple(range(100_000, 100_000 + seeds))
    calls = candidates(policy, trials)
    jobs = [Job(str(c), s, numbers, steps, when) for c in calls for s in training]
    done = dict(zip(jobs, runner(jobs)))
    scores = [_score([done[j] for j in jobs if j.policy == str(c)]) for c in calls]
    best = int(np.argmax(scores))
    return Search(policy, calls[best], scores[best], scores[0], len(calls), training, held_out)


def _score(done: Sequence[Sweep]) -> float:
    return float(over_scenarios(np.stack([d.curve(PRIMARY)[:, -1] for d in done])))
