"""How a pass over a batch is computed, apart from what it computes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from grpo_core.batch import Batch
from grpo_core.models.decoder import Decoder

NOTHING = nnx.State({})
"""What is frozen in full fine-tuning."""


@dataclass(frozen=True)
class Pass:
    """What trades memory for time, or precision for both.

    dtype: of weights and activations in the pass. Trained weights stay as they are kept (float32),
        so that with bfloat16 small updates are not lost (Micikevicius et al. 2018).
    remat: the backward pass computes every layer again instead of keeping what is inside it.
    parts: the prompts of a batch go through in this many equal parts, one after the other; their
        gradients add up to those of the whole batch.
    """

    dtype: Any = jnp.float32
    remat: bool = False
    parts: int = 1

    def __post_init__(self) -> None:
        if self.parts < 1:
            raise ValueError(f"parts {self.parts} must be at least 1")

    def model(self, graph: nnx.GraphDef, params: nnx.State, frozen: nnx.State) -> Decoder:
        """The model of trained and frozen weights, as the pass computes with it."""
        model: Decoder = nnx.merge(graph, cast(params, self.dtype), cast(frozen, self.dtype))
        return model

    def split(self, batch: Batch) -> Batch:
        """The batch's parts, along a new first axis. Raises ValueError for unequal ones."""
        return jax.tree.map(self.cut, batch)

    def cut(self, x: jax.Array) -> jax.Array:
        """An array `[N, ...]` in parts, `[parts, N / parts, ...]`."""
        if x.shape[0] % self.parts:
            raise ValueError(
                f"{x.shape[0]} prompts do not make {self.parts} equal parts: choose a divisor"
            )
        return x.reshape(self.parts, -1, *x.shape[1:])


PLAIN = Pass()


def cast(params: nnx.State, dtype: Any) -> nnx.State:
    """Matrices as `dtype`; norms stay as they are."""
    return jax.tree.map(lambda x: x.astype(dtype) if x.ndim > 1 else x, params)
