"""Run directories: nothing is lost, nothing is overwritten, one process at a time."""

from __future__ import annotations

import contextlib
import datetime
import json
import math
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dipg.app.config import CurriculumConfig, RunConfig
from dipg.app.lock import Lock, LockError
from dipg.app.run_directory import (
    DirectoryError,
    LineFile,
    RunDirectory,
    check_usable,
    clean,
    latest,
    read_config,
    replace_file,
)
from tests.app.places import unwritable_place

CONFIG = RunConfig(steps=7)


def lines_of(path: Path) -> list[Any]:
    text = path.read_text()
    assert text.endswith("\n")
    return [json.loads(line) for line in text.splitlines()]


def everything_in(path: Path) -> dict[str, bytes]:
    return {str(p.relative_to(path)): p.read_bytes() for p in path.rglob("*") if p.is_file()}


def test_a_run_leaves_its_configuration_and_whole_lines(tmp_path: Path) -> None:
    with RunDirectory.create(tmp_path / "deep" / "a", CONFIG) as directory:
        directory.append_metrics({"step": 1, "reward": np.float32(0.1), "kl": math.nan})
        directory.append_metrics({"step": 2, "reward": jnp.float32(1 / 3), "kl": -math.inf})
        directory.append_decision({"moved": False, "clauses": [{"value": np.float64(0.5)}]})
        directory.append_observation({"terms": np.array([1, 2])})
        directory.append_timing({"seconds": 0.25})
        directory.write_evaluation(0, {"mean": np.float32(1.5), "rewards": (1, math.nan)})
        assert directory.checkpoints.is_dir()
    path = tmp_path / "deep" / "a"
    assert read_config(path) == CONFIG
    assert lines_of(path / "metrics.jsonl") == [
        {"step": 1, "reward": 0.1, "kl": None},
        {"step": 2, "reward": 0.33333334, "kl": None},
    ]
    assert lines_of(path / "decisions.jsonl") == [{"moved": False, "clauses": [{"value": 0.5}]}]
    assert lines_of(path / "observations.jsonl") == [{"terms": [1, 2]}]
    assert lines_of(path / "timings.jsonl") == [{"seconds": 0.25}]
    assert json.loads((path / "evaluation_0.json").read_text()) == {
        "mean": 1.5,
        "rewards": [1, None],
    }
    assert sorted(os.listdir(path)) == [
        "checkpoints",
        "config.toml",
        "decisions.jsonl",
        "evaluation_0.json",
        "metrics.jsonl",
        "observations.jsonl",
        "timings.jsonl",
    ]


def test_a_line_is_on_disk_when_append_returns(tmp_path: Path) -> None:
    with RunDirectory.create(tmp_path / "a", CONFIG) as directory:
        directory.append_metrics({"step": 1})
        assert (tmp_path / "a" / "metrics.jsonl").read_text() == '{"step":1}\n'


def test_an_empty_directory_is_taken(tmp_path: Path) -> None:
    RunDirectory.create(tmp_path, CONFIG).close()
    assert read_config(tmp_path) == CONFIG


def test_a_used_directory_is_refused_and_stays_as_it_is(tmp_path: Path) -> None:
    RunDirectory.create(tmp_path / "a", CONFIG).close()
    before = everything_in(tmp_path)
    for refuse in (check_usable, lambda path: RunDirectory.create(path, RunConfig())):
        with pytest.raises(DirectoryError, match="already holds a run: to go on with it"):
            refuse(tmp_path / "a")
    assert everything_in(tmp_path) == before


def test_a_directory_with_a_file_of_somebody_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(DirectoryError, match=r"already holds 'notes.txt': name a new or empty"):
        RunDirectory.create(tmp_path, CONFIG)
    assert everything_in(tmp_path) == {"notes.txt": b"mine"}


@pytest.mark.parametrize("below", ["", "/a", "/a/b"])
def test_a_file_in_the_way_is_refused(tmp_path: Path, below: str) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(DirectoryError, match="file: is a file, not a directory"):
        RunDirectory.create(Path(f"{tmp_path}/file{below}"), CONFIG)
    assert everything_in(tmp_path) == {"file": b"mine"}


def test_a_link_to_nowhere_is_refused(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "gone")
    with pytest.raises(DirectoryError, match="link: is a link that points nowhere"):
        RunDirectory.create(tmp_path / "link", CONFIG)
    assert not (tmp_path / "gone").exists()


def test_an_unwritable_place_is_refused_in_one_line(tmp_path: Path) -> None:
    place = unwritable_place(tmp_path)
    with pytest.raises(DirectoryError, match="cannot be written") as caught:
        RunDirectory.create(place / "a", CONFIG)
    assert str(place) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_runs_that_are_not_told_where_to_go_are_numbered(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    today = f"{datetime.date.today():%Y%m%d}"
    made = []
    for policy in ("gated", "gated", "blocks", "mine.py:My Policy"):
        config = RunConfig(curriculum=CurriculumConfig(policy=policy))
        with RunDirectory.create(None, config, runs) as directory:
            made.append(directory.path.name)
            assert latest(runs) == directory.path.resolve()
    assert made == [
        f"{n}-{today}-{i}"
        for n, i in zip(("gated", "gated", "blocks", "My-Policy"), (1, 2, 1, 1), strict=True)
    ]
    (runs / f"gated-{today}-9").mkdir()
    with RunDirectory.create(None, RunConfig(), runs) as directory:
        assert directory.path.name == f"gated-{today}-10"  # after the last, not in the gap


def test_there_is_no_latest_run_before_the_first(tmp_path: Path) -> None:
    with pytest.raises(DirectoryError, match="there is no run yet"):
        latest(tmp_path)


def test_a_file_named_latest_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "latest").write_text("mine")
    RunDirectory.create(None, CONFIG, tmp_path).close()
    assert (tmp_path / "latest").read_text() == "mine"


def test_many_starts_at_once_get_a_directory_each(tmp_path: Path) -> None:
    made: list[Path] = []

    def start() -> None:
        with RunDirectory.create(None, CONFIG, tmp_path) as directory:
            made.append(directory.path)

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == len(set(made)) == 8


HOLD = """
import sys, pathlib
from dipg.app.config import RunConfig
from dipg.app.run_directory import RunDirectory
directory = RunDirectory.create(pathlib.Path(sys.argv[1]), RunConfig())
directory.append_metrics({"step": 1})
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds `tmp_path / "a"` until its stdin is closed."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "a")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_second_process_is_refused_by_name(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    with pytest.raises(LockError, match=f"a: is in use by process {holder.pid}$"):
        Lock.take(tmp_path / "a" / "lock")


def test_a_killed_process_leaves_whole_lines_and_no_lock(
    tmp_path: Path, holder: subprocess.Popen[str]
) -> None:
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert lines_of(tmp_path / "a" / "metrics.jsonl") == [{"step": 1}]
    assert json.loads((tmp_path / "a" / "lock").read_text())["pid"] == holder.pid
    lock = Lock.take(tmp_path / "a" / "lock")
    assert json.loads((tmp_path / "a" / "lock").read_text())["pid"] == os.getpid()
    lock.release()
    lock.release()
    assert not (tmp_path / "a" / "lock").exists()


def test_a_directory_whose_start_was_killed_can_be_used(tmp_path: Path) -> None:
    gone = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"],
        text=True,
        capture_output=True,
        check=True,
    )
    owner = {"pid": int(gone.stdout), "host": socket.gethostname()}
    (tmp_path / "lock").write_text(json.dumps(owner))
    RunDirectory.create(tmp_path, CONFIG).close()
    assert read_config(tmp_path) == CONFIG


def test_an_owner_on_another_host_is_believed_to_be_alive(tmp_path: Path) -> None:
    (tmp_path / "lock").write_text('{"pid": 7, "host": "elsewhere"}')
    with pytest.raises(DirectoryError, match=r"process 7 on host elsewhere; if that is no longer"):
        RunDirectory.create(tmp_path, CONFIG)
    assert everything_in(tmp_path) == {"lock": b'{"pid": 7, "host": "elsewhere"}'}


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid"', "\x00" * 8192])
def test_a_half_written_lock_is_taken_over(tmp_path: Path, content: str) -> None:
    (tmp_path / "lock").write_text(content)
    Lock.take(tmp_path / "lock").release()


def test_within_one_process_the_lock_holds_as_well(tmp_path: Path) -> None:
    lock = Lock.take(tmp_path / "lock")
    with pytest.raises(LockError, match=f"in use by process {os.getpid()}"):
        Lock.take(tmp_path / "lock")
    lock.release()
    Lock.take(tmp_path / "lock").release()


@contextlib.contextmanager
def full_disk(size: int) -> Iterator[None]:
    """Within, no file of this process can grow beyond so many bytes, as on a disk that is full.

    A block and not a fixture: the limit would also hold for what pytest prints between a test and
    its tear-down, where its output goes to a file.
    """
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)


def test_a_full_disk_leaves_whole_lines(tmp_path: Path) -> None:
    with RunDirectory.create(tmp_path / "a", CONFIG) as directory:
        directory.append_metrics({"step": 1})
        size = (tmp_path / "a" / "metrics.jsonl").stat().st_size
        refused = r"metrics.jsonl: cannot be written: File too large"
        # Room for half of the next line.
        with full_disk(size + 5), pytest.raises(DirectoryError, match=refused):
            directory.append_metrics({"step": 2})
        assert lines_of(tmp_path / "a" / "metrics.jsonl") == [{"step": 1}]
        directory.append_metrics({"step": 3})
    assert lines_of(tmp_path / "a" / "metrics.jsonl") == [{"step": 1}, {"step": 3}]


def test_a_full_disk_leaves_the_old_file(tmp_path: Path) -> None:
    with RunDirectory.create(tmp_path / "a", CONFIG) as directory:
        directory.write_evaluation(0, {"mean": 1})
        before = everything_in(tmp_path)
        refused = r"evaluation_0.json: cannot be written"
        with full_disk(1), pytest.raises(DirectoryError, match=refused):
            directory.write_evaluation(0, {"mean": 2})
        assert everything_in(tmp_path) == before


def test_a_replaced_file_is_never_seen_half(tmp_path: Path) -> None:
    target = tmp_path / "file"
    replace_file(target, b"a" * 100_000)
    with target.open("rb") as reader:  # opened before: sees the old one to its end
        replace_file(target, b"b" * 10)
        assert reader.read() == b"a" * 100_000
    assert target.read_bytes() == b"b" * 10
    assert target.stat().st_mode & 0o777 == 0o666 & ~_mask()


def _mask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_two_writers_of_lines_do_not_mix(tmp_path: Path) -> None:
    files = [LineFile(tmp_path / "file") for _ in range(2)]
    for i in range(50):
        files[i % 2].append(f"{i}")
    for file in files:
        file.close()
    assert (tmp_path / "file").read_text().split() == [str(i) for i in range(50)]


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)


@given(st.recursive(scalars, lambda x: st.lists(x) | st.dictionaries(st.text(), x), max_leaves=10))
def test_anything_becomes_strict_json(value: Any) -> None:
    text = json.dumps(clean(value), allow_nan=False)
    assert clean(json.loads(text)) == json.loads(text)


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_a_float32_is_written_short_and_exactly(value: float) -> None:
    written = clean(np.float32(value))
    assert np.float32(written) == np.float32(value)
    assert float(f"{written:.9g}") == written  # nine digits are all that a float32 has


def test_what_json_cannot_hold_is_refused() -> None:
    with pytest.raises(TypeError, match="object cannot be written as JSON"):
        clean(object())
