"""Trackers: a run's figures, under the names of `metrics.jsonl`, told to other programs as well.

The run's own files hold everything anyhow; a tracker is for who looks elsewhere. Each needs its
package, an extra of the same name.
"""

from __future__ import annotations

import importlib.util
import math
import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from dipg.app.settings import ConfigError, did_you_mean, quote

if TYPE_CHECKING:
    from curricula.receipts import Receipt
    from curricula.statistics import Estimate
    from dipg.app.config import RunConfig
    from dipg.app.observer import Observer
    from dipg.app.outcome import Outcome
    from dipg.evaluation import EvaluationSummary


class Tracker(Protocol):
    """Takes figures of a step. Figures that are unknown are not told."""

    def log(self, step: int, figures: Mapping[str, float]) -> None: ...
    def close(self) -> None: ...


class TensorBoard:
    """Event files in `<run>/tensorboard`, through tensorboardX."""

    def __init__(self, directory: Path, settings: Mapping[str, Any]) -> None:
        from tensorboardX import SummaryWriter

        self._writer = SummaryWriter(str(directory / "tensorboard"))
        text = "\n".join(f"    {name} = {value}" for name, value in settings.items())
        self._writer.add_text("config", text)

    def log(self, step: int, figures: Mapping[str, float]) -> None:
        for name, value in figures.items():
            self._writer.add_scalar(name, value, step)

    def close(self) -> None:
        self._writer.close()


class WandB:
    """A Weights & Biases run; its own environment variables say where and whether offline."""

    def __init__(self, directory: Path, settings: Mapping[str, Any]) -> None:
        import wandb

        self._run = wandb.init(
            project="dipg-curriculum",
            name=directory.name,
            dir=str(directory),
            config=dict(settings),
            resume="allow",
        )

    def log(self, step: int, figures: Mapping[str, float]) -> None:
        self._run.log(dict(figures), step=step)

    def close(self) -> None:
        self._run.finish()


class MLflow:
    """An MLflow run; `MLFLOW_TRACKING_URI` says where."""

    def __init__(self, directory: Path, settings: Mapping[str, Any]) -> None:
        import mlflow

        mlflow.set_experiment("dipg-curriculum")
        self._mlflow = mlflow
        mlflow.start_run(run_name=directory.name)
        mlflow.log_params({name: str(value)[:500] for name, value in settings.items()})

    def log(self, step: int, figures: Mapping[str, float]) -> None:
        self._mlflow.log_metrics(dict(figures), step=step)

    def close(self) -> None:
        self._mlflow.end_run()


TRACKERS: Mapping[str, tuple[str, Callable[[Path, Mapping[str, Any]], Tracker]]] = {
    "tensorboard": ("tensorboardX", TensorBoard),
    "wandb": ("wandb", WandB),
    "mlflow": ("mlflow", MLflow),
}
"""What `--track` takes -> the package it needs, and what it makes."""


def check_trackers(names: Sequence[str]) -> None:
    """Refuse, before anything begins, a tracker that there is not or that is not installed."""
    for name in names:
        if name not in TRACKERS:
            hint = f"{did_you_mean(name, TRACKERS)}valid: {', '.join(TRACKERS)}"
            raise ConfigError(f"--track {quote(name)}: no such tracker; {hint}")
        if importlib.util.find_spec(TRACKERS[name][0]) is None:
            raise ConfigError(
                f"--track {name}: not installed: pip install 'dipg-curriculum[{name}]'"
            )


def open_trackers(names: Sequence[str], directory: Path, config: RunConfig) -> list[Tracker]:
    """The named trackers, each once, told the settings."""
    from dipg.app.config import to_toml

    settings = _flat(tomllib.loads(to_toml(config)))
    return [TRACKERS[name][1](directory, settings) for name in dict.fromkeys(names)]


class Tracked:
    """An observer that tells trackers what it is told, and then another observer."""

    def __init__(self, inner: Observer, trackers: Sequence[Tracker]) -> None:
        self._inner, self._trackers = inner, trackers

    def phase(self, name: str, detail: str, total: int | None) -> None:
        self._inner.phase(name, detail, total)

    def progress(self, done: int, info: Mapping[str, float]) -> None:
        self._inner.progress(done, info)

    def step(
        self,
        metrics: Mapping[str, float],
        summary: Mapping[str, Estimate],
        timing: Mapping[str, float],
    ) -> None:
        self._log(int(metrics["step"]), {**metrics, "step_time": timing.get("step_time")})
        self._inner.step(metrics, summary, timing)

    def decision(self, receipt: Receipt) -> None:
        self._inner.decision(receipt)

    def warning(self, text: str) -> None:
        self._inner.warning(text)

    def evaluation(self, step: int, summary: EvaluationSummary) -> None:
        figures = {f"evaluation/{n}": f.value for n, f in summary.figures.items() if "/" not in n}
        self._log(step, figures)
        self._inner.evaluation(step, summary)

    def finish(self, outcome: Outcome) -> None:
        self._inner.finish(outcome)

    def close(self) -> None:
        """Close every tracker."""
        for tracker in self._trackers:
            tracker.close()

    def _log(self, step: int, figures: Mapping[str, float | None]) -> None:
        known = {
            name: float(value)
            for name, value in figures.items()
            if name != "step" and value is not None and math.isfinite(value)
        }
        for tracker in self._trackers:
            tracker.log(step, known)


def _flat(settings: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in settings.items():
        if isinstance(value, Mapping):
            found |= _flat(value, f"{prefix}{name}.")
        else:
            found[prefix + name] = value
    return found
