"""`dipg-curriculum ladder`."""

from __future__ import annotations

import click

from dipg.app.cli.telling import json_option, tell

NAMES = ("report", "caution")


def parse_mix(pairs: tuple[str, ...]) -> dict[str, float]:
    """``("foreign proof=0.7", ...)`` as a mapping.

    Raises:
      click.UsageError: a pair that is not NAME=SHARE.
    """
    mix = {}
    for pair in pairs:
        name, equals, share = pair.rpartition("=")
        try:
            mix[name.strip()] = float(share)
        except ValueError:
            equals = ""
        if not equals:
            raise click.UsageError(f"--mix takes FAILURE=SHARE, got {pair!r}")
    return mix


@click.command()
@click.argument("name")
@click.option(
    "--mix",
    multiple=True,
    metavar="FAILURE=SHARE",
    help="Share of a kind of failure; may be repeated. [default: the ladder's own mix]",
)
@json_option()
def ladder(name: str, mix: tuple[str, ...], as_json: bool) -> None:
    """Explain the ladder NAME: payoffs, break-even, and rungs that would not act.

    Break-even u is the chance of being right from which on trying pays. A rung that does not move
    u will not change what the model does; the command says so.

    \b
    Examples:
      dipg-curriculum ladder report
      dipg-curriculum ladder caution --mix "foreign proof=0.5" --mix "no proof=0.5"
    """
    if name not in NAMES:
        raise click.UsageError(f"no ladder {name!r}; valid: {', '.join(NAMES)}")
    shares = parse_mix(mix)
    from dipg.pricing import LADDERS

    explanation = LADDERS[name].explain(shares or None)
    if as_json:
        tell(explanation.to_json())
    else:
        click.echo(str(explanation))
