"""Where each weight of the decoder lies in files of the Hugging Face and GGUF kinds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from grpo_core.models.config import DecoderConfig
from grpo_core.models.decoder import Decoder
from grpo_core.models.families import ModelError

Path = tuple[str | int, ...]


class Place(NamedTuple):
    """One weight: its path in the decoder, its names in files, and how it is written there.

    Files keep matrices as `[out, in]`, the decoder as `[in, out]`. Gemma's norms multiply by
    `1 + weight` in Hugging Face's files, while the decoder and GGUF keep the sum. Llama's GGUF
    files interleave the two halves of each head's rotary features; `heads` says of how many heads.
    """

    path: Path
    hub: str
    gguf: str
    transposed: bool = False
    shifted: bool = False
    heads: int = 0


class Split(NamedTuple):
    """A model split for pure functions."""

    graph: nnx.GraphDef
    params: nnx.State


def places(config: DecoderConfig, family: str) -> Iterator[Place]:
    """Every weight of a model of the family (Hugging Face's `model_type`)."""
    gemma = family == "gemma3_text"
    yield Place(("embedding",), "model.embed_tokens.weight", "token_embd.weight")
    yield Place(("final_norm", "scale"), "model.norm.weight", "output_norm.weight", shifted=gemma)
    if not config.tie_embeddings:
        yield Place(("head", "kernel"), "lm_head.weight", "output.weight", transposed=True)
    for i in range(config.num_layers):
        for path, hub, gguf, norm in _layer(config, gemma):
            heads = 0
            if family == "llama" and path[-2] in ("query", "key"):
                heads = config.num_heads if path[-2] == "query" else config.num_kv_heads
            yield Place(
                ("blocks", i, *path),
                f"model.layers.{i}.{hub}.weight",
                f"blk.{i}.{gguf}.weight",
                transposed=not norm,
                shifted=norm and gemma,
                heads=heads,
            )


def _layer(config: DecoderConfig, gemma: bool) -> Iterator[tuple[tuple[str, ...], str, str, bool]]:
    """Path, Hugging Face's name, GGUF's name and whether it is a norm, for a layer's weights."""
    for ours, hub, gguf in (
        ("query", "q_proj", "attn_q"),
        ("key", "k_proj", "attn_k"),
        ("value", "v_proj", "attn_v"),
        ("out", "o_proj", "attn_output"),
    ):
        yield ("attention", ours, "kernel"), f"self_attn.{hub}", gguf, False
    if config.qk_norm:
        yield ("attention", "query_norm", "scale"), "self_attn.q_norm", "attn_q_norm", True
        yield ("attention", "key_norm", "scale"), "self_attn.k_norm", "attn_k_norm", True
    for ours in ("gate", "up", "down"):
        yield ("mlp", ours, "kernel"), f"mlp.{ours}_proj", f"ffn_{ours}", False
    yield ("attention_norm", "scale"), "input_layernorm", "attn_norm", True
    if gemma:
        yield (
            ("post_attention_norm", "scale"),
            "post_attention_layernorm",
            "post_attention_norm",
            True,
        )
        yield ("mlp_norm", "scale"), "pre_feedforward_layernorm", "ffn_norm", True
        yield ("post_mlp_norm", "scale"), "post_feedforward_layernorm", "post_ffw_norm", True
    else:
        yield ("mlp_norm", "scale"), "post_attention_layernorm", "ffn_norm", True


def abstract(config: DecoderConfig) -> Split:
    """A model's structure, with shapes in place of weights; nothing is allocated."""
    model = nnx.eval_shape(lambda: Decoder(config, nnx.Rngs(0)))
    return Split(*nnx.split(model, nnx.Param))


def fill(
    config: DecoderConfig, read: Mapping[Path, Callable[[], Any]], dtype: Any = jnp.float32
) -> Split:
    """A model whose weights are read one by one, each a float array of the decoder's shape.

    Matrices are kept as `dtype`, norms always as float32: they are few, and Gemma's are sums whose
    small part a bfloat16 would lose. Raises ModelError for a weight that is missing or of another
    shape.
    """
    graph, shapes = abstract(config)
    flat = nnx.to_flat_state(shapes)
    filled = []
    for path, variable in flat:
        name = ".".join(map(str, path))
        if path not in read:
            raise ModelError(f"weight {name} is missing")
        array = read[path]()
        if array.shape != variable.shape:
            raise ModelError(
                f"weight {name} has shape {list(array.shape)}, the configuration says "
                f"{list(variable.shape)}"
            )
        kept = dtype if array.ndim > 1 else jnp.float32
        filled.append((path, variable.replace(jnp.asarray(array, kept))))
    return Split(graph, nnx.from_flat_state(filled))


def from_file(place: Place, array: np.ndarray, *, shift: bool) -> np.ndarray:
    """A weight as the decoder keeps it, of one as the file does; `shift` adds 1 where it is due."""
    if place.transposed:
        array = array.T
    return array.astype(np.float32) + 1 if shift and place.shifted else array


def to_file(place: Place, array: np.ndarray, dtype: Any) -> np.ndarray:
    """The reverse of `from_file` for Hugging Face's files, as `dtype`."""
    array = array - 1 if place.shifted else array
    return np.ascontiguousarray(array.T if place.transposed else array, dtype)


def uninterleaved(array: np.ndarray, heads: int) -> np.ndarray:
    """Rows `[heads * D, in]` of a Llama GGUF projection in the order of halves."""
    rows, width = array.shape
    pairs = array.reshape(heads, rows // heads // 2, 2, width)
    return pairs.swapaxes(1, 2).reshape(rows, width)


def flat_params(params: nnx.State) -> dict[Path, jax.Array]:
    """Weights by path."""
    return {path: variable[...] for path, variable in nnx.to_flat_state(params)}
