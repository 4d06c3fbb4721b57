"""`dipg-curriculum run` for real, with a model that is as small as it gets."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from curricula.receipts import Receipt
from dipg.app.cli import main as cli
from dipg.app.run_directory import latest, read_config

SMALL = [
    *("--steps", "4", "--num-generations", "2", "--prompts-per-step", "2", "--eval-count", "6"),
    *("--set", "model.width=16", "--set", "model.layers=1", "--set", "model.heads=2"),
    *("--set", "warmup.steps=3", "--set", "warmup.batch_size=4"),
    *("--set", "data.train_count=16", "--set", "evaluation.report_count=4"),
    *("--set", "evaluation.every=3", "--set", "grpo.max_completion_length=12"),
    *("--set", "curriculum.block_steps=2"),
]
REPRODUCIBLE = (
    "config.toml",
    "metrics.jsonl",
    "decisions.jsonl",
    "observations.jsonl",
    "evaluation_0.json",
    "evaluation_3.json",
    "evaluation_4.json",
    "samples_0.jsonl",
    "samples_3.jsonl",
    "samples_4.jsonl",
)

Run = Callable[..., int]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def run(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the command in an empty directory; one warm-up serves all."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DIPG_CURRICULUM_CACHE", str(cache))
    return lambda *arguments: cli.invoke(["run", *SMALL, *arguments])


class Finished(NamedTuple):
    """A run that is over: where, and what it printed."""

    directory: Path
    output: str


@pytest.fixture(scope="module")
def gated(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Finished:
    """A finished run of `gated` with seed 1."""
    directory = tmp_path_factory.mktemp("gated") / "a"
    output = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(output):
        patch.setenv("DIPG_CURRICULUM_CACHE", str(cache))
        assert cli.invoke(["run", *SMALL, "--seed", "1", "--out", str(directory)]) == 0
    return Finished(directory, output.getvalue())


def contents(directory: Path) -> dict[str, bytes]:
    return {name: (directory / name).read_bytes() for name in REPRODUCIBLE}


def rows(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_equal_settings_give_equal_runs(run: Run, gated: Finished) -> None:
    config = str(gated.directory / "config.toml")
    assert cli.invoke(["run", "--config", config, "--out", "again", "--quiet"]) == 0
    assert contents(Path("again")) == contents(gated.directory)


def test_another_seed_gives_another_run(run: Run, gated: Finished) -> None:
    assert run("--seed", "2", "--out", "other", "--quiet") == 0
    first, other = contents(gated.directory), contents(Path("other"))
    assert other["metrics.jsonl"] != first["metrics.jsonl"]
    assert other["observations.jsonl"] != first["observations.jsonl"]
    assert other["evaluation_0.json"] == first["evaluation_0.json"]  # the same warm-up


def test_what_a_run_leaves(gated: Finished) -> None:
    metrics = rows(gated.directory / "metrics.jsonl")
    assert [row["step"] for row in metrics] == [1, 2, 3, 4]
    watched = {"reward", "reward_std", "frac_reward_zero_std", "kl", "entropy", "yardstick/mean"}
    watched |= {"safe_rate", "hallucination_rate", "answer_rate", "correct_rate", "severity"}
    assert watched <= set(metrics[0])
    receipts = [Receipt.from_json(row) for row in rows(gated.directory / "decisions.jsonl")]
    assert [receipt.step for receipt in receipts] == [1, 2, 3, 4]
    assert {clause.text for clause in receipts[0].clauses} >= {"mean > 5", "safe > 90%"}
    assert len(rows(gated.directory / "observations.jsonl")) == 1 + 4  # a header, then the steps
    assert len(rows(gated.directory / "timings.jsonl")) == 4
    assert (gated.directory / "checkpoints" / "grpo_4").exists()
    assert not (gated.directory / "lock").exists()
    assert read_config(gated.directory).seed == 1


def test_what_a_run_says(gated: Finished) -> None:
    for part in (
        "training 4/4  severity 0.00 soft",
        "step 1: held at soft",
        "evaluation at step 4: mean",
        "The report's table: 4 held-out vignettes, sampled",
        "6 held-out vignettes, sampled",
        "Greedy decoding: mean",
        "4 steps in ",
        "The penalties did not move in 4 steps.",
        f"Files in {gated.directory}",
    ):
        assert part in gated.output


@pytest.mark.parametrize(
    ("policy", "severities"), [("constant", [0, 0, 0, 0]), ("blocks", [0, 0, 1, 1])]
)
def test_a_schedule_runs(
    run: Run, policy: str, severities: list[float], capfd: pytest.CaptureFixture[str]
) -> None:
    assert run("--policy", policy, "--quiet", "--json") == 0
    out, err = capfd.readouterr()
    outcome = json.loads(out)  # nothing else on stdout
    assert err == ""
    assert outcome["steps"] == 4
    assert latest().samefile(outcome["directory"])
    metrics = rows(Path(outcome["directory"]) / "metrics.jsonl")
    assert [row["severity"] for row in metrics] == severities


@pytest.mark.slow
def test_equal_settings_give_equal_runs_in_processes_of_their_own(
    tmp_path: Path, gated: Finished
) -> None:
    # Each teaches its own model: nothing is shared but the settings.
    command = Path(sys.executable).with_name("dipg-curriculum")
    for name in ("a", "b"):
        subprocess.run(
            [command, "run", *SMALL, "--seed", "1", "--out", name, "--quiet"],
            check=True,
            cwd=tmp_path,
            env=os.environ | {"DIPG_CURRICULUM_CACHE": str(tmp_path / f"cache-{name}")},
        )
        assert contents(tmp_path / name) == contents(gated.directory)


OWN = """
from curricula import CurriculumController, Decision

class Eager(CurriculumController):
    def init(self):
        return ()

    def update(self, state, statistics):
        if statistics.step >= 2:
            return Decision(1.0), state
        return Decision(0.0), state
"""


def test_a_policy_of_ones_own_runs(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    Path("mine.py").write_text(OWN)
    assert run("--policy", "mine.py:Eager", "--out", "a", "--plain") == 0
    assert [row["severity"] for row in rows(Path("a/metrics.jsonl"))] == [0, 0, 1, 1]
    out = capsys.readouterr().out
    assert "step 2: moved from soft to medium" in out
    assert "after step 2: moved from soft to medium" in out


def test_a_policy_that_cannot_be_built_is_refused_before_anything_is_made(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("mine.py").write_text("class Other: pass\n")
    for policy, expected in {
        "mine.py:Gone": "has no 'Gone'",
        "mine.py:Other": "not a CurriculumController",
        "no.such.module:Mine": "cannot import 'no.such.module'",
    }.items():
        assert run("--policy", policy, "--out", "a", "--quiet") == 2
        err = capsys.readouterr().err
        assert err.startswith("Error: ")
        assert expected in err
        assert err.count("\n") == 1
    assert not Path("a").exists()


# Whoever runs the tests in the background may have told them to ignore an interrupt.
INTERRUPTIBLE = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from dipg.app.cli.main import main
main(sys.argv[1:])
"""


def test_ctrl_c_says_where_the_files_are(tmp_path: Path, cache: Path) -> None:
    arguments = ["run", *SMALL, "--steps", "100000", "--out", "a", "--plain"]
    with subprocess.Popen(
        [sys.executable, "-c", INTERRUPTIBLE, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env=os.environ | {"DIPG_CURRICULUM_CACHE": str(cache), "PYTHONUNBUFFERED": "1"},
    ) as process:
        try:
            assert process.stdout is not None
            for line in process.stdout:
                if line.startswith("training 1/"):
                    process.send_signal(signal.SIGINT)
                    break
            _, err = process.communicate(timeout=100)
        finally:
            process.kill()
    done = len(rows(tmp_path / "a" / "metrics.jsonl"))
    assert process.returncode == 130, err
    assert err.splitlines() == [
        "",
        "SIGINT: finishing the step and saving; once more ends it at once.",
        f"SIGINT: stopped and saved after step {done}. To go on: dipg-curriculum run --resume a",
    ]
    assert (tmp_path / "a" / "checkpoints" / f"grpo_{done}").is_dir()
    assert not (tmp_path / "a" / "lock").exists()
