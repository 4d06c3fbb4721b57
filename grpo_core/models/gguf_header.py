"""The header of a GGUF file, read strictly: nothing in it is believed before it fits the file.

Counts and lengths in the header are checked against what the file can hold, so that a damaged or
hostile file costs an error and neither memory nor time. Version 2 and 3, little endian, as
described in the format's specification (ggml, docs/gguf.md).
"""

from __future__ import annotations

import math
import struct
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from grpo_core.models.families import ModelError

MAX_TENSORS = 65_536
MAX_DIMENSIONS = 4
_SCALARS = {
    0: np.uint8,
    1: np.int8,
    2: np.uint16,
    3: np.int16,
    4: np.uint32,
    5: np.int32,
    6: np.float32,
    7: np.bool_,
    10: np.uint64,
    11: np.int64,
    12: np.float64,
}
_STRING, _ARRAY = 8, 9


class TensorInfo(NamedTuple):
    """A tensor of the file: its shape as numpy writes it, type number, and place in bytes."""

    shape: tuple[int, ...]
    kind: int
    offset: int


class Header(NamedTuple):
    """Metadata by key, tensors by name, and where their data begin, in bytes."""

    metadata: dict[str, Any]
    tensors: dict[str, TensorInfo]
    data: int


class _Cursor:
    """A place in the bytes of a file that never leaves it."""

    def __init__(self, data: np.ndarray) -> None:
        self.data = data
        self.at = 0

    def take(self, count: int) -> bytes:
        if count > len(self.data) - self.at:
            raise ModelError("the header claims more than the file holds")
        self.at += count
        return self.data[self.at - count : self.at].tobytes()

    def number(self, form: str) -> int:
        value: int = struct.unpack("<" + form, self.take(struct.calcsize(form)))[0]
        return value

    def text(self) -> str:
        try:
            return self.take(self.number("Q")).decode()
        except UnicodeDecodeError:
            raise ModelError("a text in the header is not UTF-8") from None

    def value(self, kind: int) -> Any:
        if kind == _STRING:
            return self.text()
        if kind in _SCALARS:
            return self._scalars(kind, 1)[0]
        if kind == _ARRAY:
            inner, count = self.number("I"), self.number("Q")
            if inner == _STRING:
                if count * 8 > len(self.data) - self.at:
                    raise ModelError("the header claims more than the file holds")
                return [self.text() for _ in range(count)]
            if inner in _SCALARS:
                return self._scalars(inner, count)
        raise ModelError(f"the header holds a value of unknown type {kind}")

    def _scalars(self, kind: int, count: int) -> list[Any]:
        dtype = np.dtype(_SCALARS[kind]).newbyteorder("<")
        found: list[Any] = np.frombuffer(self.take(dtype.itemsize * count), dtype).tolist()
        return found


def read_header(path: Path) -> Header:
    """Metadata and tensor list of a GGUF file; ModelError says what is wrong with it."""
    try:
        data = np.memmap(path, np.uint8, mode="r")
    except (OSError, ValueError) as error:
        raise ModelError(f"{path}: cannot be read: {error}") from None
    try:
        return _read(_Cursor(data))
    except ModelError as error:
        raise ModelError(f"{path}: is not a whole GGUF file: {error}") from None


def _read(cursor: _Cursor) -> Header:
    if cursor.take(4) != b"GGUF":
        raise ModelError("it does not begin with GGUF")
    version = cursor.number("I")
    if version not in (2, 3):
        raise ModelError(f"version {version} is not known, 2 and 3 are")
    tensor_count, field_count = cursor.number("Q"), cursor.number("Q")
    if tensor_count > MAX_TENSORS:
        raise ModelError(f"{tensor_count} tensors are more than {MAX_TENSORS}")
    metadata: dict[str, Any] = {}
    for _ in range(field_count):  # each takes bytes, so the file's end ends this loop
        key = cursor.text()
        if key in metadata:
            raise ModelError(f"{key!r} is there twice")
        metadata[key] = cursor.value(cursor.number("I"))
    tensors: dict[str, TensorInfo] = {}
    for _ in range(tensor_count):
        name = cursor.text()
        if name in tensors:
            raise ModelError(f"tensor {name!r} is there twice")
        tensors[name] = _tensor(cursor, name)
    alignment = metadata.get("general.alignment", 32)
    if not isinstance(alignment, int) or not 0 < alignment <= 65_536:
        raise ModelError(f"general.alignment = {alignment!r} is not an alignment")
    start = math.ceil(cursor.at / alignment) * alignment
    return Header(metadata, tensors, start)


def _tensor(cursor: _Cursor, name: str) -> TensorInfo:
    dimensions = cursor.number("I")
    if dimensions > MAX_DIMENSIONS:
        raise ModelError(f"tensor {name!r} has {dimensions} dimensions")
    shape = tuple(cursor.number("Q") for _ in range(dimensions))[::-1]
    return TensorInfo(shape, cursor.number("I"), cursor.number("Q"))
