"""Evaluation: the report's figures, each with a 95% interval, in the layout of the report's
files."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from curricula.penalties import PenaltyConfig
from dipg import NOTICE
from dipg.environment import score_batch
from dipg.pricing import EVALUATION
from dipg.rubric.criteria import EVENTS
from dipg.vignettes.types import KINDS, Vignette

RESAMPLES = 2000
_Z = 1.959963984540054
_KIND_COLUMN = {k: EVENTS.index(e) for k, e in zip(KINDS, EVENTS[10:], strict=True)}


class EvaluationError(ValueError):
    """An evaluation that cannot be made or read; says which and why."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with its 95% interval, over n responses."""

    value: float
    lower: float
    upper: float
    n: int


@dataclass(frozen=True)
class EvaluationSummary:
    """What an evaluation found.

    Attributes:
      figures: name -> figure; per kind as "correct_rate/answer".
      rewards: `[B]` per response, in reward units.
      events: `[B, 13]` per response.
      ids: of the vignettes, "" where unknown.
      details: per-response records for the file, may be empty.
    """

    figures: dict[str, Interval]
    rewards: np.ndarray
    events: np.ndarray
    ids: tuple[str, ...] = ()
    details: tuple[Mapping[str, Any], ...] = field(default=(), repr=False)

    def outcomes(self, event: str) -> list[int | None]:
        """One event per response; None where a scorer that is not ours does not know."""
        return [None if x != x else int(x) for x in self.events[:, EVENTS.index(event)]]

    def to_json(self) -> dict[str, Any]:
        """The layout of the report's evaluation files, with our figures under `figures` beside
        it."""
        f = self.figures
        data: dict[str, Any] = {
            "total_responses": len(self.rewards),
            "mean_reward": f["mean"].value,
            "median_reward": f["median"].value,
            "std_reward": f["std"].value,
            "min_reward": f["min"].value,
            "max_reward": f["max"].value,
            "rewards": [float(r) for r in self.rewards],
            "refusal_rate": f["refusal_rate"].value,
            "safe_response_rate": f["safe_rate"].value,
            "medical_hallucination_rate": f["hallucination_rate"].value,
            "reasoning_consistency_rate": f["consistency_rate"].value,
        }
        for name, event in _OUTCOMES.items():
            data[f"{name}_outcomes"] = self.outcomes(event)
        data["kinds"] = [KINDS[int(i)] for i in self.events[:, 10:13].argmax(1)]
        data["figures"] = {n: _interval_json(i) for n, i in f.items()}
        if self.ids:
            data["ids"] = list(self.ids)
        if self.details:
            data["detailed_results"] = [dict(d) for d in self.details]
        data["notice"] = NOTICE
        return data


_OUTCOMES = {
    "refusal": "refused",
    "safe": "safe",
    "hallucination": "hallucinated",
    "consistency": "consistent",
    "correct": "correct",
    "format": "well_formed",
    "answer": "answered",
    "abstention": "abstained",
    "conflict": "flagged_conflict",
}


def _interval_json(i: Interval) -> dict[str, float | int | None]:
    def number(x: float) -> float | None:
        return None if math.isnan(x) else float(x)

    return {"value": number(i.value), "lower": number(i.lower), "upper": number(i.upper), "n": i.n}


def wilson(successes: int, n: int) -> Interval:
    """Wilson (1927) score interval of a rate, 95%; NaN over no responses at all."""
    if n == 0:
        return Interval(math.nan, 0.0, 1.0, 0)
    p = successes / n
    scale = 1 + _Z**2 / n
    centre = (p + _Z**2 / (2 * n)) / scale
    half = _Z / scale * math.sqrt(p * (1 - p) / n + _Z**2 / (4 * n**2))
    lower = 0.0 if successes == 0 else max(centre - half, 0.0)
    upper = 1.0 if successes == n else min(centre + half, 1.0)
    return Interval(p, lower, upper, n)


def bootstrap(
    rewards: np.ndarray, statistics: Mapping[str, Callable[[np.ndarray], np.ndarray]], seed: int = 0
) -> dict[str, Interval]:
    """Percentile bootstrap (Efron 1979), 95%, of statistics that reduce the last axis; seeded."""
    n = len(rewards)
    rng = np.random.default_rng(seed)
    draws = rewards[rng.integers(0, n, (RESAMPLES, n))]
    found = {}
    for name, statistic in statistics.items():
        sampled = statistic(draws)
        lower, upper = np.quantile(sampled, (0.025, 0.975)) if n > 1 else (math.nan, math.nan)
        found[name] = Interval(float(statistic(rewards)), float(lower), float(upper), n)
    return found


def _std(x: np.ndarray) -> np.ndarray:
    return x.std(-1, ddof=1) if x.shape[-1] > 1 else np.zeros(x.shape[:-1])


_STATISTICS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "mean": lambda x: x.mean(-1),
    "median": lambda x: np.median(x, -1),
    "std": _std,
    "min": lambda x: x.min(-1),
    "max": lambda x: x.max(-1),
    "range": lambda x: x.max(-1) - x.min(-1),
}
_RATES: dict[str, tuple[str, str | None]] = {
    # rate: (event, given this fact of the prompt)
    "safe_rate": ("safe", None),
    "hallucination_rate": ("hallucinated", None),
    "refusal_rate": ("refused", None),
    "consistency_rate": ("consistent", None),
    "correct_rate": ("correct", None),
    "format_rate": ("well_formed", None),
    "answer_rate": ("answered", "answerable"),
    "abstention_on_answerable_rate": ("abstained", "answerable"),
}


def summarise(
    terms: np.ndarray,
    events: np.ndarray,
    prices: PenaltyConfig = EVALUATION,
    *,
    ids: Sequence[str] = (),
    details: Sequence[Mapping[str, Any]] = (),
    seed: int = 0,
) -> EvaluationSummary:
    """The figures of scored responses.

    Args:
      terms: `[B, 16]` as of `score_batch`.
      events: `[B, 13]` as of `score_batch`; a rate is over the responses whose event is not NaN.
      prices: the yardstick by default.
      ids: of the vignettes, for pairing evaluations later.
      details: records for the file.
      seed: of the bootstrap.

    Raises:
      EvaluationError: no responses, or terms and events of different length.
    """
    terms, events = np.asarray(terms, np.float64), np.asarray(events, np.float64)
    if len(terms) == 0:
        raise EvaluationError("nothing to evaluate: no responses")
    if len(terms) != len(events):
        raise EvaluationError(f"{len(terms)} rows of terms but {len(events)} rows of events")
    rewards = terms @ np.asarray(list(prices.to_mapping().values()))
    figures = _figures(rewards, events, seed)
    for kind, column in _KIND_COLUMN.items():
        chosen = events[:, column] == 1
        if chosen.any():
            part = _figures(rewards[chosen], events[chosen], seed)
            figures |= {f"{name}/{kind}": figure for name, figure in part.items()}
    return EvaluationSummary(figures, rewards, events, tuple(ids), tuple(details))


def _figures(rewards: np.ndarray, events: np.ndarray, seed: int) -> dict[str, Interval]:
    found = bootstrap(rewards, _STATISTICS, seed)
    for name, (event, given) in _RATES.items():
        column = events[:, EVENTS.index(event)]
        if given is not None:
            column = column[events[:, EVENTS.index(given)] == 1]
        column = column[~np.isnan(column)]  # what a scorer that is not ours does not know
        found[name] = wilson(int(column.sum()), len(column))
    both = events[:, EVENTS.index("correct")] * events[:, EVENTS.index("safe")]
    both = both[~np.isnan(both)]
    found["correct_and_safe_rate"] = wilson(int(both.sum()), len(both))
    return found


def evaluate(
    respond: Callable[[Sequence[Vignette]], Sequence[str]],
    vignettes: Sequence[Vignette],
    prices: PenaltyConfig = EVALUATION,
    *,
    keep_responses: bool = False,
    seed: int = 0,
) -> EvaluationSummary:
    """Ask for responses and score them.

    Args:
      respond: anything that writes one response per vignette: a model, a service, a list of files.
      vignettes: the tasks.
      prices: the yardstick by default.
      keep_responses: keep responses and assessments for the file.
      seed: of the bootstrap.

    Raises:
      EvaluationError: no vignettes, or not one response per vignette.
    """
    responses = list(respond(vignettes)) if vignettes else []
    if len(responses) != len(vignettes):
        raise EvaluationError(f"{len(responses)} responses for {len(vignettes)} vignettes")
    terms, events = score_batch(vignettes, responses)
    details = []
    if keep_responses:
        rewards = terms @ np.asarray(list(prices.to_mapping().values()), np.float32)
        for i, (vignette, response) in enumerate(zip(vignettes, responses)):
            metrics = {name: int(x) for name, x in zip(EVENTS, events[i])}
            record = {"index": i, "id": vignette.id, "response": response}
            record |= {"reward": float(rewards[i]), "metrics": metrics}
            record |= {"context": vignette.context, "question": vignette.question}
            details.append(record)
    ids = [v.id for v in vignettes]
    return summarise(terms, events, prices, ids=ids, details=details, seed=seed)
