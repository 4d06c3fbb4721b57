"""Pictures of a benchmark: SVG files, through matplotlib (the extra ``figures``)."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from curricula.offline.benchmark import PRIMARY, Results
from curricula.offline.compare import iqm

__all__ = ["FiguresError", "check_figures", "draw_all"]


class FiguresError(ValueError):
    """Pictures cannot be drawn; the message says what to install."""


def check_figures() -> None:
    """Raise before hours of work, not after.

    Raises:
      FiguresError: matplotlib is missing.
    """
    if importlib.util.find_spec("matplotlib") is None:
        raise FiguresError("figures need matplotlib: pip install 'dipg-curriculum[figures]'")


def draw_all(results: Results, into: Path, levels: Mapping[str, Sequence[float]]) -> list[Path]:
    """Every figure; returns the files written.

    Args:
      results: to draw. into: directory, which exists.
      levels: ``{scenario: break-even u of each rung}``, for the failures the learner makes.

    Raises:
      FiguresError: matplotlib is missing.
    """
    check_figures()
    import matplotlib

    matplotlib.use("Agg")
    with matplotlib.rc_context({"svg.hashsalt": "dipg-curriculum", "svg.fonttype": "none"}):
        figures: dict[str, Callable[[], Any]] = {
            "learning_curves": lambda: learning_curves(results),
            "decisions": lambda: decisions(results),
            "probability_of_improvement": lambda: improvements(results),
            "cliff": lambda: cliff(results, levels),
        }
        files = []
        for name, make in figures.items():
            figure = make()
            files.append(into / f"{name}.svg")
            figure.savefig(files[-1], metadata={"Date": None}, bbox_inches="tight")
    return files


def _panels(results: Results, label: str) -> tuple[Any, list[Any]]:
    from matplotlib.figure import Figure

    names = results.scenarios
    columns = min(len(names), 4)
    rows = -(-len(names) // columns)
    figure = Figure(figsize=(3.2 * columns, 2.5 * rows), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False).ravel().tolist()
    for axis, name in zip(axes, names):
        axis.set_title(name, fontsize=9)
        axis.set_xlabel("step", fontsize=8)
        axis.tick_params(labelsize=7)
    for axis in axes[len(names) :]:
        axis.set_visible(False)
    axes[0].set_ylabel(label, fontsize=8)
    return figure, axes


def _legend(figure: Any, axis: Any) -> None:
    handles, labels = axis.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, fontsize=8, frameon=False)


def _band(curves: np.ndarray, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """IQM of ``[N, P]`` curves and its pointwise 95% bootstrap band over seeds."""
    picks = np.random.default_rng(seed).integers(0, len(curves), (500, len(curves)))
    spread = iqm(np.moveaxis(curves[picks], 1, -1))  # [B, P]
    low, high = np.quantile(spread, (0.025, 0.975), axis=0)
    return iqm(curves.T), low, high


def learning_curves(results: Results) -> Any:
    """The primary figure over the steps, and (dotted) the share of answerable prompts answered."""
    figure, axes = _panels(results, "answered correctly and safely")
    for axis, scenario in zip(axes, results.scenarios):
        for i, (policy, found) in enumerate(results.sweeps.items()):
            done = found[scenario]
            middle, low, high = _band(done.curve(PRIMARY))
            axis.plot(done.steps, middle, color=f"C{i}", lw=1.2, label=policy)
            axis.fill_between(done.steps, low, high, color=f"C{i}", alpha=0.2, lw=0)
            axis.plot(done.steps, iqm(done.curve("answer").T), color=f"C{i}", lw=0.7, ls=":")
        axis.set_ylim(0, 1)
    _legend(figure, axes[0])
    return figure


def decisions(results: Results) -> Any:
    """Severity over the steps: the mean over the runs, and the middle half of them."""
    figure, axes = _panels(results, "severity")
    for axis, scenario in zip(axes, results.scenarios):
        for i, (policy, found) in enumerate(results.sweeps.items()):
            done = found[scenario]
            low, high = np.quantile(done.severity, (0.25, 0.75), axis=0)
            axis.step(done.steps, done.severity.mean(0), color=f"C{i}", lw=1.2, label=policy)
            axis.fill_between(done.steps, low, high, color=f"C{i}", alpha=0.15, lw=0, step="pre")
    _legend(figure, axes[0])
    return figure


def improvements(results: Results) -> Any:
    """P(a run of the row's policy beats one of the column's)."""
    from matplotlib.figure import Figure

    matrix, names = results.improvements(), list(results.sweeps)
    size = 1.6 + 0.6 * len(names)
    figure = Figure(figsize=(size, size), layout="constrained")
    axis = figure.subplots()
    axis.imshow(matrix, cmap="RdBu", vmin=0, vmax=1)
    for (row, column), value in np.ndenumerate(matrix):
        axis.text(column, row, f"{value:.2f}", ha="center", va="center", fontsize=8)
    axis.set_xticks(range(len(names)), names, rotation=45, ha="right", fontsize=8)
    axis.set_yticks(range(len(names)), names, fontsize=8)
    axis.set_title("P(row beats column)", fontsize=9)
    return figure


def cliff(results: Results, levels: Mapping[str, Sequence[float]]) -> Any:
    """Break-even u in force (dashed) against competence: above it, trying does not pay."""
    figure, axes = _panels(results, "u in force (dashed), competence")
    for axis, scenario in zip(axes, results.scenarios):
        rungs = np.arange(len(levels[scenario]))
        for u in levels[scenario]:
            axis.axhline(u, color="0.85", lw=0.6, zorder=0)
        for i, (policy, found) in enumerate(results.sweeps.items()):
            done = found[scenario]
            u = np.interp(done.severity, rungs, levels[scenario]).mean(0)
            axis.plot(done.steps, u, color=f"C{i}", lw=1.2, ls="--")
            axis.plot(
                done.steps, done.curve("competence").mean(0), color=f"C{i}", lw=1.2, label=policy
            )
        axis.set_ylim(min(-0.05, min(levels[scenario])), 1)
    _legend(figure, axes[0])
    return figure
