"""What `metrics.jsonl` says of a step, under TRL's names where TRL has one.

`reward*` are under the prices trained on, `yardstick/*` under the frozen evaluation prices; only
the latter may be compared across steps. Rates are of this batch, `window/*` of the rolling window
with its anytime-valid bounds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import jax.numpy as jnp
import numpy as np

from curricula.statistics import Estimate
from dipg.app.metrics import RATES
from dipg.app.rollout import Rollout
from dipg.pricing import EVALUATION
from dipg.rubric import EVENTS
from grpo_core.advantages import group_std, zero_std_fraction


def plain(value: float) -> float:
    """A single-precision figure with the few digits it has: 0.1, not 0.10000000149011612."""
    return value if isinstance(value, int) else float(str(np.float32(value)))


def reward_metrics(rewards: np.ndarray) -> dict[str, float]:
    """Rewards `[N, G]` under the prices trained on."""
    return {
        "reward": float(rewards.mean()),
        "reward_std": float(np.asarray(group_std(jnp.asarray(rewards))).mean()),
        "frac_reward_zero_std": float(zero_std_fraction(jnp.asarray(rewards))),
        "reward_max": float(rewards.max()),
        "reward_min": float(rewards.min()),
    }


def response_metrics(rollout: Rollout, ends: Sequence[int]) -> dict[str, float]:
    """Lengths in tokens, the yardstick, and every rate of this batch; a rate of nothing is NaN.

    ends: the tokens that end a completion.
    """
    lengths = rollout.lengths
    ended = np.isin(np.asarray(rollout.completions.tokens), ends).any(-1)
    yardstick = np.asarray(EVALUATION.rewards(rollout.terms))
    metrics = {
        "completions/mean_length": float(lengths.mean()),
        "completions/min_length": float(lengths.min()),
        "completions/max_length": float(lengths.max()),
        "completions/clipped_ratio": float(1 - ended.mean()),
        "yardstick/mean": float(yardstick.mean()),
        "yardstick/max": float(yardstick.max()),
        "yardstick/min": float(yardstick.min()),
    }
    columns = dict(zip(EVENTS, rollout.events.T, strict=True))
    for name, (event, given) in RATES.items():
        eligible = np.all([columns[fact] == 1 for fact in given], axis=0)
        counted = columns[event][np.broadcast_to(eligible, columns[event].shape)]
        metrics[f"{name}_rate"] = float(counted.mean()) if len(counted) else float("nan")
    return metrics


def window_metrics(summary: Mapping[str, Estimate]) -> dict[str, float]:
    """The rolling window's estimates with their anytime-valid bounds."""
    found: dict[str, float] = {}
    for name, estimate in summary.items():
        found[f"window/{name}"] = float(estimate.value)
        found[f"window/{name}_lower"] = float(estimate.lower)
        found[f"window/{name}_upper"] = float(estimate.upper)
    return found
