"""A resumed run ends, bit for bit, as one that nobody interrupted.

What a SIGKILL leaves is what is in the directory at that instant; so an uninterrupted run is
photographed at many instants, and every picture is resumed. Real kills are in test_kill.py.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from benchmarks import kill
from dipg.app.checkpointing import ResumeError, steps_in
from dipg.app.config import RunConfig
from dipg.app.guards import GuardError
from dipg.app.models import load_model
from dipg.app.outcome import Outcome
from dipg.app.rollout import ScoreError
from dipg.app.run_directory import DirectoryError, RunDirectory
from dipg.app.stopping import Stop, Stopped
from dipg.app.view import View
from dipg.environment import score_batch
from dipg.vignettes.types import Vignette
from grpo_core.checkpoints import read_record
from tests.app.small_runs import LEARNING, compile_once, go, small_config

CONFIG = small_config()


class Camera(View):
    """Copies the run directory at every phase, and when a step is logged but not saved."""

    def __init__(self, config: RunConfig, run: Path, pictures: Path) -> None:
        super().__init__(config)
        self._run, self._pictures = run, pictures
        self.warned: list[str] = []

    def phase(self, name: str, detail: str, total: int | None) -> None:
        super().phase(name, detail, total)
        if name in ("warm-up", "evaluation"):
            self._take(f"{name} {detail.removeprefix('step ')}".strip().partition(" found")[0])

    def step(self, metrics: Mapping[str, float], *rest: Any) -> None:
        super().step(metrics, *rest)
        self._take(f"step {metrics['step']}")

    def warning(self, text: str) -> None:
        self.warned.append(text)

    def _take(self, name: str) -> None:
        target = self._pictures / name
        if self._run.is_dir() and not target.exists():
            # A checkpoint that is being written moves while it is copied.
            shutil.copytree(
                self._run, target, ignore=shutil.ignore_patterns("*orbax-checkpoint-tmp*")
            )


class Whole(NamedTuple):
    """A run that nobody interrupted, and its pictures."""

    path: Path
    pictures: Path
    outcome: Outcome


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Whole]:
    place = tmp_path_factory.mktemp("whole")
    with pytest.MonkeyPatch.context() as patch:
        compile_once(patch, place / "cache")
        # Taught before, so that this run finds its model as every other one does.
        load_model(CONFIG, lambda detail, total: None, lambda done, info: None)
        camera = Camera(CONFIG, place / "run", place / "pictures")
        yield Whole(place / "run", place / "pictures", go(CONFIG, place / "run", camera))


def left_by(path: Path) -> dict[str, bytes]:
    """Every file that equal runs have in common, and the last checkpoint's digests."""
    found = {
        file.name: file.read_bytes()
        for file in path.iterdir()
        if file.suffix in (".jsonl", ".json", ".toml") and file.name != "timings.jsonl"
    }
    last = steps_in(path / "checkpoints")[-1]
    record = read_record(path / "checkpoints" / f"grpo_{last}")
    for part in ("arrays", "state", "identity"):
        found[f"grpo_{last}/{part}"] = json.dumps(record[part]).encode()
    return found


def rows(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def photographed(whole: Whole, name: str, to: Path) -> Path:
    return Path(shutil.copytree(whole.pictures / name, to / "run"))


def test_the_run_is_worth_resuming(whole: Whole) -> None:
    metrics = rows(whole.path / "metrics.jsonl")
    assert [row["step"] for row in metrics] == list(range(1, 13))
    assert len({row["reward"] for row in metrics}) > 6
    assert all(row["grad_norm"] > 0 and row["skipped"] == 0 for row in metrics)
    assert [move.step for move in whole.outcome.moves] != []


@pytest.mark.parametrize(
    "instant",
    [
        "warm-up",
        "evaluation 0",
        "step 1",
        "step 3",
        "evaluation 5",
        "step 7",
        "step 12",
    ],
)
def test_a_run_killed_at_any_instant_ends_as_the_whole_one(
    whole: Whole, instant: str, tmp_path: Path
) -> None:
    run = photographed(whole, instant, tmp_path)
    outcome = go(CONFIG, run)
    assert left_by(run) == left_by(whole.path)
    assert [row["step"] for row in rows(run / "timings.jsonl")] == list(range(1, 13))
    known = whole.outcome.to_json() | {"directory": "", "seconds": 0}
    assert outcome.to_json() | {"directory": "", "seconds": 0} == known


def test_a_half_line_and_a_half_checkpoint_are_cleared_away(whole: Whole, tmp_path: Path) -> None:
    run = photographed(whole, "step 7", tmp_path)
    for name in ("metrics.jsonl", "observations.jsonl", "timings.jsonl", "warnings.jsonl"):
        with (run / name).open("a") as file:
            file.write('{"step": 8, "rew')
    half = run / "checkpoints" / "grpo_8.orbax-checkpoint-tmp"
    newest = steps_in(run / "checkpoints")[-1]
    shutil.copytree(run / "checkpoints" / f"grpo_{newest}", half)
    next(half.rglob("metadata")).unlink()
    (run / ".config.toml.0123456789ab").write_text("half")
    go(CONFIG, run)
    assert left_by(run) == left_by(whole.path)
    assert not half.exists()
    assert not (run / ".config.toml.0123456789ab").exists()


def test_a_damaged_checkpoint_is_set_aside_and_the_one_before_is_used(
    whole: Whole, tmp_path: Path
) -> None:
    run = photographed(whole, "step 10", tmp_path)
    before = steps_in(run / "checkpoints")
    newest = run / "checkpoints" / f"grpo_{before[-1]}"
    largest = max(newest.rglob("d/*"), key=lambda file: file.stat().st_size)
    content = bytearray(largest.read_bytes())
    content[len(content) // 2] ^= 1
    largest.write_bytes(content)
    camera = Camera(CONFIG, tmp_path / "none", tmp_path / "pictures")
    go(CONFIG, run, camera)
    assert left_by(run) == left_by(whole.path)
    assert (run / "checkpoints" / f"damaged_{newest.name}").is_dir()
    [warning] = camera.warned
    assert "is damaged" in warning
    assert f"set aside as damaged_{newest.name}, the one before it is used" in warning


def test_a_log_that_has_lost_lines_takes_the_checkpoint_that_fits(
    whole: Whole, tmp_path: Path
) -> None:
    run = photographed(whole, "step 10", tmp_path)
    lines = (run / "metrics.jsonl").read_bytes().splitlines(keepends=True)
    (run / "metrics.jsonl").write_bytes(b"".join(lines[:7]))
    camera = Camera(CONFIG, tmp_path / "none", tmp_path / "pictures")
    go(CONFIG, run, camera)
    assert left_by(run) == left_by(whole.path)
    assert any("does not hold its first" in text for text in camera.warned)


def test_a_run_without_a_good_checkpoint_begins_again(whole: Whole, tmp_path: Path) -> None:
    run = photographed(whole, "step 7", tmp_path)
    for record in run.glob("checkpoints/*/record/metadata"):
        record.write_bytes(b"")
    go(CONFIG, run)
    assert left_by(run) == left_by(whole.path)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"seed": 4}, "seed is 3 there, 4 here"),
        ({"grpo__beta": 0.5}, "grpo.beta is 0.04 there, 0.5 here"),
    ],
)
def test_a_checkpoint_of_another_run_is_refused_with_the_differing_fields(
    whole: Whole, tmp_path: Path, changes: dict[str, Any], named: str
) -> None:
    run = photographed(whole, "step 7", tmp_path)
    before = left_by(run)
    with pytest.raises(ResumeError, match="is of another run") as refused:
        go(small_config(**changes), run)
    assert named in str(refused.value)
    assert left_by(run) == before


def test_a_checkpoint_of_another_version_is_refused(
    whole: Whole, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = photographed(whole, "step 7", tmp_path)
    monkeypatch.setattr("curricula.__version__", "99.0")
    with pytest.raises(ResumeError, match=r"version is '.*' there, '99\.0' here"):
        go(CONFIG, run)


def test_how_often_to_save_may_be_changed(whole: Whole, tmp_path: Path) -> None:
    run = photographed(whole, "step 7", tmp_path)
    go(small_config(checkpoints__every=2, checkpoints__keep=1), run)
    assert (run / "metrics.jsonl").read_bytes() == (whole.path / "metrics.jsonl").read_bytes()
    kept = steps_in(run / "checkpoints")
    # Block ends (4, 8, 12), evaluations (5, 10), the newest; 6 went when a newer one was there.
    assert {4, 5, 8, 10, 12} <= set(kept)
    assert 6 not in kept


class Asking(Stop):
    """Stops after so many questions, as a signal would."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self._left = after

    def reason(self, *coming: str) -> str | None:
        self._left -= 1
        return "SIGTERM" if self._left <= 0 else None


def test_stopped_again_and_again_it_ends_as_the_whole_one(whole: Whole, tmp_path: Path) -> None:
    run = tmp_path / "run"
    for done in (3, 6, 9, 12):  # one question before the first step, one after each
        with pytest.raises(Stopped) as stopped:
            go(CONFIG, run, stop=Asking(4))
        assert stopped.value.step == done
        assert done in steps_in(run / "checkpoints")
        assert len(rows(run / "metrics.jsonl")) == done
    go(CONFIG, run)
    assert {k: v for k, v in left_by(run).items() if "state" not in k} == {
        k: v for k, v in left_by(whole.path).items() if "state" not in k
    }


def test_a_process_killed_in_a_checkpoint_and_then_terminated_ends_as_the_whole_run(
    whole: Whole, tmp_path: Path
) -> None:
    settings = [part for key, value in LEARNING.items() for part in ("--set", f"{key}={value}")]
    runs = kill.Runs(tmp_path, settings, Path(os.environ["JAX_COMPILATION_CACHE_DIR"]))
    assert runs.kill("run", "checkpoint", random.Random(0), resume=False) is not None
    process = runs.start("run", resume=True)
    while "training" not in runs.output("run").read_text() and process.poll() is None:
        time.sleep(kill.POLL)
    process.send_signal(signal.SIGTERM)
    assert process.wait(100) == 0
    said = runs.output("run").read_text()
    assert "SIGTERM: stopped and saved after step" in said
    assert said.endswith("To go on: dipg-curriculum run --resume run\n")
    go(CONFIG, tmp_path / "run")
    assert left_by(tmp_path / "run") == left_by(whole.path)


class Failing:
    """Scores as the rubric does, but fails in a way of its own at some calls."""

    def __init__(self, failure: Callable[[np.ndarray, np.ndarray], Any], calls: set[int]) -> None:
        self._failure, self._calls, self._count = failure, calls, 0

    def __call__(self, vignettes: Sequence[Vignette], texts: Sequence[str]) -> Any:
        self._count += 1
        terms, events = score_batch(vignettes, texts)
        return self._failure(terms, events) if self._count in self._calls else (terms, events)


def unreachable(terms: np.ndarray, events: np.ndarray) -> Any:
    raise ConnectionError("the service is\nnot there")


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (unreachable, "the scoring function failed.*ConnectionError: the service is not there"),
        (lambda terms, events: (terms[:-1], events), r"returned terms of shape \[15, 16\]"),
        (lambda terms, events: terms, "the scoring function failed"),
    ],
)
def test_where_scoring_fails_the_steps_before_are_saved(
    whole: Whole, tmp_path: Path, failure: Callable[..., Any], said: str
) -> None:
    run = photographed(whole, "evaluation 0", tmp_path)
    # Each evaluation asks twice, each step once: the eleventh call is step 7's.
    with pytest.raises(ScoreError, match=said):
        go(CONFIG, run, score=Failing(failure, {2 + 7 + 2}))
    assert steps_in(run / "checkpoints")[-1] == 6
    assert [row["step"] for row in rows(run / "metrics.jsonl")] == list(range(1, 7))
    go(CONFIG, run)
    metrics = (run / "metrics.jsonl").read_bytes()
    assert metrics == (whole.path / "metrics.jsonl").read_bytes()


def nothing_known(terms: np.ndarray, events: np.ndarray) -> Any:
    return np.full_like(terms, np.nan), np.full_like(events, np.nan)


def test_a_reward_that_is_not_finite_changes_no_weight_and_is_counted(
    whole: Whole, tmp_path: Path
) -> None:
    config = small_config(checkpoints__every=1, checkpoints__keep=9, evaluation__every=100, steps=6)
    run = tmp_path / "run"
    go(config, run, score=Failing(nothing_known, {2 + 3, 2 + 4}))
    metrics = rows(run / "metrics.jsonl")
    assert [row["skipped"] for row in metrics] == [0, 0, 1, 1, 0, 0]
    assert [row["reward"] is None for row in metrics] == [False, False, True, True, False, False]
    actors = {}
    for step in range(3, 7):
        record = read_record(run / "checkpoints" / f"grpo_{step}")
        actors[step] = {k: v for k, v in record["arrays"].items() if k.startswith("actor")}
    assert actors[3] == actors[4] != actors[5]


def test_too_many_such_steps_end_the_run(whole: Whole, tmp_path: Path) -> None:
    config = small_config(evaluation__every=100, steps=6, guards__skipped=3)
    with pytest.raises(GuardError, match="step 5: 3 steps in a row had a reward that is not"):
        go(config, tmp_path / "run", score=Failing(nothing_known, set(range(5, 20))))
    assert steps_in(tmp_path / "run" / "checkpoints")[-1] == 5


def test_a_run_in_use_is_refused(whole: Whole, tmp_path: Path) -> None:
    run = photographed(whole, "step 7", tmp_path)
    with (
        RunDirectory.resume(run),
        pytest.raises(DirectoryError, match="is in use by process"),
    ):
        RunDirectory.resume(run)


@pytest.mark.parametrize("made", [False, True])
def test_a_directory_without_a_run_is_refused(tmp_path: Path, made: bool) -> None:
    if made:
        (tmp_path / "a").mkdir()
    with pytest.raises(DirectoryError, match="holds no run to resume"):
        RunDirectory.resume(tmp_path / "a")
