"""The one screen of a run in progress, drawn from its state. Says everything without colour too."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from dipg.app.figures import bounds, duration, number, trend
from dipg.app.run_state import WATCHED, RunState

if TYPE_CHECKING:
    from curricula.receipts import Clause, Receipt

VERDICTS = {
    "pass": ("pass", "green"),
    "fail": ("fail", "red"),
    "inconclusive": ("open", "yellow"),
}
DROP_VERDICTS = {
    "pass": ("DROP", "bold red"),
    "fail": ("watch", "green"),
    "inconclusive": ("learn", "yellow"),
}
"""A clause that watches for a drop passes when there is one: the way down, where there is one."""
CLAUSES_SHOWN = 5
DECISIONS_SHOWN = 3
TREND_WIDTH = 22
BOUNDS_FROM, TREND_FROM = 46, 52
"""Columns inside the frame from which on bounds and evidence, and trends, are shown."""


GAP, DECISIONS, FACTS, LADDER, CLAUSES, FIGURES, ALWAYS = range(7)
"""Parts of the screen; where a terminal is too short for all, the last of these come first."""


class Screen:
    """What :func:`screen` returns; one that is to fit draws as much as there is room for."""

    def __init__(
        self, title: str, parts: Sequence[tuple[int, RenderableType]], fit: bool = False
    ) -> None:
        self._title, self._parts, self._fit = title, tuple(parts), fit

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        parts = self._parts
        if self._fit:
            inside = options.update(width=max(options.max_width - 4, 1), height=None)
            lines = [len(console.render_lines(part, inside)) for _, part in parts]
            kept = _fitting(
                [importance for importance, _ in parts], lines, console.height - 3
            )  # border and cursor
            parts = tuple(parts[i] for i in kept)
        yield Panel(
            Group(*(part for _, part in parts)),
            title=self._title,
            title_align="left",
            border_style="dim",
            padding=(0, 1),
        )


def _fitting(importance: Sequence[int], lines: Sequence[int], room: int) -> list[int]:
    """Which parts to show in `room` lines: as many as fit, the most important first."""
    kept, left_out = [], False
    for i in sorted(range(len(lines)), key=lambda i: -importance[i]):
        gap = importance[i] == GAP  # only where nothing else is left out
        if importance[i] == ALWAYS or (lines[i] <= room and not (gap and left_out)):
            kept.append(i)
            room -= lines[i]
        else:
            left_out = True
    return sorted(kept)


def screen(state: RunState, fit: bool = False) -> Screen:
    """Everything about a run in 80 columns and 24 lines.

    With `fit`, as for a screen that is redrawn in place, what matters most where there are fewer.
    """
    parts: list[tuple[int, RenderableType]] = [(ALWAYS, _phase(state)), (ALWAYS, _progress(state))]
    if state.summary:
        parts += [
            (GAP, Text()),
            (FIGURES, ByWidth(partial(_watched, state))),
            (FACTS, _training_facts(state)),
        ]
        parts += [(LADDER, line) for line in _ladder(state)]
    if state.receipt is not None and state.receipt.clauses:
        parts += [(GAP, Text()), (CLAUSES, ByWidth(partial(_clauses, state.receipt)))]
    if state.told:
        decisions = list(state.told)[-DECISIONS_SHOWN:]
        parts += [(GAP, Text()), (DECISIONS, _decisions(decisions))]
    parts += [(ALWAYS, Text(f"warning: {text}", "yellow")) for text in state.warnings]
    return Screen(f"dipg-curriculum · {state.config.curriculum.policy}", parts, fit)


def _phase(state: RunState) -> RenderableType:
    line = Text(no_wrap=True, overflow="ellipsis")
    line.append(state.phase_name, "bold")
    if state.phase_detail:
        line.append(f"  {state.phase_detail}", "dim")
    for name, value in state.info.items():
        line.append(f"  {name} {value:.3g}")
    return line


def _progress(state: RunState) -> RenderableType:
    if state.total is None:  # nothing to be a share of: the time says that it is alive
        alive = state.phase_name != "finished"
        return Text(duration(state.phase_seconds) if alive else "", "dim")
    grid = Table.grid(padding=(0, 2, 0, 0), expand=True)
    grid.add_column(ratio=1)
    grid.add_column(justify="right", no_wrap=True)
    pace = "" if state.pace is None else f"{state.pace:.1f} steps/s"
    known = state.done < state.total and state.seconds_left is not None
    left = f"{duration(state.seconds_left)} left" if known else ""
    words = "  ".join(filter(None, [f"{state.done}/{state.total}", pace, left]))
    grid.add_row(ProgressBar(total=state.total, completed=state.done, complete_style="cyan"), words)
    return grid


class ByWidth:
    """Drawn for the width that there is."""

    def __init__(self, draw: Callable[[int], RenderableType]) -> None:
        self._draw = draw

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield self._draw(options.max_width)


def _watched(state: RunState, width: int) -> RenderableType:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    window = state.config.curriculum.window
    steps = min(window, int(state.metrics.get("step", window)))  # fewer while it fills
    table.add_column(
        f"last {steps} steps" if steps > 1 else "last step", no_wrap=True, min_width=20
    )
    table.add_column("now", justify="right", no_wrap=True, min_width=6)
    if width >= BOUNDS_FROM:
        table.add_column("bounds", justify="right", no_wrap=True, min_width=15)
    if width >= TREND_FROM:
        table.add_column("trend", no_wrap=True, min_width=TREND_WIDTH)
    for name, label in WATCHED.items():
        if name in state.summary:
            seen = state.summary[name]
            cells: list[RenderableType] = [
                label,
                Text(number(name, seen.value), "bold"),
                bounds(name, seen.lower, seen.upper),
                Text(trend(name, state.trends[name], TREND_WIDTH), "cyan"),
            ]
            table.add_row(*cells[: len(table.columns)])
    return table


def _training_facts(state: RunState) -> RenderableType:
    line = Text(no_wrap=True, overflow="ellipsis")
    line.append("severity ", "dim")
    line.append(f"{state.severity:.2f}", "bold")
    if state.rung:
        line.append(f" {state.rung}", "bold")
    for label, name, form in (
        ("KL", "kl", "{:.4f}"),
        ("reward", "reward", "{:.2f}"),
        ("entropy", "entropy", "{:.3f}"),
    ):
        if name in state.metrics:
            line.append(f"   {label} ", "dim")
            line.append(form.format(state.metrics[name]))
    return line


def _ladder(state: RunState) -> list[RenderableType]:
    """From which chance of being right trying pays on each rung, and the model's own chance."""
    rungs = _break_evens(state.config.curriculum.ladder)
    if not rungs:
        return []
    line = Text("u", "dim", no_wrap=True, overflow="ellipsis")
    for name, u in rungs:
        here = name == state.rung
        told = f"{name} {100 * u:.0f}%"
        line.append(f"  [{told}]" if here else f"  {told}", "bold not dim" if here else "not dim")
    seen = state.summary.get("competence")
    if seen is not None and seen.value == seen.value:
        line.append("   competence ")
        line.append(number("competence", seen.value), "bold not dim")
        level = dict(rungs).get(state.rung)
        if level is not None:
            over = seen.value < level  # trying no longer pays: the cliff
            line.append(" < u" if over else " > u", "bold red not dim" if over else "")
    return [line]


@functools.cache
def _break_evens(ladder: str) -> tuple[tuple[str, float], ...]:
    # Loads jax, which whoever has a summary to show has loaded long ago.
    from dipg.pricing import LADDERS

    chosen = LADDERS.get(ladder)
    if chosen is None or chosen.outcomes is None:
        return ()
    return tuple((name, chosen.break_even(i)) for i, name in enumerate(chosen.rung_names))


METER = 4
"""Width of the bar that fills as evidence comes in."""


def meter(clause: Clause) -> str:
    """How much of the evidence that a clause needs is there: full where it passes."""
    if is_drop(clause):
        return ""
    if clause.verdict == "pass":
        share = 1.0
    elif clause.verdict == "inconclusive" and clause.groups_needed:
        share = clause.n_groups / (clause.n_groups + clause.groups_needed)
    else:
        share = 0.0  # as things are, no amount of evidence would do
    filled = min(int(share * METER), METER if share == 1 else METER - 1)
    return "█" * filled + "░" * (METER - filled)


def _clauses(receipt: Receipt, width: int) -> RenderableType:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, min_width=5)
    table.add_column(no_wrap=True, min_width=METER)
    table.add_column(no_wrap=True, max_width=22)
    if width >= BOUNDS_FROM:
        table.add_column(no_wrap=True, overflow="ellipsis")
    clauses = [c for c in receipt.clauses if receipt.severity_from > 0 or not is_drop(c)]
    for clause in clauses[:CLAUSES_SHOWN]:
        words = DROP_VERDICTS if is_drop(clause) else VERDICTS
        cells: list[RenderableType] = [
            Text(*words[clause.verdict]),
            Text(meter(clause), "cyan"),
            clause.text,
            Text(clause_evidence(clause), "dim"),
        ]
        table.add_row(*cells[: len(table.columns)])
    hidden = len(clauses) - CLAUSES_SHOWN
    if hidden > 0:
        table.add_row("", "", Text(f"and {hidden} more", "dim"))
    return table


def is_drop(clause: Clause) -> bool:
    """Whether a clause watches for a drop rather than comparing with a threshold."""
    return clause.text.startswith("drop(")


def clause_evidence(clause: Clause) -> str:
    """What a clause has to go by: `71.2% (66.0 .. 75.8%), 240 of ~252 groups`."""
    text = number(clause.metric, clause.value)
    shown = bounds(clause.metric, clause.lower, clause.upper)
    if clause.lower is not None and clause.upper is not None:
        text += f" ({shown})"
    if clause.verdict == "inconclusive" and clause.groups_needed:
        return f"{text}, {clause.n_groups} of ~{clause.n_groups + clause.groups_needed:.0f} groups"
    text += f", {clause.n_groups} groups"
    return text


def _decisions(receipts: list[Receipt]) -> RenderableType:
    lines = []
    for receipt in receipts:
        line = Text(no_wrap=True, overflow="ellipsis")
        line.append(f"{receipt.step:>6}  ", "dim")
        line.append(decision_line(receipt), "bold" if receipt.moved else "")
        lines.append(line)
    return Group(*lines)


def decision_line(receipt: Receipt) -> str:
    """A decision in a few words; the clauses' figures stand above it on the screen.

    A hold names what it waits for, a move what it follows from.
    """
    open_clauses = [c for c in receipt.clauses if c.verdict != "pass" and not is_drop(c)]
    if receipt.moved or not open_clauses:
        return receipt.sentence
    words = {"fail": "fails", "inconclusive": "not shown yet"}
    reasons = ", ".join(f"{c.text} {words.get(c.verdict, c.verdict)}" for c in open_clauses)
    return f"held at {receipt.rung_from}: {reasons}"
