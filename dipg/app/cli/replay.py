"""`dipg-curriculum replay`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dipg.app.cli.telling import json_option, tell
from dipg.app.policies import check_policy_name

if TYPE_CHECKING:
    from dipg.app.replays import Recording

EXAMPLE = "report"


def read_limits(_: Any, __: Any, text: str | None) -> tuple[float, float] | None:
    """``"-50,36"`` as numbers."""
    if text is None:
        return None
    low, comma, high = text.partition(",")
    try:
        found = (float(low), float(high)) if comma else None
    except ValueError:
        found = None
    if found is None:
        raise click.BadParameter(f"takes LOWEST,HIGHEST, got {text!r}")
    return found


@click.command()
@click.argument("what", metavar="RUN_OR_FILE")
@click.option(
    "--policy",
    "policies",
    multiple=True,
    metavar="POLICY",
    help="Decides on the log; may be repeated. [default: a run's own, else gated]",
)
@click.option("--when", metavar="CONDITION", help="Promotion condition. [default: the run's own]")
@click.option("--ladder", metavar="NAME", help="Ladder. [default: the run's own, else report]")
@click.option("--window", type=click.IntRange(1), help="Steps of the rolling window.")
@click.option(
    "--limits", callback=read_limits, metavar="LOWEST,HIGHEST", help="Of a reward, for a table."
)
@click.option(
    "--rows-per-step", type=click.IntRange(1), help="For a table without a column 'step'."
)
@click.option("--all", "everything", is_flag=True, help="Every decision, not only the moves.")
@json_option()
def replay(
    what: str,
    policies: tuple[str, ...],
    when: str | None,
    ladder: str | None,
    window: int | None,
    limits: tuple[float, float] | None,
    rows_per_step: int | None,
    everything: bool,
    as_json: bool,
) -> int:
    """Show what policies would have decided on a recorded run.

    RUN_OR_FILE is a run's directory, its observations.jsonl, or a table of anyone's rewards and
    flags, one row a response: CSV, JSON lines or TRL's completions (parquet). `report` is an
    example that ships: the four evaluations of the report this project began from.

    Exit code 1 if a run's own policy does not find the run's own decisions again.

    \b
    Examples:
      dipg-curriculum replay runs/latest --policy gated --policy gated-point
      dipg-curriculum replay completions.parquet --limits 0,2 --when "mean > 1.5"
      dipg-curriculum replay report --policy gated --policy gated-point --limits=-50,36
    """
    for name in policies:
        check_policy_name(name)
    path = Path(what)
    if what != EXAMPLE and not path.exists():
        raise click.UsageError(f"no run and no file {what!r}; {EXAMPLE!r} is an example that ships")
    from dipg.app.replays import open_recording, table_of

    if when is not None:
        from curricula.conditions import parse

        parse(when, None)
    recording = (
        open_recording(path, ladder)
        if what != EXAMPLE and _is_log(path)
        else table_of(None if what == EXAMPLE else path, ladder, limits, rows_per_step)
    )
    return _show(recording, policies, when, window, everything, as_json)


def _is_log(path: Path) -> bool:
    """Whether it is a run's directory or an observation log, whose first line is a header."""
    if path.is_dir():
        return True
    if path.suffix != ".jsonl":
        return False
    with path.open(encoding="utf-8", errors="replace") as file:
        return '"schema"' in file.readline()[:200_000]


def _show(
    recording: Recording,
    policies: tuple[str, ...],
    when: str | None,
    window: int | None,
    everything: bool,
    as_json: bool,
) -> int:
    from curricula.offline.replays import CAVEAT, differences

    replayed, verified = recording.decide(policies, when, window)
    apart = differences(replayed)
    if as_json:
        data = {
            "recording": recording.name,
            "steps": recording.steps,
            "notes": list(recording.notes),
            "caveat": CAVEAT,
            "policies": [r.to_json() for r in replayed],
            "differences": [vars(d) | {"rungs": dict(d.rungs)} for d in apart],
            "verified": None
            if verified is None
            else {"agrees": verified.agrees, "detail": str(verified)},
        }
        tell(data)
        return 0 if verified is None or verified.agrees else 1
    click.echo(f"{recording.name}: {recording.steps} steps\n{CAVEAT}")
    for note in recording.notes:
        click.echo(f"note: {note}")
    for run in replayed:
        click.echo(f"\n{run.name}")
        shown = run.receipts if everything else run.moves
        for receipt in shown:
            click.echo(f"  {recording.label(receipt.step)}: {receipt.sentence}")
        if not everything:
            if not shown:
                click.echo("  never moves")
            last = run.receipts[-1]
            click.echo(f"  at the end, {recording.label(last.step)}: {last.sentence}")
    if len(replayed) > 1:
        click.echo("\nWhere they differ" if apart else "\nThey never differ.")
        for difference in apart:
            click.echo(f"  {difference}")
    if verified is not None:
        click.echo(f"\nThe run's own decisions: {verified}")
    return 0 if verified is None or verified.agrees else 1
