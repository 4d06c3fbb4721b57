"""Whose rubric scores a run: ours, or the original package's in process."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from dipg.environment import score_batch
from dipg.vignettes.types import Vignette


def scorer(
    environment: str,
) -> Callable[[Sequence[Vignette], Sequence[str]], tuple[np.ndarray, np.ndarray]]:
    """The scoring function of `data.environment`: terms and events of responses.

    Raises GymError where the original is asked for and not installed.
    """
    if environment == "dipg":
        return score_batch
    from dipg.gym import original_facts

    return original_facts()
