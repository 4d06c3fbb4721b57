"""Watches a run for what GRPO does when it goes wrong, and says what may be the cause.

A step whose loss or reward is not finite changes nothing and is counted; too many in a row end the
run. A collapse (of reward differences, entropy or length) is only told: it may pass, and a
curriculum may be about to answer it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from dipg.app.config import GuardsConfig

BASELINE_STEPS = 10
"""Steps that say what the entropy and the length were at the start."""


class GuardError(ValueError):
    """A run that cannot go on as it is; one line says what was seen and what to look at."""


class Guards:
    """Counts of one run. `watch` every step; `to_json` and `from_json` make them survive it."""

    def __init__(self, config: GuardsConfig) -> None:
        self._config = config
        self._rows: dict[str, int] = {}
        self._baselines: dict[str, list[float]] = {"entropy": [], "length": []}

    def to_json(self) -> dict[str, Any]:
        """All that is remembered."""
        return {
            "rows": dict(self._rows),
            "baselines": {k: [*v] for k, v in self._baselines.items()},
        }

    @classmethod
    def from_json(cls, config: GuardsConfig, data: Mapping[str, Any]) -> Guards:
        """The guards that `to_json` was called on."""
        guards = cls(config)
        guards._rows |= data["rows"]
        guards._baselines |= {k: [*v] for k, v in data["baselines"].items()}
        return guards

    def watch(self, metrics: Mapping[str, float]) -> dict[str, str]:
        """The warnings of this step: name -> what is seen and what may cause it.

        Args:
          metrics: of the step, as in `metrics.jsonl`.

        Raises:
          GuardError: `skipped` steps in a row were skipped.
        """
        self._stop_if_skipping(metrics)
        seen = {
            "reward_collapse": (
                metrics["frac_reward_zero_std"] >= 1.0,
                lambda: f"no group's rewards differ, so nothing is learned: {causes(metrics)}",
            ),
            "entropy_collapse": (
                self._fell("entropy", metrics["entropy"], self._config.entropy),
                lambda: (
                    f"entropy {metrics['entropy']:.3g} is under {self._config.entropy:.0%} of "
                    "its start: raise beta or the temperature, or lower the learning rate"
                ),
            ),
            "length_collapse": (
                self._fell("length", metrics["completions/mean_length"], self._config.length),
                lambda: (
                    f"completions of {metrics['completions/mean_length']:.3g} tokens are under "
                    f"{self._config.length:.0%} of their start: look at what short ones are paid"
                ),
            ),
        }
        found = {}
        for name, (bad, text) in seen.items():
            row = self._rows[name] = self._rows.get(name, 0) + 1 if bad else 0
            if row == self._config.patience:  # once for each time that it sets in
                found[name] = f"{row} steps in a row: {text()}"
        return found

    def _stop_if_skipping(self, metrics: Mapping[str, float]) -> None:
        row = self._rows["skipped"] = self._rows.get("skipped", 0) + 1 if metrics["skipped"] else 0
        if row >= self._config.skipped:
            raise GuardError(
                f"step {metrics['step']}: {row} steps in a row had {_what_is_not_finite(metrics)}; "
                "the weights are as they were before them: lower grpo.learning_rate or "
                "grpo.max_grad_norm, or look at the reward function"
            )

    def _fell(self, name: str, value: float, share: float) -> bool:
        """Whether a value is under `share` of what it was in the first steps."""
        known = self._baselines[name]
        if len(known) < BASELINE_STEPS:
            if math.isfinite(value):
                known.append(value)
            return False
        return value < share * sum(known) / len(known)


def _what_is_not_finite(metrics: Mapping[str, float]) -> str:
    if not math.isfinite(metrics["reward"]):
        return "a reward that is not finite"
    return "a loss or gradient that is not finite"


def causes(metrics: Mapping[str, float]) -> str:
    """What all responses have in common where no group's rewards differ."""
    found = []
    if metrics.get("completions/clipped_ratio", 0) >= 0.95:
        found.append("completions are cut off: raise grpo.max_completion_length")
    if metrics.get("format_rate", 1) <= 0.05:
        found.append("no response has the format: more warm-up, or a reward for parts of it")
    if metrics.get("abstention_rate", 0) >= 0.95:
        found.append("every response abstains: the penalties are too harsh for the competence")
    if metrics.get("correct_rate", 0) >= 0.95:
        found.append("every response is right: harder vignettes are needed")
    if metrics.get("entropy", 1) <= 0.02:
        found.append("sampling is deterministic: raise grpo.temperature or grpo.beta")
    return "; ".join(found) or "all responses of a prompt earn the same: raise num_generations"
