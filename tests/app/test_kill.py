"""Real kills of real processes; the long form is `python benchmarks/kill.py`."""

from __future__ import annotations

import random
import signal
import time
from pathlib import Path

import pytest

from benchmarks import kill


@pytest.mark.slow
def test_runs_that_are_killed_everywhere_end_as_the_whole_one(tmp_path: Path) -> None:
    rounds = kill.run_rounds(tmp_path, 1, seed=1)
    assert len(rounds[0].kills) >= 4
    assert rounds[0].differences == []


def test_a_run_killed_in_a_checkpoint_and_terminated_ends_as_the_whole_one(tmp_path: Path) -> None:
    runs = kill.Runs(tmp_path, (*kill.SETTINGS, "--set", "warmup.steps=40"))
    runs.finish("whole", resume=False)
    assert runs.kill("a", "checkpoint", random.Random(0), resume=False) is not None
    process = runs.start("a", resume=True)
    while "training" not in runs.output("a").read_text() and process.poll() is None:
        time.sleep(kill.POLL)
    process.send_signal(signal.SIGTERM)
    said = runs.output("a").read_text() if process.wait(100) == 0 else ""
    assert "SIGTERM: stopped and saved after step" in said
    assert said.endswith("To go on: dipg-curriculum run --resume a\n")
    runs.finish("a", resume=True)
    assert runs.differences("a", "whole") == []
