"""Several processes, one on each host, that together are one run; the engine is JAX's own.

Every process runs the same program on the same configuration. Each holds its devices' parts of the
arrays and does the same work on the host; only the first one writes and prints.
"""

from __future__ import annotations

import os
from typing import Any

import jax

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
