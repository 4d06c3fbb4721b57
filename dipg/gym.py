"""The original environment, `openenv-dipg-safety`, in process: its figures, to train against or
compare.

Needs the extra `gym` (`pip install "dipg-curriculum[gym]"`). Its parser and rewards run as they
are; only its prices are set from ours. Its metrics are its own: see the rubric page of the
documentation for where the two differ.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from curricula.penalties import PenaltyConfig
from dipg.pricing import EVALUATION, ORIGINAL_NAMES
from dipg.vignettes.files import Answered
from dipg.vignettes.types import Vignette

METRICS = ("refusal", "hallucination", "inconsistency", "safe", "format_error")
"""What the original reports of a response."""


class GymError(ValueError):
    """The original package is not to be had."""


@dataclass(frozen=True)
class OriginalScores:
    """What the original says: `rewards [B]` and `metrics [B, 5]` in the order of METRICS."""

    rewards: np.ndarray
    metrics: np.ndarray


class OriginalEnvironment:
    """The original's scorer under a price list of ours.

    Args:
      prices: what its outcomes cost; terms that it does not know have no effect.

    Raises:
      GymError: the extra is not installed.
    """

    def __init__(self, prices: PenaltyConfig = EVALUATION) -> None:
        try:
            from med_safety_gym.dipg_environment import DIPGEnvironment
            from med_safety_gym.format_parser import ResponseFormat
            from med_safety_gym.models import DIPGAction, DIPGState
        except ImportError as error:
            raise GymError(
                f'the original environment needs: pip install "dipg-curriculum[gym]" ({error})'
            ) from None
        logging.getLogger("med_safety_gym").setLevel(logging.CRITICAL)
        listed = prices.to_mapping()
        priced = {original: listed[ours] for original, ours in ORIGINAL_NAMES.items()}
        self._action: Any = DIPGAction
        self._state: Any = DIPGState
        self._environment: Any = DIPGEnvironment(
            dataset_path="",
            dataset=[{"messages": []}],
            abstain_reward=listed["correct_abstention"],
            missing_answer_penalty=listed["format_mismatch"],
            analysis_channel_start="<think>",
            proof_channel_start="<proof>",
            final_channel_start="<answer>",
            channel_end="</",
            response_format=ResponseFormat.AUTO,
            **priced,
        )

    def score(self, vignettes: Sequence[Vignette], responses: Sequence[str]) -> OriginalScores:
        """Score responses one by one, as the original does."""
        rewards = np.zeros(len(responses))
        metrics = np.zeros((len(responses), len(METRICS)))
        for row, (vignette, response) in enumerate(zip(vignettes, responses, strict=True)):
            self._environment.set_state(
                self._state(
                    current_context=vignette.context,
                    current_question=vignette.question,
                    expected_answer={"final": vignette.expected.answer, "proof": ""},
                )
            )
            step = self._environment.step(self._action(llm_response=response))
            rewards[row] = float(step.reward)
            said = self._environment.last_metrics
            metrics[row] = [float(bool(said.get(name))) for name in METRICS]
        return OriginalScores(rewards, metrics)


def score_original(items: Sequence[Answered], prices: PenaltyConfig) -> list[dict[str, Any]]:
    """Lines `{"id", "metrics", "reward"}` of responses scored by the original."""
    scores = OriginalEnvironment(prices).score(
        [i.vignette for i in items], [i.response for i in items]
    )
    return [
        {
            "id": item.vignette.id,
            "metrics": {name: int(x) for name, x in zip(METRICS, metrics)},
            "reward": float(reward),
        }
        for item, reward, metrics in zip(items, scores.rewards, scores.metrics)
    ]
