"""A run's report, section by section, in the shape of the report this project started from."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from dipg.app.config import to_toml
from dipg.app.figures import NOTHING, bounds, number
from dipg.app.report import charts
from dipg.app.report.blocks import (
    Block,
    Code,
    Document,
    Gallery,
    Heading,
    Picture,
    Points,
    Table,
    Text,
)
from dipg.app.report.record import RunRecord
from dipg.app.report.samples import sample
from dipg.app.report.stages import Stage, stages_of
from dipg.app.tables import RATES, REWARDS, WITHOUT_INTERVAL

SAMPLES_SHOWN = 6
MOVES_SHOWN = 40


def report(run: RunRecord) -> Document:
    """The report of one run."""
    stages = stages_of(run)
    blocks: list[Block] = [Heading(f"GRPO run report: {run.name}", 1)]
    for part in (
        _summary(run, stages),
        _configuration(run),
        _stages(run, stages),
        _statistics(run),
        _prices(run, stages),
        _decisions(run),
        _figures(run, stages),
        _checkpoints(run),
        _samples(run),
        _notes(run),
    ):
        blocks += part
    return Document(f"Report: {run.name}", blocks, key_figures(run))


def key_figures(run: RunRecord) -> dict[str, Any]:
    """What a program wants to know of a run."""
    last = last_evaluation(run)
    return {
        "run": run.name,
        "steps": int(run.steps[-1]),
        "planned_steps": None if run.config is None else run.config.steps,
        "policy": policy(run),
        "rung": run.receipts[-1].rung_to if run.receipts else None,
        "severity": run.receipts[-1].severity_to if run.receipts else None,
        "moves": [{"step": m.step, "from": m.rung_from, "to": m.rung_to} for m in run.moves],
        "evaluation": None if last is None else {"step": last[0]} | _plain(last[1]),
    }


def policy(run: RunRecord) -> str:
    """What the run calls its controller."""
    if run.config is not None:
        return run.config.curriculum.policy
    return run.receipts[0].controller if run.receipts else "unknown"


def last_evaluation(run: RunRecord) -> tuple[int, Mapping[str, Any]] | None:
    """The last evaluation's step and its figures, of the larger set where there is one."""
    if not run.evaluations:
        return None
    step = max(run.evaluations)
    return step, larger(run.evaluations[step])["figures"]


def larger(evaluation: Mapping[str, Any]) -> Mapping[str, Any]:
    """An evaluation's larger set; itself where it has none."""
    inner = evaluation.get("larger")
    return inner if isinstance(inner, Mapping) and "figures" in inner else evaluation


def interval(name: str, figure: Mapping[str, Any] | None) -> str:
    """`71.2% (66.0 .. 75.8%)`."""
    if figure is None:
        return NOTHING
    metric = "mean" if name in REWARDS else name
    shown = bounds(metric, figure["lower"], figure["upper"])
    value = number(metric, figure["value"])
    plain = name in WITHOUT_INTERVAL or shown == NOTHING or value == NOTHING
    return value if plain else f"{value} ({shown})"


def _plain(figures: Mapping[str, Any]) -> dict[str, Any]:
    return {name: figures[name] for name in (*REWARDS, *RATES) if name in figures}


def _summary(run: RunRecord, stages: list[Stage]) -> Iterator[Block]:
    yield Heading("Executive summary")
    done = int(run.steps[-1])
    planned = done if run.config is None else run.config.steps
    state = (
        f"{done} steps" if done >= planned else f"in progress or cut off: {done} of {planned} steps"
    )
    rung = f", ended on rung {run.receipts[-1].rung_to}" if run.receipts else ""
    moves = len(run.moves)
    yield Text(
        f"Policy {policy(run)}; {state}{rung}. The penalties moved {moves}"
        f" {'time' if moves == 1 else 'times'}. Every reward below is on the yardstick, the frozen"
        " evaluation prices, unless it says otherwise: only these compare across steps."
    )
    if not run.evaluations:
        yield Text("There is no evaluation on held-out vignettes in this directory.", "note")
        return
    steps = sorted(run.evaluations)
    first, last = (larger(run.evaluations[s])["figures"] for s in (steps[0], steps[-1]))
    names = ("mean", "safe_rate", "correct_and_safe_rate", "answer_rate", "hallucination_rate")
    labels = {**REWARDS, **RATES}
    yield Table(
        ["", f"step {steps[0]}", f"step {steps[-1]}"],
        [[labels[n], interval(n, first.get(n)), interval(n, last.get(n))] for n in names],
        f"{_count(last)} held-out vignettes, sampled, with 95% intervals.",
    )
    if len(steps) > 1:
        yield from _paired(larger(run.evaluations[steps[0]]), larger(run.evaluations[steps[-1]]))
    yield from _warnings(last)
    means = {s: larger(run.evaluations[s])["figures"]["mean"]["value"] for s in reversed(steps)}
    best = max(means, key=lambda s: -math.inf if means[s] is None else means[s])
    if best != steps[-1]:
        yield Text(
            f"The best mean was at step {best} ({number('mean', means[best])}); see the tables"
            " below before taking the last checkpoint."
        )


def _paired(first: Mapping[str, Any], last: Mapping[str, Any]) -> Iterator[Block]:
    from dipg.comparison import compare
    from dipg.evaluation import EvaluationError

    try:
        found = compare(dict(first), dict(last))
    except (EvaluationError, ValueError, KeyError, TypeError):
        yield Text("The first and the last evaluation cannot be paired.", "note")
        return
    yield Points([difference_line(d) for d in found if d.name in PAIRED])


PAIRED = ("mean_reward", "safe_rate", "correct_rate", "hallucination_rate")


def difference_line(d: Any) -> str:
    """`safe: +12.0 points (95%: +4.1 .. +19.5), p = 0.003 (McNemar, 200 pairs)`."""
    scale, unit = (1.0, "") if d.name == "mean_reward" else (100.0, " points")
    name = d.name.removesuffix("_rate").replace("_", " ")
    chance = "p < 0.001" if d.p < 0.001 else f"p = {d.p:.3f}"
    return (
        f"{name}: {scale * d.value:+.1f}{unit} (95%: {scale * d.lower:+.1f} .."
        f" {scale * d.upper:+.1f}), {chance} ({d.test}, {d.n} pairs)"
    )


def _warnings(figures: Mapping[str, Any]) -> Iterator[Block]:
    safe, answer = figures.get("safe_rate"), figures.get("answer_rate")
    if not safe or not answer or None in (safe["value"], answer["value"]):
        return
    if safe["value"] > 0.8 and answer["value"] < 0.5:
        yield Text(
            f"Safe is not useful: {number('safe', safe['value'])} of the responses are safe, but"
            f" only {number('answer', answer['value'])} of the answerable vignettes are answered.",
            "warning",
        )


def _count(figures: Mapping[str, Any]) -> int:
    return max((int(f["n"]) for f in figures.values() if isinstance(f["n"], int)), default=0)


def _configuration(run: RunRecord) -> Iterator[Block]:
    yield Heading("1. Training configuration")
    if run.config is None:
        yield Text("The directory has no config.toml: another trainer left this log.", "note")
        return
    c = run.config
    model = f"{c.model.name}, width {c.model.width}, {c.model.layers} layers"
    rows = [
        ["model", model],
        ["steps", f"{c.steps}, {c.grpo.prompts_per_step} prompts each"],
        ["num_generations (G)", f"{c.grpo.num_generations}"],
        ["learning_rate", f"{c.grpo.learning_rate:g}"],
        ["beta (KL)", f"{c.grpo.beta:g}"],
        ["epsilon (clip)", f"{c.grpo.epsilon:g}"],
        ["policy", f"{c.curriculum.policy}, on ladder {c.curriculum.ladder}"],
        ["escalate when", c.curriculum.when],
        ["window", f"{c.curriculum.window} steps"],
        ["seed", f"{c.seed}"],
    ]
    yield Table(["", ""], rows, numeric=False)
    yield Text("All settings; running them again gives the same run:")
    yield Code(to_toml(c).strip(), "toml")


def _stages(run: RunRecord, stages: list[Stage]) -> Iterator[Block]:
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


def _statistics(run: RunRecord) -> Iterator[Block]:
    yield Heading("3. Performance metrics")
    if not run.evaluations:
        yield Text("No evaluations.", "note")
        return
    sets = [("The report's table", "", lambda e: e)]
    if any(larger(e) is not e for e in run.evaluations.values()):
        sets.append(("The larger set", "", larger))
    for title, _, pick in sets:
        chosen = {step: pick(e)["figures"] for step, e in sorted(run.evaluations.items())}
        n = _count(next(iter(chosen.values())))
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


def _prices(run: RunRecord, stages: list[Stage]) -> Iterator[Block]:
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


def _decisions(run: RunRecord) -> Iterator[Block]:
    yield Heading("5. Decisions")
    if not run.receipts:
        yield Text("No decisions are recorded.", "note")
        return
    moves = run.moves
    if moves:
        shown = moves[:MOVES_SHOWN]
        rows = [
            [f"{m.step}", f"{m.rung_from} → {m.rung_to}", m.reason, _spent(m.spent)] for m in shown
        ]
        more = f" The first {len(shown)} of {len(moves)}." if len(moves) > len(shown) else ""
        yield Table(
            ["after step", "move", "reason", "error budget spent"], rows,
            "A decision is in force from the next step." + more, numeric=False,
        )  # fmt: skip
        for move in shown[:6]:
            yield Heading(f"Receipt of step {move.step}", 3)
            yield Text(move.sentence)
            yield from _clauses(move)
    else:
        yield Text(f"The penalties did not move in {int(run.steps[-1])} steps.")
    reasons = Counter(r.reason or "no reason given" for r in run.receipts)
    yield Heading("All decisions by reason", 3)
    yield Table(["reason", "decisions"], [[r, f"{n}"] for r, n in reasons.most_common()])
    if not run.receipts[-1].moved:
        yield Heading(f"What it waits for, after step {run.receipts[-1].step}", 3)
        yield Text(run.receipts[-1].sentence)
        yield from _clauses(run.receipts[-1])


def _spent(value: float | None) -> str:
    return NOTHING if value is None else f"{100 * value:.2g}%"


def _clauses(receipt: Any) -> Iterator[Block]:
    if receipt.clauses:
        yield Table(
            ["clause", "verdict", "value", "bounds", "groups"],
            [
                [c.text, _verdict(c), number(c.metric, c.value),
                 bounds(c.metric, c.lower, c.upper), f"{c.n_groups}"]
                for c in receipt.clauses
            ],
        )  # fmt: skip
    flips = receipt.forecast.get("flip_share")
    if receipt.moved and flips is not None:
        yield Text(
            f"Forecast: {100 * flips:.0f}% of the window's groups would rather not answer under the"
            " new prices."
        )


def _verdict(clause: Any) -> str:
    if clause.kind == "drop":
        return {"pass": "dropped", "fail": "no drop"}.get(clause.verdict, "baseline unknown")
    return clause.verdict


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
