"""A curriculum for any training loop: prices out, facts in, one object that can be saved."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np

from curricula.curriculum import Curriculum
from curricula.observations import Observation, encode, header
from curricula.penalties import PenaltyConfig
from curricula.receipts import Receipt
from curricula.session_log import SessionLog
from curricula.session_state import SessionError, pack, unpack
from curricula.statistics import Estimate

__all__ = ["Session", "SessionError"]

VERSION = 1


class Session:
    """A curriculum and its state, held for a training loop that is not ours::

        session = Session(curriculum, batch_size=64, groups=8, log="runs/mine")
        for prompts in batches:
            completions, terms, events, groups = sample_and_score(prompts)
            train(completions, session.penalties.rewards(terms))
            session.observe(terms, events, groups)

    Methods may be called from several threads; each takes effect as a whole.

    Args:
      curriculum: controller, ladder and window.
      batch_size: most responses in a step.
      groups: most prompt groups in a step; None allows as many as responses (slower).
      log: directory for ``decisions.jsonl``, ``observations.jsonl`` and ``metrics.jsonl``, in the
        layout of a run directory; None writes nothing.
      state: what :meth:`state_dict` returned, to go on from there. Lines that the log has beyond it
        are removed, so that a resumed run's log is that of a run never interrupted.

    Raises:
      SessionError: the state is of another curriculum or size, or the log already has decisions
        and no state to go on from is given.
    """

    def __init__(
        self,
        curriculum: Curriculum,
        batch_size: int,
        groups: int | None = None,
        *,
        log: str | Path | None = None,
        state: Mapping[str, Any] | None = None,
    ) -> None:
        self.curriculum, self.batch_size = curriculum, int(batch_size)
        self.groups = min(groups or self.batch_size, self.batch_size)
        self.receipt: Receipt | None = None
        """The last decision; None before the first."""
        self._lock = threading.RLock()
        self._state = curriculum.init(self.batch_size, self.groups)
        self._parts: list[Observation] = []
        self._prompts: list[str] = []
        if state is not None:
            self._restore(state)
        self._log = None if log is None else SessionLog(log, self.step, self._header())

    @property
    def step(self) -> int:
        """Steps decided so far."""
        return int(self._state.step)

    @property
    def penalties(self) -> PenaltyConfig:
        """Prices in force for the present step; they do not change before it is decided."""
        return self.curriculum.penalties(self._state)

    @property
    def severity(self) -> float:
        """Position on the ladder in force for the present step."""
        return self.curriculum.severity(self._state)

    @property
    def rung(self) -> str:
        """Its name."""
        return self.curriculum.rung(self._state)

    @property
    def pending(self) -> int:
        """Rows observed since the last decision."""
        return sum(len(part.mask) for part in self._parts)

    def observe(
        self,
        terms: Any,
        events: Any,
        groups: Any,
        mask: Any = None,
        *,
        prompts: Sequence[str] = (),
        command: str | None = None,
        more: bool = False,
    ) -> Receipt | None:
        """Take in a step's responses and decide; the decision is in force from the next step.

        Args:
          terms: ``[B, K]`` priced facts in [0, 1]; NaN where scoring failed.
          events: ``[B, E]`` unpriced facts in [0, 1].
          groups: ``[B]`` int, equal exactly for completions of one prompt in this step.
          mask: ``[B]`` bool, False for padding.
          prompts: one id per group or per response, for the log.
          command: a person's; see :class:`~curricula.hand.Hand`.
          more: the rest of the step is still to come: keep these and decide nothing.

        Returns:
          The receipt, or None where there is more to come.

        Raises:
          ObservationError: rows, columns or values that do not fit.
        """
        part = Observation.build(self.curriculum.schema, terms, events, groups, mask)
        with self._lock:
            self._parts.append(part)
            self._prompts += prompts
            return None if more else self.decide(command)

    def decide(self, command: str | None = None) -> Receipt | None:
        """Decide on what was observed since the last decision; None where that is nothing."""
        with self._lock:
            if not self._parts:
                return None
            whole = _joined(self._parts)
            live = self.penalties
            receipt, self._state = self.curriculum.step(self._state, whole, command)
            prompts, self._parts, self._prompts = self._prompts, [], []
            self.receipt = receipt
            if self._log is not None:
                figures = self._figures(whole, live, receipt)
                self._log.write(receipt, encode(receipt.step, whole, prompts, command), figures)
            return receipt

    def summary(self) -> dict[str, Estimate]:
        """Every metric of the rolling window on the yardstick, with anytime-valid bounds."""
        return self.curriculum.summary(self._state)

    def metrics(self) -> dict[str, float]:
        """The summary, severity and prices, under the names of ``metrics.jsonl``."""
        found = {"severity": self.severity}
        found |= {f"penalties/{name}": w for name, w in self.penalties.to_mapping().items()}
        return found | self._window_figures()

    def state_dict(self) -> dict[str, Any]:
        """Everything to go on from, as plain data that JSON can hold; exact to the last bit."""
        with self._lock:
            return {
                "version": VERSION,
                "curriculum": self._identity(),
                "state": pack(self._state),
                "parts": [pack(part) for part in self._parts],
                "prompts": list(self._prompts),
                "receipt": None if self.receipt is None else self.receipt.to_json(),
            }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what :meth:`state_dict` returned, in place.

        Raises:
          SessionError: another curriculum, another size, or no such state; nothing is changed.
        """
        with self._lock:
            self._restore(state)
            if self._log is not None:
                self._log.rewind(self.step)

    def _restore(self, saved: Mapping[str, Any]) -> None:
        if not isinstance(saved, Mapping) or saved.get("version") != VERSION:
            raise SessionError(f"this is no session state of version {VERSION}")
        _same(saved.get("curriculum") or {}, self._identity())
        state = unpack(saved["state"], self._state)
        parts = [unpack(part, None, Observation) for part in saved["parts"]]
        self._state = jax.tree.map(jax.numpy.asarray, state)
        self._parts, self._prompts = parts, list(saved["prompts"])
        self.receipt = None if saved["receipt"] is None else Receipt.from_json(saved["receipt"])

    def _identity(self) -> dict[str, Any]:
        """What must be the same for a state to mean the same."""
        ladder = self.curriculum.ladder
        rungs = [
            [ladder.rung_name(i), ladder.at(i).to_mapping()] for i in range(int(ladder.top) + 1)
        ]
        return {
            "controller": self.curriculum.controller.name,
            "ladder": rungs,
            "yardstick": self.curriculum.yardstick.to_mapping(),
            "schema": self.curriculum.schema.to_json(),
            "window": self.curriculum.window,
            "batch_size": self.batch_size,
            "groups": self.groups,
        }

    def _header(self) -> dict[str, Any]:
        return header(self.curriculum.schema, self.batch_size, self.groups)

    def _window_figures(self) -> dict[str, float]:
        found: dict[str, float] = {}
        for name, estimate in self.summary().items():
            found[f"window/{name}"] = float(estimate.value)
            found[f"window/{name}_lower"] = float(estimate.lower)
            found[f"window/{name}_upper"] = float(estimate.upper)
        return found

    def _figures(
        self, seen: Observation, live: PenaltyConfig, receipt: Receipt
    ) -> dict[str, float]:
        """One line of ``metrics.jsonl``: the step under the prices it was trained on."""
        rows = np.asarray(seen.mask, bool)
        terms, events = np.asarray(seen.terms)[rows], np.asarray(seen.events)[rows]
        figures: dict[str, float] = {"step": receipt.step, "reward": _mean(live.rewards(terms))}
        figures["yardstick/mean"] = _mean(self.curriculum.yardstick.rewards(terms))
        columns = dict(zip(self.curriculum.schema.events, events.T))
        for name, rate in self.curriculum.schema.rates.items():
            given = np.ones(len(events), np.float32)
            for condition in rate.conditions:
                given = given * columns[condition]
            figures[f"{name}_rate"] = _mean(columns[rate.event], given)
        figures["severity"] = receipt.severity_from
        figures |= {f"penalties/{name}": w for name, w in live.to_mapping().items()}
        return figures | self._window_figures()


def _joined(parts: Sequence[Observation]) -> Observation:
    if len(parts) == 1:
        return parts[0]
    return Observation(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _mean(values: Any, weights: Any = None) -> float:
    values = np.asarray(values, np.float64)
    weights = np.ones_like(values) if weights is None else np.asarray(weights, np.float64)
    known = ~np.isnan(values) & ~np.isnan(weights)
    total = weights[known].sum()
    return float((values[known] * weights[known]).sum() / total) if total > 0 else float("nan")


def _same(saved: Mapping[str, Any], ours: Mapping[str, Any]) -> None:
    for what, value in ours.items():
        if saved.get(what) != value:
            raise SessionError(
                f"the state was saved with another {what}: {saved.get(what)!r}, here {value!r}"
            )
