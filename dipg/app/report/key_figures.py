"""What a program, a table or a sentence wants to know of a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dipg.app.figures import NOTHING, bounds, number
from dipg.app.report.record import RunRecord
from dipg.app.tables import RATES, REWARDS, WITHOUT_INTERVAL


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
        "evaluation": None if last is None else {"step": last[0]} | plain_figures(last[1]),
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


def plain_figures(figures: Mapping[str, Any]) -> dict[str, Any]:
    return {name: figures[name] for name in (*REWARDS, *RATES) if name in figures}


def difference_line(d: Any) -> str:
    """`safe: +12.0 points (95%: +4.1 .. +19.5), p = 0.003 (McNemar, 200 pairs)`."""
    scale, unit = (1.0, "") if d.name == "mean_reward" else (100.0, " points")
    name = d.name.removesuffix("_rate").replace("_", " ")
    chance = "p < 0.001" if d.p < 0.001 else f"p = {d.p:.3f}"
    return (
        f"{name}: {scale * d.value:+.1f}{unit} (95%: {scale * d.lower:+.1f} .."
        f" {scale * d.upper:+.1f}), {chance} ({d.test}, {d.n} pairs)"
    )


def count_of(figures: Mapping[str, Any]) -> int:
    """Responses that an evaluation's figures are of."""
    return max((int(f["n"]) for f in figures.values() if isinstance(f["n"], int)), default=0)
