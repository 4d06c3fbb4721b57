"""`dipg-curriculum export`."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("run", metavar="RUN|CHECKPOINT")
@click.option("--out", required=True, metavar="DIR", help="A new directory.")
def export(run: str, out: str) -> None:
    """Write a run's trained model as a directory that transformers loads.

    Adapters are merged into the weights. The built-in model is of no family that transformers
    knows, so it is refused.

    \b
    Examples:
      dipg-curriculum export runs/latest --out my-model
      dipg-curriculum export runs/latest/checkpoints/grpo_300 --out my-model-300
    """
    from dipg.app.answering import is_run, source_of
    from dipg.app.exporting import check_export, export

    if not is_run(run):
        raise click.UsageError(f"{run}: is neither a run's directory nor a checkpoint in one")
    source = source_of(run)
    check_export(source, Path(out))
    export(source, Path(out), lambda text: click.echo(text, err=True))
    click.echo(f"Wrote {out}")
