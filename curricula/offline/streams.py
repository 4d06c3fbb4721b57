"""Simulated streams of evidence: prompt groups with correlated completions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

__all__ = ["LIMITS", "Stream", "of_quality", "stream"]

LIMITS = (-50.0, 36.0)  # yardstick rewards of the first environment
RIGHT, WRONG = 36.0, -15.0  # what a simulated response earns
# Rates of a model that is fit for promotion; a scenario overrides some of them.
FIT = {
    "mean": 15.0,
    "safe": 0.97,
    "answer": 0.90,
    "correct": 0.70,
    "competence": 0.75,
    "hallucination": 0.02,
    "refusal": 0.01,
    "abstention": 0.08,
    "consistency": 0.97,
    "format": 0.99,
}
# Rates of a model after a warm-up by an undisciplined expert.
RAW = {
    "mean": -2.0,
    "safe": 0.30,
    "answer": 0.85,
    "correct": 0.28,
    "competence": 0.40,
    "hallucination": 0.50,
    "refusal": 0.01,
    "abstention": 0.10,
    "consistency": 0.40,
    "format": 0.95,
}
CONDITIONAL = {
    "answer": 0.6,
    "abstention": 0.6,
    "competence": 0.6,
}  # share of prompts on which the rate is defined


class Stream(NamedTuple):
    """Evidence of N runs of T steps with g groups a step, M metrics.

    Attributes:
      names: the metrics (static). limits: of each, natural units.
      hits, trials: ``[N, T, M, g]`` in units of each metric's range.
    """

    names: tuple[str, ...]
    limits: tuple[tuple[float, float], ...]
    hits: Any
    trials: Any


def of_quality(quality: Any) -> dict[str, np.ndarray]:
    """Levels ``[T]`` of every metric of a model between raw (0) and fit (1)."""
    share = np.asarray(quality, float)
    return {name: RAW[name] + share * (FIT[name] - RAW[name]) for name in FIT}


def stream(
    names: Sequence[str],
    rates: Mapping[str, Any] | None = None,
    *,
    runs: int,
    steps: int,
    groups: int = 8,
    generations: int = 8,
    correlation: float = 0.3,
    seed: int = 0,
) -> Stream:
    """Beta-binomial groups: completions of one prompt succeed together more often than by chance.

    Args:
      names: metrics; a rate that is not in ``rates`` stands at the level of a fit model.
      rates: ``{metric: level}``, a number or ``[T]`` levels, natural units.
      runs, steps, groups, generations: sizes.
      correlation: within-group (intraclass) correlation, in (0, 1).
      seed: of the draws; metrics are drawn independently of each other.

    Raises:
      ValueError: a correlation or a level out of its range.
    """
    if not 0 < correlation < 1:
        raise ValueError(f"correlation must be in (0, 1), got {correlation!r}")
    levels = {**FIT, **(rates or {})}
    limits = tuple(LIMITS if n == "mean" else (0.0, 1.0) for n in names)
    hits = np.zeros((runs, steps, len(names), groups), np.float32)
    trials = np.ones_like(hits)
    for m, name in enumerate(names):
        rng = np.random.default_rng([seed, m])
        level = np.broadcast_to(np.asarray(levels.get(name, 0.5), float), (steps,))
        share = (level - WRONG) / (RIGHT - WRONG) if name == "mean" else level
        if not ((share >= 0) & (share <= 1)).all():
            raise ValueError(f"level of {name!r} is out of range: {level.min():g}..{level.max():g}")
        drawn = _successes(rng, share, (runs, steps, groups), generations, correlation)
        if name == "mean":
            low, high = LIMITS
            hits[:, :, m] = (WRONG + drawn * (RIGHT - WRONG) - low) / (high - low)
        else:
            trials[:, :, m] = rng.random((runs, steps, groups)) < CONDITIONAL.get(name, 1.0)
            hits[:, :, m] = drawn * trials[:, :, m]
    return Stream(tuple(names), limits, hits, trials)


def _successes(
    rng: np.random.Generator, share: np.ndarray, shape: tuple[int, int, int], n: int, rho: float
) -> np.ndarray:
    """Share of successes per group, ``[N, T, g]``: binomial with a beta-distributed chance."""
    level = np.broadcast_to(share[None, :, None], shape)
    inside = np.clip(level, 1e-9, 1 - 1e-9)
    spread = (1 - rho) / rho
    chance = rng.beta(inside * spread, (1 - inside) * spread)
    chance = np.where((level <= 0) | (level >= 1), level, chance)
    return rng.binomial(n, chance) / n
