"""`dipg-curriculum evaluate`."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from dipg.app.cli.telling import json_option, tell
from dipg.app.user_code import UserCodeError, load_module, told

if TYPE_CHECKING:
    from dipg.comparison import Difference
    from dipg.evaluation import EvaluationSummary
    from dipg.vignettes import Vignette

FIGURES = ("mean", "median", "std", "min", "max", "range")
RATES = (
    "safe_rate",
    "hallucination_rate",
    "refusal_rate",
    "consistency_rate",
    "correct_rate",
    "correct_and_safe_rate",
    "answer_rate",
    "abstention_on_answerable_rate",
    "format_rate",
)


@click.command()
@click.argument("files", nargs=-1, metavar="[EVALUATION.json ...]")
@click.option(
    "--model",
    metavar="RUN|CHECKPOINT|MODEL|MODULE:FUNCTION",
    help="What responds: a run or one of its checkpoints, a model as in `run --model`, or a "
    "function of vignettes that returns one response for each.",
)
@click.option("--greedy", is_flag=True, help="Take the likeliest token instead of drawing one.")
@click.option("--max-tokens", type=click.IntRange(1), help="Longest response. [default: the run's]")
@click.option(
    "--data",
    metavar="short|full|FILE.jsonl|OWNER/NAME",
    help="The vignettes. [default: of the run's size; short otherwise]",
)
@click.option(
    "--count",
    default=50,
    show_default=True,
    type=click.IntRange(1),
    help="How many generated vignettes.",
)
@click.option("--seed", default=0, show_default=True, help="Of generated vignettes.")
@click.option("--prices", default="evaluation", show_default=True, metavar="NAME|FILE.toml",
              help="What the terms cost.")  # fmt: skip
@click.option("--out", metavar="FILE.json", help="Write the evaluation file.")
@click.option("--skip-bad", is_flag=True, help="Leave bad lines of the data out, each reported.")
@json_option("The figures, or the differences of two files, as one JSON object.")
def evaluate(
    files: tuple[str, ...],
    model: str | None,
    greedy: bool,
    max_tokens: int | None,
    data: str | None,
    count: int,
    seed: int,
    prices: str,
    out: str | None,
    skip_bad: bool,
    as_json: bool,
) -> None:
    """Evaluate a model, show an evaluation file, or compare two.

    Synthetic content, for research, not for clinical use.

    \b
    Examples:
      dipg-curriculum evaluate --model runs/latest --count 500 --out e.json
      dipg-curriculum evaluate --model runs/latest/checkpoints/grpo_100 --greedy
      dipg-curriculum evaluate --model smollm2-135m --data full
      dipg-curriculum evaluate --model mine.py:respond --data full --count 500 --out e.json
      dipg-curriculum evaluate before.json            what one says
      dipg-curriculum evaluate before.json after.json paired differences
      dipg-curriculum evaluate before.json after.json --json
    """
    if len(files) > 2 or bool(files) == bool(model):
        raise click.UsageError("give --model, or one or two evaluation files")
    if files:
        (_tell_files if as_json else _show_files)(files)
        return
    from dipg.app.cli.score import prices_named, write_text
    from dipg.evaluation import evaluate as run

    assert model is not None
    respond, size = responder(model, greedy=greedy, max_tokens=max_tokens)
    vignettes = vignettes_named(data or size, count, seed, skip_bad)
    summary = run(respond, vignettes, prices_named(prices), keep_responses=True)
    if out:
        write_text(out, json.dumps(summary.to_json(), indent=1) + "\n")
    if as_json:
        tell({"evaluated": model} | summary.to_json())
    else:
        show(summary, model)


Respond = Callable[["Sequence[Vignette]"], "Sequence[str]"]


def responder(
    target: str, *, greedy: bool = False, max_tokens: int | None = None
) -> tuple[Respond, str]:
    """What answers vignettes, and the size of vignettes that it is made for.

    Every kind of model comes in here: a run or a checkpoint, a model by name, file or directory, or
    a function of one's own. The model itself is loaded when it is first asked.
    """
    from dipg.app.answering import is_run, responder_of, source_of
    from dipg.app.models import ModelNameError

    if _FUNCTION.fullmatch(target) and not is_run(target):
        return function_named(target), "short"
    try:
        source = source_of(target)
    except ModelNameError as error:
        raise click.UsageError(
            f"--model: no model {target!r}: {error}; a function is MODULE:FUNCTION"
        ) from None
    size = source.config.data.size

    def respond(vignettes: Sequence[Vignette]) -> Sequence[str]:
        ask = responder_of(source, _tell, best=greedy, max_tokens=max_tokens)
        return ask(vignettes)

    return respond, size


_FUNCTION = re.compile(r".+:[^\W\d]\w*")


def _tell(what: str) -> None:
    click.echo(what, err=True)


def function_named(target: str) -> Respond:
    """A function, by `module:function` or `file.py:function`."""
    module, _, name = target.rpartition(":")
    try:
        found = getattr(load_module(module), name, None)
    except UserCodeError as error:
        raise click.UsageError(f"--model: {error}") from error
    if not callable(found):
        raise click.UsageError(f"--model: {module!r} has no function {name!r}")
    return _guarded(target, found)


def _guarded(target: str, function: Respond) -> Respond:
    """A function of the user's whose faults are told in one line that names it."""

    def respond(vignettes: Sequence[Vignette]) -> Sequence[str]:
        try:
            responses = list(function(vignettes))
        except Exception as error:
            raise click.UsageError(f"--model: {target} raised {told(error)}") from None
        for vignette, response in zip(vignettes, responses):
            if not isinstance(response, str):
                kind = type(response).__name__
                raise click.UsageError(
                    f"--model: {target} must return one text per vignette; got {kind} for "
                    f"{vignette.id}"
                )
        return responses

    return respond


def vignettes_named(data: str, count: int, seed: int, skip_bad: bool) -> list[Vignette]:
    """Evaluation vignettes by size, file or name."""
    from dipg.vignettes import generate
    from dipg.vignettes.files import load

    if data in ("short", "full"):
        return generate(data, split="evaluation", count=count, seed=seed)  # type: ignore[arg-type]
    return load(data, skip_bad=skip_bad, report=lambda m: click.echo(m, err=True))


def _tell_files(files: tuple[str, ...]) -> None:
    from dipg.comparison import compare, read_evaluation

    read = [read_evaluation(f) for f in files]
    if len(read) == 1:
        told = {"file": files[0], "total_responses": len(read[0]["rewards"])}
        tell(told | {"figures": _figures(read[0], files[0])})
        return
    found = [dataclasses.asdict(d) for d in compare(read[0], read[1])]
    tell({"first": files[0], "second": files[1], "differences": found})


def _figures(read: dict[str, Any], file: str) -> dict[str, Any]:
    """Figures of an evaluation file; those of the original have no intervals.

    Raises:
      EvaluationError: one that is no number.
    """
    from dipg.evaluation import EvaluationError

    found = read.get("figures")
    if not isinstance(found, dict):
        found = {k: {"value": read[k]} for k in read if k.endswith(("_reward", "_rate"))}
    for name, figure in found.items():
        told = figure if isinstance(figure, dict) else {"value": figure}
        for key in ("value", "lower", "upper"):
            if not isinstance(told.get(key), int | float | None):
                raise EvaluationError(
                    f"{file}: {key} of {name} must be a number, got {told[key]!r}"
                )
    return {name: f if isinstance(f, dict) else {"value": f} for name, f in found.items()}


def _show_files(files: tuple[str, ...]) -> None:
    from dipg.comparison import compare, read_evaluation

    read = [read_evaluation(f) for f in files]
    if len(read) == 2:
        _show_differences(compare(read[0], read[1]), files)
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(title=files[0])
    for heading in ("", "value", "95% interval"):
        table.add_column(heading)
    for name, figure in _figures(read[0], files[0]).items():
        bounds = (
            "" if figure.get("lower") is None else f"{figure['lower']:.3g} to {figure['upper']:.3g}"
        )
        value = figure.get("value")
        table.add_row(name, "-" if value is None else f"{value:.4g}", bounds)
    Console().print(table)


def _show_differences(differences: list[Difference], files: tuple[str, ...]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"{files[1]} minus {files[0]}, paired, n = {differences[0].n}")
    for heading in ("", "first", "second", "difference", "95% interval", "p"):
        table.add_column(heading, justify="right" if heading else "left")
    for d in differences:
        table.add_row(
            d.name,
            f"{d.first:.3g}",
            f"{d.second:.3g}",
            f"{d.value:+.3g}",
            f"{d.lower:+.3g} to {d.upper:+.3g}",
            f"{d.p:.3g} ({d.test})",
        )
    Console().print(table)


def show(summary: EvaluationSummary, title: str) -> None:
    """The report's table on the terminal: figures with intervals, overall and by kind."""
    from rich.console import Console
    from rich.table import Table

    from dipg import NOTICE
    from dipg.vignettes import KINDS

    kinds = [k for k in KINDS if f"mean/{k}" in summary.figures]
    table = Table(title=f"{title}, n = {len(summary.rewards)}", caption=NOTICE)
    table.add_column("")
    for heading in ("all (95% interval)", *kinds):
        table.add_column(heading, justify="right")
    for name in (*FIGURES, *RATES):
        f = summary.figures[name]
        scale, unit = (100, "%") if name in RATES else (1, "")
        cells = [f"{scale * f.value:.4g}{unit} ({scale * f.lower:.3g} to {scale * f.upper:.3g})"]
        for kind in kinds:
            value = summary.figures[f"{name}/{kind}"].value
            cells.append("-" if value != value else f"{scale * value:.3g}{unit}")
        table.add_row(name.removesuffix("_rate").replace("_", " "), *cells)
    Console().print(table)
