"""Real kills of real processes; the long form is `python benchmarks/kill.py`."""

from pathlib import Path

import pytest

from benchmarks import kill


@pytest.mark.slow
def test_runs_that_are_killed_everywhere_end_as_the_whole_one(tmp_path: Path) -> None:
    rounds = kill.run_rounds(tmp_path, 1, seed=1)
    assert len(rounds[0].kills) >= 4
    assert rounds[0].differences == []
