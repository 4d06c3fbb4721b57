"""Arrays on disk with a record of what they are, through Orbax.

    with Writer() as writer:
        writer.save(path, tree, {"step": 300})  # returns when the arrays are copied
        writer.wait()  # when they are on disk
    record = read_record(path)
    tree = restore(path, like)

A checkpoint is written beside its final name and moved there when complete, so that an interrupted
write leaves no `path`. Its record holds shape, type and SHA-256 of every array, and a SHA-256 of
itself; both are verified when it is read. Nothing is pickled.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import logging
import os
import shutil
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import jax
import numpy as np

from grpo_core.errors import one_line

UNFINISHED = "*.orbax-checkpoint-tmp*"
"""Pattern of the names that Orbax writes under until a checkpoint is complete."""

_CAUSES = tuple(
    os.strerror(code)
    for code in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES)
)
"""What the system may have against a write; TensorStore tells it at the end of a long story."""

_MAX_RECORD = 64 * 2**20
_ROOM = 16 * 2**20


class CheckpointError(ValueError):
    """A checkpoint that cannot be written, or read as what was asked for; one line."""


class MismatchError(CheckpointError):
    """A checkpoint that is whole, and holds other arrays than those asked for."""


class Writer:
    """Saves checkpoints in the background, one at a time. Close it at the end.

    The thread is our own rather than Orbax's, so that the digests are computed there as well.
    """

    def __init__(self) -> None:
        import orbax.checkpoint as ocp

        _quieten()
        self._orbax = ocp.Checkpointer(ocp.CompositeCheckpointHandler())
        self._thread = ThreadPoolExecutor(1, "checkpoints")
        self._writing: Future[None] | None = None

    def save(self, path: Path, tree: Any, record: Mapping[str, Any]) -> None:
        """Start writing a pytree of arrays and a JSON record as the new directory `path`.

        The arrays are copied first: they may be donated as soon as this returns. A save that is
        still under way is waited for.

        Raises:
          FileExistsError: `path` exists.
          CheckpointError: the disk has no room, or the save under way has failed; `path` is then
            not made, and what was saved before stays as it is.
        """
        self.wait()
        if path.exists():
            raise FileExistsError(f"{path}: already exists, checkpoints are never overwritten")
        arrays = {name: _on_host(x) for name, x in named_leaves(tree).items()}
        _check_room(path, sum(x.nbytes for x in arrays.values()))
        self._writing = self._thread.submit(self._write, path, arrays, dict(record))

    def _write(self, path: Path, arrays: Mapping[str, Any], record: Mapping[str, Any]) -> None:
        import orbax.checkpoint as ocp

        with _failing_clearly(path):
            sealed = _seal({**record, "arrays": {name: _facts(x) for name, x in arrays.items()}})
            kept = {name: x for name, x in arrays.items() if x.size}  # Orbax has no empty arrays
            self._orbax.save(
                path.absolute(),
                args=ocp.args.Composite(
                    state=ocp.args.PyTreeSave(kept), record=ocp.args.JsonSave(sealed)
                ),
            )

    def wait(self) -> None:
        """Return when nothing is being written. Raises CheckpointError where that has failed."""
        writing, self._writing = self._writing, None
        if writing is not None:
            writing.result()

    def close(self) -> None:
        """Wait and give the threads back; a failed save is told by `wait`, not here."""
        with contextlib.suppress(CheckpointError):
            self.wait()
        self._thread.shutdown()
        self._orbax.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def save(path: Path, tree: Any, record: Mapping[str, Any] | None = None) -> None:
    """Write a pytree of arrays to the new directory `path` and wait for it; see `Writer.save`."""
    with Writer() as writer:
        writer.save(path, tree, record or {})
        writer.wait()


def read_record(path: Path) -> dict[str, Any]:
    """The record of a checkpoint, verified. Loads no array.

    Raises CheckpointError where there is none or it is not as it was written.
    """
    file = path / "record" / "metadata"
    try:
        if file.stat().st_size > _MAX_RECORD:
            raise CheckpointError(f"{path}: is damaged: its record is {file.stat().st_size} bytes")
        sealed = json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        if isinstance(error, CheckpointError):
            raise
        raise CheckpointError(
            f"{path}: is damaged: no readable record ({one_line(error)})"
        ) from None
    if not isinstance(sealed, dict) or sealed.get("sha256") != _digest_of(sealed):
        raise CheckpointError(f"{path}: is damaged: its record is not as it was written")
    return sealed


def restore(path: Path, like: Any, *, prefix: str = "") -> Any:
    """Read a pytree with the structure, shapes and types of `like`, verified array by array.

    Args:
      path: of the checkpoint.
      like: arrays, or `jax.ShapeDtypeStruct`s. One with a sharding is read onto that sharding,
        whatever mesh it was saved from; the others onto the default device.
      prefix: name of a part of what was saved, as in "actor.params"; "" for all of it.

    Raises CheckpointError where `path` is damaged, and MismatchError, which names the ones that
    differ, where it holds other arrays than those of `like`.
    """
    found = read_record(path)["arrays"]
    leaves = named_leaves(like, prefix)
    saved = {k: v for k, v in found.items() if _within(k, prefix)}
    wrong = differences(leaves, saved)
    if wrong:
        more = f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""
        raise MismatchError(
            f"{path}: cannot be read as a checkpoint of this model: {'; '.join(wrong[:3])}{more}"
        )
    arrays = _read(path, {k: x for k, x in leaves.items() if np.prod(x.shape)})
    for name, array in arrays.items():
        # What several hosts have written together, none of them has seen whole: no digest.
        known = array.is_fully_addressable and found[name][2]
        if known and _facts(np.asarray(array)) != found[name]:
            raise CheckpointError(f"{path}: is damaged: {name} is not as it was written")
    ordered = [
        arrays[k] if k in arrays else jax.numpy.zeros(x.shape, x.dtype) for k, x in leaves.items()
    ]
    return jax.tree.unflatten(jax.tree.structure(like), ordered)


def named_leaves(tree: Any, prefix: str = "") -> dict[str, Any]:
    """The leaves of a pytree by their path, as in "params.embed.kernel"."""
    pairs = jax.tree_util.tree_flatten_with_path(tree)[0]
    names = [jax.tree_util.keystr(path, simple=True, separator=".") for path, _ in pairs]
    joined = [".".join(filter(None, (prefix, name))) or "value" for name in names]
    assert len(set(joined)) == len(joined), "two leaves of one name"
    return {name: leaf for name, (_, leaf) in zip(joined, pairs, strict=True)}


def differences(like: Mapping[str, Any], saved: Mapping[str, Any]) -> list[str]:
    """Where saved arrays are not those expected, one phrase each; empty where they are."""
    found = [f"{name} is missing" for name in like if name not in saved]
    found += [f"{name} is unknown here" for name in saved if name not in like]
    for name in like:
        there, here = saved.get(name), like[name]
        if there is not None:
            told = (tuple(there[0]), there[1])
            wanted = (tuple(here.shape), str(here.dtype))
            if told != wanted:
                found.append(f"{name} is {_show(told)}, here {_show(wanted)}")
    return found


def _read(path: Path, leaves: Mapping[str, Any]) -> dict[str, jax.Array]:
    import orbax.checkpoint as ocp

    if not leaves:
        return {}
    own = jax.sharding.SingleDeviceSharding(jax.local_devices()[0])
    wanted = {
        name: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=getattr(x, "sharding", None) or own)
        for name, x in leaves.items()
    }
    restoring = ocp.args.PyTreeRestore(
        wanted,
        restore_args=ocp.checkpoint_utils.construct_restore_args(wanted),
        partial_restore=True,
    )
    _quieten()
    try:
        with ocp.Checkpointer(ocp.CompositeCheckpointHandler()) as reader:
            read = reader.restore(path.absolute(), args=ocp.args.Composite(state=restoring))
    except Exception as error:  # Orbax and TensorStore raise a dozen kinds on damaged files
        raise CheckpointError(f"{path}: is damaged: cannot be read: {one_line(error)}") from None
    return dict(read["state"])


def _on_host(x: Any) -> Any:
    """A copy that nobody else writes to; what lies on several hosts is left to Orbax."""
    if isinstance(x, jax.Array) and not x.is_fully_addressable:
        return x
    return np.array(x, copy=True)


def _facts(x: Any) -> list[Any]:
    digest = ""
    if isinstance(x, np.ndarray):
        digest = hashlib.sha256(np.ascontiguousarray(x).reshape(-1).view(np.uint8).data).hexdigest()
    return [list(x.shape), str(x.dtype), digest]


def _seal(record: Mapping[str, Any]) -> dict[str, Any]:
    return {**record, "sha256": _digest_of(record)}


def _digest_of(record: Mapping[str, Any]) -> str:
    bare = {k: v for k, v in record.items() if k != "sha256"}
    return hashlib.sha256(json.dumps(bare, sort_keys=True).encode()).hexdigest()


def _within(name: str, prefix: str) -> bool:
    return not prefix or name == prefix or name.startswith(f"{prefix}.")


def _show(facts: tuple[tuple[int, ...], str]) -> str:
    return f"{facts[1]}[{', '.join(map(str, facts[0]))}]"


def _check_room(path: Path, needed: int) -> None:
    """Refuse what would fill the disk while there is still room to say so."""
    free = shutil.disk_usage(path.parent).free
    if free < needed + _ROOM:
        raise CheckpointError(_full(path, needed, free))


def _full(path: Path, needed: int, free: int) -> str:
    return (
        f"{path}: cannot be saved: it needs {needed / 1e6:.0f} MB and {free / 1e6:.0f} MB are free "
        f"on this disk: {os.strerror(errno.ENOSPC)}"
    )


@contextlib.contextmanager
def _failing_clearly(path: Path) -> Iterator[None]:
    """Whatever keeps a checkpoint from being written: one line, and no remains."""
    try:
        yield
    except Exception as error:  # as above, and nothing may be left half-written
        for remains in path.parent.glob(f"{path.name}.orbax-checkpoint-tmp*"):
            shutil.rmtree(remains, ignore_errors=True)
        known = next((text for text in _CAUSES if text in str(error)), None)
        raise CheckpointError(f"{path}: cannot be saved: {known or one_line(error)}") from None


def _quieten() -> None:
    """Orbax logs every failure with tracebacks of its threads; the error says it in a line."""
    logging.getLogger("absl").addFilter(_not_of_orbax)  # a second time it changes nothing


def _not_of_orbax(record: logging.LogRecord) -> bool:
    return "orbax" not in record.pathname
