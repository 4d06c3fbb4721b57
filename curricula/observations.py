"""What one training step shows a controller: facts per response, grouped by prompt."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

__all__ = ["Observation", "ObservationError", "Rate", "Schema", "decode", "encode", "header"]

LOG_VERSION = 1


class ObservationError(ValueError):
    """An observation that does not fit its schema."""


@dataclasses.dataclass(frozen=True)
class Rate:
    """Share of responses with ``event``, among those with ``given`` (one event, several, or None).

    ``given`` is best a fact of the prompt ("answerable"), known before the model speaks. A fact of
    the response works too: evidence tests E[given * (event - m)] <= 0, which is the same claim.
    """

    event: str
    given: str | tuple[str, ...] | None = None
    conditions: tuple[str, ...] = dataclasses.field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        given = (self.given,) if isinstance(self.given, str) else tuple(self.given or ())
        object.__setattr__(self, "conditions", given)
        object.__setattr__(self, "given", given[0] if len(given) == 1 else given or None)


@dataclasses.dataclass(frozen=True)
class Schema:
    """Names of the columns of an observation, and the rates read off them.

    Attributes:
      terms: K priced facts, in the price list's order.
      events: E unpriced facts.
      rates: ``{metric name: Rate}``.
      attempt: the event that means "the model tried", for forecasts; None where there is none.
    """

    terms: tuple[str, ...]
    events: tuple[str, ...] = ()
    rates: Mapping[str, Rate] = dataclasses.field(default_factory=dict)
    attempt: str | None = None

    def __post_init__(self) -> None:
        for kind, names in (("term", self.terms), ("event", self.events)):
            if len(set(names)) < len(names):
                raise ObservationError(f"a {kind} is named twice: {', '.join(names)}")
        used = [name for r in self.rates.values() for name in (r.event, *r.conditions)]
        for name in used if self.attempt is None else [*used, self.attempt]:
            if name not in self.events:
                known = ", ".join(self.events) or "none"
                raise ObservationError(f"no event {name!r} in the schema; events: {known}")
        if "mean" in self.rates:
            raise ObservationError("'mean' is the mean reward and cannot name a rate")

    def to_json(self) -> dict[str, Any]:
        """Plain data, read back by :meth:`from_json`."""
        return {
            "terms": list(self.terms),
            "events": list(self.events),
            "rates": {n: [rate.event, *rate.conditions] for n, rate in self.rates.items()},
            "attempt": self.attempt,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Schema:
        """The schema that :meth:`to_json` wrote."""
        return cls(
            tuple(data["terms"]),
            tuple(data["events"]),
            {name: Rate(event, tuple(given)) for name, (event, *given) in data["rates"].items()},
            data.get("attempt"),
        )


class Observation(NamedTuple):
    """One step's responses. A pytree; numpy or JAX arrays.

    Attributes:
      terms: ``[B, K]`` facts in [0, 1] (NaN: the scorer failed).
      events: ``[B, E]`` facts in [0, 1].
      groups: ``[B]`` int, equal for completions of the same prompt.
      mask: ``[B]`` bool, False for padding.
    """

    terms: Any
    events: Any
    groups: Any
    mask: Any

    @classmethod
    def build(
        cls, schema: Schema, terms: Any, events: Any, groups: Any, mask: Any = None
    ) -> Observation:
        """Check shapes and ranges and convert to numpy.

        Raises:
          ObservationError: wrong number of columns or rows, or a fact outside [0, 1].
        """
        terms = np.asarray(terms, np.float32)
        rows = len(terms)
        events = np.asarray(events, np.float32)
        if events.size == 0:  # no rows, or a schema without events
            events = events.reshape(rows, len(schema.events))
        wide = np.asarray(groups)
        if wide.size and not np.issubdtype(wide.dtype, np.integer):
            raise ObservationError(f"group ids must be whole numbers, got {wide.dtype}")
        if wide.size and abs(wide).max() > np.iinfo(np.int32).max:
            raise ObservationError(f"group ids must fit 32 bits, got {abs(wide).max()}")
        groups = wide.astype(np.int32)
        mask = np.ones(rows, bool) if mask is None else np.asarray(mask, bool)
        widths: list[tuple[int, ...]] = [(len(schema.terms),), (len(schema.events),), (), ()]
        for name, array, width in zip(cls._fields, (terms, events, groups, mask), widths):
            if array.shape != (rows, *width):
                raise ObservationError(f"{name} has shape {array.shape}, expected {(rows, *width)}")
        for name, array in (("terms", terms), ("events", events)):
            if ((array < 0) | (array > 1))[mask].any():
                raise ObservationError(f"{name} must lie in [0, 1] (NaN where scoring failed)")
        return cls(terms, events, groups, mask)

    def pad(self, rows: int) -> Observation:
        """The same observation with ``rows`` rows, the new ones masked out.

        Raises:
          ObservationError: there are more rows already.
        """
        extra = rows - len(self.mask)
        if extra < 0:
            raise ObservationError(f"{len(self.mask)} responses in a step, room for {rows}")
        if extra == 0:
            return self
        return Observation(*(np.pad(a, [(0, extra)] + [(0, 0)] * (a.ndim - 1)) for a in self))


def reward_event(metric: str) -> tuple[str, float] | None:
    """``"rate(reward >= 36)" -> (">=", 36.0)``; None for any other metric name."""
    match = re.fullmatch(r"rate\(reward (>=|<=|>|<) (\S+)\)", metric)
    return (match[1], float(match[2])) if match else None


def header(schema: Schema, batch_size: int = 0, groups: int = 0) -> dict[str, Any]:
    """First line of an observation log.

    Args:
      schema: of the observations.
      batch_size, groups: as given to ``Curriculum.init``, so that a replay adds in the same order;
        0 where unknown (a replay then takes the largest step of the log).
    """
    sizes = {"batch_size": batch_size, "groups": groups} if batch_size else {}
    return {"schema": schema.to_json(), **sizes, "version": LOG_VERSION}


def _pack(rows: np.ndarray) -> list[Any]:
    """Each 0/1 row as an int whose bit i is column i; other rows as lists, NaN as None."""
    packed: list[Any] = []
    for row in rows:
        if np.isin(row, (0, 1)).all():
            packed.append(sum(1 << i for i, bit in enumerate(row) if bit))
        else:
            packed.append([None if np.isnan(x) else float(x) for x in row])
    return packed


def _unpack(rows: Sequence[Any], width: int) -> np.ndarray:
    out = np.zeros((len(rows), width), np.float32)
    for i, row in enumerate(rows):
        if isinstance(row, int):
            out[i] = [(row >> bit) & 1 for bit in range(width)]
        else:
            out[i] = [np.nan if x is None else x for x in row]
    return out


def encode(
    step: int, observation: Observation, prompts: Sequence[str] = (), command: str | None = None
) -> dict[str, Any]:
    """One step as a compact JSON object; padding is dropped.

    Args:
      step: the step's number, counted from 1.
      observation: what was seen.
      prompts: one prompt id per group or per response, kept as given.
      command: a person's, if one was given at this step.
    """
    keep = np.asarray(observation.mask, bool)
    said = {"command": command} if command else {}
    return {
        "step": int(step),
        "prompts": list(prompts),
        "groups": np.asarray(observation.groups)[keep].tolist(),
        "terms": _pack(np.asarray(observation.terms)[keep]),
        "events": _pack(np.asarray(observation.events)[keep]),
        **said,
    }


def decode(line: Mapping[str, Any], schema: Schema) -> Observation:
    """The observation that :func:`encode` wrote.

    Raises:
      ObservationError: a field is missing or does not fit the schema.
    """
    missing = [k for k in ("groups", "terms", "events") if k not in line]
    if missing:
        raise ObservationError(f"step {line.get('step', '?')} of the log has no {missing[0]!r}")
    return Observation.build(
        schema,
        _unpack(line["terms"], len(schema.terms)),
        _unpack(line["events"], len(schema.events)),
        line["groups"],
    )
