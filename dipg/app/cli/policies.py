"""`dipg-curriculum policies`."""

from __future__ import annotations

import sys

import click

from dipg.app.certified import EXPLAINED, SHOWN, certified, how, rows
from dipg.app.cli.telling import json_option, tell
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


PER_PENALTY = (
    "has no name here: which rule moves which penalty is yours to say. Return"
    " curricula.per_penalty.PerPenalty(ladder, {penalty: controller}) from a function and give"
    " file.py:function; examples/per_penalty.py does"
)


@click.command()
@json_option()
def policies(as_json: bool) -> None:
    """Explain each curriculum policy that --policy takes, and how often each errs.

    The error rates are those of this version's built-in policies as they come; `certify` measures
    them anew, and those of your own.

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
        options = {name: list(keys) for name, keys in OPTIONS.items()}
        tell(told | {"options": options, "certified": certified()})
        return
    formatter = click.HelpFormatter(width=None if sys.stdout.isatty() else 100, max_width=102)
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
                ("a controller per penalty", PER_PENALTY),
            ]
        )
    with formatter.section("Around any of them, after a bar (quote it for the shell)"):
        formatter.write_dl([(example(name), WRAPPERS_SAY[name]) for name in WRAPPERS])
    with formatter.section("Options, as in gated(dwell=20, alpha=0.01)"):
        formatter.write_dl([(name, ", ".join(keys)) for name, keys in OPTIONS.items()])
    click.echo(formatter.getvalue())
    click.echo(_error_rates(formatter.width))


def _error_rates(width: int) -> str:
    """The table of error rates, with what each heading means and how it was measured."""
    cells = [["", *SHOWN.values()], *rows()]
    widths = [max(len(row[i]) for row in cells) for i in range(len(cells[0]))]
    lines = ["How often each errs, in %:"]
    for name, *figures in cells:
        row = "  ".join(f.rjust(w) for f, w in zip(figures, widths[1:]))
        lines.append(f"  {name.ljust(widths[0])}  {row}")
    told = [click.wrap_text(text, width, "  ", "    ") for text in (*EXPLAINED, how())]
    return "\n".join([*lines, "", *told])
