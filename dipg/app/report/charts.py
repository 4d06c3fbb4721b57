"""The figures of one run."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from dipg.app.report.blocks import Picture
from dipg.app.report.plots import Chart, Line, bars, heat, pairs
from dipg.app.report.record import RunRecord
from dipg.app.report.stages import Stage

POINTS = 300
"""A line has no more points than this; a screen has no more to show."""
RATES = {
    "safe": "Safe",
    "answer": "Answers, of the answerable",
    "correct": "Correct",
    "hallucination": "Hallucination",
}


def thinned(count: int) -> np.ndarray:
    """Indices of at most POINTS of so many points, the last among them."""
    stride = max(1, math.ceil(count / POINTS))
    return np.unique(np.append(np.arange(0, count, stride), count - 1)) if count else np.arange(0)


def course(run: RunRecord, metric: str, label: str) -> Line:
    """A metric's course, with its bounds where it has some."""
    at = thinned(len(run.metrics))
    low, high = (
        run.column(f"{metric}{end}")[at] if run.has(f"{metric}{end}") else None
        for end in ("_lower", "_upper")
    )
    return Line(label, run.steps[at].astype(float), run.column(metric)[at], low, high)


def evaluated(run: RunRecord, figure: str, label: str) -> Line | None:
    """A figure of the evaluations, with its 95% intervals."""
    found = [
        (step, content.get("larger", content).get("figures", {}).get(figure))
        for step, content in run.evaluations.items()
    ]
    found = [(step, f) for step, f in found if f and f["value"] is not None]
    if not found:
        return None
    y, low, high = (np.array([f[k] for _, f in found], float) for k in ("value", "lower", "upper"))
    return Line(label, np.array([s for s, _ in found], float), y, low, high, dots=True)


def _spans(stages: Sequence[Stage]) -> list[tuple[float, float, str]]:
    return [(s.first, s.last + 1, s.rung) for s in stages]


def curves(run: RunRecord, stages: Sequence[Stage]) -> list[Picture]:
    """Yardstick mean and the watched rates, with bands and rung changes."""
    spans, moves = _spans(stages), [float(m.step) for m in run.moves][:60]
    found = []
    lines = [course(run, "window/mean" if run.has("window/mean") else "yardstick/mean", "training")]
    held_out = evaluated(run, "mean", "held-out")
    chart = Chart("Yardstick mean", [*lines, *([held_out] if held_out else [])], spans=spans)
    chart.moves = moves
    found.append(
        Picture(
            "mean",
            "Yardstick mean",
            "Mean reward under the frozen evaluation prices: the rolling window of the training"
            " responses with its anytime-valid bounds (band), and the held-out vignettes with 95%"
            " intervals (dots). Dashed: the penalties changed.",
            chart.svg(),
        )
    )
    for metric, title in RATES.items():
        name = f"window/{metric}"
        if not run.has(name):
            continue
        held_out = evaluated(run, f"{metric}_rate", "held-out")
        lines = [course(run, name, "training"), *([held_out] if held_out else [])]
        chart = Chart(title, lines, True, (0.0, 1.0), spans, moves)
        found.append(Picture(f"rate-{metric}", title, f"{title}, as above.", chart.svg()))
    return found


def cliff(run: RunRecord, stages: Sequence[Stage]) -> Picture | None:
    """The rung's break-even against the model's competence."""
    known = [(r.step, r.forecast.get("break_even")) for r in run.receipts]
    known = [(step, u) for step, u in known if u is not None]
    if not known:
        return None
    at = thinned(len(known))
    steps = np.array([known[i][0] for i in at], float)
    level = Line("break-even u", steps, np.array([known[i][1] for i in at], float), stepped=True)
    lines = [level]
    if run.has("window/competence"):
        lines.append(course(run, "window/competence", "competence"))
    chart = Chart("Break-even and competence", lines, True, (0.0, 1.0), _spans(stages))
    return Picture(
        "cliff",
        "How near the cliff",
        "Trying pays exactly while the chance of being right when it tries (competence, with its"
        " bounds) is above the rung's break-even u. Where they meet, not answering pays.",
        chart.svg(),
    )


def distributions(run: RunRecord, stages: Sequence[Stage]) -> list[Picture]:
    """Training rewards on the yardstick, per stage."""
    rewards = stage_rewards(run, stages)
    known = [r for r in rewards if len(r)]
    if not known:
        return []
    low = math.floor(min(r.min() for r in known) / 5) * 5 - 2.5
    high = math.ceil(max(r.max() for r in known) / 5) * 5 + 2.5
    edges = np.arange(low, high + 1, 5.0)
    shares = [np.histogram(r, edges)[0] / max(len(r), 1) for r in rewards]
    top = min(1.0, 1.1 * max(float(s.max()) for s in shares))
    return [
        Picture(
            f"rewards-{i}",
            f"Rewards in {stage.title}, {stage.rung}",
            f"{len(r)} training responses.",
            bars(f"Rewards in {stage.title}", edges.tolist(), share.tolist(), top),
        )
        for i, (stage, share, r) in enumerate(zip(stages, shares, rewards, strict=True), 1)
    ]


def stage_rewards(run: RunRecord, stages: Sequence[Stage]) -> list[np.ndarray]:
    """Yardstick rewards of the training responses of each stage; empty where unknown."""
    from dipg.pricing import EVALUATION, TERMS

    facts = run.facts
    if facts is None or facts.schema.terms != TERMS:
        return [np.zeros(0) for _ in stages]
    found = []
    for stage in stages:
        rows = [
            np.asarray(EVALUATION.rewards(terms))
            for step, terms in zip(facts.steps, facts.terms, strict=True)
            if stage.first <= step <= stage.last
        ]
        rewards = np.concatenate(rows) if rows else np.zeros(0)
        found.append(rewards[np.isfinite(rewards)])
    return found


def terms_over_time(run: RunRecord, columns: int = 24) -> Picture | None:
    """How often each term happened, in stretches of steps."""
    facts = run.facts
    if facts is None or not len(facts.steps):
        return None
    parts = np.array_split(np.arange(len(facts.steps)), min(columns, len(facts.steps)))
    values = np.full((len(facts.schema.terms), len(parts)), math.nan)
    for j, part in enumerate(parts):
        terms = np.concatenate([facts.terms[i] for i in part])
        terms = terms[np.isfinite(terms).all(1)]
        if len(terms):
            values[:, j] = terms.mean(0)
    spans = [(float(facts.steps[p[0]]), float(facts.steps[p[-1]])) for p in parts]
    return Picture(
        "terms",
        "Terms over time",
        "Share of the training responses in which each term happened: the fuller, the more. The"
        " number is that of the last stretch.",
        heat("Terms over time", facts.schema.terms, values, spans),
    )


def forecasts(run: RunRecord) -> list[Picture]:
    """What was foreseen at each move."""
    moves = run.moves[-12:]
    if not moves:
        return []
    labels = [f"{m.step}: {m.rung_from} → {m.rung_to}" for m in moves]

    def values(key: str) -> list[float]:
        return [math.nan if (v := m.forecast.get(key)) is None else float(v) for m in moves]

    found = []
    for name, title, keys, percent, told in (
        (
            "forecast-mean",
            "Forecast of the mean",
            ("mean", "mean_next"),
            False,
            "The window before each move, re-priced: its mean under the prices then in force, and"
            " under the next rung's.",
        ),
        (
            "forecast-break-even",
            "Break-even before and after",
            ("break_even", "break_even_next"),
            True,
            "How sure of being right the model has to be for trying to pay.",
        ),
    ):
        rows = list(zip(labels, values(keys[0]), values(keys[1]), strict=True))
        names = ("this rung", "the next rung")
        found.append(Picture(name, title, told, pairs(title, rows, names, percent)))
    return found


def training(run: RunRecord) -> list[Picture]:
    """How the training itself went."""
    wanted = {
        "reward": ("Training reward", "Under the prices in force, which change with the rung."),
        "kl": ("KL from the reference", "Of the updated actor, per token."),
        "entropy": ("Entropy", "Of the actor's next-token distribution, in nats."),
        "frac_reward_zero_std": ("Groups without a difference", "They teach nothing."),
        "completions/mean_length": ("Completion length", "Mean, in tokens."),
    }
    found = []
    for metric, (title, caption) in wanted.items():
        if run.has(metric):
            line = course(run, metric, title)
            percent = metric == "frac_reward_zero_std"
            chart = Chart(title, [line], percent, (0.0, None) if percent else (None, None))
            name = metric.replace("/", "-")
            found.append(Picture(f"training-{name}", title, caption, chart.svg()))
    return found
