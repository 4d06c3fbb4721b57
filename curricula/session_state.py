"""A pytree of arrays as plain data and back, exact to the last bit; no pickle."""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

__all__ = ["SessionError", "pack", "unpack"]


class SessionError(ValueError):
    """A session cannot go on from what it was given; one line says why."""


def pack(tree: Any) -> dict[str, Any]:
    """``{path: {"dtype", "shape", "data"}}`` of a pytree of arrays; JSON can hold it."""
    leaves = jax.tree_util.tree_flatten_with_path(tree)[0]
    return {jax.tree_util.keystr(path): _packed(np.asarray(leaf)) for path, leaf in leaves}


def unpack(packed: Mapping[str, Any], like: Any, record: Any = None) -> Any:
    """The pytree that :func:`pack` was given, with numpy leaves.

    Args:
      packed: the plain data.
      like: a pytree of the same structure, shapes and dtypes. None takes any shapes and builds
        ``record``.
      record: a NamedTuple of arrays, where ``like`` is None.

    Raises:
      SessionError: a leaf is missing, too many, of another shape or dtype, or damaged.
    """
    if like is None:
        return record(*(_unpacked(f".{n}", packed.get(f".{n}")) for n in record._fields))
    leaves, structure = jax.tree_util.tree_flatten_with_path(like)
    names = [jax.tree_util.keystr(path) for path, _ in leaves]
    if set(names) != set(packed):
        differing = sorted(set(names) ^ set(packed))[0]
        raise SessionError(f"the state was saved by another controller: {differing} is in one only")
    found = []
    for name, (_, leaf) in zip(names, leaves, strict=True):
        array = _unpacked(name, packed[name])
        wanted = np.asarray(leaf)
        if (array.shape, array.dtype) != (wanted.shape, wanted.dtype):
            raise SessionError(
                f"the state's {name} is {array.dtype}{list(array.shape)},"
                f" expected {wanted.dtype}{list(wanted.shape)}"
            )
        found.append(array)
    return jax.tree_util.tree_unflatten(structure, found)


def _packed(array: np.ndarray) -> dict[str, Any]:
    little = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
    data = base64.b64encode(zlib.compress(little.tobytes())).decode()
    return {"dtype": array.dtype.name, "shape": list(array.shape), "data": data}


def _unpacked(name: str, packed: Any) -> np.ndarray:
    try:
        dtype = np.dtype(packed["dtype"])
        raw = zlib.decompress(base64.b64decode(packed["data"], validate=True))
        array = np.frombuffer(raw, dtype.newbyteorder("<")).reshape(packed["shape"])
    except (TypeError, KeyError, ValueError, zlib.error, binascii.Error) as error:
        raise SessionError(f"the state's {name} is damaged: {error}") from None
    return array.astype(dtype)
