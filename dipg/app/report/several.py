"""Several runs side by side, paired on the vignettes they were evaluated on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dipg.app.figures import NOTHING
from dipg.app.report import charts
from dipg.app.report.blocks import Block, Document, Gallery, Heading, Picture, Points, Table, Text
from dipg.app.report.key_figures import (
    difference_line,
    interval,
    key_figures,
    larger,
    last_evaluation,
    policy,
)
from dipg.app.report.plots import Chart, Line
from dipg.app.report.record import ReportError, RunRecord
from dipg.app.tables import RATES, REWARDS

MOST = 6
"""Runs in one comparison: there are no more colours that one can tell apart."""


def comparison(runs: Sequence[RunRecord]) -> Document:
    """The report of several runs, each compared with the first.

    Raises:
        ReportError: more runs than can be shown, or the same one twice.
    """
    if len(runs) > MOST:
        raise ReportError(f"{len(runs)} runs cannot be shown together, {MOST} can")
    paths = [run.path.resolve() for run in runs]
    if len(set(paths)) < len(paths):
        raise ReportError("the same run is named twice")
    names = labels(runs)
    blocks: list[Block] = [Heading("GRPO runs compared", 1)]
    blocks += [*_overview(runs, names), *_figures(runs, names), *_evaluations(runs, names)]
    blocks += [*_paired(runs, names), *_moves(runs, names)]
    notes = [f"{n}: {note}" for n, run in zip(names, runs, strict=True) for note in run.notes]
    if notes:
        blocks += [Heading("Notes"), Points(notes)]
    blocks.append(Text("Synthetic content for research. Not for clinical use.", "note"))
    return Document("Runs compared", blocks, {"runs": [key_figures(run) for run in runs]})


def labels(runs: Sequence[RunRecord]) -> list[str]:
    """Names that tell the runs apart."""
    names = [run.name for run in runs]
    return [n if names.count(n) == 1 else str(run.path) for n, run in zip(names, runs, strict=True)]


def _overview(runs: Sequence[RunRecord], names: Sequence[str]) -> Iterator[Block]:
    yield Heading("Summary")
    rows = []
    for name, run in zip(names, runs, strict=True):
        found = last_evaluation(run)
        figures = {} if found is None else found[1]
        cells = [interval(n, figures.get(n)) for n in ("mean", "safe_rate", "answer_rate")]
        rung = run.receipts[-1].rung_to if run.receipts else NOTHING
        rows.append([name, policy(run), f"{run.steps[-1]}", rung, f"{len(run.moves)}", *cells])
    yield Table(
        ["run", "policy", "steps", "rung", "moves", "mean", "safe", "answers"],
        rows,
        "Each run's last evaluation on its held-out vignettes, with 95% intervals.",
    )


def _figures(runs: Sequence[RunRecord], names: Sequence[str]) -> Iterator[Block]:
    yield Heading("Courses")
    wanted = {"mean": ("Yardstick mean", False)}
    wanted |= {metric: (title, True) for metric, title in charts.RATES.items()}
    pictures = []
    for metric, (title, percent) in wanted.items():
        lines: list[Line] = []
        for name, run in zip(names, runs, strict=True):
            line = charts.course(run, f"window/{metric}", name)
            lines.append(Line(name, line.x, line.y))
        limits = (0.0, 1.0) if percent else (None, None)
        svg = Chart(title, lines, percent, limits).svg()
        pictures.append(Picture(f"compared-{metric}", title, "Rolling windows.", svg))
    severity = [charts.course(run, "severity", n) for n, run in zip(names, runs, strict=True)]
    svg = Chart("Severity", [Line(s.label, s.x, s.y, stepped=True) for s in severity]).svg()
    pictures.append(Picture("compared-severity", "Severity", "Position on the ladder.", svg))
    yield Gallery(pictures)


def _evaluations(runs: Sequence[RunRecord], names: Sequence[str]) -> Iterator[Block]:
    found = [last_evaluation(run) for run in runs]
    if not any(found):
        return
    yield Heading("Last evaluations")
    columns = [{} if f is None else f[1] for f in found]
    heads = [n if f is None else f"{n}, step {f[0]}" for n, f in zip(names, found, strict=True)]
    rows = [
        [label, *(interval(name, c.get(name)) for c in columns)]
        for name, label in {**REWARDS, **RATES}.items()
        if any(name in c for c in columns)
    ]
    yield Table(["", *heads], rows, "Held-out vignettes, sampled, 95% intervals.")


def _paired(runs: Sequence[RunRecord], names: Sequence[str]) -> Iterator[Block]:
    from dipg.comparison import compare
    from dipg.evaluation import EvaluationError

    if not all(run.evaluations for run in runs):
        return
    yield Heading("Paired differences")
    last = [larger(run.evaluations[max(run.evaluations)]) for run in runs]
    for name, evaluation in list(zip(names, last, strict=True))[1:]:
        yield Heading(f"{name} against {names[0]}", 3)
        try:
            if last[0].get("kinds") != evaluation.get("kinds"):
                raise EvaluationError("they were evaluated on different vignettes")
            found = compare(dict(last[0]), dict(evaluation))
        except (EvaluationError, ValueError, KeyError, TypeError) as error:
            yield Text(f"They cannot be paired: {error}.", "note")
            continue
        yield Points([difference_line(d) for d in found])


def _moves(runs: Sequence[RunRecord], names: Sequence[str]) -> Iterator[Block]:
    yield Heading("Moves of the penalties")
    for name, run in zip(names, runs, strict=True):
        told = [f"after step {m.step}: {m.rung_from} → {m.rung_to}, {m.reason}" for m in run.moves]
        yield Heading(name, 3)
        if told:
            more = [f"and {len(told) - 20} more"] if len(told) > 20 else []
            yield Points([*told[:20], *more])
        else:
            yield Text("They did not move.")
