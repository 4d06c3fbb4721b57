"""A person's hand on a running curriculum."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from curricula.controller import Decision
from curricula.statistics import COMMANDS, Statistics, command_code
from curricula.wrappers import Wrapper

__all__ = ["ControlFile", "Hand", "HandState"]

HOLD, ESCALATE, RELAX, RELEASE = (COMMANDS.index(c) for c in COMMANDS[1:])


class HandState(NamedTuple):
    """``inner`` state, ``held`` [] bool."""

    inner: Any
    held: Any


class Hand(Wrapper):
    """Lets a person overrule a controller, step by step, on the record.

    ``hold``: stay here, and let the controller's time stand still, until ``release``.
    ``escalate`` and ``relax``: one rung up or down now; the controller goes on from there (the gate
    begins a new stint). Commands reach the controller through ``Curriculum.step(command=...)`` and
    belong into the observation log, so that a replay decides the same.
    """

    verb = "hand"

    @property
    def name(self) -> str:
        return self.inner.name

    @property
    def reasons(self) -> tuple[str, ...]:  # type: ignore[override]
        by_hand = ("held: by hand", "moved: escalated by hand", "moved: relaxed by hand")
        return (*self.inner.reasons, *by_hand)

    def init(self) -> HandState:  # type: ignore[override]
        return HandState(self.inner.init(), jnp.asarray(False))

    def update(  # type: ignore[override]
        self, state: HandState, statistics: Statistics
    ) -> tuple[Decision, HandState]:
        command, here = statistics.command, statistics.severity
        held = (state.held | (command == HOLD)) & (command != RELEASE)
        decision, moved = self.inner.update(state.inner, statistics)
        inner = jax.tree.map(lambda a, b: jnp.where(held, a, b), state.inner, moved)
        up = jnp.minimum(jnp.floor(here) + 1, statistics.top)
        down = jnp.maximum(jnp.ceil(here) - 1, 0.0)
        base = len(self.inner.reasons)
        wish = jnp.where(held, here, jnp.asarray(decision.severity, jnp.float32))
        reason = jnp.where(held, base, decision.reason)
        for code, target in ((ESCALATE, up), (RELAX, down)):
            wish = jnp.where(command == code, target, wish)
            reason = jnp.where(command == code, base + code - 1, reason)
        after = HandState(inner, held)
        return decision._replace(severity=wish, reason=reason.astype(jnp.int32)), after


class ControlFile:
    """Reads commands that a person appends to a file, one a line, each once.

    ``echo hold >> runs/latest/control`` is all it takes.

    Attributes:
      read: lines that are done with; at first those that are there already, or as given.
    """

    def __init__(self, path: str | Path, read: int | None = None) -> None:
        self.path = Path(path)
        self.read = len(self._lines()) if read is None else read

    def _lines(self) -> list[str]:
        if not self.path.is_file():
            return []
        complete = self.path.read_text().rpartition("\n")[0]
        return [line.strip() for line in complete.splitlines()]

    def poll(self) -> str | None:
        """The next command since the last call; None where there is none.

        Raises:
          StatisticsError: a line that is no command; the line is not read again.
        """
        lines = self._lines()
        while self.read < len(lines):
            line = lines[self.read].lower()
            self.read += 1
            if line:
                command_code(line)
                return line
        return None
