"""`dipg-curriculum export`."""

from __future__ import annotations

from pathlib import Path

import click

from dipg.app.cli.telling import json_option, tell


@click.command()
@click.argument("run", metavar="RUN|CHECKPOINT")
@click.option("--out", required=True, metavar="DIR", help="A new directory.")
@json_option("Where it is and its files, as one JSON object.")
def export(run: str, out: str, as_json: bool) -> None:
    """Write a run's trained model as a directory that transformers loads.

    Adapters are merged into the weights. The built-in model is of no family that transformers
    knows, so it is refused.

    \b
    Examples:
      dipg-curriculum export runs/latest --out my-model
      dipg-curriculum export runs/latest/checkpoints/grpo_300 --out my-model-300
      dipg-curriculum export runs/latest --out my-model --json
    """
    from dipg.app.answering import is_run, source_of
    from dipg.app.exporting import check_export, export

    if not is_run(run):
        raise click.UsageError(f"{run}: is neither a run's directory nor a checkpoint in one")
    source = source_of(run)
    check_export(source, Path(out))
    export(source, Path(out), lambda text: click.echo(text, err=True))
    if as_json:
        tell({"model": out, "files": sorted(path.name for path in Path(out).iterdir())})
    else:
        click.echo(f"Wrote {out}")
