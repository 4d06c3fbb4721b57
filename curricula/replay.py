"""Runs a curriculum again on the observations of a recorded run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from curricula.observations import ObservationError, Schema, decode

if TYPE_CHECKING:
    from curricula.curriculum import Curriculum
    from curricula.receipts import Receipt

__all__ = ["replay"]


def replay(curriculum: Curriculum, log: Iterable[Mapping[str, Any]]) -> Iterator[Receipt]:
    """Decisions of ``curriculum`` on a recorded run, one a step.

    The recorded run need not have been under this curriculum: with another controller this tells
    what it would have decided on the same responses (which, under other prices, would have been
    other responses).

    Args:
      curriculum: decides. log: header first, then one object a step.

    Raises:
      ObservationError: no header, no step, or another schema than the curriculum's.
    """
    lines = iter(log)
    head = next(lines, None)
    if head is None or "schema" not in head:
        raise ObservationError("the observation log has no header")
    if Schema.from_json(head["schema"]) != curriculum.schema:
        raise ObservationError("the observation log has another schema than the curriculum")
    steps = list(lines)
    if not steps:
        raise ObservationError("the observation log has no steps")
    batch_size = head.get("batch_size") or max(len(s["groups"]) for s in steps)
    groups = head.get("groups") or max(len(np.unique(s["groups"])) for s in steps)
    state = curriculum.init(batch_size, groups)
    for line in steps:
        observation = decode(line, curriculum.schema)
        receipt, state = curriculum.step(state, observation, line.get("command"))
        yield receipt
