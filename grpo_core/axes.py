"""What a mesh is asked for as; nothing here imports jax, so that a slip is refused at once."""

from __future__ import annotations

import re

AXES = ("dp", "fsdp", "tp")


class MeshError(ValueError):
    """A mesh that cannot be made, or that a model or batch does not fit; one line."""


def parse_mesh(text: str) -> dict[str, int]:
    """The sizes of the axes in a text such as "fsdp=4,tp=2"; those not named are 1.

    Raises MeshError for anything else.
    """
    sizes: dict[str, int] = {}
    for part in text.split(","):
        name, _, size = (x.strip() for x in part.partition("="))
        if name not in AXES or name in sizes or not re.fullmatch(r"[1-9]\d{0,5}", size):
            raise MeshError(
                f"mesh {text!r}: {part.strip()!r} is not axis=devices, as in fsdp=8 or "
                f"fsdp=4,tp=2; axes: {', '.join(AXES)}, each at most once"
            )
        sizes[name] = int(size)
    return {axis: sizes.get(axis, 1) for axis in AXES}
