"""Trackers are told what metrics.jsonl says, under the same names, and what is unknown is not."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from dipg.app.cli.main import invoke
from dipg.app.config import RunConfig
from dipg.app.settings import ConfigError
from dipg.app.trackers import TRACKERS, Tracked, Tracker, check_trackers, open_trackers
from dipg.app.view import View
from dipg.evaluation import summarise
from dipg.pricing import TERMS
from dipg.rubric import EVENTS
from tests.app.reports import step_report
from tests.test_imports import HEAVY, loaded_by, tops


class Told:
    """A tracker that keeps what it is told."""

    def __init__(self) -> None:
        self.rows: list[tuple[int, dict[str, float]]] = []
        self.closed = 0

    def log(self, step: int, figures: Mapping[str, float]) -> None:
        self.rows.append((step, dict(figures)))

    def close(self) -> None:
        self.closed += 1


def follow(tracker: Tracker) -> View:
    """Three steps and an evaluation through a view and a tracker."""
    view = View(RunConfig())
    with_it = Tracked(view, [tracker])
    for step in (1, 2, 3):
        metrics, summary = step_report(step, mean=step, safe=0.5)
        unknown = {"answer_rate": float("nan"), "yardstick/mean": float(step)}
        with_it.step({**metrics, **unknown}, summary, {"step_time": 0.5})
    with_it.evaluation(3, summarise(np.zeros((4, len(TERMS))), np.zeros((4, len(EVENTS)))))
    with_it.close()
    return view


def test_a_tracker_is_told_every_known_figure_and_the_view_as_well() -> None:
    told = Told()
    view = follow(told)
    assert [step for step, _ in told.rows] == [1, 2, 3, 3]
    assert told.rows[1][1]["yardstick/mean"] == 2.0
    assert not {"step", "answer_rate"} & set(told.rows[0][1])
    assert told.rows[3][1]["evaluation/safe_rate"] == 0.0
    assert "evaluation/safe_rate/answer" not in told.rows[3][1]
    assert view.state.done == 3
    assert told.closed == 1


def test_what_is_not_there_is_refused_with_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="no such tracker; did you mean 'wandb'"):
        check_trackers(["wandbb"])
    monkeypatch.setitem(TRACKERS, "mlflow", ("no_such_package", TRACKERS["mlflow"][1]))  # type: ignore[misc]
    with pytest.raises(ConfigError, match=r"pip install 'dipg-curriculum\[mlflow\]'"):
        check_trackers(["mlflow"])


def test_it_is_refused_before_anything_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert invoke(["run", "--track", "wandbb"]) == 2
    assert "no such tracker" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
    assert tops(loaded_by("dipg.app.trackers")) & HEAVY == set()


@pytest.mark.slow
def test_tensorboard_has_the_figures(tmp_path: Path) -> None:
    pytest.importorskip("tensorboardX", reason="needs the tensorboard extra")
    from tensorboardX.proto.event_pb2 import Event

    (tracker,) = open_trackers(["tensorboard"], tmp_path, RunConfig())
    follow(tracker)
    (file,) = (tmp_path / "tensorboard").glob("events*")
    found = {}
    for record in records(file.read_bytes()):
        event = Event.FromString(record)
        for value in event.summary.value:
            found[value.tag, event.step] = value.simple_value
    assert found["yardstick/mean", 2] == 2.0
    assert found["evaluation/safe_rate", 3] == 0.0
    assert ("answer_rate", 1) not in found


def records(data: bytes) -> list[bytes]:
    """Of a TFRecord file: length (8 bytes), its check sum (4), the record, its check sum (4)."""
    found, at = [], 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 8], "little")
        found.append(data[at + 12 : at + 12 + size])
        at += 16 + size
    return found


@pytest.mark.slow
def test_mlflow_has_the_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mlflow = pytest.importorskip("mlflow", reason="has an environment of its own: make test-mlflow")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    mlflow.set_tracking_uri((tmp_path / "mlruns").as_uri())
    (tracker,) = open_trackers(["mlflow"], tmp_path, RunConfig())
    follow(tracker)
    (run,) = mlflow.search_runs(search_all_experiments=True, output_format="list")
    history = mlflow.MlflowClient().get_metric_history(run.info.run_id, "yardstick/mean")
    assert [(m.step, m.value) for m in history] == [(1, 1.0), (2, 2.0), (3, 3.0)]
    assert run.data.params["curriculum.policy"] == "gated"


@pytest.mark.slow
def test_wandb_has_the_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wandb = pytest.importorskip("wandb", reason="needs the wandb extra")
    monkeypatch.setenv("WANDB_MODE", "offline")
    (tracker,) = open_trackers(["wandb"], tmp_path, RunConfig())
    run, close, seen = wandb.run, tracker.close, {}

    def look_and_close() -> None:
        run.log({}, step=4)  # what is told of a step stands when the next one begins
        seen.update(run.summary)
        close()

    monkeypatch.setattr(tracker, "close", look_and_close)
    follow(tracker)
    assert seen["yardstick/mean"] == 3.0
    assert seen["evaluation/safe_rate"] == 0.0
    assert run.config["curriculum.policy"] == "gated"
    assert list((tmp_path / "wandb").glob("offline-run-*/*.wandb"))
