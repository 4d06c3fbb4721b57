"""`dipg-curriculum score`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from dipg.app.cli.telling import json_option, tell

if TYPE_CHECKING:
    from curricula.penalties import PenaltyConfig
    from dipg.evaluation import EvaluationSummary


@click.command()
@click.argument("file", metavar="FILE.jsonl")
@click.option(
    "--prices",
    default="evaluation",
    show_default=True,
    metavar="NAME|FILE.toml",
    help="soft, medium, hard, evaluation, or a file of prices; the original's names work too.",
)
@click.option(
    "--format",
    "expect",
    type=click.Choice(["xml", "json", "yaml"]),
    default="xml",
    show_default=True,
    help="The format that the run asked its model for.",
)
@click.option("--out", metavar="FILE", help="Where the scored lines go. [default: stdout]")
@click.option("--evaluation", metavar="FILE.json", help="Also write an evaluation file.")
@click.option("--environment", type=click.Choice(["dipg", "openenv"]), default="dipg",
              help="Whose rubric: ours, or the original package's (extra `gym`).")  # fmt: skip
@click.option("--skip-bad", is_flag=True, help="Leave bad lines out, each reported on stderr.")
@json_option("One JSON object: the figures, and the scored lines unless --out takes them.")
def score(
    file: str,
    prices: str,
    expect: str,
    out: str | None,
    evaluation: str | None,
    environment: str,
    skip_bad: bool,
    as_json: bool,
) -> None:
    """Score responses: a line of {id, context, question, expected, response} each.

    Synthetic content, for research, not for clinical use.

    \b
    Examples:
      dipg-curriculum score responses.jsonl > scored.jsonl
      dipg-curriculum score responses.jsonl --prices soft --out scored.jsonl --evaluation e.json
      dipg-curriculum score responses.jsonl --out scored.jsonl --json | jq .figures.safe_rate
    """
    from dipg.vignettes.files import load_responses

    config = prices_named(prices)
    items = load_responses(file, skip_bad=skip_bad, report=lambda m: click.echo(m, err=True))
    if environment == "openenv":
        from dipg.gym import score_original

        lines, summary = score_original(items, config), None
    else:
        lines, summary = _score(items, config, expect)
    if out or not as_json:
        write_lines(lines, out)
    if evaluation and summary:
        write_text(evaluation, json.dumps(summary.to_json(), indent=1) + "\n")
    if as_json:
        tell(_told(file, lines, summary, with_lines=not out))
    elif out and summary:
        from dipg.app.cli.evaluate import show

        show(summary, file)


def _told(
    file: str, lines: list[dict[str, Any]], summary: EvaluationSummary | None, *, with_lines: bool
) -> dict[str, Any]:
    told: dict[str, Any] = {"file": file, "total_responses": len(lines)}
    if summary is not None:  # the original's scores have no summary of ours
        data = summary.to_json()
        told |= {"figures": data["figures"], "notice": data["notice"]}
    return told | ({"responses": lines} if with_lines else {})


def _score(
    items: list[Any], config: PenaltyConfig, expect: Any
) -> tuple[list[dict[str, Any]], EvaluationSummary]:
    from dipg.environment import score_batch
    from dipg.evaluation import summarise
    from dipg.rubric import EVENTS, TERMS

    vignettes = [i.vignette for i in items]
    terms, events = score_batch(vignettes, [i.response for i in items], expect)
    summary = summarise(terms, events, config, ids=[v.id for v in vignettes])
    lines = [
        {
            "id": vignette.id,
            "events": dict(zip(EVENTS, map(int, event))),
            "terms": dict(zip(TERMS, map(int, term))),
            "reward": float(reward),
        }
        for vignette, event, term, reward in zip(vignettes, events, terms, summary.rewards)
    ]
    return lines, summary


def prices_named(name: str) -> PenaltyConfig:
    """A price list by name or from a TOML file."""
    from pathlib import Path

    from dipg.pricing import PRICE_LISTS, PricingError, read_prices

    if name in PRICE_LISTS:
        return PRICE_LISTS[name]
    if not Path(name).is_file():
        raise PricingError(
            f"no price list {name!r} and no such file; lists: {', '.join(PRICE_LISTS)}"
        )
    import tomllib

    try:
        table = tomllib.loads(Path(name).read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise PricingError(f"{name}: {error}") from None
    except RecursionError:
        raise PricingError(f"{name}: its values are nested too deeply") from None
    prices = table.get("prices", table)
    if not isinstance(prices, dict):
        raise PricingError(f"{name}: prices must be a table")
    return read_prices(prices, where=name)


def write_lines(lines: list[dict[str, Any]], out: str | None) -> None:
    """JSON lines to a file or stdout."""
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    if out:
        write_text(out, text)
    else:
        click.echo(text, nl=False)  # ids are valid text: the loader sees to it


def write_text(path: str, text: str) -> None:
    """Write a file; a place that cannot be written is the user's error, told in one line."""
    try:
        with open(path, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except OSError as error:
        raise click.ClickException(f"{path}: {error.strerror or error}") from None
