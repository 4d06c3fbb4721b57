"""What can come of a prompt, what it pays, and when trying is worth it."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from curricula.penalties import PenaltyConfig

__all__ = ["Outcomes", "PenaltyError", "break_even"]


class PenaltyError(ValueError):
    """A price list or ladder that cannot be meant."""


@dataclasses.dataclass(frozen=True)
class Outcomes:
    """What can come of one prompt that has a right answer, as sets of terms.

    Attributes:
      right: terms of a right answer.
      abstention: terms of not trying.
      failures: ``{name: terms}`` of each way to try and fail.
      mix: share of each failure among the failures; equal shares where empty.
    """

    right: tuple[str, ...]
    abstention: tuple[str, ...]
    failures: Mapping[str, tuple[str, ...]]
    mix: Mapping[str, float] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.failures:
            raise PenaltyError("outcomes need at least one way to fail")
        self.shares(self.mix or None)

    def shares(self, mix: Mapping[str, float] | None = None) -> dict[str, float]:
        """Shares of the failures, summing to 1, for ``mix`` or the declared mix."""
        mix = dict(mix or self.mix) or dict.fromkeys(self.failures, 1.0)
        for name, share in mix.items():
            if name not in self.failures:
                known = ", ".join(self.failures)
                raise PenaltyError(f"unknown failure {name!r} in the mix; known: {known}")
            if not (math.isfinite(share) and share >= 0):
                raise PenaltyError(f"share of {name!r} must be >= 0, got {share!r}")
        total = sum(mix.values())
        if total <= 0:
            raise PenaltyError("the failure mix is empty: every share is 0")
        return {n: mix.get(n, 0.0) / total for n in self.failures}

    def payoffs(self, config: PenaltyConfig) -> dict[str, float]:
        """Payoff of each outcome under ``config``: right, abstention, then every failure."""
        prices = config.to_mapping()

        def pay(terms: Sequence[str]) -> float:
            missing = [t for t in terms if t not in prices]
            if missing:
                raise PenaltyError(f"outcome uses term {missing[0]!r}, which has no price")
            return sum(prices[t] for t in terms)

        return {
            "right": pay(self.right),
            "abstention": pay(self.abstention),
            **{name: pay(terms) for name, terms in self.failures.items()},
        }

    def measure(self, names: Sequence[str], terms: Any) -> dict[str, float]:
        """Failure mix of real responses: shares of the failures whose terms happened exactly.

        Args:
          names: the K terms. terms: ``[N, K]`` facts of N responses.

        Raises:
          PenaltyError: no response is one of the declared failures.
        """
        happened = np.asarray(terms) > 0
        counts = {}
        for failure, wanted in self.failures.items():
            pattern = np.asarray([name in wanted for name in names])
            counts[failure] = float((happened == pattern).all(-1).sum())
        if not sum(counts.values()):
            raise PenaltyError("no response is one of the ladder's declared failures")
        return self.shares(counts)

    def break_even(self, config: PenaltyConfig, mix: Mapping[str, float] | None = None) -> float:
        """Break-even u of ``config`` (see :func:`break_even`) for a failure mix."""
        pays = self.payoffs(config)
        failed = sum(share * pays[name] for name, share in self.shares(mix).items())
        return break_even(pays["right"], pays["abstention"], failed)


def break_even(right: float, abstention: float, failed: float) -> float:
    """u = (A - L) / (R - L): trying pays exactly when the chance of being right exceeds u.

    Chow (1970), *On optimum recognition error and reject tradeoff*, IEEE Trans. Inf. Theory 16(1):
    the reject threshold for payoffs R (right), A (not trying) and L (failed try), in reward units.
    Unclipped: u < 0 means that trying always pays, u > 1 that it never does.

    Raises:
      PenaltyError: a right answer pays no more than a failed try, so that no threshold exists.
    """
    if not right > failed:
        raise PenaltyError(f"a right answer pays {right:g}, a failed try {failed:g}: no break-even")
    return (abstention - failed) / (right - failed)
