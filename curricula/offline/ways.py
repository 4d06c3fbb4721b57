"""Ways of responding to a prompt, as facts: what a simulated learner's choices are made of."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from curricula.observations import Schema

__all__ = ["INTENTIONS", "WAYS", "Ways", "WaysError"]

WAYS = ("right", "wrong", "foreign", "no proof", "abstain", "broken")
"""Right and grounded, wrong but grounded, a foreign proof, no proof, not trying, malformed."""

INTENTIONS = ("try", "foreign", "no proof", "abstain", "broken")
"""What a learner chooses among; a try comes out right or wrong by its skill."""

MISTAKEN = {"right": "wrong", "wrong": "right", "foreign": "wrong", "no proof": "no proof"}
"""What a judge that errs takes a response for."""


class WaysError(ValueError):
    """A table of ways that does not fit its schema."""


@dataclasses.dataclass(frozen=True, eq=False)
class Ways:
    """What happens, per kind of prompt and way of responding.

    Attributes:
      schema: names of terms, events and rates.
      kinds: of prompts. shares: ``[kinds]`` of each, summing to 1.
      terms: ``[kinds, 6, K]`` 0/1, in the order of :data:`WAYS`. events: ``[kinds, 6, E]``.
      has_right: ``[kinds]`` bool, whether a try can be right.
      answerable: name of the event that says so of a prompt; safe, correct, answered: of those.
    """

    schema: Schema
    kinds: tuple[str, ...]
    shares: np.ndarray
    terms: np.ndarray
    events: np.ndarray
    has_right: np.ndarray

    @classmethod
    def build(
        cls,
        schema: Schema,
        shares: Mapping[str, float],
        facts: Mapping[str, Mapping[str, tuple[Sequence[str], Sequence[str]]]],
    ) -> Ways:
        """From names.

        Args:
          schema: of the columns. shares: ``{kind: share}``.
          facts: ``{kind: {way: (terms, events)}}``; a kind without "right" has no right try.

        Raises:
          WaysError: an unknown name, a missing way, or shares that do not sum to 1.
        """
        if abs(sum(shares.values()) - 1) > 1e-6:
            raise WaysError(f"shares of the kinds must sum to 1, got {dict(shares)}")
        size = (len(facts), len(WAYS))
        terms = np.zeros((*size, len(schema.terms)), np.float32)
        events = np.zeros((*size, len(schema.events)), np.float32)
        for k, (kind, ways) in enumerate(facts.items()):
            for w, way in enumerate(WAYS):
                if way not in ways:
                    if way != "right":
                        raise WaysError(f"{kind!r} prompts have no {way!r}")
                    continue
                for table, known, named in (
                    (terms, schema.terms, ways[way][0]),
                    (events, schema.events, ways[way][1]),
                ):
                    for name in named:
                        if name not in known:
                            raise WaysError(f"{way!r} has {name!r}; the schema knows {known}")
                        table[k, w, known.index(name)] = 1
        right = np.array(["right" in ways for ways in facts.values()])
        share = np.array([shares[kind] for kind in facts], np.float32)
        return cls(schema, tuple(facts), share, terms, events, right)

    @property
    def mistaken(self) -> np.ndarray:
        """``[6]`` the way that an erring judge sees in place of each."""
        return np.array([WAYS.index(MISTAKEN.get(way, way)) for way in WAYS])

    @property
    def tries(self) -> np.ndarray:
        """``[kinds, 6]`` bool: the ways that count as an attempt."""
        name = self.schema.attempt
        if name is None:
            raise WaysError("the schema names no event that means 'tried'")
        return self.events[..., self.schema.events.index(name)] > 0

    def pays(self, weights: Any) -> np.ndarray:
        """``[..., kinds, 6]`` reward of each way under ``weights [..., K]``."""
        prices = np.asarray(weights, np.float32)
        return (self.terms * prices[..., None, None, :]).sum(-1)
