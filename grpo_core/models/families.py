"""The families that can be loaded: Gemma 3 (text), Llama and Qwen 3, and the shapes of Gemma 3.

`config_of` reads a configuration as Hugging Face writes it (`config.json`, old and new spellings)
and refuses what the decoder would compute differently, rather than be subtly wrong.
"""

from collections.abc import Callable, Mapping
from typing import Any

import jax

from grpo_core.models.config import (
    DecoderConfig,
    LinearScaling,
    Llama3Scaling,
    RopeScaling,
    gelu_tanh,
)


class ModelError(ValueError):
    """A model that cannot be loaded or built; one line says which, why and what would help."""


def gemma3_config(
    *,
    width: int,
    num_layers: int,
    num_heads: int,
    num_kv_heads: int,
    mlp_width: int,
    head_dim: int = 256,
    vocab_size: int = 262_144,
    sliding_window: int = 512,
    query_pre_attn_scalar: float = 256.0,
    rope_theta: float = 1_000_000.0,
    local_rope_theta: float = 10_000.0,
    rope_scaling: RopeScaling | None = None,
    global_every: int = 6,
    norm_eps: float = 1e-6,
    tie_embeddings: bool = True,
) -> DecoderConfig:
    """Gemma 3 (Gemma Team 2025, "Gemma 3 technical report"): five sliding layers, then a global."""
    return DecoderConfig(
        vocab_size=vocab_size,
        width=width,
        num_layers=num_layers,
        num_heads=num_heads,
        num_kv_heads=num_kv_heads,
        head_dim=head_dim,
        mlp_width=mlp_width,
        activation=gelu_tanh,
        gated_mlp=True,
        norm_eps=norm_eps,
        qk_norm=True,
        post_norms=True,
        rope_theta=rope_theta,
        rope_scaling=rope_scaling,
        local_rope_theta=local_rope_theta,
        sliding_window=sliding_window,
        global_every=global_every,
        query_scale=query_pre_attn_scalar**-0.5,
        embed_scale=width**0.5,
        tie_embeddings=tie_embeddings,
    )


def gemma3_270m() -> DecoderConfig:
    """Gemma 3 270M."""
    return gemma3_config(width=640, num_layers=18, num_heads=4, num_kv_heads=1, mlp_width=2048)


def gemma3_1b() -> DecoderConfig:
    """Gemma 3 1B, the model of the training report."""
    return gemma3_config(width=1152, num_layers=26, num_heads=4, num_kv_heads=1, mlp_width=6912)


def gemma3_4b() -> DecoderConfig:
    """The text model of Gemma 3 4B."""
    return _large(width=2560, num_layers=34, num_heads=8, num_kv_heads=4, mlp_width=10_240)


def gemma3_12b() -> DecoderConfig:
    """The text model of Gemma 3 12B."""
    return _large(width=3840, num_layers=48, num_heads=16, num_kv_heads=8, mlp_width=15_360)


def gemma3_27b() -> DecoderConfig:
    """The text model of Gemma 3 27B."""
    return _large(
        width=5376,
        num_layers=62,
        num_heads=32,
        num_kv_heads=16,
        mlp_width=21_504,
        head_dim=128,
        query_pre_attn_scalar=168.0,
    )


def _large(**sizes: Any) -> DecoderConfig:
    return gemma3_config(
        **sizes, vocab_size=262_208, sliding_window=1024, rope_scaling=LinearScaling(8.0)
    )


def config_of(source: Mapping[str, Any]) -> DecoderConfig:
    """The decoder that a Hugging Face configuration describes.

    Raises ModelError for another family, and for a variant that this decoder does not compute.
    """
    kind = source.get("model_type")
    if kind == "gemma3" and isinstance(source.get("text_config"), Mapping):
        return config_of({"model_type": "gemma3_text", **source["text_config"]})
    if not isinstance(kind, str) or kind not in FAMILIES:
        raise ModelError(f"model_type = {kind!r}: only {', '.join(FAMILIES)} can be loaded")
    for flag in ("attention_bias", "mlp_bias", "attn_logit_softcapping", "final_logit_softcapping"):
        if source.get(flag):
            raise ModelError(f"{flag} = {source[flag]!r}: is not supported by this decoder")
    try:
        return FAMILIES[kind](source)
    except KeyError as error:
        raise ModelError(f"a {kind} configuration needs {error.args[0]!r}") from None
    except (TypeError, ValueError) as error:
        raise ModelError(f"a {kind} configuration that makes no model: {error}") from None


def _gemma3(source: Mapping[str, Any]) -> DecoderConfig:
    _expect(source, "hidden_activation", "gelu_pytorch_tanh")
    theta, scaling = _rope(source, "full_attention", source.get("rope_theta", 1e6))
    local, local_scaling = _rope(
        source, "sliding_attention", source.get("rope_local_base_freq", 1e4)
    )
    if local_scaling is not None:
        raise ValueError("rope scaling of sliding layers is not supported")
    return gemma3_config(
        width=_whole(source, "hidden_size"),
        num_layers=_whole(source, "num_hidden_layers"),
        num_heads=_whole(source, "num_attention_heads"),
        num_kv_heads=_whole(source, "num_key_value_heads"),
        mlp_width=_whole(source, "intermediate_size"),
        head_dim=_whole(source, "head_dim"),
        vocab_size=_whole(source, "vocab_size"),
        sliding_window=_whole(source, "sliding_window"),
        query_pre_attn_scalar=float(source["query_pre_attn_scalar"]),
        rope_theta=theta,
        rope_scaling=scaling,
        local_rope_theta=local,
        global_every=_global_every(source),
        norm_eps=float(source["rms_norm_eps"]),
        tie_embeddings=bool(source.get("tie_word_embeddings", True)),
    )


def _llama(source: Mapping[str, Any], *, qk_norm: bool = False) -> DecoderConfig:
    _expect(source, "hidden_act", "silu")
    if source.get("use_sliding_window"):
        raise ValueError("use_sliding_window is not supported for this family")
    theta, scaling = _rope(source, None, source.get("rope_theta", 1e4))
    width, heads = _whole(source, "hidden_size"), _whole(source, "num_attention_heads")
    return DecoderConfig(
        vocab_size=_whole(source, "vocab_size"),
        width=width,
        num_layers=_whole(source, "num_hidden_layers"),
        num_heads=heads,
        num_kv_heads=int(source.get("num_key_value_heads") or heads),
        head_dim=int(source.get("head_dim") or width // max(heads, 1)),
        mlp_width=_whole(source, "intermediate_size"),
        activation=jax.nn.silu,
        gated_mlp=True,
        norm_eps=float(source["rms_norm_eps"]),
        qk_norm=qk_norm,
        rope_theta=theta,
        rope_scaling=scaling,
        tie_embeddings=bool(source.get("tie_word_embeddings", False)),
    )


def _qwen3(source: Mapping[str, Any]) -> DecoderConfig:
    return _llama(source, qk_norm=True)


FAMILIES: Mapping[str, Callable[[Mapping[str, Any]], DecoderConfig]] = {
    "gemma3_text": _gemma3,
    "llama": _llama,
    "qwen3": _qwen3,
}
"""Readers by Hugging Face's `model_type`."""


def _whole(source: Mapping[str, Any], name: str) -> int:
    value = source[name]
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{name} = {value!r} must be a whole number of at least 1")
    return value


def _expect(source: Mapping[str, Any], name: str, value: str) -> None:
    if source.get(name, value) != value:
        raise ValueError(f"{name} = {source[name]!r} is not supported, only {value!r}")


def _rope(
    source: Mapping[str, Any], kind: str | None, theta: Any
) -> tuple[float, RopeScaling | None]:
    """Base and scaling of the rotary positions of one kind of layer.

    Newer files have `rope_parameters`, by kind of layer where there are several; older ones have
    `rope_theta` and `rope_scaling`, the latter for global layers.
    """
    found = source.get("rope_parameters") or {}
    if kind is not None and kind in found:
        found = found[kind] or {}
    elif kind != "sliding_attention":
        found = found or source.get("rope_scaling") or {}
    base = float(found.get("rope_theta", theta))
    variant = found.get("rope_type", found.get("type", "default"))
    if variant == "default":
        return base, None
    if variant == "linear":
        return base, LinearScaling(float(found["factor"]))
    if variant == "llama3":
        return base, Llama3Scaling(
            float(found["factor"]),
            float(found["low_freq_factor"]),
            float(found["high_freq_factor"]),
            int(found["original_max_position_embeddings"]),
        )
    raise ValueError(f"rope type {variant!r} is not supported: default, linear and llama3 are")


def _global_every(source: Mapping[str, Any]) -> int:
    kinds = source.get("layer_types")
    if kinds is None:
        return int(source.get("sliding_window_pattern", 6))
    every = kinds.index("full_attention") + 1 if "full_attention" in kinds else len(kinds) + 1
    wanted = [
        "full_attention" if i % every == 0 else "sliding_attention"
        for i in range(1, len(kinds) + 1)
    ]
    if kinds != wanted:
        raise ValueError("layer_types is not a regular pattern of sliding and full attention")
    return every
