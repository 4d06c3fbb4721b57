"""Recorded runs, ours and others', made ready for a replay under any policy."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from curricula import Curriculum, Schema
from curricula.conditions import Condition, parse
from curricula.hand import Hand
from curricula.offline.replays import Replayed, replay_all
from curricula.offline.tables import EXAMPLE, Recorded, TableError, read_table
from curricula.penalties import PenaltyConfig, PenaltyLadder
from curricula.receipts import Replay, verify
from dipg.app.config import LADDER_RUNGS, RunConfig, read
from dipg.app.policies import controller_from_name
from dipg.pricing import EVALUATION, LADDERS, LIMITS, TERMS

__all__ = ["Recording", "open_recording", "table_of"]

DEFAULT_POLICY, DEFAULT_WINDOW = "gated", 32


@dataclasses.dataclass(frozen=True)
class Recording:
    """A log with all that a curriculum needs to decide on it.

    Attributes:
      name: what a person calls it. log: header first. ladder, yardstick, limits: prices.
      labels: what the file calls each step; empty for their numbers. notes: what was assumed.
      config: of our own run, else None. receipts: what that run decided, empty where unknown.
    """

    name: str
    log: Sequence[Mapping[str, Any]]
    ladder: PenaltyLadder
    yardstick: PenaltyConfig
    limits: tuple[float, float]
    labels: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    config: RunConfig | None = None
    receipts: Sequence[Mapping[str, Any]] = ()

    @property
    def steps(self) -> int:
        """Decisions to make."""
        return len(self.log) - 1

    @property
    def schema(self) -> Schema:
        """Of the log."""
        return Schema.from_json(self.log[0]["schema"])

    def label(self, step: int) -> str:
        """A step as the file calls it."""
        named = self.labels[step - 1] if self.labels else str(step)
        return f"step {named}" if named.isdigit() else named

    def decide(
        self, policies: Iterable[str], when: str | None, window: int | None
    ) -> tuple[list[Replayed], Replay | None]:
        """Decisions of every policy; and, where the run's own is asked for, whether it agrees with
        what the run decided."""
        own = self.config.curriculum.policy if self.config else None
        names = list(dict.fromkeys(policies)) or [own or DEFAULT_POLICY]
        schema = self.schema
        known = ("mean", *schema.rates)
        typed = when or (self.config.curriculum.when if self.config else None)
        condition = None if typed is None else parse(typed, known)
        courses = {
            name: self._course(name, condition, window, by_hand=name == own) for name in names
        }
        verified = None
        if own in names and self.receipts and when is None and window is None:
            verified = verify(courses[own], self.log, self.receipts)
        return replay_all(courses, self.log), verified

    def _course(
        self, policy: str, when: Condition | None, window: int | None, by_hand: bool
    ) -> Curriculum:
        schema, chosen = self.schema, self.config.curriculum if self.config else None
        controller = controller_from_name(
            policy,
            when=when,
            ladder=self.ladder,
            total_steps=self.config.steps if self.config else max(self.steps, 1),
            block_steps=chosen.block_steps if chosen else 300,
            metrics=("mean", *schema.rates),
        )
        return Curriculum(
            Hand(controller) if by_hand else controller,
            self.ladder,
            self.yardstick,
            schema,
            window or (chosen.window if chosen else DEFAULT_WINDOW),
            limits=self.limits,
            start=chosen.start if chosen else None,
        )


def open_recording(path: Path, ladder: str | None = None) -> Recording:
    """Our own run, from its directory or its observation log.

    Raises:
      TableError: no log, or one of another environment.
    """
    directory = path if path.is_dir() else path.parent
    file = path / "observations.jsonl" if path.is_dir() else path
    if not file.is_file():
        raise TableError(f"{path} has no observations.jsonl: is it a run's directory?")
    log = _lines(file)
    if not log or "schema" not in log[0]:
        raise TableError(f"{file}: the first line is no header")
    if tuple(log[0]["schema"]["terms"]) != TERMS:
        raise TableError(f"{file}: its terms are not the ones that ladders price")
    config = read(directory / "config.toml") if (directory / "config.toml").is_file() else None
    kept = directory / "decisions.jsonl"
    if config is not None and ladder not in (None, config.curriculum.ladder):
        config = dataclasses.replace(
            config, curriculum=dataclasses.replace(config.curriculum, ladder=_known(ladder))
        )
        kept = Path()
    prices = LADDERS[config.curriculum.ladder if config else _known(ladder)]
    return Recording(
        str(path), log, prices, EVALUATION, LIMITS, config=config,
        receipts=_lines(kept) if kept.is_file() else (),
    )  # fmt: skip


def table_of(
    path: Path | None,
    ladder: str | None = None,
    limits: tuple[float, float] | None = None,
    rows_per_step: int | None = None,
) -> Recording:
    """Anyone's rewards and flags; None for the example that ships."""
    if path is None and limits is None:
        limits = LIMITS  # the example's rewards are under the evaluation list
    found: Recorded = read_table(path or EXAMPLE, limits, rows_per_step)
    name = _known(ladder)
    rungs = found.ladder(name, LADDERS[name].rung_names)
    absent = [m for m in ("safe", "answer") if m not in found.schema.rates]
    notes = [*found.notes, "rewards without facts cannot be re-priced: no forecasts"]
    if absent:
        notes.append(f"no column tells {' or '.join(absent)}: no guard watches it")
    return Recording(
        str(path or "the report's evaluations"), found.log, rungs, found.prices, found.limits,
        found.labels, tuple(notes),
    )  # fmt: skip


def _known(ladder: str | None) -> str:
    name = ladder or "report"
    if name not in LADDER_RUNGS:
        raise TableError(f"no ladder {name!r}; valid: {', '.join(LADDER_RUNGS)}")
    return name


def _lines(file: Path) -> list[Mapping[str, Any]]:
    """JSON lines; a last line that was cut off is left out."""
    text = file.read_text(encoding="utf-8")
    whole = text if text.endswith("\n") else text.rpartition("\n")[0]
    try:
        return [json.loads(line) for line in whole.splitlines() if line.strip()]
    except json.JSONDecodeError as error:
        raise TableError(f"{file}: not JSON lines: {error}") from None
