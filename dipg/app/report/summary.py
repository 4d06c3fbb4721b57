"""The beginning of a report: what came of the run, and what it was made from."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from dipg.app.config import to_toml
from dipg.app.figures import number
from dipg.app.report.blocks import Block, Code, Heading, Points, Table, Text
from dipg.app.report.key_figures import count_of, difference_line, interval, larger, policy
from dipg.app.report.record import RunRecord
from dipg.app.tables import RATES, REWARDS

PAIRED = ("mean_reward", "safe_rate", "correct_rate", "hallucination_rate")
"""The differences worth a line in the summary."""


def summary(run: RunRecord) -> Iterator[Block]:
    """Before and after, paired; what to be wary of."""
    yield Heading("Executive summary")
    done = int(run.steps[-1])
    planned = done if run.config is None else run.config.steps
    state = (
        f"{done} steps" if done >= planned else f"in progress or cut off: {done} of {planned} steps"
    )
    rung = f", ended on rung {run.receipts[-1].rung_to}" if run.receipts else ""
    moves = len(run.moves)
    moved = f"moved {moves} {'time' if moves == 1 else 'times'}" if moves else "did not move"
    yield Text(
        f"Policy {policy(run)}; {state}{rung}. The penalties {moved}. Every reward below is on the"
        " yardstick, the frozen evaluation prices, unless it says otherwise: only these compare"
        " across steps."
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
        f"{count_of(last)} held-out vignettes, sampled, with 95% intervals.",
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


def configuration(run: RunRecord) -> Iterator[Block]:
    """The settings that matter, then all of them."""
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
