"""Two evaluations side by side, response by response: differences, intervals, p-values."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dipg.evaluation import EvaluationError

RESAMPLES = 10_000


@dataclass(frozen=True, slots=True)
class Difference:
    """A paired difference (second minus first) with its 95% interval and two-sided p-value.

    Attributes:
      test: what p comes from, "permutation" or "McNemar".
    """

    name: str
    first: float
    second: float
    value: float
    lower: float
    upper: float
    p: float
    n: int
    test: str


_RATES = {
    "safe_rate": "safe_outcomes",
    "hallucination_rate": "hallucination_outcomes",
    "refusal_rate": "refusal_outcomes",
    "consistency_rate": "consistency_outcomes",
    "correct_rate": "correct_outcomes",
    "format_rate": "format_outcomes",
}


def read_evaluation(path: str | Path) -> dict[str, Any]:
    """Read an evaluation file, ours or the original's.

    Raises:
      EvaluationError: not readable, not JSON, or without the rewards.
    """
    try:
        data = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise EvaluationError(f"{path}: {error.strerror or error}") from None
    except ValueError as error:
        raise EvaluationError(f"{path}: not JSON: {error}") from None
    if isinstance(data, dict) and isinstance(data.get("summary"), dict) and "rewards" not in data:
        data = data["summary"]
    rewards = data.get("rewards") if isinstance(data, dict) else None
    if not isinstance(rewards, list) or not rewards:
        raise EvaluationError(f"{path}: no list of rewards")
    if not all(isinstance(r, int | float) and math.isfinite(r) for r in rewards):
        raise EvaluationError(f"{path}: rewards must be finite numbers")
    return data


def compare(first: dict[str, Any], second: dict[str, Any], seed: int = 0) -> list[Difference]:
    """Compare two evaluations of the same vignettes.

    They are paired by `ids` where both have them, else by position.

    Raises:
      EvaluationError: they are not of the same vignettes.
    """
    order = _pairing(first, second)

    def column(key: str) -> tuple[np.ndarray, np.ndarray]:
        return np.asarray(first[key], float), np.asarray(second[key], float)[order]

    found = [permutation(*column("rewards"), seed)]
    for name, key in _RATES.items():
        if key in first and key in second:
            found.append(mcnemar(name, *column(key)))
    return found


def _pairing(first: dict[str, Any], second: dict[str, Any]) -> Sequence[int]:
    """For each response of the first, which one of the second is to the same vignette."""
    n, m = len(first["rewards"]), len(second["rewards"])
    ids, others = first.get("ids"), second.get("ids")
    if ids and others:
        where = {identity: i for i, identity in enumerate(others)}
        missing = [i for i in ids if i not in where]
        if missing or n != m:
            raise EvaluationError(
                f"not of the same vignettes: {n} and {m} responses, "
                f"{len(missing)} ids of the first are not in the second"
            )
        return [where[i] for i in ids]
    if n != m:
        raise EvaluationError(f"cannot be paired: {n} and {m} responses, and no ids to pair by")
    return range(m)


def permutation(first: np.ndarray, second: np.ndarray, seed: int = 0) -> Difference:
    """Mean reward: paired bootstrap interval, sign-flip permutation p-value (Fisher 1935)."""
    delta = second - first
    n = len(delta)
    rng = np.random.default_rng(seed)
    observed = float(delta.mean())
    signs = rng.integers(0, 2, (RESAMPLES, n), dtype=np.int8) * 2 - 1
    flipped = np.abs(signs @ delta) / n
    p = (1 + int((flipped >= abs(observed) - 1e-12).sum())) / (RESAMPLES + 1)
    boot = delta[rng.integers(0, n, (RESAMPLES, n))].mean(1) if n > 1 else delta
    lower, upper = np.quantile(boot, (0.025, 0.975))
    return Difference(
        "mean_reward",
        float(first.mean()),
        float(second.mean()),
        observed,
        float(lower),
        float(upper),
        p,
        n,
        "permutation",
    )


def mcnemar(name: str, first: np.ndarray, second: np.ndarray) -> Difference:
    """A rate: exact McNemar (1947) p-value, interval of the paired difference after Newcombe
    (1998).

    The exact p-value is the two-sided binomial one over the discordant pairs.
    """
    n = len(first)
    gained = int(((first == 0) & (second == 1)).sum())
    lost = int(((first == 1) & (second == 0)).sum())
    p = _exact(min(gained, lost), gained + lost)
    lower, upper = _newcombe(first, second)
    value = float(second.mean() - first.mean())
    return Difference(
        name, float(first.mean()), float(second.mean()), value, lower, upper, p, n, "McNemar"
    )


def _exact(fewer: int, discordant: int) -> float:
    if discordant == 0:
        return 1.0
    tail = sum(math.comb(discordant, k) for k in range(fewer + 1)) / 2**discordant
    return min(1.0, 2 * tail)


def _newcombe(first: np.ndarray, second: np.ndarray) -> tuple[float, float]:
    """Square-and-add Wilson interval of a paired difference, Newcombe (1998), method 10."""
    from dipg.evaluation import wilson

    n = len(first)
    one, two = wilson(int(second.sum()), n), wilson(int(first.sum()), n)
    a = int(((first == 1) & (second == 1)).sum())
    b = int(((first == 0) & (second == 1)).sum())
    c = int(((first == 1) & (second == 0)).sum())
    d = n - a - b - c
    product = (a + b) * (c + d) * (a + c) * (b + d)
    cross = a * d - b * c
    shift = n / 2 if cross > 0 else 0.0
    phi = max(cross - shift, min(cross, 0)) / math.sqrt(product) if product else 0.0
    delta = one.value - two.value
    l1, u1 = one.value - one.lower, one.upper - one.value
    l2, u2 = two.value - two.lower, two.upper - two.value
    low = math.sqrt(max(l1**2 - 2 * phi * l1 * u2 + u2**2, 0))
    high = math.sqrt(max(u1**2 - 2 * phi * u1 * l2 + l2**2, 0))
    return delta - low, delta + high
