"""`dipg-curriculum policies`."""

from __future__ import annotations

import json

import click

from dipg.app.policies import POLICIES, entry_points
from dipg.app.policy_text import OPTIONS, WRAPPERS, example

WRAPPERS_SAY = {
    "patience": "grants a move wished for at this many steps in a row",
    "cooldown": "no other move for this many steps after one",
    "hysteresis": "ignores wishes closer than this to the severity in force",
    "rate-limit": "moves by at most this much a step",
    "clip": "keeps the severity between two levels",
    "shadow": "records what the policy would do, and does nothing",
}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="The same as one JSON object.")
def policies(as_json: bool) -> None:
    """Explain each curriculum policy that --policy takes.

    \b
    Examples:
      dipg-curriculum policies
      dipg-curriculum policies --json
      dipg-curriculum run --policy forecast-gated
      dipg-curriculum run --policy mine.py:MyPolicy
      dipg-curriculum run --policy "gated(dwell=20) | cooldown(50)"
    """
    if as_json:
        told = {"built_in": POLICIES, "installed": entry_points(), "wrappers": WRAPPERS_SAY}
        click.echo(
            json.dumps(told | {"options": {n: list(k) for n, k in OPTIONS.items()}}, indent=2)
        )
        return
    formatter = click.HelpFormatter(width=100)
    with formatter.section("Built in"):
        formatter.write_dl(list(POLICIES.items()))
    installed = entry_points()
    if installed:
        with formatter.section("Installed"):
            formatter.write_dl(list(installed.items()))
    with formatter.section("Yours"):
        formatter.write_dl(
            [
                ("module:Class", "a controller, or a function that returns one"),
                ("path/to/file.py:Class", "the same in a file; `new-policy NAME` writes one"),
            ]
        )
    with formatter.section("Around any of them, after a bar (quote it for the shell)"):
        formatter.write_dl([(example(name), WRAPPERS_SAY[name]) for name in WRAPPERS])
    with formatter.section("Options, as in gated(dwell=20, alpha=0.01)"):
        formatter.write_dl([(name, ", ".join(keys)) for name, keys in OPTIONS.items()])
    click.echo(formatter.getvalue().rstrip())
