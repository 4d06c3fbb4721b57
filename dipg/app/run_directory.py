"""What a run leaves behind, and how it is found again.

    config.toml              the configuration; running it again gives the same run
    metrics.jsonl            a line a step, byte for byte reproducible
    decisions.jsonl          a receipt a step
    observations.jsonl       a header, then a line a step: the terms and events of every response
    timings.jsonl            seconds, kept apart because they differ between equal runs
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
import math
import os
import re
import secrets
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from dipg.app.config import RunConfig, read, to_toml
from dipg.app.lock import Lock, LockError

RUNS = Path("runs")
"""Where runs go that are not told where to go, below the working directory."""

LATEST = "latest"


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

    def write_evaluation(self, step: int, content: Mapping[str, Any]) -> Path:
        """`evaluation_<step>.json`, in place of one that was there. Returns its path."""
        text = json.dumps(clean(content), indent=1, allow_nan=False) + "\n"
        return self.write_text(f"evaluation_{step}.json", text)

    def write_text(self, name: str, text: str) -> Path:
        """A whole file, atomically: a reader sees the old one or the new one. Returns its path."""
        target = self.path / name
        try:
            replace_file(target, text.encode())
        except OSError as error:
            raise _refused(error, target) from error
        return target

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
        target = self.path / name
        try:
            file = self._files.get(name)
            if file is None:
                file = self._files[name] = LineFile(target)
            file.append(json.dumps(clean(row), separators=(",", ":"), allow_nan=False))
        except OSError as error:
            raise _refused(error, target) from error


class LineFile:
    """A file that only ever holds whole lines, also when the disk fills up in the middle of one."""

    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)
        self._size = os.fstat(self._fd).st_size

    def append(self, line: str) -> None:
        """Append `line` and a newline; on OSError the file is as it was before."""
        rest = memoryview(line.encode() + b"\n")
        size = self._size + len(rest)
        try:
            while rest:
                rest = rest[os.write(self._fd, rest) :]
        except OSError:
            os.ftruncate(self._fd, self._size)
            raise
        self._size = size

    def close(self) -> None:
        """Close the file; no more lines."""
        os.close(self._fd)


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


def clean(value: Any) -> Any:
    """`value` as JSON can hold it: numpy's numbers and arrays become plain, NaN and infinity None.

    A float32 keeps the few digits it has: 0.1, not 0.10000000149011612.
    """
    if isinstance(value, Mapping):
        return {str(key): clean(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [clean(inner) for inner in value]
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float) and type(value) is float:
        return value if math.isfinite(value) else None
    if hasattr(value, "ndim") and value.ndim:
        return [clean(inner) for inner in value]
    if hasattr(value, "dtype") and value.dtype.kind == "f":
        return clean(float(str(value.__array__()[()])))
    if hasattr(value, "item"):
        return clean(value.item())
    raise TypeError(f"{type(value).__name__} cannot be written as JSON: {value!r}")


def replace_file(target: Path, content: bytes) -> None:
    """Write `target` in one step, by way of a temporary file beside it."""
    spare = _beside(target)
    try:
        fd = os.open(spare, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        with os.fdopen(fd, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(fd)
        os.replace(spare, target)
    except BaseException:
        with contextlib.suppress(OSError):
            spare.unlink()
        raise


def _beside(target: Path) -> Path:
    """A hidden name beside `target` that nobody else uses."""
    return target.with_name(f".{target.name}.{secrets.token_hex(6)}")


def _check_empty(path: Path) -> None:
    # A lock alone is what an interrupted start leaves; whether it is still held, the lock knows.
    found = sorted(entry for entry in os.listdir(path) if entry != "lock")
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
    spare = _beside(link)
    spare.symlink_to(where.name, target_is_directory=True)
    os.replace(spare, link)


def _refused(error: OSError, path: Path) -> DirectoryError:
    return DirectoryError(f"{path}: cannot be written: {error.strerror or error}")
