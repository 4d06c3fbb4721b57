"""Tiny random models as transformers wrote them, with the logits that it computed: data/make.py."""

from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
from flax import nnx

from grpo_core.models.decoder import Decoder
from grpo_core.models.weights import Split

DATA = Path(__file__).parent / "data"
FAMILIES = ("gemma3", "llama", "qwen3")


def expected(family: str) -> tuple[np.ndarray, np.ndarray]:
    """Tokens `[2, 14]` and transformers' logits `[2, 14, V]`."""
    stored = np.load(DATA / family / "logits.npz")
    return stored["tokens"], stored["logits"]


def full_logits(split: Split, tokens: Any) -> np.ndarray:
    """Logits `[B, T, V]` of whole rows `[B, T]` in one pass: no prefix, no cache."""
    model: Decoder = nnx.merge(split.graph, split.params)
    rows = jnp.asarray(tokens)[:, None]
    positions = jnp.broadcast_to(jnp.arange(rows.shape[-1]), rows.shape)
    previous = jnp.zeros((*rows.shape, 0), jnp.int32)
    hidden = model.complete(None, rows, previous, positions, jnp.ones_like(rows, bool))
    return np.asarray(model.logits(hidden)[:, 0])
