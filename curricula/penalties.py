"""What a response costs: price lists, which are named weights, and ladders of them."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from curricula.outcomes import Outcomes, PenaltyError, break_even

if TYPE_CHECKING:
    from curricula.explain import Explanation

__all__ = ["Outcomes", "PenaltyConfig", "PenaltyError", "PenaltyLadder", "break_even"]


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True, eq=False)
class PenaltyConfig:
    """A named weight per term: a price list. A pytree whose only leaf is ``weights``.

    The reward of a response is the sum of the weights of the terms that happened. Rewards are
    weights >= 0, penalties are weights <= 0; both are in reward units.

    Attributes:
      names: the K term names, in column order (static).
      weights: ``[K]`` float32.
    """

    names: tuple[str, ...] = dataclasses.field(metadata={"static": True})
    weights: Any

    @classmethod
    def from_mapping(
        cls,
        prices: Mapping[str, float],
        *,
        rewards: Collection[str] = (),
        penalties: Collection[str] = (),
    ) -> PenaltyConfig:
        """Build from ``{term: weight}``, in the mapping's order.

        Terms named in ``rewards`` must be >= 0 and those in ``penalties`` <= 0.

        Raises:
          PenaltyError: empty, not finite, or of the wrong sign; names the term and its value.
        """
        if not prices:
            raise PenaltyError("a price list needs at least one term, got none")
        for name, weight in prices.items():
            real = isinstance(weight, int | float | np.number) and not isinstance(weight, bool)
            if not real or not math.isfinite(weight):
                raise PenaltyError(f"price of {name!r} must be a finite number, got {weight!r}")
            if name in rewards and weight < 0:
                raise PenaltyError(f"reward {name!r} must be >= 0, got {weight:g}")
            if name in penalties and weight > 0:
                raise PenaltyError(f"penalty {name!r} must be <= 0, got {weight:g}")
        unknown = [n for n in (*rewards, *penalties) if n not in prices]
        if unknown:
            raise PenaltyError(f"no price for term {unknown[0]!r}; terms: {', '.join(prices)}")
        return cls(tuple(prices), np.asarray(list(prices.values()), np.float32))

    def __getitem__(self, name: str) -> Any:
        if name not in self.names:
            raise KeyError(f"no term {name!r}; terms: {', '.join(self.names)}")
        return self.weights[..., self.names.index(name)]

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)

    def to_mapping(self) -> dict[str, float]:
        """``{term: weight}`` as Python floats, in column order."""
        return {n: float(w) for n, w in zip(self.names, np.asarray(self.weights))}

    def rewards(self, terms: Any) -> Any:
        """Price facts: ``terms [..., K] -> rewards [...]``. A NaN fact gives a NaN reward.

        Elementwise rather than a matrix product, so that accelerators that multiply in bfloat16
        price exactly what the host does.
        """
        return (terms * self.weights).sum(-1)

    def limits(self) -> tuple[float, float]:
        """The loosest provable range of a reward whose terms lie in [0, 1]: (lowest, highest)."""
        weights = np.asarray(self.weights, np.float64)
        return float(weights[weights < 0].sum()), float(weights[weights > 0].sum())

    def replace(self, **prices: float) -> PenaltyConfig:
        """A copy with some prices changed; a price may not change its sign.

        Raises:
          PenaltyError: an unknown term, a value that is not finite, or a changed sign.
        """
        old = self.to_mapping()
        unknown = [n for n in prices if n not in old]
        if unknown:
            raise PenaltyError(f"no term {unknown[0]!r}; terms: {', '.join(old)}")
        return PenaltyConfig.from_mapping(
            {**old, **prices},
            rewards=[n for n, w in old.items() if w > 0],
            penalties=[n for n, w in old.items() if w < 0],
        )

    def _aligned(self, other: PenaltyConfig) -> None:
        if self.names != other.names:
            differing = sorted(set(self.names) ^ set(other.names)) or "their order"
            raise PenaltyError(f"price lists over different terms: {differing}")

    def __add__(self, other: PenaltyConfig) -> PenaltyConfig:
        self._aligned(other)
        return PenaltyConfig(self.names, self.weights + other.weights)

    def __sub__(self, other: PenaltyConfig) -> PenaltyConfig:
        self._aligned(other)
        return PenaltyConfig(self.names, self.weights - other.weights)

    def __mul__(self, scale: float) -> PenaltyConfig:
        return PenaltyConfig(self.names, self.weights * scale)

    __rmul__ = __mul__

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, PenaltyConfig):
            return NotImplemented
        return self.names == other.names and bool(
            np.array_equal(np.asarray(self.weights), np.asarray(other.weights))
        )

    __hash__ = None  # type: ignore[assignment]

    def lerp(self, other: PenaltyConfig, share: Any) -> PenaltyConfig:
        """The list a ``share`` in [0, 1] of the way from here to ``other``."""
        self._aligned(other)
        return PenaltyConfig(self.names, (1 - share) * self.weights + share * other.weights)


class PenaltyLadder:
    """Named rungs of rising severity; prices are piecewise linear between them.

    Severity 0 is the first rung, ``len(ladder) - 1`` the last.

    Args:
      name: what people call the ladder.
      rungs: ``(rung name, prices)`` from mildest to harshest, over the same terms.
      outcomes: what can come of a prompt, for break-even and :meth:`explain`; may be None.

    Raises:
      PenaltyError: no rung, a repeated name, different terms, or a term that is a reward on one
        rung and a penalty on another.
    """

    def __init__(
        self,
        name: str,
        rungs: Sequence[tuple[str, PenaltyConfig]],
        outcomes: Outcomes | None = None,
    ) -> None:
        if not rungs:
            raise PenaltyError(f"ladder {name!r} needs at least one rung")
        self.name = name
        self.rung_names = tuple(rung for rung, _ in rungs)
        self.configs = tuple(config for _, config in rungs)
        self.outcomes = outcomes
        if len(set(self.rung_names)) < len(self.rung_names):
            raise PenaltyError(f"ladder {name!r} names a rung twice: {', '.join(self.rung_names)}")
        for config in self.configs[1:]:
            self.configs[0]._aligned(config)
        self._weights = np.stack([np.asarray(c.weights, np.float32) for c in self.configs])
        mixed = (self._weights.max(0) > 0) & (self._weights.min(0) < 0)
        if mixed.any():
            term = self.configs[0].names[int(mixed.argmax())]
            raise PenaltyError(f"ladder {name!r}: {term!r} is a reward on one rung, not on another")
        if not np.isfinite(self._weights).all():
            raise PenaltyError(f"ladder {name!r} has a price that is not finite")

    def __len__(self) -> int:
        return len(self.configs)

    def __repr__(self) -> str:
        return f"PenaltyLadder({self.name!r}, {' < '.join(self.rung_names)})"

    @property
    def names(self) -> tuple[str, ...]:
        """The term names."""
        return self.configs[0].names

    @property
    def top(self) -> float:
        """The highest severity."""
        return float(len(self) - 1)

    @property
    def weights(self) -> np.ndarray:
        """``[R, K]`` prices of every rung."""
        return self._weights

    def at(self, severity: Any) -> PenaltyConfig:
        """Prices at a severity in [0, top]; traces.

        Raises:
          PenaltyError: a concrete severity that is NaN or off the ladder.
        """
        traced = isinstance(severity, jax.core.Tracer)
        xp: Any = jax.numpy if traced else np
        if not traced:
            self._check(float(severity))
        weights = xp.asarray(self._weights)
        low = xp.clip(xp.floor(severity), 0, max(len(self) - 2, 0)).astype(xp.int32)
        share = xp.asarray(severity - low, xp.float32)
        high = xp.minimum(low + 1, len(self) - 1)
        return PenaltyConfig(self.names, (1 - share) * weights[low] + share * weights[high])

    def rung_name(self, severity: float) -> str:
        """``"soft"`` on a rung, ``"soft+0.25"`` between two."""
        self._check(severity)
        low = math.floor(severity + 1e-6)
        share = severity - low
        return self.rung_names[low] + (f"+{share:.2f}" if share > 5e-3 else "")

    def severity_of(self, rung: str | float) -> float:
        """Severity of a rung's name or of a number; the inverse of :meth:`rung_name`.

        Raises:
          PenaltyError: no such rung or off the ladder.
        """
        if isinstance(rung, str):
            if rung not in self.rung_names:
                known = ", ".join(self.rung_names)
                raise PenaltyError(f"ladder {self.name!r} has no rung {rung!r}; rungs: {known}")
            return float(self.rung_names.index(rung))
        self._check(rung)
        return float(rung)

    def _check(self, severity: float) -> None:
        if not 0 <= severity <= self.top:
            raise PenaltyError(
                f"severity {severity!r} is off the ladder {self.name!r} (0 to {self.top:g})"
            )

    def explain(self, mix: Mapping[str, float] | None = None) -> Explanation:
        """Payoff per outcome and break-even u of every rung, as a table and in words.

        Args:
          mix: shares of the failures; None for the ladder's own. See
            :meth:`~curricula.outcomes.Outcomes.measure` for a measured one.

        Raises:
          PenaltyError: the ladder was built without outcomes.
        """
        from curricula.explain import explain

        return explain(self, mix)

    def break_even(self, severity: float, mix: Mapping[str, float] | None = None) -> float:
        """Break-even u at a severity, for a failure mix (default: the ladder's own).

        Raises:
          PenaltyError: the ladder was built without outcomes.
        """
        if self.outcomes is None:
            raise PenaltyError(f"ladder {self.name!r} has no outcomes, so no break-even")
        return self.outcomes.break_even(self.at(severity), mix)
