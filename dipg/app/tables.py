"""The end of a run on one page: before and after, what was decided, and where everything is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from dipg.app.figures import NOTHING, bounds, duration, number

if TYPE_CHECKING:
    from curricula.receipts import Receipt
    from dipg.app.experiment import Outcome
    from dipg.evaluation import EvaluationSummary


class Interval(Protocol):
    """A figure with its 95% interval: `dipg.evaluation`'s intervals and `Estimate` alike."""

    @property
    def value(self) -> float: ...
    @property
    def lower(self) -> float: ...
    @property
    def upper(self) -> float: ...


REWARDS: Mapping[str, str] = {
    "mean": "mean reward",
    "median": "median",
    "std": "standard deviation",
    "min": "min",
    "max": "max",
    "range": "range",
}
RATES: Mapping[str, str] = {
    "safe_rate": "safe",
    "hallucination_rate": "hallucination",
    "refusal_rate": "refusal",
    "consistency_rate": "consistency",
    "correct_rate": "correct",
    "correct_and_safe_rate": "correct and safe",
    "answer_rate": "answers, of the answerable",
    "abstention_on_answerable_rate": "abstains, of the answerable",
}
"""Figures of an evaluation, in the order and under the names of the table."""

WITHOUT_INTERVAL = ("min", "max", "range")
"""What is said of these very responses: resampling them says nothing about an extreme."""


def comparison(title: str, before: Mapping[str, Interval], after: Mapping[str, Interval]) -> Table:
    """Before and after on one set of vignettes, with 95% intervals."""
    table = Table(
        title=title, title_justify="left", title_style="bold", box=None, padding=(0, 2, 0, 0),
        header_style="dim", pad_edge=False,
    )  # fmt: skip
    table.add_column("", no_wrap=True, min_width=27)
    for moment in ("before", "after"):
        table.add_column(moment, justify="right", no_wrap=True, min_width=6)
        table.add_column("95%", justify="right", no_wrap=True, min_width=13, style="dim")
    for name, label in [*REWARDS.items(), *RATES.items()]:
        if name in before and name in after:
            table.add_row(
                label,
                *_cells(name, before[name]),
                *_cells(name, after[name]),
                end_section=name == "range",
            )
    return table


def _cells(name: str, figure: Interval) -> tuple[Text, str]:
    metric = "mean" if name in REWARDS else name
    value = Text(number(metric, figure.value), "bold")
    shown = bounds(metric, figure.lower, figure.upper)
    return value, "" if name in WITHOUT_INTERVAL or shown == NOTHING else shown


def moves(receipts: Sequence[Receipt], steps: int) -> Text:
    """Every move of the penalties in a run of so many steps, each with its reason."""
    if not receipts:
        return Text(f"The penalties did not move in {steps} steps.")
    text = Text("Moves of the penalties", "bold")
    for receipt in receipts:
        text.append(f"\n  after step {receipt.step}: {receipt.sentence}", "not bold")
    return text


def greedy_line(before: EvaluationSummary, after: EvaluationSummary) -> Text:
    """Greedy decoding in one line: it hides habits that sampling shows, so it stands beside."""
    shown = {"mean": "mean", "safe_rate": "safe", "correct_and_safe_rate": "correct and safe"}
    shown |= {"hallucination_rate": "hallucination"}
    facts = [
        f"{label} {number(name, before.figures[name].value)} → "
        f"{number(name, after.figures[name].value)}"
        for name, label in shown.items()
    ]
    return Text("Greedy decoding: ", "dim").append(", ".join(facts), "not dim")


FILES: Mapping[str, str] = {
    "config.toml": "the settings; run --config with it gives the same run",
    "metrics.jsonl": "one object a step",
    "decisions.jsonl": "one receipt a step",
    "observations.jsonl": "terms and events of every response",
    "evaluation_*.json": "before, at each block's end, after",
    "samples_*.jsonl": "some of its responses in full",
    "checkpoints/": "weights",
}


def files(directory: Path) -> RenderableType:
    """Where everything is."""
    table = Table.grid(padding=(0, 2, 0, 0))
    for name, what in FILES.items():
        table.add_row(f"  {name}", Text(what, "dim"))
    return Group(Text(f"Files in {directory}", "bold"), table)


def result(outcome: Outcome) -> RenderableType:
    """The page at the end of a run."""
    before, after = outcome.before, outcome.after
    report, larger = len(after.report.rewards), len(after.larger.rewards)
    parts: list[RenderableType] = [
        comparison(
            f"The report's table: {report} held-out vignettes, sampled",
            before.report.figures,
            after.report.figures,
        )
    ]
    if larger != report:
        title = f"{larger} held-out vignettes, sampled"
        parts += [Text(), comparison(title, before.larger.figures, after.larger.figures)]
    end = f"{outcome.steps} steps in {duration(outcome.seconds)}, ended at rung {outcome.rung}"
    parts += [
        Text(),
        greedy_line(before.greedy, after.greedy),
        Text(),
        Text(f"{end} (severity {outcome.severity:.2f})."),
        moves(outcome.moves, outcome.steps),
        Text(),
        files(outcome.directory),
    ]
    return Group(*parts)
