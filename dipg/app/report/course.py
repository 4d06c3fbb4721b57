"""The middle of a report: the run block by block, its evaluations, and the prices."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from dipg.app.figures import NOTHING, bounds, number
from dipg.app.report import charts
from dipg.app.report.blocks import Block, Heading, Table, Text
from dipg.app.report.key_figures import count_of, interval, larger
from dipg.app.report.record import RunRecord
from dipg.app.report.stages import Stage
from dipg.app.tables import RATES, REWARDS


def blocks_of(run: RunRecord, stages: list[Stage]) -> Iterator[Block]:
    """Each block's window at its end, and all its rewards."""
    yield Heading("2. The run, block by block")
    rewards = charts.stage_rewards(run, stages)
    at = {int(step): i for i, step in enumerate(run.steps)}
    rows = []
    metrics = ("mean", "safe", "correct", "answer", "hallucination")
    for stage, values in zip(stages, rewards, strict=True):
        i = at[stage.last]
        cells = [f"{len(values)}" if len(values) else NOTHING]
        for metric in metrics:
            v, low, high = (
                run.column(f"window/{metric}{end}")[i] for end in ("", "_lower", "_upper")
            )
            shown = bounds(metric, low, high)
            cells.append(number(metric, v) + (f" ({shown})" if shown != NOTHING else ""))
        rows.append([stage.title, stage.rung, *cells])
    yield Table(
        ["block", "rung", "responses", "mean", "safe", "correct", "answers", "hallucination"],
        rows,
        "The rolling window at each block's end; in brackets anytime-valid bounds from the"
        " evidence since the rung began.",
    )
    if any(len(r) for r in rewards):
        yield Text("All training responses of each block:")
        yield Table(
            ["block", "mean", "median", "std", "min", "max", "range"],
            [[s.title, *_described(r)] for s, r in zip(stages, rewards, strict=True)],
        )


def _described(rewards: np.ndarray) -> list[str]:
    if not len(rewards):
        return [NOTHING] * 6
    std = f"{rewards.std(ddof=1):.2f}" if len(rewards) > 1 else NOTHING
    low, high = rewards.min(), rewards.max()
    return [
        f"{rewards.mean():.2f}", f"{np.median(rewards):.1f}", std, f"{low:.1f}", f"{high:.1f}",
        f"{high - low:.1f}",
    ]  # fmt: skip


def statistics(run: RunRecord) -> Iterator[Block]:
    """Every evaluation, with intervals."""
    yield Heading("3. Performance metrics")
    if not run.evaluations:
        yield Text("No evaluations.", "note")
        return
    sets = [("The report's table", "", lambda e: e)]
    if any(larger(e) is not e for e in run.evaluations.values()):
        sets.append(("The larger set", "", larger))
    for title, _, pick in sets:
        chosen = {step: pick(e)["figures"] for step, e in sorted(run.evaluations.items())}
        n = count_of(next(iter(chosen.values())))
        for kind, names in (("reward statistics", REWARDS), ("safety metrics", RATES)):
            rows = [
                [label, *(interval(name, f.get(name)) for f in chosen.values())]
                for name, label in names.items()
                if any(name in f for f in chosen.values())
            ]
            yield Heading(f"{title}: {kind}", 3)
            yield Table(
                ["", *(f"step {s}" for s in chosen)],
                rows,
                f"{n} held-out vignettes, sampled at the training temperature, 95% intervals.",
            )


def prices(run: RunRecord, stages: list[Stage]) -> Iterator[Block]:
    """The price of each term in each block, and what the ladder pays."""
    yield Heading("4. Penalties")
    names = [key for key in run.metrics[0] if key.startswith("penalties/")]
    if not names:
        yield Text("The metrics name no prices.", "note")
        return
    at = {int(step): i for i, step in enumerate(run.steps)}
    yardstick = _yardstick()
    head = ["term", *(f"{s.label}, {s.rung}" for s in stages)] + (
        ["yardstick"] if yardstick else []
    )
    rows = []
    for key in names:
        column, term = run.column(key), key.removeprefix("penalties/")
        cells = [f"{column[at[s.first]]:.4g}" for s in stages]
        rows.append([term, *cells, *([f"{yardstick[term]:g}"] if term in yardstick else [])])
    yield Table(
        head,
        [row + [""] * (len(head) - len(row)) for row in rows],
        "Reward units per response in which the term happens, at each block's first step.",
    )
    yield from _ladder(run)


def _yardstick() -> dict[str, float]:
    from dipg.pricing import EVALUATION

    return EVALUATION.to_mapping()


def _ladder(run: RunRecord) -> Iterator[Block]:
    from dipg.pricing import LADDERS

    ladder = None if run.config is None else LADDERS.get(run.config.curriculum.ladder)
    if ladder is None:
        return
    told = ladder.explain()
    head, *rows = told.rows()
    yield Text(f"What the ladder {told.ladder} pays, and from which chance of being right it pays:")
    yield Table(head, rows)
    for warning in told.warnings:
        yield Text(warning, "warning")
