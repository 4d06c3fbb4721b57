"""`dipg-curriculum policies`."""

from __future__ import annotations

import click

from dipg.app.policies import POLICIES, entry_points


@click.command()
def policies() -> None:
    """Explain each curriculum policy that --policy takes.

    \b
    Examples:
      dipg-curriculum policies
      dipg-curriculum run --policy forecast-gated
      dipg-curriculum run --policy mine.py:MyPolicy
    """
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
    click.echo(formatter.getvalue().rstrip())
