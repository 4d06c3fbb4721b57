"""Comparing policies over paired seeds and scenarios, the way a reviewer would want it.

Interquartile means with stratified bootstrap intervals and probability of improvement (Agarwal et
al. 2021, *Deep reinforcement learning at the edge of the statistical precipice*, NeurIPS 34),
paired sign-flip tests, Holm's correction (Holm 1979, *Scand. J. Stat.* 6). Written here, because
the authors' package draws its bootstrap from a generator that its ``random_state`` does not reach.

Arrays are ``[S, N]``: S scenarios (the strata), N seeds; the same seed of the same scenario is a
pair. Intervals are 95% percentile intervals; they say how much other seeds could have changed, not
other scenarios.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

__all__ = [
    "Interval",
    "Versus",
    "compare",
    "holm",
    "improvement",
    "interval_of",
    "iqm",
    "over_scenarios",
    "probability_of_improvement",
    "sign_flip",
]

RESAMPLES = 2000
CONFIDENCE = 0.95


@dataclasses.dataclass(frozen=True)
class Interval:
    """A figure with its interval."""

    value: float
    lower: float
    upper: float

    def show(self, scale: float = 1.0) -> str:
        """``0.42 [0.40, 0.44]``."""
        low, value, high = (f"{scale * x:.3g}" for x in (self.lower, self.value, self.upper))
        return f"{value} [{low}, {high}]"

    def verdict(self, margin: float) -> str:
        """``better``, ``worse`` or ``same`` where the interval of a difference lies beyond or
        within the smallest difference that matters; ``unclear`` where it does neither."""
        if self.lower > margin or self.upper < -margin:
            return "better" if self.lower > margin else "worse"
        return "same" if -margin <= self.lower and self.upper <= margin else "unclear"


def iqm(figures: Any) -> Any:
    """Interquartile mean over the last axis: the mean of the middle half."""
    ordered = np.sort(np.asarray(figures, float), axis=-1)
    cut = ordered.shape[-1] // 4
    return ordered[..., cut : ordered.shape[-1] - cut].mean(-1)


def over_scenarios(figures: Any) -> Any:
    """``[..., S, N] -> [...]``: the IQM of each scenario, averaged over the scenarios.

    We differ from the paper here, which pools the runs of all tasks before it cuts: scenarios stand
    at different levels, and pooling would cut the hardest and the easiest away whole.
    """
    return iqm(figures).mean(-1)


def _resamples(rng: np.random.Generator, strata: int, seeds: int) -> np.ndarray:
    """``[B, S, N]`` seeds drawn with replacement within each scenario."""
    return rng.integers(0, seeds, (RESAMPLES, strata, seeds))


def _drawn(figures: np.ndarray, picks: np.ndarray) -> np.ndarray:
    """``[B, S, N]`` the figures of resampled seeds."""
    return figures[np.arange(len(figures))[None, :, None], picks]


def _percentile(value: float, spread: np.ndarray) -> Interval:
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(spread, (tail, 1 - tail))
    return Interval(float(value), float(low), float(high))


def interval_of(figures: Any, seed: int = 0) -> Interval:
    """:func:`over_scenarios` of ``[S, N]`` figures, with its stratified bootstrap interval."""
    figures = np.atleast_2d(np.asarray(figures, float))
    picks = _resamples(np.random.default_rng(seed), *figures.shape)
    return _percentile(over_scenarios(figures), over_scenarios(_drawn(figures, picks)))


def probability_of_improvement(one: Any, other: Any, seed: int = 0) -> Interval:
    """P(a run of ``one`` beats a run of ``other``), ties counting half, mean over the scenarios.

    The Mann-Whitney statistic over N squared, as in Agarwal et al. (sec. 4.3). Seeds are resampled
    for each policy apart, as there: drawn together, a seed would meet itself twice as often as in
    the figures, and the interval would be off the value where pairs are alike. This ignores that
    runs are paired, so the interval is rather too wide.
    """
    wins = _wins(one, other)
    one = np.atleast_2d(one)
    strata, seeds = one.shape
    rng = np.random.default_rng(seed)
    even = np.full(seeds, 1 / seeds)
    ours, theirs = (rng.multinomial(seeds, even, (RESAMPLES, strata)) / seeds for _ in range(2))
    spread = np.einsum("bsi,sij,bsj->bs", ours, wins, theirs, optimize=True).mean(1)
    return _percentile(wins.mean((1, 2)).mean(), spread)


def _wins(one: Any, other: Any) -> np.ndarray:
    """``[S, N, N]`` 1 where a run of ``one`` beats one of ``other``, half where they tie."""
    one, other = (np.atleast_2d(np.asarray(x, float)) for x in (one, other))
    return np.asarray(np.sign(one[:, :, None] - other[:, None, :]) / 2 + 0.5)


def improvement(one: Any, other: Any) -> float:
    """:func:`probability_of_improvement` without its interval."""
    return float(_wins(one, other).mean((1, 2)).mean())


def sign_flip(one: Any, other: Any, seed: int = 0, flips: int = 9999) -> float:
    """Two-sided p-value of the paired sign-flip test on the mean difference.

    Under the null the two policies of a pair are exchangeable, so the sign of each pair's
    difference is a fair coin (Fisher 1935, *The Design of Experiments*, sec. 21). Monte Carlo, the
    observed assignment included (Phipson & Smyth 2010), so that p is never 0.
    """
    difference = np.ravel(np.asarray(one, float) - np.asarray(other, float))
    observed = abs(difference.sum())
    rng = np.random.default_rng(seed)
    reached = 1
    for count in np.diff(np.append(np.arange(0, flips, 1000), flips)):
        signs = rng.integers(0, 2, (count, len(difference)), dtype=np.int8) * 2 - 1
        # The slack keeps ties ties where sums are taken in another order.
        reached += int((abs(signs @ difference) >= observed - 1e-12 * (1 + observed)).sum())
    return reached / (flips + 1)


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down adjusted p-values, in the order given."""
    count = len(p_values)
    adjusted, largest = [0.0] * count, 0.0
    for rank, i in enumerate(np.argsort(p_values, kind="stable")):
        largest = max(largest, min(1.0, (count - rank) * float(p_values[i])))
        adjusted[i] = largest
    return adjusted


@dataclasses.dataclass(frozen=True)
class Versus:
    """A policy against the reference, on one metric.

    Attributes:
      policy: its name. difference: of the IQMs, policy less reference, paired bootstrap.
      improvement: probability that a run of it beats one of the reference.
      p_value: of the sign-flip test. adjusted: by Holm over all policies compared.

    Paired runs share their chance, so that differences far too small to matter are certain; the
    test alone says little, :meth:`verdict` more.
    """

    policy: str
    difference: Interval
    improvement: Interval
    p_value: float
    adjusted: float

    def verdict(self, margin: float) -> str:
        """Of the difference; see :meth:`Interval.verdict`."""
        return self.difference.verdict(margin)


def compare(figures: Mapping[str, Any], reference: str, seed: int = 0) -> list[Versus]:
    """Every policy against a reference.

    Args:
      figures: ``{policy: [S, N]}``, higher is better. reference: one of them.
    """
    base = np.atleast_2d(np.asarray(figures[reference], float))
    picks = _resamples(np.random.default_rng(seed), *base.shape)
    spread_of_base = over_scenarios(_drawn(base, picks))
    others = {name: np.atleast_2d(x) for name, x in figures.items() if name != reference}
    p_values = [sign_flip(x, base, seed) for x in others.values()]
    found = []
    for (name, x), p, adjusted in zip(others.items(), p_values, holm(p_values)):
        spread = over_scenarios(_drawn(np.asarray(x, float), picks)) - spread_of_base
        difference = _percentile(over_scenarios(x) - over_scenarios(base), spread)
        better = probability_of_improvement(x, base, seed)
        found.append(Versus(name, difference, better, p, adjusted))
    return found
