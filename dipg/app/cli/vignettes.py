"""`dipg-curriculum vignettes`."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import click

from dipg.app.cli.telling import json_option, tell

if TYPE_CHECKING:
    from dipg.vignettes import Vignette


@click.command()
@click.option("--size", type=click.Choice(["short", "full"]), default="full", show_default=True,
              help="For the small built-in model, or for real ones.")  # fmt: skip
@click.option("--split", type=click.Choice(["train", "evaluation"]), default="train",
              show_default=True, help="Which side.")  # fmt: skip
@click.option("--count", type=click.IntRange(min=1), default=None, metavar="N",
              help="How many. [default: 1500 to train, 500 to evaluate]")  # fmt: skip
@click.option("--seed", default=0, show_default=True, help="Of the generator.")
@click.option("--shares", default="0.60,0.25,0.15", show_default=True, metavar="A,B,C",
              help="Shares of answer, abstain, conflict.")  # fmt: skip
@click.option("--out", metavar="FILE.jsonl", help="Where they go. [default: stdout]")
@click.option("--check", "file", metavar="FILE.jsonl", help="Instead, check a file of vignettes.")
@click.option("--skip-bad", is_flag=True, help="With --check: report every bad line.")
@json_option("One JSON object: how many of each kind, and they themselves unless --out takes them.")
def vignettes(
    size: str,
    split: str,
    count: int | None,
    seed: int,
    shares: str,
    out: str | None,
    file: str | None,
    skip_bad: bool,
    as_json: bool,
) -> None:
    """Generate clinical vignettes, or check a file of them.

    Synthetic content, for research, not for clinical use.

    \b
    Examples:
      dipg-curriculum vignettes --size full --split evaluation --count 50 --out eval.jsonl
      dipg-curriculum vignettes --check eval.jsonl
      dipg-curriculum vignettes --check eval.jsonl --json
    """
    if file:
        from dipg.vignettes.files import load

        found = load(file, skip_bad=skip_bad, report=lambda m: click.echo(m, err=True))
        kinds = _kinds(found)
        if as_json:
            tell({"file": file, "count": len(found), "kinds": kinds})
            return
        shares_told = ", ".join(f"{n} {kind}" for kind, n in kinds.items())
        click.echo(f"{file}: {len(found)} vignettes ({shares_told})")
        return
    from dipg.app.cli.score import write_lines
    from dipg.vignettes import Shares, generate
    from dipg.vignettes.files import to_record

    try:
        answer, abstain, conflict = (float(x) for x in shares.split(","))
    except ValueError:
        raise click.UsageError(
            f"--shares must be three numbers like 0.6,0.25,0.15, got {shares!r}"
        ) from None
    made = generate(
        size,  # type: ignore[arg-type]
        split=split,  # type: ignore[arg-type]
        count=count or (1500 if split == "train" else 500),
        seed=seed,
        shares=Shares(answer, abstain, conflict),
    )
    lines = [to_record(v) for v in made]
    if out or not as_json:
        write_lines(lines, out)
    if as_json:
        told: dict[str, object] = {
            "count": len(made),
            "kinds": _kinds(made),
            "size": size,
            "split": split,
        }
        tell(told | {"seed": seed} | ({"file": out} if out else {"vignettes": lines}))


def _kinds(found: list[Vignette]) -> dict[str, int]:
    """How many there are of each kind."""
    return dict(sorted(Counter(v.expected.kind for v in found).items()))
