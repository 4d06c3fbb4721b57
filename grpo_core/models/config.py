"""The shape of a decoder: one frozen description for every family."""

from collections.abc import Callable
from dataclasses import dataclass

import jax
import jax.numpy as jnp

RopeScaling = Callable[[jax.Array], jax.Array]
"""Inverse wavelengths `[D / 2]` of rotary positions, in radians a token, to those used."""


def relu_squared(x: jax.Array) -> jax.Array:
    """relu(x)^2 (So et al. 2021, "Primer"): a sharp activation without transcendentals."""
    return jnp.square(jax.nn.relu(x))


def gelu_tanh(x: jax.Array) -> jax.Array:
    """The tanh form of GELU, as Gemma uses it."""
    return jax.nn.gelu(x, approximate=True)


@dataclass(frozen=True)
class LinearScaling:
    """Positions divided by `factor` (Chen et al. 2023): Gemma 3 from 4B on, in global layers."""

    factor: float

    def __call__(self, frequencies: jax.Array) -> jax.Array:
        return frequencies / self.factor


@dataclass(frozen=True)
class Llama3Scaling:
    """Long wavelengths divided by `factor`, short ones kept, those between blended (Llama 3.1).

    `original_length` is the context length, in tokens, of the first training; a wavelength is long
    above `original_length / low` tokens and short below `original_length / high`.
    """

    factor: float
    low: float
    high: float
    original_length: int

    def __call__(self, frequencies: jax.Array) -> jax.Array:
        turns = self.original_length * frequencies / (2 * jnp.pi)
        kept = jnp.clip((turns - self.low) / (self.high - self.low), 0.0, 1.0)
        return frequencies * (kept + (1.0 - kept) / self.factor)


@dataclass(frozen=True)
class DecoderConfig:
    """What distinguishes one decoder-only transformer from another.

    Lengths are in tokens, widths in features. `activation` is a function, not its name. With
    `sliding_window` set, layers attend to that many last positions, except every `global_every`-th
    one, which attends to all; global layers rotate with `rope_theta` and `rope_scaling`, sliding
    ones with `local_rope_theta`. With `previous_tokens` k, projections of the k preceding tokens'
    embeddings are added to the input, which lets a very small model copy from its context after
    minutes of training (short convolutions, as in So et al. 2021, at the input only).

    Raises ValueError for numbers that do not fit together.
    """

    vocab_size: int
    width: int
    num_layers: int
    num_heads: int
    num_kv_heads: int
    head_dim: int
    mlp_width: int
    activation: Callable[[jax.Array], jax.Array] = relu_squared
    gated_mlp: bool = False
    norm_eps: float = 1e-6
    qk_norm: bool = False
    post_norms: bool = False
    rope_theta: float = 10_000.0
    rope_scaling: RopeScaling | None = None
    local_rope_theta: float = 10_000.0
    sliding_window: int | None = None
    global_every: int = 6
    query_scale: float | None = None
    embed_scale: float = 1.0
    tie_embeddings: bool = True
    previous_tokens: int = 0

    def __post_init__(self) -> None:
        sizes = ("vocab_size", "width", "num_layers", "num_heads", "num_kv_heads", "mlp_width")
        for name in (*sizes, "head_dim", "global_every"):
            if getattr(self, name) < (0 if name == "vocab_size" else 1):
                raise ValueError(f"{name} {getattr(self, name)} must be at least 1")
        if self.num_heads % self.num_kv_heads:
            raise ValueError(
                f"num_heads {self.num_heads} must be a multiple of num_kv_heads {self.num_kv_heads}"
            )
        if self.head_dim % 2:
            raise ValueError(
                f"head_dim {self.head_dim} must be even, rotary positions pair features"
            )
        if self.sliding_window is not None and self.sliding_window < 2:
            raise ValueError(f"sliding_window {self.sliding_window} must be at least 2")

    def is_sliding(self, layer: int) -> bool:
        """Whether a layer (0-based) attends to the sliding window only."""
        return self.sliding_window is not None and (layer + 1) % self.global_every != 0

    @property
    def scale(self) -> float:
        """The factor on queries, `1 / sqrt(head_dim)` unless the family says otherwise."""
        return self.query_scale if self.query_scale is not None else self.head_dim**-0.5

    @property
    def num_parameters(self) -> int:
        """Weights of the model, embeddings included once where they are tied."""
        inner = self.num_heads * self.head_dim
        attention = self.width * (2 * inner + 2 * self.num_kv_heads * self.head_dim)
        mlp = self.width * self.mlp_width * (3 if self.gated_mlp else 2)
        norms = self.width * (4 if self.post_norms else 2) + 2 * self.head_dim * self.qk_norm
        tables = self.vocab_size * self.width * (1 if self.tie_embeddings else 2)
        before = self.previous_tokens * self.width**2
        return self.num_layers * (attention + mlp + norms) + tables + self.width + before


def tiny_config(
    vocab_size: int, *, width: int = 128, num_layers: int = 3, num_heads: int = 4
) -> DecoderConfig:
    """The built-in model: about a million parameters, quick on one CPU core."""
    return DecoderConfig(
        vocab_size=vocab_size,
        width=width,
        num_layers=num_layers,
        num_heads=num_heads,
        num_kv_heads=num_heads,
        head_dim=width // num_heads,
        mlp_width=4 * width,
        qk_norm=True,
        previous_tokens=2,
    )
