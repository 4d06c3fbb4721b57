"""`dipg-curriculum report`."""

from __future__ import annotations

from pathlib import Path

import click

from dipg.app.cli.telling import json_option, tell


@click.command()
@click.argument("runs", nargs=-1, required=True, metavar="RUN...")
@click.option(
    "--out",
    metavar="DIR",
    help="Where the report goes. [default: RUN/report; for several runs, ./report]",
)
@json_option("Key figures and files as one JSON object.")
def report(runs: tuple[str, ...], out: str | None, as_json: bool) -> None:
    """Write a run's report: one HTML page, Markdown, and every figure as a file.

    The page needs no network and runs no script. It is written from the run's own files, also while
    the run goes on. Several runs are compared, paired on the vignettes of their evaluations.

    \b
    Examples:
      dipg-curriculum report runs/latest
      dipg-curriculum report runs/latest --out reports/monday
      dipg-curriculum report runs/gated runs/blocks --out reports/compared
      dipg-curriculum report runs/latest --json
    """
    paths = [Path(run) for run in runs]
    for path in paths:
        _look(path)
    # Everything heavy is imported from here on.
    from dipg.app.report.write import document_of, write

    document = document_of(paths)
    default = paths[0] / "report" if len(paths) == 1 else Path("report")
    written = write(document, default if out is None else Path(out))
    if as_json:
        tell({"summary": document.summary} | written)
        return
    click.echo(f"{written['html']}")
    click.echo(f"{written['markdown']}")
    kinds = "SVG and PNG" if written["png"] else "SVG; for PNG too: pip install resvg-py"
    click.echo(f"{len(written['figures'])} figures beside them ({kinds})")


def _look(path: Path) -> None:
    """Refuse at once what is no run directory at all."""
    from dipg.app.run_directory import DirectoryError

    if not path.exists():
        raise DirectoryError(f"{path}: there is no such run directory")
    if not path.is_dir():
        raise DirectoryError(f"{path}: is a file; name the run's directory")
    if not (path / "metrics.jsonl").is_file():
        raise DirectoryError(f"{path}: has no metrics.jsonl, so it is no run")
