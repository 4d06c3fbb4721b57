"""Uniform numbers that are a function of their address, for many runs at once."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
from jax.extend.random import threefry2x32_p

__all__ = ["uniforms"]


def uniforms(count: int, seed: Any, stream: Any, step: Any) -> Any:
    """``[count, ...]`` numbers in (0, 1], 24 bits each.

    Threefry-2x32 with 20 rounds (Salmon et al. 2011, *Parallel random numbers: as easy as 1, 2,
    3*), the generator behind ``jax.random``, with its key and counter used as they are: the key is
    (seed, stream), the counter (step, index). One block gives two numbers, and runs lie along the
    last axis, where a processor's vector units find them.

    Args:
      count: numbers per run, even. seed: ``[...]`` of each run. stream: ``[...]`` or [] which
        draws. step: [] int.
    """
    shape = (count // 2, *jnp.shape(seed))
    index = np.arange(count // 2, dtype=np.uint32).reshape(-1, *[1] * jnp.ndim(seed))
    address = (seed, stream, step, index)
    words = [jnp.broadcast_to(jnp.asarray(x).astype(jnp.uint32), shape) for x in address]
    bits = jnp.concatenate(threefry2x32_p.bind(*words))
    return (bits >> 8).astype(jnp.float32) * np.float32(2**-24) + np.float32(2**-25)
