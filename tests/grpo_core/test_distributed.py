"""What several processes tell each other."""

import json
from pathlib import Path

import pytest

from grpo_core.distributed import check_equal, from_first, highest
from tests.processes import started

PROGRAM = Path(__file__).with_name("from_first_program.py")


def test_alone_everything_is_ones_own():
    assert from_first(lambda: 3) == 3
    assert highest(-2) == -2
    check_equal("anything", "at all")
    with pytest.raises(KeyError, match="gone"):
        from_first(lambda: {}["gone"])


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_first_process_speaks_for_all(tmp_path):
    found = []
    for number, process in enumerate(started([str(PROGRAM), str(tmp_path / "told")])):
        _, err = process.communicate(timeout=240)
        assert process.returncode == 0, err[-3000:]
        found.append(json.loads((tmp_path / f"told.{number}").read_text()))
    first, second = found
    assert (first["first"], second["first"]) == (True, False)
    assert (first["made"], second["made"]) == ([0], [])
    assert first["known"] == "FileNotFoundError: gone"
    assert second["known"] == "OSError: gone"  # the one of those named that it is
    assert first["unknown"] == "ZeroDivisionError: division by zero"
    assert second["unknown"] == "RuntimeError: ZeroDivisionError: division by zero"
    assert first["untold"] == "TypeError: set cannot be told to other processes"
    assert second["untold"] == f"RuntimeError: {first['untold']}"
    for told in found:
        assert told["value"] == [0, 100_000, [1, None]]
        assert told["same array"]
        assert told["highest"] == 10
        assert "the processes differ in their numbers" in told["unequal"]
