"""Files that are whole whenever somebody looks: lines, JSON, and files replaced in one step."""

from __future__ import annotations

import contextlib
import json
import math
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any


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

    @property
    def size(self) -> int:
        """Bytes of whole lines."""
        return self._size

    def sync(self) -> None:
        """Return when the disk has what was appended."""
        os.fsync(self._fd)

    def close(self) -> None:
        """Close the file; no more lines."""
        os.close(self._fd)


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The whole lines of a JSONL file; none where there is no file. A last line that was cut off in
    the middle is left out.

    Raises ValueError for a whole line that is not a JSON object.
    """
    if not path.is_file():
        return []
    found = []
    for number, line in enumerate(path.read_bytes().split(b"\n")[:-1], 1):
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            row = None
        if not isinstance(row, dict):
            raise LineError(f"{path}: line {number} is not a JSON object")
        found.append(row)
    return found


class LineError(ValueError):
    """A line of a log is not what a run writes; one line says which."""


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
    spare = beside(target)
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


def beside(target: Path) -> Path:
    """A hidden name beside `target` that nobody else uses."""
    return target.with_name(f".{target.name}.{secrets.token_hex(6)}")
