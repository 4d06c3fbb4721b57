"""The shapes that the benchmarks of accelerators know, with random weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from grpo_core.models.config import DecoderConfig
from grpo_core.models.families import gemma3_1b, gemma3_270m, gemma3_config
from grpo_core.models.weights import Split, abstract, fill


def gemma3_tiny() -> DecoderConfig:
    """Two layers of everything that Gemma 3 has, for a try on a CPU."""
    return gemma3_config(
        width=32, num_layers=2, num_heads=2, num_kv_heads=1, mlp_width=64, head_dim=16,
        vocab_size=512, sliding_window=8, global_every=2,
    )  # fmt: skip


SHAPES: Mapping[str, Callable[[], DecoderConfig]] = {
    "tiny": gemma3_tiny,
    "270m": gemma3_270m,
    "1b": gemma3_1b,
}


@partial(jax.jit, static_argnames=("shape", "dtype"))
def _normal(key: jax.Array, shape: tuple[int, ...], scale: float, dtype: Any) -> jax.Array:
    return (jax.random.normal(key, shape, jnp.float32) * scale).astype(dtype)


def random_model(config: DecoderConfig, dtype: Any, seed: int = 0) -> Split:
    """A model with normal weights of a usual size; norms are 1, in float32."""

    def draw(place: int, path: tuple[Any, ...], shape: tuple[int, ...]) -> jax.Array:
        if len(shape) == 1:
            return jnp.ones(shape)
        fan_in = shape[1] if path[0] == "embedding" else shape[0]
        key = jax.random.fold_in(jax.random.key(seed), place)
        return _normal(key, shape, fan_in**-0.5, dtype)

    flat = nnx.to_flat_state(abstract(config).params)
    read = {
        path: partial(draw, place, path, variable.shape)
        for place, (path, variable) in enumerate(flat)
    }
    return fill(config, read, dtype)
