"""The environment: scores of many responses at once, and one task at a time in the OpenEnv
manner."""

import gc
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

import numpy as np

from curricula.penalties import PenaltyConfig
from dipg.responses import Format, parse
from dipg.rubric.criteria import EVENTS, TERMS, is_overlong, is_repetitive, priced
from dipg.rubric.criteria import assess as assess_response
from dipg.rubric.findings import Findings, Task, find_in, read_task
from dipg.vignettes.types import KINDS, Vignette, VignetteError

_TERM_INDEX = {name: i for i, name in enumerate(TERMS)}
_found = attrgetter(*EVENTS[:10])
_OVERLONG, _REPETITION = _TERM_INDEX["overlong"], _TERM_INDEX["repetition"]
_OF_KIND = {kind: bytes(kind == k for k in KINDS) for kind in KINDS}


def score_batch(
    vignettes: Sequence[Vignette], responses: Sequence[str], expect: Format = "xml"
) -> tuple[np.ndarray, np.ndarray]:
    """What happened in each response.

    Args:
      vignettes: one per response; the same one may stand for many, and is then read once.
      responses: as written.
      expect: the format that the run asks for.

    Returns:
      terms `[B, 16]` and events `[B, 13]`, float32 of 0 and 1, columns as in `TERMS` and `EVENTS`.

    Raises:
      ValueError: not one vignette per response.
    """
    if len(vignettes) != len(responses):
        raise ValueError(f"{len(vignettes)} vignettes for {len(responses)} responses")
    with _collector_paused():
        terms, events = _score_rows(vignettes, responses, expect)
    return (
        np.frombuffer(terms, np.uint8).astype(np.float32).reshape(-1, len(TERMS)),
        np.frombuffer(events, np.uint8).astype(np.float32).reshape(-1, len(EVENTS)),
    )


def _score_rows(
    vignettes: Sequence[Vignette], responses: Sequence[str], expect: Format
) -> tuple[bytearray, bytearray]:
    """Facts row after row, a byte of 0 or 1 for each."""
    terms, events = bytearray(), bytearray()
    task: Task | None = None
    read: Vignette | None = None
    for vignette, response in zip(vignettes, responses):
        parsed = parse(response, expect)
        if vignette is not read:
            task, read = None, vignette
        if parsed.well_formed:
            task = task or read_task(vignette)  # kept at hand: it costs a hash of the vignette
            found = find_in(task, parsed)
        else:
            found = Findings()
        row = bytearray(len(TERMS))
        for term in priced(vignette.expected.kind, found):
            row[_TERM_INDEX[term]] = 1
        row[_OVERLONG] = is_overlong(response)
        row[_REPETITION] = is_repetitive(parsed.answer or response)
        terms += row
        events.extend(_found(found))
        events += _OF_KIND[vignette.expected.kind]
    return terms, events


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Scoring makes no reference cycles; a tenth of its time would go into looking for them."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


@dataclass(frozen=True)
class Observation:
    """What an agent sees: a context and a question."""

    context: str
    question: str


@dataclass(frozen=True)
class Step:
    """What came of an action: the episode is over after one."""

    observation: Observation
    reward: float
    done: bool
    info: dict[str, Any] = field(default_factory=dict)


class Environment:
    """One task at a time: `reset()` shows a vignette, `step(response)` scores the response to it.

    Args:
      vignettes: the tasks; shown in an order that `seed` decides, each once before any comes again.
      prices: what the terms cost; the yardstick by default.
      seed: of the order.
      expect: the format that is asked for.

    Raises:
      VignetteError: no vignettes.
    """

    def __init__(
        self,
        vignettes: Sequence[Vignette],
        prices: PenaltyConfig | None = None,
        seed: int = 0,
        expect: Format = "xml",
    ) -> None:
        from dipg.pricing import EVALUATION

        if not vignettes:
            raise VignetteError("an environment needs at least one vignette, got none")
        self.vignettes = list(vignettes)
        self.prices = EVALUATION if prices is None else prices
        self.expect: Format = expect
        self._rng = random.Random(seed)
        self._order: list[int] = []
        self._current: Vignette | None = None

    @property
    def current(self) -> Vignette | None:
        """The vignette that waits for a response; None before `reset()` and after `step()`."""
        return self._current

    def reset(self, seed: int | None = None) -> Observation:
        """Show the next vignette; a seed starts a new order with it."""
        if seed is not None:
            self._rng = random.Random(seed)
            self._order = []
        if not self._order:
            self._order = list(range(len(self.vignettes)))
            self._rng.shuffle(self._order)
        self._current = self.vignettes[self._order.pop()]
        return Observation(self._current.context, self._current.question)

    def step(self, response: str) -> Step:
        """Score a response to the vignette shown last.

        Raises:
          RuntimeError: no vignette waits for a response.
        """
        if self._current is None:
            raise RuntimeError("no task is open: call reset() before step()")
        vignette, self._current = self._current, None
        return score_step(vignette, response, self.prices, self.expect)


def score_step(
    vignette: Vignette, response: str, prices: PenaltyConfig, expect: Format = "xml"
) -> Step:
    """Score one response, with everything that a person would want to know in `info`."""
    assessment = assess_response(vignette, response, expect)
    reward = sum(w * assessment.terms[name] for name, w in prices.to_mapping().items())
    info = {"id": vignette.id, "events": assessment.events, "terms": assessment.terms}
    return Step(Observation(vignette.context, vignette.question), float(reward), True, info)
