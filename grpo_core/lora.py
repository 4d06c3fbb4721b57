"""Low-rank adapters (Hu et al. 2021, arXiv:2106.09685): W x + (alpha / rank) B A x.

Only A and B are trained. The reference model of GRPO is then the same model without its adapters,
whose weights it shares: it costs no memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx

from grpo_core.models.decoder import Decoder, Linear

ATTENTION_AND_MLP = r"(attention\.(query|key|value|out)|mlp\.(gate|up|down))$"
"""The report's targets: every projection of every layer."""


@dataclass(frozen=True)
class Lora:
    """What adapters look like: rank, alpha (their sum is scaled by alpha / rank), and where.

    targets is a regular expression searched in paths such as `blocks.3.attention.query`.
    """

    rank: int = 64
    alpha: float = 64.0
    targets: str = ATTENTION_AND_MLP

    def __post_init__(self) -> None:
        if self.rank < 1:
            raise ValueError(f"rank {self.rank} must be at least 1")
        if not self.alpha > 0:
            raise ValueError(f"alpha {self.alpha} must be above 0")
        try:
            re.compile(self.targets)
        except re.error as error:
            raise ValueError(
                f"targets {self.targets!r} is no regular expression: {error}"
            ) from None

    @property
    def scale(self) -> float:
        """The factor on what adapters add."""
        return self.alpha / self.rank


class Adapted(NamedTuple):
    """A model with adapters, split: what is trained and what is frozen, the base's own state."""

    graph: nnx.GraphDef
    adapters: nnx.State
    base: nnx.State


class Adapter(nnx.Module):
    """B A x, with A `[in, rank]` random and B `[rank, out]` zero: it begins as nothing."""

    def __init__(self, fan_in: int, fan_out: int, lora: Lora, key: jax.Array) -> None:
        bound = fan_in**-0.5
        down = jax.random.uniform(key, (fan_in, lora.rank), jnp.float32, -bound, bound)
        self.down = nnx.LoRAParam(down)
        self.up = nnx.LoRAParam(jnp.zeros((lora.rank, fan_out)))
        self.scale = lora.scale

    def __call__(self, x: jax.Array) -> jax.Array:
        return (x @ self.down[...]) @ self.up[...] * self.scale


def linears(model: Decoder, targets: str) -> Iterator[tuple[str, Linear]]:
    """The projections of a model whose path matches, in order."""
    for path, module in nnx.iter_modules(model):
        name = ".".join(map(str, path))
        if isinstance(module, Linear) and re.search(targets, name):
            yield name, module


def adapt(graph: nnx.GraphDef, params: nnx.State, lora: Lora, seed: int) -> Adapted:
    """A model with fresh adapters; `params` are shared, not copied.

    Raises ValueError where no projection matches.
    """
    model: Decoder = nnx.merge(graph, params)
    key = jax.random.key(seed)
    found = sorted(linears(model, lora.targets), key=lambda pair: pair[0])
    if not found:
        raise ValueError(f"lora targets {lora.targets!r} match no projection of the model")
    for i, (_, linear) in enumerate(found):
        fan_in, fan_out = linear.kernel.shape
        linear.adapter = Adapter(fan_in, fan_out, lora, jax.random.fold_in(key, i))
    return Adapted(*nnx.split(model, nnx.LoRAParam, nnx.Param))


def merge(adapted: Adapted) -> nnx.State:
    """The base's parameters with the adapters added in: the weights of a model without adapters."""
    model: Decoder = nnx.merge(adapted.graph, adapted.adapters, adapted.base)
    for _, linear in linears(model, ""):
        if linear.adapter is not None:
            low = linear.adapter
            added = low.down[...] @ low.up[...] * low.scale
            kernel = linear.kernel[...]
            linear.kernel = nnx.Param((kernel.astype(jnp.float32) + added).astype(kernel.dtype))
            linear.adapter = None
    params: nnx.State = nnx.split(model, nnx.Param)[1]
    return params
