"""Models from GGUF files: metadata to a configuration, quantised blocks to float weights.

Needs the `gguf` extra, whose package knows the quantisation formats. No torch.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from grpo_core.models.families import ModelError, config_of
from grpo_core.models.gguf_header import Header, TensorInfo, read_header
from grpo_core.models.weights import Place, Split, fill, from_file, places, uninterleaved

FAMILY_OF = {"gemma3": "gemma3_text", "llama": "llama", "qwen3": "qwen3"}
"""Hugging Face's `model_type` by GGUF's `general.architecture`."""


class GgufModel(NamedTuple):
    """What a GGUF file holds, its weights dequantised to float32.

    `source` is the configuration as Hugging Face writes it; `metadata` is the file's own, with the
    vocabulary.
    """

    split: Split
    source: dict[str, Any]
    metadata: dict[str, Any]


def load_gguf(path: Path, dtype: Any = np.float32) -> GgufModel:
    """Read a model. Raises ModelError for anything that is not a whole model of a known family."""
    try:
        from gguf import constants, quants
    except ImportError:
        raise ModelError(
            f"{path}: GGUF files need the gguf extra: pip install 'dipg-curriculum[gguf]'"
        ) from None
    header = read_header(path)
    try:
        source = source_of(header)
        config = config_of(source)
        data = np.memmap(path, np.uint8, mode="r")
        sizes = {int(kind): size for kind, size in constants.GGML_QUANT_SIZES.items()}

        def read(place: Place) -> np.ndarray:
            info = header.tensors[place.gguf]
            raw = _bytes_of(place.gguf, info, data, header.data, sizes)
            kind = constants.GGMLQuantizationType(info.kind)
            try:
                array = quants.dequantize(raw, kind).astype(np.float32).reshape(info.shape)
            except NotImplementedError:
                raise ModelError(
                    f"tensor {place.gguf} is quantised as {kind.name}, which cannot be read"
                ) from None
            if place.heads:
                array = uninterleaved(array, place.heads)
            return from_file(place, array, shift=False)

        readers: dict[Any, Callable[[], Any]] = {}
        for place in places(config, source["model_type"]):
            if place.gguf not in header.tensors:  # before anything of that many layers is built
                raise ModelError(f"tensor {place.gguf} is missing")
            readers[place.path] = partial(read, place)
        return GgufModel(fill(config, readers, dtype), source, header.metadata)
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from None


def _bytes_of(
    name: str, info: TensorInfo, data: np.ndarray, start: int, sizes: Mapping[int, tuple[int, int]]
) -> np.ndarray:
    """The stored bytes of a tensor, `[rows, bytes of a row]`."""
    if info.kind not in sizes:
        raise ModelError(f"tensor {name} has the unknown type {info.kind}")
    block, size = sizes[info.kind]
    width = info.shape[-1] if info.shape else 1
    if width % block:
        raise ModelError(f"tensor {name} has rows of {width}, not a multiple of {block}")
    rows = math.prod(info.shape[:-1])
    row_bytes = width // block * size
    begin = start + info.offset
    if begin + rows * row_bytes > len(data):
        raise ModelError(f"tensor {name} reaches past the end of the file")
    return np.asarray(data[begin : begin + rows * row_bytes]).reshape(rows, row_bytes)


def source_of(header: Header) -> dict[str, Any]:
    """A GGUF header as a Hugging Face configuration."""
    metadata = header.metadata
    architecture = metadata.get("general.architecture")
    if not isinstance(architecture, str) or architecture not in FAMILY_OF:
        raise ModelError(
            f"general.architecture = {architecture!r}: only {', '.join(FAMILY_OF)} can be loaded"
        )

    def get(name: str, default: Any = None) -> Any:
        value = metadata.get(f"{architecture}.{name}", default)
        if value is None:
            raise ModelError(f"{architecture}.{name} is missing")
        return value

    heads, width = get("attention.head_count"), get("embedding_length")
    if not (isinstance(heads, int) and isinstance(width, int) and 0 < heads <= width):
        raise ModelError(f"{heads!r} heads in a width of {width!r} make no model")
    embedding = header.tensors.get("token_embd.weight")
    source: dict[str, Any] = {
        "model_type": FAMILY_OF[architecture],
        "vocab_size": embedding.shape[0] if embedding and embedding.shape else 0,
        "hidden_size": width,
        "num_hidden_layers": get("block_count"),
        "num_attention_heads": heads,
        "num_key_value_heads": get("attention.head_count_kv", heads),
        "head_dim": get("attention.key_length", width // heads),
        "intermediate_size": get("feed_forward_length"),
        "rms_norm_eps": get("attention.layer_norm_rms_epsilon"),
        "rope_theta": get("rope.freq_base", 10_000.0),
        "max_position_embeddings": get("context_length"),
        "tie_word_embeddings": "output.weight" not in header.tensors,
    }
    scaling = metadata.get(f"{architecture}.rope.scaling.type", "none")
    if scaling == "linear":
        factor = get("rope.scaling.factor")
        source["rope_scaling"] = {"rope_type": "linear", "factor": factor}
    elif scaling != "none" or "rope_freqs.weight" in header.tensors:
        raise ModelError(f"rope scaling {scaling!r} in GGUF files is not supported")
    if architecture == "gemma3":
        source |= {
            "hidden_activation": "gelu_pytorch_tanh",
            "sliding_window": get("attention.sliding_window"),
            # llama.cpp derives it from the size of the model in the same way.
            "query_pre_attn_scalar": width / heads
            if source["num_hidden_layers"] == 62
            else source["head_dim"],
            "rope_local_base_freq": 10_000.0,
        }
    else:
        source["hidden_act"] = "silu"
    return source
