"""`dipg-curriculum certify`."""

from __future__ import annotations

from typing import Any

import click

from dipg.app.cli.telling import json_option, tell
from dipg.app.policies import POLICY_NAMES, check_policy_name


@click.command()
@click.argument("names", nargs=-1, metavar="NAME...")
@click.option("--all", "everything", is_flag=True, help="Every built-in policy.")
@click.option("--when", metavar="CONDITION", help="Promotion condition of the gated policies.")
@click.option("--ladder", default="caution", metavar="NAME", help="Ladder. [default: caution]")
@click.option("--runs", default=200, type=click.IntRange(5), help="Runs per scenario.")
@click.option("--steps", default=300, type=click.IntRange(30), help="Steps per run.")
@click.option("--seed", default=0, type=int, help="Of the simulated streams.")
@click.option("--markdown", is_flag=True, help="A table, as in the documentation.")
@json_option()
def certify(
    names: tuple[str, ...],
    everything: bool,
    when: str | None,
    ladder: str,
    runs: int,
    steps: int,
    seed: int,
    markdown: bool,
    as_json: bool,
) -> int:
    """Check that each policy NAME keeps the protocol, and measure how often it errs.

    Exit code 1 if one breaks the protocol.

    \b
    Examples:
      dipg-curriculum certify gated
      dipg-curriculum certify mine.py:MyPolicy --runs 500
      dipg-curriculum certify --all --markdown
      dipg-curriculum certify gated plateau --json
    """
    names = POLICY_NAMES if everything else names
    if not names:
        raise click.UsageError(f"name a policy, or --all; valid: {', '.join(POLICY_NAMES)}")
    for name in names:
        check_policy_name(name)
    from dipg.app.cli.ladder import NAMES

    if ladder not in NAMES:
        raise click.UsageError(f"no ladder {ladder!r}; valid: {', '.join(NAMES)}")
    from curricula import __version__
    from curricula.conditions import parse
    from dipg.app.metrics import METRICS

    condition = None if when is None else parse(when, METRICS)
    from curricula.certify import Certificate
    from curricula.certify import certify as measure
    from dipg.app.policies import controller_from_name
    from dipg.pricing import LADDERS

    prices = LADDERS[ladder]
    if markdown and not as_json:
        click.echo(_row(Certificate.HEADER))
        click.echo(_row(("---",) * len(Certificate.HEADER)))
    certificates = []
    for name in names:
        controller = controller_from_name(name, when=condition, ladder=prices, total_steps=steps)
        found = measure(controller, runs=runs, steps=steps, rungs=len(prices), seed=seed)
        certificates.append(found)
        if not as_json:
            click.echo(_row(found.row()) if markdown else str(found))
    if as_json:
        told: dict[str, Any] = {"version": __version__, "ladder": ladder, "when": when}
        told |= {"runs": runs, "steps": steps, "seed": seed}
        told["policies"] = {name: c.to_json() for name, c in zip(names, certificates)}
        tell(told)
    return 0 if all(c.conforms for c in certificates) else 1


def _row(cells: tuple[str, ...] | list[str]) -> str:
    return "| " + " | ".join(cells) + " |"
