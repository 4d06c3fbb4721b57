"""When a run has to end before its last step, and how it does: at the end of a step, saved.

Importing this needs no jax.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

SIGNALS = (signal.SIGTERM, signal.SIGINT)
EXIT_CODES = {"SIGTERM": 0, "SIGINT": 130, "--max-hours": 0}
"""A host that ends a job politely is told that all is well; a person at the keyboard, 130."""

MARGIN = 1.5
"""The time that the next piece of work may take, relative to the longest one so far."""


class Stopped(Exception):
    """A run has ended before its last step, because it was asked to.

    Attributes:
      reason: a key of EXIT_CODES. step: the last step that is saved; 0 where none is.
    """

    def __init__(self, reason: str, step: int) -> None:
        super().__init__(f"stopped by {reason} after step {step}")
        self.reason, self.step = reason, step


class Stop:
    """Says when to stop: after a signal, or before `max_hours` are over.

    Args:
      max_hours: from now; None for no limit.
      clock: seconds from any fixed moment on.
    """

    def __init__(
        self, max_hours: float | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock
        self._ends = None if max_hours is None else clock() + 3600 * max_hours
        self._longest: dict[str, float] = {}
        self._signal: str | None = None

    @contextlib.contextmanager
    def timed(self, work: str) -> Iterator[None]:
        """Measures one piece of work, so that the next of its kind is not begun too late."""
        began = self._clock()
        yield
        self._longest[work] = max(self._longest.get(work, 0.0), self._clock() - began)

    def reason(self, *coming: str) -> str | None:
        """Why to stop now, None to go on. `coming` names the work that would come next."""
        if self._signal is not None:
            return self._signal
        needed = MARGIN * sum(self._longest.get(work, 0.0) for work in coming)
        if self._ends is not None and self._clock() + needed >= self._ends:
            return "--max-hours"
        return None

    @contextlib.contextmanager
    def on_signals(self) -> Iterator[Stop]:
        """SIGTERM and SIGINT are taken as a wish to stop; a second one ends the process at once."""
        before: dict[signal.Signals, Any] = {s: signal.signal(s, self._receive) for s in SIGNALS}
        try:
            yield self
        finally:
            for which, handler in before.items():
                signal.signal(which, handler)

    def _receive(self, number: int, frame: FrameType | None) -> None:
        if self._signal is not None:
            if sys.stdout.isatty():
                os.write(sys.stdout.fileno(), b"\x1b[?25h\n")  # the live view hides the cursor
            os._exit(128 + number)
        self._signal = signal.Signals(number).name
        told = f"\n{self._signal}: finishing the step and saving; once more ends it at once.\n"
        with contextlib.suppress(OSError):
            os.write(2, told.encode())
