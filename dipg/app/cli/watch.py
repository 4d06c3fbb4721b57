"""`dipg-curriculum watch`."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dipg.app.cli.telling import json_option, tell
from dipg.app.run_directory import DirectoryError, latest

if TYPE_CHECKING:
    from dipg.app.follow import Follow


LINES_PER_RUN = 20
"""About so many lines of a run go into a pipe, and one for each decision worth telling."""


@click.command()
@click.argument("run", required=False, metavar="[RUN]")
@click.option("--once", is_flag=True, help="Show where the run is now, and end.")
@click.option("--plain", is_flag=True, help="Plain lines, as when the output is not a terminal.")
@click.option(
    "--every", default=1.0, show_default=True, metavar="SECONDS", help="How often to look."
)
@json_option("Where it is now, as one JSON object.")
def watch(run: str | None, once: bool, plain: bool, every: float, as_json: bool) -> None:
    """Follow a run that goes on elsewhere, by reading its files.

    RUN is its directory; without one, the newest run here. Nothing is written, and the run does not
    notice. It ends with the run; Ctrl-C ends it before.

    \b
    Examples:
      dipg-curriculum watch
      dipg-curriculum watch runs/gated-20260101-1
      dipg-curriculum watch /mnt/shared/run --every 10 --plain
      dipg-curriculum watch runs/latest --json
    """
    if not every > 0:
        raise click.BadParameter("must be more than 0", param_hint="--every")
    path = latest() if run is None else Path(run)
    if not path.is_dir():
        raise DirectoryError(f"{path}: there is no such run directory")
    from rich.console import Console

    from dipg.app.follow import Follow

    follow = Follow(path)
    follow.look()
    if as_json:
        tell(place(follow))
        return
    console = Console()
    if once:
        from dipg.app.panels import screen

        console.print(screen(follow.state))
        return
    live = not plain and console.is_terminal and not console.is_dumb_terminal
    (show_screen if live else say_lines)(follow, console, lambda: time.sleep(every))


def place(follow: Follow) -> dict[str, Any]:
    """Where a run is, as plain data."""
    state = follow.state
    return {
        "run": str(follow.path),
        "phase": state.phase_name,
        "step": int(state.metrics.get("step", 0)),
        "steps": None if follow.logged_only else state.config.steps,
        "finished": follow.finished,
        "writing": follow.writing,
        "severity": state.severity,
        "rung": state.rung,
        "moves": len(state.moves),
        "steps_per_second": state.pace,
        "decision": None if state.receipt is None else state.receipt.sentence,
        "window": {
            name: {"value": e.value, "lower": e.lower, "upper": e.upper}
            for name, e in state.summary.items()
        },
    }


def show_screen(follow: Follow, console: Any, wait: Callable[[], None]) -> None:
    """Redraw the screen until the run is over."""
    from rich.live import Live

    from dipg.app.panels import screen

    # Redrawn only when something is new: calm over ssh, and nothing to do while nothing happens.
    with Live(screen(follow.state, fit=True), console=console, auto_refresh=False) as live:
        while not follow.finished:
            wait()
            follow.look()
            live.update(screen(follow.state, fit=True), refresh=True)


def say_lines(follow: Follow, console: Any, wait: Callable[[], None]) -> None:
    """Say a line now and then, and one for each decision worth telling, until the run is over."""
    from dipg.app.view import step_facts

    def say(text: str) -> None:
        console.print(text, markup=False, highlight=False, soft_wrap=True)

    total = None if follow.logged_only else follow.state.config.steps
    every = max(1, (total or 20 * LINES_PER_RUN) // LINES_PER_RUN)
    shown = -1
    while True:
        for receipt in follow.told:
            say(f"step {receipt.step}: {receipt.sentence}")
        step = int(follow.state.metrics.get("step", 0))
        if step // every != shown or follow.finished:
            shown = step // every
            of = "" if total is None else f"/{total}"
            say(f"{follow.state.phase_name} {step}{of}{step_facts(follow.state)}")
        if follow.finished:
            return
        wait()
        while not follow.look() and not follow.finished:
            wait()
