"""A run of two processes is the run of one, and either goes on with what the other has begun."""

import json
import shutil
from pathlib import Path

import pytest

from tests.processes import started

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

PROGRAM = ["-c", "from dipg.app.cli.main import main; main()", "run"]
SMALL = [
    *("--policy", "gated", "--steps", "3", "--eval-count", "8", "--plain"),
    *("--set", "warmup.steps=40", "--set", "warmup.batch_size=8", "--set", "model.width=32"),
    *("--set", "model.layers=1", "--set", "model.heads=2", "--set", "evaluation.report_count=4"),
    # As in test_run_mesh.py: something to learn from.
    *("--set", "grpo.entropy_coef=0.1", "--set", "checkpoints.every=2"),
]


def ran(here: Path, arguments: list[str], processes: int = 1, devices: int = 4) -> list[str]:
    """What each process has printed; all have ended well."""
    told = []
    alone = [] if processes == 1 else ["--distributed"]
    for process in started(
        [*PROGRAM, *arguments, *alone],
        processes,
        devices,
        DIPG_CURRICULUM_CACHE=str(here / "cache"),
    ):
        out, err = process.communicate(timeout=800)
        assert process.returncode == 0, err[-3000:]
        told.append(out)
    return told


def steps_of(run: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def assert_same_steps(one: Path, other: Path) -> None:
    wanted, found = steps_of(one), steps_of(other)
    assert len(wanted) == len(found) == 3
    assert wanted[0]["grad_norm"] > 1e-3
    for left, right in zip(wanted, found, strict=True):
        assert left == pytest.approx(right, abs=1e-4, nan_ok=True)


def test_two_processes_are_one_run(tmp_path: Path) -> None:
    one, two, rest = tmp_path / "one", tmp_path / "two", tmp_path / "rest"
    ran(tmp_path, [*SMALL, "--out", str(one), "--mesh", "fsdp=2,tp=2"])
    first, second = ran(tmp_path, [*SMALL, "--out", str(two), "--mesh", "fsdp=2,tp=2"], 2, 2)
    assert_same_steps(one, two)
    assert "3 steps" in first
    assert "steps" not in second  # the first process speaks for both
    names = {path.name for path in one.iterdir()}
    assert {path.name for path in two.iterdir()} == names
    for name in ("decisions.jsonl", "observations.jsonl", "evaluation_3.json"):
        assert len((two / name).read_text().splitlines()) == len(
            (one / name).read_text().splitlines()
        )
    # One process goes on after step 2, without a mesh; then two, with another mesh and a checkpoint
    # that is damaged.
    shutil.copytree(two, rest)
    shutil.rmtree(rest / "checkpoints" / "grpo_3")
    ran(tmp_path, ["--resume", str(rest), "--plain"])
    assert_same_steps(one, rest)
    (rest / "checkpoints" / "grpo_3" / "record" / "metadata").write_text("{}")
    first, second = ran(tmp_path, ["--resume", str(rest), "--plain", "--mesh", "fsdp=4"], 2, 2)
    assert_same_steps(one, rest)
    assert "damaged_grpo_3" in first
    assert (rest / "checkpoints" / "damaged_grpo_3").is_dir()


def test_what_one_process_refuses_all_refuse(tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "config.toml").write_text("steps = 3\n")
    for process in started([*PROGRAM, *SMALL, "--distributed", "--out", str(taken)]):
        _, err = process.communicate(timeout=300)
        assert process.returncode == 2
        assert "already holds a run" in err
    # Each with a seed of its own: they would train two different models.
    out = str(tmp_path / "out")
    script = "import os,sys; sys.argv[1:] += ['--seed', os.environ['JAX_PROCESS_ID']];"
    program = ["-c", script + PROGRAM[1], "run", *SMALL, "--distributed", "--out", out]
    for process in started(program):
        _, err = process.communicate(timeout=300)
        assert process.returncode == 2
        assert "the processes differ in their settings" in err
    assert not Path(out).exists()
