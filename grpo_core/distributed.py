"""Several processes, one on each host, that together are one run; the engine is JAX's own.

Every process runs the same program on the same configuration. Each holds its devices' parts of the
arrays and does the same work on the host; only the first one writes and prints.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import jax
import numpy as np

from grpo_core.errors import one_line

T = TypeVar("T")

ADDRESS, COUNT, NUMBER = "JAX_COORDINATOR_ADDRESS", "JAX_NUM_PROCESSES", "JAX_PROCESS_ID"
"""Environment variables that say who takes part, where nobody else does: host:port of the first
process, how many there are, and which one this is, from 0. On TPU pods, with Slurm, Open MPI and
Kubernetes JAX finds out by itself."""


class DistributedError(ValueError):
    """The processes cannot find each other; one line."""


def settings_from(environment: dict[str, str]) -> dict[str, Any]:
    """Arguments of `jax.distributed.initialize` from the variables above; none where none is set.

    Raises DistributedError where some are missing or are not what they must be.
    """
    given = {name: environment[name] for name in (ADDRESS, COUNT, NUMBER) if name in environment}
    if not given:
        return {}
    missing = [name for name in (ADDRESS, COUNT, NUMBER) if name not in given]
    if missing:
        raise DistributedError(f"--distributed: {', '.join(given)} needs {', '.join(missing)} too")
    host, _, port = given[ADDRESS].rpartition(":")
    if not host or not port.isdecimal():
        raise DistributedError(f"{ADDRESS} = {given[ADDRESS]!r}: must be host:port")
    for name in (COUNT, NUMBER):
        if not given[name].isdecimal():
            raise DistributedError(f"{name} = {given[name]!r}: must be a whole number")
    count, number = int(given[COUNT]), int(given[NUMBER])
    if not number < count:
        raise DistributedError(f"{NUMBER} = {number}: must be below {COUNT} = {count}")
    return {"coordinator_address": given[ADDRESS], "num_processes": count, "process_id": number}


def start() -> None:
    """Join the other processes. To be called before anything is computed.

    Raises DistributedError where they cannot be found.
    """
    settings = settings_from(dict(os.environ))
    try:
        jax.distributed.initialize(**settings)
    except (RuntimeError, ValueError) as error:
        reason = " ".join(str(error).split())[:200]
        raise DistributedError(
            f"--distributed: the other processes cannot be found ({reason}); where JAX does not "
            f"know them by itself, set {ADDRESS}, {COUNT} and {NUMBER}"
        ) from None


def is_first() -> bool:
    """Whether this is the process that writes and prints."""
    return jax.process_index() == 0


def from_first(make: Callable[[], T], *errors: type[Exception]) -> T:
    """What the first process makes, on every process; the others do not make it.

    For what may differ between hosts: files, clocks, a judge elsewhere. Every process calls this
    at the same place, on its main thread. What is made travels as JSON with numpy arrays, tuples
    as lists. Where `make` raises, every process raises: the others the same if it is one of
    `errors`, which are made from their text alone, else a RuntimeError that says what it was.
    """
    if jax.process_count() == 1:
        return make()
    if is_first():
        return _made_and_told(make, errors)
    told = json.loads(_told(b""), object_hook=_array_of)
    if "raised" in told:
        raise (errors[told["raised"]] if told["raised"] >= 0 else RuntimeError)(told["text"])
    made: T = told["made"]
    return made


def _made_and_told(make: Callable[[], T], errors: Sequence[type[Exception]]) -> T:
    try:
        made = make()
        message = json.dumps({"made": made}, default=_plain)
    except Exception as error:  # the others are waiting, whatever it is
        which = next((i for i, kind in enumerate(errors) if isinstance(error, kind)), -1)
        text = str(error) if which >= 0 else f"{type(error).__name__}: {one_line(error)}"
        _told(json.dumps({"raised": which, "text": text}).encode())
        raise
    _told(message.encode())
    return made


def _plain(x: Any) -> dict[str, Any]:
    if not isinstance(x, np.ndarray):
        raise TypeError(f"{type(x).__name__} cannot be told to other processes")
    data = base64.b64encode(np.ascontiguousarray(x).tobytes()).decode()
    return {"array": data, "dtype": str(x.dtype), "shape": list(x.shape)}


def _array_of(x: dict[str, Any]) -> Any:
    if set(x) != {"array", "dtype", "shape"}:
        return x
    return np.frombuffer(base64.b64decode(x["array"]), x["dtype"]).reshape(x["shape"])


def _told(message: bytes) -> bytes:
    """The first process's message, on every process."""
    from jax.experimental.multihost_utils import broadcast_one_to_all

    size = int(broadcast_one_to_all(np.int32(len(message))))
    buffer = np.frombuffer(message.ljust(size, b"\0"), np.uint8)
    found: bytes = np.asarray(broadcast_one_to_all(buffer), np.uint8).tobytes()
    return found


def highest(number: int) -> int:
    """The highest of the processes' whole numbers, on every process; called as `from_first` is."""
    if jax.process_count() == 1:
        return number
    from jax.experimental.multihost_utils import process_allgather

    return int(np.max(process_allgather(np.int32(number))))


def check_equal(what: str, value: str) -> None:
    """Raise DistributedError, on every process, where one holds another value than the first."""
    if highest(int(value != from_first(lambda: value))):
        raise DistributedError(
            f"--distributed: the processes differ in {what}: start the same command with the same "
            "files and versions on every host"
        )
