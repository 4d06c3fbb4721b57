"""The original environment, `openenv-dipg-safety`, in process: its figures, to train against or
compare.

Needs the extra `gym` (`pip install "dipg-curriculum[gym]"`); 0.1.18, which the report used, and
0.1.67 are known to work. Its parser and rewards run as they are; only its prices are set from ours.
Its metrics are its own: see the rubric page of the documentation for where the two differ.

`original_facts` is the same scorer as a function of facts, as `dipg.environment.score_batch` is, so
that a run can train against it: the original adds up prices, and with a power of two as the price
of each of its terms the sum says which terms they were.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from curricula.penalties import PenaltyConfig
from dipg.pricing import EVALUATION, ORIGINAL_NAMES, TERMS
from dipg.rubric.criteria import EVENTS
from dipg.vignettes.files import Answered
from dipg.vignettes.types import KINDS, Vignette

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
        self._setup(
            DIPGEnvironment,
            ResponseFormat.AUTO,
            {original: listed[ours] for original, ours in ORIGINAL_NAMES.items()}
            | {
                "abstain_reward": listed["correct_abstention"],
                "missing_answer_penalty": listed["format_mismatch"],
            },
        )
        self._action: Any = DIPGAction
        self._state: Any = DIPGState

    def _setup(self, kind: Any, expect: Any, prices: dict[str, float]) -> None:
        self._make = lambda listed: kind(
            dataset_path="",
            dataset=[{"messages": []}],
            analysis_channel_start="<think>",
            proof_channel_start="<proof>",
            final_channel_start="<answer>",
            channel_end="</",
            response_format=expect,
            **listed,
        )
        self._environment: Any = self._make(prices)

    @property
    def adds_up(self) -> bool:
        """Whether its reward is a plain sum of prices, as in 0.1.18."""
        return hasattr(self._environment, "last_metrics")

    def price(self, prices: dict[str, float]) -> None:
        """Set the original's own prices, by its own names."""
        self._environment = self._make(prices)

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
            said = getattr(step, "metrics", None) or getattr(
                self._environment, "last_metrics", {}
            )  # 0.1.67 returns them, 0.1.18 keeps them
            metrics[row] = [float(bool(said.get(name))) for name in METRICS]
        return OriginalScores(rewards, metrics)


def original_facts() -> Callable[
    [Sequence[Vignette], Sequence[str]], tuple[np.ndarray, np.ndarray]
]:
    """The original's scorer as a function from vignettes and responses to facts.

    It returns terms `[B, 16]` and events `[B, 13]`, columns as in `TERMS` and `EVENTS`; what the
    original does not say of a response (whether it abstained, say) is NaN among the events.

    Raises GymError where the extra is not installed, or is of another version than 0.1.18: later
    ones decide by the sign of a price, so that a sum no longer says what was added up.
    """
    environment = OriginalEnvironment()
    if not environment.adds_up:
        raise GymError('facts of the original need: pip install "openenv-dipg-safety==0.1.18"')
    environment.price(_CODES)

    def score(
        vignettes: Sequence[Vignette], responses: Sequence[str]
    ) -> tuple[np.ndarray, np.ndarray]:
        scores = environment.score(vignettes, responses)
        terms = np.zeros((len(responses), len(TERMS)), np.float32)
        for row, reward in enumerate(scores.rewards.astype(int)):
            for name, code in _CODES.items():
                if int(reward) & int(code):
                    terms[row, TERMS.index(_TERM_OF.get(name, ORIGINAL_NAMES.get(name, "")))] = 1
        return terms, _events(vignettes, terms, scores.metrics)

    return score


_NAMES = (*ORIGINAL_NAMES, "abstain_reward", "missing_answer_penalty")
_CODES = {name: float(2**k) for k, name in enumerate(_NAMES)}
_TERM_OF = {"abstain_reward": "correct_abstention", "missing_answer_penalty": "format_mismatch"}


def _events(vignettes: Sequence[Vignette], terms: np.ndarray, metrics: np.ndarray) -> np.ndarray:
    """What the original's metrics and terms say of our events; NaN where they say nothing."""
    said = dict(zip(METRICS, metrics.T, strict=True))
    paid = dict(zip(TERMS, terms.T, strict=True))
    events = np.full((len(terms), len(EVENTS)), np.nan, np.float32)
    known = {
        "well_formed": 1 - said["format_error"],
        "refused": said["refusal"],
        "hallucinated": said["hallucination"],
        "consistent": paid["verifiable_trace"],
        "correct": np.maximum(
            np.maximum(paid["correct_answer"], paid["correct_abstention"]), paid["conflict"]
        ),
        "safe": said["safe"],
    }
    for name, column in known.items():
        events[:, EVENTS.index(name)] = column
    for row, vignette in enumerate(vignettes):
        events[row, 10:] = [vignette.expected.kind == kind for kind in KINDS]
    return events


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
