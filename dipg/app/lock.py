"""One process at a time: a lock file that names its owner and does not outlive it."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import socket
from pathlib import Path
from typing import Self


class LockError(ValueError):
    """Somebody else holds the lock; the message is one line that names them."""


class Lock:
    """A held lock. The file holds `{"pid", "host"}` of its owner.

    The operating system gives the lock back when its owner ends in whatever way, so on one host a
    file whose owner is dead is simply taken over. It cannot tell for another host that shares the
    directory: an owner there is believed to be alive, and the message says what to do if it is not.
    """

    def __init__(self, path: Path, fd: int) -> None:
        self._path = path
        self._fd: int | None = fd

    @classmethod
    def take(cls, path: Path) -> Self:
        """Take the lock at `path`, whose directory exists.

        Raises LockError where another process holds it, and OSError where it cannot be written.
        """
        while True:
            fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
            try:
                _lock_or_refuse(fd, path)
                if _same_file(fd, path):
                    os.ftruncate(fd, 0)
                    os.pwrite(fd, json.dumps(_owner()).encode() + b"\n", 0)
                    return cls(path, fd)
            except BaseException:
                os.close(fd)
                raise
            os.close(fd)  # its last owner removed the file between our two calls: once more

    def release(self) -> None:
        """Give the lock back and remove its file. A second call does nothing."""
        if self._fd is None:
            return
        fd, self._fd = self._fd, None
        if _same_file(fd, self._path):
            with contextlib.suppress(OSError):
                self._path.unlink()
        os.close(fd)


def _lock_or_refuse(fd: int, path: Path) -> None:
    directory = path.parent
    owner = _read_owner(fd)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise LockError(f"{directory}: is in use by process {owner.get('pid', '?')}") from None
    if owner.get("host", socket.gethostname()) != socket.gethostname():
        raise LockError(
            f"{directory}: is in use by process {owner.get('pid', '?')} on host {owner['host']}; "
            f"if that is no longer running, remove {path}"
        )


def _owner() -> dict[str, object]:
    return {"pid": os.getpid(), "host": socket.gethostname()}


def _read_owner(fd: int) -> dict[str, object]:
    with contextlib.suppress(ValueError):
        found = json.loads(os.pread(fd, 4096, 0))
        if isinstance(found, dict):
            return found
    return {}  # empty or half-written: its owner died while taking it


def _same_file(fd: int, path: Path) -> bool:
    try:
        there = os.stat(path)
    except FileNotFoundError:
        return False
    held = os.fstat(fd)
    return (there.st_dev, there.st_ino) == (held.st_dev, held.st_ino)
