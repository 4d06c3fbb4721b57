"""What a run leaves behind, and how it is found again.

    config.toml              the configuration; running it again gives the same run
    metrics.jsonl            a line a step, byte for byte reproducible
    decisions.jsonl          a receipt a step
    observations.jsonl       a header, then a line a step: the terms and events of every response
    timings.jsonl            seconds, kept apart because they differ between equal runs
    warnings.jsonl           what the guards saw, where they saw something
    commands.jsonl           what a person told the run, where one did
    evaluation_<step>.json   one for every evaluation
    samples_<step>.jsonl     some of its responses in full, with what they were asked and paid
    checkpoints/

Lines are appended whole or not at all, whole files are replaced atomically, and JSON has null where
a number is NaN or infinite. One process at a time holds the directory (`lock`).
"""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from dipg.app.config import RunConfig, read, to_toml
from dipg.app.files import LineFile, beside, clean, replace_file
from dipg.app.lock import Lock, LockError

RUNS = Path("runs")
"""Where runs go that are not told where to go, below the working directory."""

LATEST = "latest"

LOGS = ("metrics", "decisions", "observations", "timings", "warnings")
"""The logs that go back with a checkpoint; `commands.jsonl` does not: it says what was told."""


class DirectoryError(ValueError):
    """A run directory cannot be used or written; the message is one line with the way out."""


class RunDirectory:
    """A run's directory while the run writes to it. Make one with `create`; close it at the end."""

    def __init__(self, path: Path, lock: Lock) -> None:
        self.path = path
        self._lock = lock
        self._files: dict[str, LineFile] = {}

    @classmethod
    def create(cls, path: Path | None, config: RunConfig, runs: Path = RUNS) -> Self:
        """A new directory with its `config.toml`, held by this process.

        Args:
            path: where; missing parents are made. None: `<runs>/<policy>-<date>-<n>`, and
                `<runs>/latest` points to it.
            config: what the run is made from.
            runs: where unnamed runs go.

        Raises:
            DirectoryError: `path` is a file, has something in it, is held by another process or
                cannot be written. Nothing that was there before is changed.
        """
        check_usable(path, runs)
        try:
            where = _new_in(runs, config.curriculum.policy) if path is None else path
            where.mkdir(parents=True, exist_ok=True)
            lock = Lock.take(where / "lock")
        except OSError as error:
            raise _refused(error, path or runs) from error
        except LockError as error:
            raise DirectoryError(str(error)) from None
        directory = cls(where, lock)
        try:
            _check_empty(where)  # again, now that nobody else can fill it
            directory.write_text("config.toml", to_toml(config))
            directory.checkpoints.mkdir()
            if path is None:
                _point(runs / LATEST, where)
        except OSError as error:
            directory.close()
            raise _refused(error, where) from error
        except BaseException:
            directory.close()
            raise
        return directory

    @classmethod
    def resume(cls, path: Path) -> Self:
        """The directory of a run that was interrupted, held by this process.

        Raises:
            DirectoryError: there is no run in `path`, or another process holds it.
        """
        if not (path / "config.toml").is_file():
            raise DirectoryError(f"{path}: holds no run to resume: there is no config.toml")
        try:
            lock = Lock.take(path / "lock")
        except OSError as error:
            raise _refused(error, path) from error
        except LockError as error:
            raise DirectoryError(str(error)) from None
        directory = cls(path, lock)
        directory.checkpoints.mkdir(exist_ok=True)
        directory._remove_remains()
        return directory

    def _remove_remains(self) -> None:
        """What a killed process was writing or removing under another name."""
        for file in self.path.iterdir():
            if re.fullmatch(r"\..+\.[0-9a-f]{12}", file.name):
                file.unlink()
        for entry in self.checkpoints.iterdir():
            if entry.name.startswith(".grpo_") or ".orbax-checkpoint-tmp" in entry.name:
                shutil.rmtree(entry, ignore_errors=True)

    def sync(self) -> dict[str, int]:
        """Have the disk hold every line so far. Returns the bytes of each log."""
        for name in self._files:
            with self._telling(name):
                self._files[name].sync()
        return {name: file.size for name, file in self._files.items()}

    def check_sizes(self, sizes: Mapping[str, int]) -> None:
        """Raise DirectoryError where a log is shorter than in `sizes`, or is cut within a line."""
        for name, size in sizes.items():
            target = self.path / name
            whole = target.is_file() and target.stat().st_size >= size
            if whole and size:
                with target.open("rb") as file:
                    file.seek(size - 1)
                    whole = file.read(1) == b"\n"
            if not whole:
                raise DirectoryError(f"{target}: does not hold its first {size} bytes any more")

    def go_back(self, step: int, sizes: Mapping[str, int]) -> None:
        """Cut every log to what it was after `step`, and remove later evaluations and samples."""
        for log in LOGS:
            name = f"{log}.jsonl"
            target = self.path / name
            if target.is_file():
                with self._telling(name):
                    os.truncate(target, sizes.get(name, 0))
                    if not sizes.get(name):
                        target.unlink()
        for file in self.path.iterdir():
            found = re.fullmatch(r"(?:evaluation|samples)_(\d{1,12})\.jsonl?", file.name)
            if found and int(found[1]) > step:
                file.unlink()

    @property
    def checkpoints(self) -> Path:
        """Where checkpoints go."""
        return self.path / "checkpoints"

    def append_metrics(self, row: Mapping[str, Any]) -> None:
        """One line of `metrics.jsonl`."""
        self._append("metrics.jsonl", row)

    def append_decision(self, row: Mapping[str, Any]) -> None:
        """One line of `decisions.jsonl`: a receipt's `to_json()`."""
        self._append("decisions.jsonl", row)

    def append_observation(self, row: Mapping[str, Any]) -> None:
        """One line of `observations.jsonl`: its header first, then one object a step."""
        self._append("observations.jsonl", row)

    def append_timing(self, row: Mapping[str, Any]) -> None:
        """One line of `timings.jsonl`."""
        self._append("timings.jsonl", row)

    def append_warning(self, row: Mapping[str, Any]) -> None:
        """One line of `warnings.jsonl`."""
        self._append("warnings.jsonl", row)

    def write_evaluation(self, step: int, content: Mapping[str, Any]) -> Path:
        """`evaluation_<step>.json`, in place of one that was there. Returns its path."""
        text = json.dumps(clean(content), indent=1, allow_nan=False) + "\n"
        return self.write_text(f"evaluation_{step}.json", text)

    def write_text(self, name: str, text: str) -> Path:
        """A whole file, atomically: a reader sees the old one or the new one. Returns its path."""
        with self._telling(name):
            replace_file(self.path / name, text.encode())
        return self.path / name

    def close(self) -> None:
        """Close the files and let go of the directory. A second call does nothing."""
        for file in self._files.values():
            file.close()
        self._files.clear()
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _append(self, name: str, row: Mapping[str, Any]) -> None:
        with self._telling(name):
            file = self._files.get(name)
            if file is None:
                file = self._files[name] = LineFile(self.path / name)
            file.append(json.dumps(clean(row), separators=(",", ":"), allow_nan=False))

    @contextlib.contextmanager
    def _telling(self, name: str) -> Iterator[None]:
        """What the system has against a file, as an error of one line that names it."""
        try:
            yield
        except OSError as error:
            raise _refused(error, self.path / name) from error


def check_usable(path: Path | None, runs: Path = RUNS) -> None:
    """Raise DirectoryError where `RunDirectory.create` would refuse; nothing is left behind."""
    place = runs if path is None else path
    try:
        while not place.exists():
            if place.is_symlink():
                raise DirectoryError(f"{place}: is a link that points nowhere")
            place = place.parent
        if not place.is_dir():
            raise DirectoryError(f"{place}: is a file, not a directory")
        if place == path:
            _check_empty(path)
        # Only trying tells: permissions say nothing of read-only or special file systems.
        probe = tempfile.mkdtemp(prefix=".writable-", dir=place)
        os.rmdir(probe)
    except OSError as error:
        raise _refused(error, path or runs) from error


def latest(runs: Path = RUNS) -> Path:
    """The directory of the newest run that was not told where to go.

    Raises DirectoryError where there is none.
    """
    link = runs / LATEST
    if not link.is_dir():
        raise DirectoryError(f"{link}: there is no run yet")
    return link.resolve()


def read_config(path: Path) -> RunConfig:
    """The configuration of the run in `path`."""
    return read(path / "config.toml")


def _check_empty(path: Path) -> None:
    # A lock alone is what an interrupted start leaves; whether it is still held, the lock knows.
    found = sorted(entry for entry in os.listdir(path) if entry != "lock")
    if "config.toml" in found:
        raise DirectoryError(
            f"{path}: already holds a run: to go on with it, dipg-curriculum run --resume {path}; "
            "for another, name a new or empty directory"
        )
    if found:
        raise DirectoryError(
            f"{path}: already holds {found[0]!r}{' and more' * (len(found) > 1)}: "
            "name a new or empty directory"
        )


def _new_in(runs: Path, policy: str) -> Path:
    """A directory that nobody else has made: `<policy>-<date>-<n>`, one after the last n there."""
    runs.mkdir(parents=True, exist_ok=True)
    word = re.sub(r"[^A-Za-z0-9_-]+", "-", policy.rpartition(":")[2]).strip("-") or "run"
    stem = f"{word}-{datetime.date.today():%Y%m%d}"
    taken = [re.fullmatch(rf"{re.escape(stem)}-(\d+)", entry) for entry in os.listdir(runs)]
    n = max((int(match[1]) for match in taken if match), default=0)
    while True:
        n += 1
        with contextlib.suppress(FileExistsError):
            (runs / f"{stem}-{n}").mkdir()
            return runs / f"{stem}-{n}"


def _point(link: Path, where: Path) -> None:
    """Make `link` a symbolic link to `where`; something else of that name is left alone."""
    if link.exists() and not link.is_symlink():
        return
    spare = beside(link)
    spare.symlink_to(where.name, target_is_directory=True)
    os.replace(spare, link)


def _refused(error: OSError, path: Path) -> DirectoryError:
    return DirectoryError(f"{path}: cannot be written: {error.strerror or error}")
