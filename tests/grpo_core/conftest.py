"""A small random model, large enough to be wrong in every way a large one can be."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from grpo_core.batch import Batch, Prompts
from grpo_core.models.config import DecoderConfig, gelu_tanh, tiny_config
from grpo_core.models.decoder import Decoder
from tests.compiled import compiled

__all__ = ["compiled"]

VOCABULARY = 23
PLAIN_LENGTH = 16


def gemma_like() -> DecoderConfig:
    """Everything that Gemma 3 has and the built-in model has not."""
    return DecoderConfig(
        vocab_size=VOCABULARY,
        width=16,
        num_layers=3,
        num_heads=4,
        num_kv_heads=2,
        head_dim=6,
        mlp_width=24,
        activation=gelu_tanh,
        gated_mlp=True,
        qk_norm=True,
        post_norms=True,
        rope_theta=1e6,
        local_rope_theta=1e4,
        sliding_window=4,
        global_every=3,
        query_scale=0.3,
        embed_scale=4.0,
    )


CONFIGS = {
    "tiny": tiny_config(VOCABULARY, width=16, num_layers=2, num_heads=2),
    "gemma": gemma_like(),
    "untied": DecoderConfig(
        vocab_size=VOCABULARY,
        width=16,
        num_layers=2,
        num_heads=2,
        num_kv_heads=1,
        head_dim=8,
        mlp_width=32,
        tie_embeddings=False,
        previous_tokens=2,
    ),
}


@pytest.fixture(params=sorted(CONFIGS))
def model(request: pytest.FixtureRequest) -> Decoder:
    return Decoder(CONFIGS[request.param], nnx.Rngs(3))


@pytest.fixture
def tiny() -> Decoder:
    return Decoder(CONFIGS["tiny"], nnx.Rngs(3))


def random_batch(seed: int = 0, prompts: int = 3, group: int = 2, length: int = 5) -> Batch:
    """Prompts of different lengths with completions of different lengths, padded with garbage."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(2, 8, prompts)
    tokens = rng.integers(0, VOCABULARY, (prompts, 8))
    completion = rng.integers(0, VOCABULARY, (prompts, group, length))
    ends = rng.integers(1, length + 1, (prompts, group))
    mask = (np.arange(length) < ends[..., None]).astype(np.float32)
    return Batch(
        Prompts(jnp.asarray(tokens, jnp.int32), jnp.asarray(lengths, jnp.int32)),
        jnp.asarray(completion, jnp.int32),
        jnp.asarray(mask),
    )


def plain_logits(model: Decoder, tokens: list[int]) -> jax.Array:
    """Logits `[T, V]` of one unpadded sequence in one pass: no prefix, no cache, no groups."""
    from grpo_core.models.decoder import preceding

    # Padded to one length, so that it compiles once: what comes after cannot be seen.
    size = len(tokens)
    row = jnp.asarray([*tokens, *[0] * (PLAIN_LENGTH - size)], jnp.int32)[None, None]
    before = jnp.broadcast_to(row[..., :1], (1, 1, model.config.previous_tokens))
    positions = jnp.arange(PLAIN_LENGTH)[None, None]
    graph, params = nnx.split(model, nnx.Param)
    return _plain(graph, params, row, preceding(row, before), positions)[:size]


@partial(jax.jit, static_argnames="graph")
def _plain(graph, params, row, previous, positions):
    model = nnx.merge(graph, params)
    return model.logits(model.complete(None, row, previous, positions, jnp.ones_like(row, bool)))[
        0, 0
    ]
