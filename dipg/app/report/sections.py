"""A run's report, section by section, in the shape of the report this project started from."""

from __future__ import annotations

from collections.abc import Iterator

from dipg.app.report import charts
from dipg.app.report.blocks import Block, Document, Gallery, Heading, Picture, Points, Text
from dipg.app.report.course import blocks_of, prices, statistics
from dipg.app.report.decisions import decisions
from dipg.app.report.key_figures import key_figures
from dipg.app.report.record import RunRecord
from dipg.app.report.samples import sample
from dipg.app.report.stages import Stage, stages_of
from dipg.app.report.summary import configuration, summary

SAMPLES_SHOWN = 6


def report(run: RunRecord) -> Document:
    """The report of one run."""
    stages = stages_of(run)
    blocks: list[Block] = [Heading(f"GRPO run report: {run.name}", 1)]
    for part in (
        summary(run),
        configuration(run),
        blocks_of(run, stages),
        statistics(run),
        prices(run, stages),
        decisions(run),
        _figures(run, stages),
        _checkpoints(run),
        _samples(run),
        _notes(run),
    ):
        blocks += part
    return Document(f"Report: {run.name}", blocks, key_figures(run))


def _figures(run: RunRecord, stages: list[Stage]) -> Iterator[Block]:
    yield Heading("6. Figures")
    cliff, terms = charts.cliff(run, stages), charts.terms_over_time(run)
    yield Gallery([*charts.curves(run, stages), *([cliff] if cliff else [])])
    distributions = charts.distributions(run, stages)
    if distributions:
        yield Heading("Reward distribution per block", 3)
        yield Gallery(distributions)
    middle: list[Picture] = [*([terms] if terms else []), *charts.forecasts(run)]
    if middle:
        yield Heading("Terms, and the forecast at each move", 3)
        yield Gallery(middle)
    yield Heading("The training", 3)
    yield Gallery(charts.training(run))


def _checkpoints(run: RunRecord) -> Iterator[Block]:
    yield Heading("7. Checkpoints")
    if run.checkpoints:
        yield Points([f"checkpoints/{name}" for name in run.checkpoints])
    else:
        yield Text("There are none.", "note")


def _samples(run: RunRecord) -> Iterator[Block]:
    yield Heading("8. Sample completions")
    if not run.samples:
        yield Text("The run kept no responses in full.", "note")
        return
    step = max(run.samples)
    yield Text(
        f"At step {step}: the first of the held-out vignettes, sampled. Marked in the context is"
        " what the proof quotes; marked in the proof, what the context does not have."
    )
    for row in run.samples[step][:SAMPLES_SHOWN]:
        yield sample(row)


def _notes(run: RunRecord) -> Iterator[Block]:
    if run.notes:
        yield Heading("Notes")
        yield Points([f"{run.name}: {note}" for note in run.notes])
    yield Text("Synthetic content for research. Not for clinical use.", "note")
