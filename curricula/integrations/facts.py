"""What a user's scorer says of completions, the same for every trainer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from curricula.observations import ObservationError, Schema

__all__ = ["Facts", "Scorer", "facts_of"]


class Facts(NamedTuple):
    """Which things happened.

    Attributes:
      terms: ``[B, K]`` priced facts in [0, 1]; NaN where scoring failed.
      events: ``[B, E]`` unpriced facts in [0, 1].
    """

    terms: Any
    events: Any


Scorer = Callable[..., tuple[Any, Any]]
"""``score(prompts, completions, **columns) -> (terms [B, K], events [B, E])``."""


def facts_of(schema: Schema, scored: Any, count: int) -> Facts:
    """A scorer's answer, checked before it prices anything.

    Args:
      schema: names of the columns. scored: what the scorer returned. count: completions given.

    Raises:
      ObservationError: no pair, or arrays of another shape.
    """
    if not isinstance(scored, tuple) or len(scored) != 2:
        raise ObservationError(
            f"the scorer must return (terms, events), got {type(scored).__name__}"
        )
    terms, events = (np.asarray(part, np.float32) for part in scored)
    if events.size == 0 and not schema.events:
        events = events.reshape(count, len(schema.events))
    for name, array, width in (
        ("terms", terms, len(schema.terms)),
        ("events", events, len(schema.events)),
    ):
        if array.shape != (count, width):
            raise ObservationError(
                f"the scorer's {name} have shape {array.shape}, expected {(count, width)}"
            )
    return Facts(terms, events)
