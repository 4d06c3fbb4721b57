"""A run on a mesh of simulated devices is the run on one."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import simulating

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

SMALL = [
    *("--steps", "3", "--eval-count", "8", "--plain", "--quiet"),
    *("--set", "warmup.steps=40", "--set", "warmup.batch_size=8", "--set", "model.width=32"),
    *("--set", "model.layers=1", "--set", "model.heads=2", "--set", "evaluation.report_count=4"),
    # So little warm-up earns the same for every response: without this there was only rounding to
    # learn from, and Adam makes whole steps of it.
    *("--set", "grpo.entropy_coef=0.1"),
]


def dipg_curriculum(here: Path, devices: int, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {
        "JAX_PLATFORMS": "cpu",
        "XLA_FLAGS": simulating(devices),
        "DIPG_CURRICULUM_CACHE": str(here / "cache"),
    }
    program = "from dipg.app.cli.main import main; main()"
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def steps_of(run: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def test_a_run_on_a_mesh_is_the_run_on_one_device(tmp_path: Path) -> None:
    one, mesh = tmp_path / "one", tmp_path / "mesh"
    begun = ("run", "--policy", "gated", *SMALL)
    for devices, arguments in (
        (1, [*begun, "--out", str(one)]),
        (4, [*begun, "--out", str(mesh), "--mesh", "fsdp=2,tp=2"]),
    ):
        done = dipg_curriculum(tmp_path, devices, *arguments)
        assert done.returncode == 0, done.stderr[-2000:]
    wanted, found = steps_of(one), steps_of(mesh)
    assert len(wanted) == len(found) == 3
    assert wanted[0]["grad_norm"] > 1e-3
    for left, right in zip(wanted, found, strict=True):
        assert set(left) == set(right)
        for name in ("loss", "grad_norm", "entropy", "reward", "completions/mean_length"):
            assert left[name] == pytest.approx(right[name], rel=1e-3, abs=1e-4), name


def test_a_mesh_that_does_not_fit_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    out = tmp_path / "out"
    for mesh, said in (("fsdp=3", "there are 4"), ("fsdp=4", "6 prompts a step cannot be divided")):
        arguments = ("run", "--out", str(out), "--prompts-per-step", "6", "--mesh", mesh)
        refused = dipg_curriculum(tmp_path, 4, *arguments)
        assert refused.returncode == 2
        assert said in refused.stderr
        assert not out.exists()
