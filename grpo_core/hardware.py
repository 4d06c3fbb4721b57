"""What one chip can do, from the makers' public pages.

TPU: https://cloud.google.com/tpu/docs/v5e, .../v5p, .../v6e (system architecture tables).
GPU: the data sheets at https://www.nvidia.com/en-us/data-center/ (dense bfloat16, SXM boards).
Nothing here imports jax before a device is measured.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import Any

GIB = 2**30


@dataclass(frozen=True)
class Chip:
    """Memory in bytes, products in bfloat16 operations/s, memory and links to other chips in
    bytes/s, links in one direction (data sheets tell both together). Links 0: unknown."""

    name: str
    memory: int
    flops: float
    bandwidth: float
    links: float = 0.0
    measured: bool = False


TPUS = {
    "v5e": Chip("TPU v5e", 16 * GIB, 197e12, 819e9, 200e9),
    "v5p": Chip("TPU v5p", 95 * GIB, 459e12, 2765e9, 600e9),
    "v6e": Chip("TPU v6e", 32 * GIB, 918e12, 1638e9, 400e9),
}
SLICES = {
    "v5e": ("1x1", "2x2", "2x4", "4x4", "4x8", "8x8", "8x16", "16x16"),
    "v5p": ("1x1x1", "2x2x1", "2x2x2", "2x2x4", "2x4x4", "4x4x4", "4x4x8"),
    "v6e": ("1x1", "2x2", "2x4", "4x4", "4x8", "8x8", "8x16", "16x16"),
}
"""Slices that can be rented, from small to large, in chips along each direction."""

GPUS = {
    "H200": Chip("H200", 141_000_000_000, 989e12, 4800e9, 450e9),
    "H100": Chip("H100", 80_000_000_000, 989e12, 3350e9, 450e9),
    "A100-SXM4-80GB": Chip("A100 80GB", 80_000_000_000, 312e12, 2039e9, 300e9),
    "A100": Chip("A100 40GB", 40_000_000_000, 312e12, 1555e9, 300e9),
    "L4": Chip("L4", 24_000_000_000, 121e12, 300e9),
}


class TopologyError(ValueError):
    """A topology that is not known; one line lists those that are."""


def check_topology(text: str) -> tuple[str, str | None]:
    """Generation and layout of a topology such as "v5e:2x4"; of "v5e" alone no layout.

    Raises TopologyError for anything else.
    """
    generation, colon, layout = text.partition(":")
    if generation not in TPUS or (colon and layout not in SLICES[generation]):
        known = "; ".join(f"{name}:{{{','.join(layouts)}}}" for name, layouts in SLICES.items())
        raise TopologyError(f"topology {text!r} is not known: local, {known}")
    return generation, layout if colon else None


def local_chip(device: Any) -> Chip:
    """What a device of this machine can do: a known GPU from the table, anything else measured."""
    kind = str(device.device_kind)
    for name, chip in GPUS.items():
        if device.platform == "gpu" and name in kind:
            return chip
    import jax.numpy as jnp

    limits = device.memory_stats() or {}
    memory = limits.get("bytes_limit") or os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    square = jnp.ones((2048, 2048), jnp.bfloat16 if device.platform == "gpu" else jnp.float32)
    line = jnp.ones(1 << 26, jnp.float32)
    flops = 2 * 2048**3 / _shortest(lambda x: x @ x, square)
    bandwidth = line.nbytes / _shortest(jnp.sum, line)
    name = "this machine's CPU" if device.platform == "cpu" else f"{kind} of this machine"
    return Chip(name, int(memory), flops, bandwidth, measured=True)


def _shortest(function: Any, x: Any, repeats: int = 3) -> float:
    import jax

    compiled = jax.jit(function)
    jax.block_until_ready(compiled(x))
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        jax.block_until_ready(compiled(x))
        times.append(time.perf_counter() - began)
    return min(times)
