"""Arrays on disk, through Orbax: written beside their final name and moved there when complete."""

from pathlib import Path
from typing import Any

import jax
import numpy as np


class CheckpointError(ValueError):
    """A checkpoint that cannot be read as what was asked for; one line says which and why."""


def save(path: Path, tree: Any) -> None:
    """Write a pytree of arrays to the new directory `path`; an interrupted write leaves no `path`.

    Raises FileExistsError where `path` exists.
    """
    import orbax.checkpoint as ocp

    if path.exists():
        raise FileExistsError(f"{path}: already exists, checkpoints are never overwritten")
    with ocp.StandardCheckpointer() as checkpointer:
        checkpointer.save(path.absolute(), jax.tree.map(np.asarray, tree))


def restore(path: Path, like: Any) -> Any:
    """Read a pytree with the structure, shapes and types of `like`.

    Raises CheckpointError where `path` does not hold that.
    """
    import orbax.checkpoint as ocp

    wanted = jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype), like)
    try:
        with ocp.StandardCheckpointer() as checkpointer:
            read = checkpointer.restore(path.absolute(), wanted)
    except (ValueError, KeyError, OSError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise CheckpointError(
            f"{path}: cannot be read as a checkpoint of this model: {reason}"
        ) from None
    return jax.tree.map(lambda x, same: jax.device_put(np.asarray(x, same.dtype)), read, like)
