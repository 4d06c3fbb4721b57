"""Conditions on metrics as values, and a parser for what a person types. Never imports JAX.

    safe = metric("safe")
    ready = (metric("mean") > 5) & (safe > 0.90)
    ready == parse("mean > 5 and safe > 90%")

A comparison reads the anytime-valid bound that makes it a proof: ``mean > 5`` passes when the lower
bound is at least 5 (the claim "at most 5" is rejected), fails when the upper bound is at most 5,
and is inconclusive between. ``point(mean) > 5`` reads the raw estimate instead.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from typing import Literal

__all__ = [
    "And",
    "Comparison",
    "Condition",
    "ConditionError",
    "Drop",
    "Not",
    "Or",
    "Reading",
    "Sustained",
    "drop",
    "lcb",
    "metric",
    "parse",
    "point",
    "rate",
    "reward",
    "ucb",
]

Op = Literal[">", ">=", "<", "<="]
Kind = Literal["proof", "lcb", "ucb", "point"]
PROVABLE = 1e-4  # of a metric's range; a threshold this close to its end is beyond any proof
REWARD_METRICS = ("mean",)  # every other metric is a rate in [0, 1]


class ConditionError(ValueError):
    """A condition that cannot be meant. ``str()`` is one line; :meth:`pointer` draws the place.

    Attributes:
      text: what was typed, or "".
      position: 0-based index of the offending character in ``text``, or None.
    """

    def __init__(self, message: str, text: str = "", position: int | None = None) -> None:
        self.text, self.position = text, position
        where = f" at character {position + 1} of {text!r}" if position is not None else ""
        super().__init__(message + where)

    def pointer(self) -> str:
        """The text with a caret under the offending character."""
        return "" if self.position is None else f"{self.text}\n{' ' * self.position}^"


class Condition:
    """Base of all conditions; three-valued (pass, fail, inconclusive)."""

    def __and__(self, other: Condition) -> Condition:
        return And((*_parts(self, And), *_parts(other, And)))

    def __or__(self, other: Condition) -> Condition:
        return Or((*_parts(self, Or), *_parts(other, Or)))

    def __invert__(self) -> Condition:
        return self.item if isinstance(self, Not) else Not(self)

    def __bool__(self) -> bool:
        raise TypeError("a condition has no truth value; join with & | ~ instead of and, or, not")

    def sustained(self, steps: int) -> Condition:
        """Passes once this has passed at ``steps`` steps in a row."""
        return Sustained(self, steps)

    def children(self) -> tuple[Condition, ...]:
        """The parts this is made of."""
        return ()

    def leaves(self) -> Iterator[Comparison | Drop]:
        """Comparisons and drops, from left to right."""
        for child in self.children():
            yield from child.leaves()

    def metrics(self) -> tuple[str, ...]:
        """Names of the metrics read, each once."""
        return tuple(dict.fromkeys(leaf.metric for leaf in self.leaves()))


def _parts(condition: Condition, kind: type) -> tuple[Condition, ...]:
    return condition.children() if isinstance(condition, kind) else (condition,)


def _wrap(condition: Condition) -> str:
    return f"({condition})" if isinstance(condition, And | Or) else str(condition)


@dataclasses.dataclass(frozen=True)
class Reading:
    """A metric, and which of its figures a comparison reads."""

    metric: str
    kind: Kind = "proof"

    def __gt__(self, level: float) -> Comparison:
        return Comparison(self.metric, ">", level, self.kind)

    def __ge__(self, level: float) -> Comparison:
        return Comparison(self.metric, ">=", level, self.kind)

    def __lt__(self, level: float) -> Comparison:
        return Comparison(self.metric, "<", level, self.kind)

    def __le__(self, level: float) -> Comparison:
        return Comparison(self.metric, "<=", level, self.kind)


@dataclasses.dataclass(frozen=True)
class Comparison(Condition):
    """A metric against a threshold, in natural units.

    ``kind`` "proof" reads the bound on the far side of the threshold; "lcb", "ucb" and "point" read
    that figure as it stands.

    Raises:
      ConditionError: a threshold that is not finite, or outside [0, 1] for a rate.
    """

    metric: str
    op: Op
    threshold: float
    kind: Kind = "proof"

    def __post_init__(self) -> None:
        level = self.threshold
        if (
            isinstance(level, bool)
            or not isinstance(level, int | float)
            or not math.isfinite(level)
        ):
            raise ConditionError(f"{self.metric} needs a finite threshold, got {level!r}")
        object.__setattr__(self, "threshold", float(level))
        if self.metric not in REWARD_METRICS:
            _check_rate(self.metric, self.op, level)
            self.check_provable(0.0, 1.0)

    def check_provable(self, low: float, high: float) -> None:
        """Refuse a threshold that no evidence can reach, for a metric between ``low`` and ``high``.

        That a mean is at its very limit cannot be proven, only observed: ``point(...)`` does.

        Raises:
          ConditionError: naming the clause and the limits.
        """
        position = (self.threshold - low) / (high - low)
        room = 1 - position if self.rising else position
        reachable = room >= 0 if self.op in (">=", "<=") else room > 0
        if self.kind in ("proof", "lcb" if self.rising else "ucb"):
            reachable = room >= PROVABLE - 1e-12
        if not reachable:
            ends = [_number(self.metric, float(x)) for x in (low, high)]
            hint = f"; observed, point({self.metric}) can" if room == 0 and "=" in self.op else ""
            raise ConditionError(
                f"{self} can never be shown: {self.metric} lies between"
                f" {ends[0]} and {ends[1]}{hint}"
            )

    def leaves(self) -> Iterator[Comparison | Drop]:
        yield self

    @property
    def rising(self) -> bool:
        """True for > and >=."""
        return self.op[0] == ">"

    def __str__(self) -> str:
        left = self.metric if self.kind == "proof" else f"{self.kind}({self.metric})"
        return f"{left} {self.op} {_number(self.metric, self.threshold)}"


def _check_rate(metric: str, op: str, level: float) -> None:
    if not 0 <= level <= 1:
        percent = f"; for per cent write {level:g}%" if 2 <= level <= 100 else ""
        raise ConditionError(
            f"{metric} is a rate between 0% and 100%, {op} {level:g} is impossible{percent}"
        )
    if (op == ">" and level == 1) or (op == "<" and level == 0):
        raise ConditionError(
            f"{metric} {op} {level:g} can never hold: {metric} is a rate in [0, 1]"
        )


@dataclasses.dataclass(frozen=True)
class Drop(Condition):
    """A detected drop of a metric: below a level, or from where it stood when the rung began."""

    metric: str
    below: float | None = None

    def __post_init__(self) -> None:
        level = self.below
        if level is None:
            return
        if (
            isinstance(level, bool)
            or not isinstance(level, int | float)
            or not math.isfinite(level)
        ):
            raise ConditionError(f"drop({self.metric}) needs a finite level, got {level!r}")
        object.__setattr__(self, "below", float(level))
        if self.metric not in REWARD_METRICS:
            _check_rate(self.metric, "<", level)

    def leaves(self) -> Iterator[Comparison | Drop]:
        yield self

    def __str__(self) -> str:
        level = "" if self.below is None else f", {_number(self.metric, self.below)}"
        return f"drop({self.metric}{level})"


@dataclasses.dataclass(frozen=True)
class And(Condition):
    """All parts; fails as soon as one does."""

    items: tuple[Condition, ...]

    def children(self) -> tuple[Condition, ...]:
        return self.items

    def __str__(self) -> str:
        return " and ".join(_wrap(i) for i in self.items)


@dataclasses.dataclass(frozen=True)
class Or(Condition):
    """Any part; the error budget is split among them."""

    items: tuple[Condition, ...]

    def children(self) -> tuple[Condition, ...]:
        return self.items

    def __str__(self) -> str:
        return " or ".join(_wrap(i) for i in self.items)


@dataclasses.dataclass(frozen=True)
class Not(Condition):
    """Passes where the part certifiably fails."""

    item: Condition

    def children(self) -> tuple[Condition, ...]:
        return (self.item,)

    def __str__(self) -> str:
        return f"not {_wrap(self.item)}"


@dataclasses.dataclass(frozen=True)
class Sustained(Condition):
    """The part has passed at each of the last ``steps`` steps."""

    item: Condition
    steps: int

    def __post_init__(self) -> None:
        if isinstance(self.steps, bool) or not isinstance(self.steps, int) or self.steps < 1:
            raise ConditionError(
                f"sustained needs a whole number of steps >= 1, got {self.steps!r}"
            )

    def children(self) -> tuple[Condition, ...]:
        return (self.item,)

    def __str__(self) -> str:
        return f"sustained({self.item}, {self.steps})"


def _number(metric: str, value: float) -> str:
    """Shortest text that reads back as the same number; rates in per cent where that is exact."""
    if metric not in REWARD_METRICS:
        percent = f"{value * 100:.10g}"
        if float(percent) / 100 == value:
            return percent + "%"
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)


def metric(name: str) -> Reading:
    """A metric whose comparisons ask for proof: ``metric("safe") > 0.9``."""
    return Reading(name)


def lcb(name: str) -> Reading:
    """The anytime-valid lower bound of a metric."""
    return Reading(name, "lcb")


def ucb(name: str) -> Reading:
    """The anytime-valid upper bound of a metric."""
    return Reading(name, "ucb")


def point(name: str) -> Reading:
    """The raw estimate over the window, as the report used it. No error bound."""
    return Reading(name, "point")


def drop(name: str, below: float | None = None) -> Drop:
    """A certified drop; see :class:`Drop`."""
    return Drop(name, below)


@dataclasses.dataclass(frozen=True)
class RewardEvent:
    """A comparison of a single response's yardstick reward."""

    op: Op
    level: float

    def __str__(self) -> str:
        return f"reward {self.op} {_number('mean', float(self.level))}"


class _Reward:
    def __ge__(self, level: float) -> RewardEvent:
        return RewardEvent(">=", level)

    def __gt__(self, level: float) -> RewardEvent:
        return RewardEvent(">", level)

    def __le__(self, level: float) -> RewardEvent:
        return RewardEvent("<=", level)

    def __lt__(self, level: float) -> RewardEvent:
        return RewardEvent("<", level)


reward = _Reward()


def rate(event: RewardEvent) -> Reading:
    """Share of responses with such a reward: ``rate(reward >= 36) > 0.1``."""
    return Reading(f"rate({event})")


def parse(text: str, metrics: tuple[str, ...] | None = None) -> Condition:
    """The condition that a person typed, such as ``"mean > 5 and safe > 90%"``.

    See :mod:`curricula.parsing` for the grammar.

    Args:
      text: what was typed.
      metrics: names that exist; None for the usual ones (:data:`curricula.parsing.METRICS`).

    Raises:
      ConditionError: with the position of the offending character.
    """
    from curricula.parsing import parse as read

    return read(text, metrics)
