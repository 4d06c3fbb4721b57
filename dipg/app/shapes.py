"""Shapes of well-known models by name, for planning: no weights are needed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dipg.app.settings import did_you_mean, quote

if TYPE_CHECKING:
    from grpo_core.models.config import DecoderConfig


class ShapeError(ValueError):
    """A model whose shape is not known; one line."""


GEMMA3 = ("gemma3-270m", "gemma3-1b", "gemma3-4b", "gemma3-12b", "gemma3-27b")


def _llama(
    kind: str,
    width: int,
    layers: int,
    heads: tuple[int, int, int],
    mlp: int,
    words: int,
    tied: bool,
) -> Mapping[str, Any]:
    """As in the model's config.json on the hub; heads: of queries, of keys, and their size."""
    return {
        "model_type": kind,
        "hidden_size": width,
        "num_hidden_layers": layers,
        "num_attention_heads": heads[0],
        "num_key_value_heads": heads[1],
        "head_dim": heads[2],
        "intermediate_size": mlp,
        "vocab_size": words,
        "rms_norm_eps": 1e-6,
        "tie_word_embeddings": tied,
    }


OTHERS = {
    "smollm2-135m": _llama("llama", 576, 30, (9, 3, 64), 1536, 49_152, True),
    "llama3.2-1b": _llama("llama", 2048, 16, (32, 8, 64), 8192, 128_256, True),
    "llama3.1-8b": _llama("llama", 4096, 32, (32, 8, 128), 14_336, 128_256, False),
    "qwen3-0.6b": _llama("qwen3", 1024, 28, (16, 8, 128), 3072, 151_936, True),
    "qwen3-8b": _llama("qwen3", 4096, 36, (32, 8, 128), 12_288, 151_936, False),
}


def check_shape(name: str) -> None:
    """Raise ShapeError for a name that is no known model and no directory with a config.json."""
    known = (*GEMMA3, *OTHERS)
    if name not in known and not (Path(name) / "config.json").is_file():
        raise ShapeError(
            f"--model = {quote(name)}: {did_you_mean(name, known)}valid: {', '.join(known)}, or a "
            "directory with a config.json"
        )


def shape_of(name: str) -> DecoderConfig:
    """The shape of a model. Raises ShapeError, or ModelError for one that is not supported."""
    from grpo_core.models import families

    check_shape(name)
    if name in GEMMA3:
        built: DecoderConfig = getattr(families, name.replace("-", "_"))()
        return built
    if name in OTHERS:
        return families.config_of(OTHERS[name])
    try:
        return families.config_of(json.loads((Path(name) / "config.json").read_text("utf-8")))
    except (OSError, json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ShapeError(f"{name}/config.json: cannot be read: {error}") from None
