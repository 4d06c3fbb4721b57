"""What one GRPO step computes, reads and exchanges, counted from the model's shape.

Operations are those of matrix products, which are nearly all. They are counted as this code does
them: attention over all positions, masked or not; each layer computed again in the backward pass.
"""

from __future__ import annotations

from typing import NamedTuple

from grpo_core.models.config import DecoderConfig


class Load(NamedTuple):
    """Of all chips together: operations; bytes read from and written to memory; bytes that each
    chip exchanges with others."""

    flops: float
    bytes: float
    exchanged: float

    def __add__(self, other: object) -> Load:
        assert isinstance(other, Load)
        return Load(*(a + b for a, b in zip(self, other, strict=True)))


class Sizes(NamedTuple):
    """N prompts of P tokens with G completions of T tokens each; how many ways weights are divided
    (fsdp) and the model is cut (tp); bytes of a weight in a pass; adapters, if only they are
    trained."""

    prompts: int
    group: int
    prompt_length: int
    new_tokens: int
    fsdp: int = 1
    tp: int = 1
    weight_bytes: int = 2
    adapters: int | None = None


def matrices(c: DecoderConfig) -> int:
    """Weights of one layer that are multiplied with."""
    heads = 2 * c.num_heads + 2 * c.num_kv_heads
    return c.width * (heads * c.head_dim + c.mlp_width * (3 if c.gated_mlp else 2))


def features(c: DecoderConfig) -> int:
    """Numbers that one layer keeps of a token: its products' operands and results."""
    heads = 2 * c.num_heads + 2 * c.num_kv_heads
    return 8 * c.width + 2 * heads * c.head_dim + 6 * c.mlp_width


def keys_seen(c: DecoderConfig, sizes: Sizes) -> float:
    """Positions that a completion's token is compared with, summed over layers."""
    total = 0
    for layer in range(c.num_layers):
        window = c.sliding_window if c.is_sliding(layer) else None
        near = sizes.prompt_length if window is None else min(sizes.prompt_length, window - 1)
        total += near + sizes.new_tokens
    return total


def _forward(c: DecoderConfig, s: Sizes) -> tuple[float, float, float]:
    """Operations of one pass: layers over prompts, layers over completions, the vocabulary."""
    per_token = 2 * c.num_layers * matrices(c)
    attention = 4 * c.num_heads * c.head_dim
    prompts, completions = s.prompts * s.prompt_length, s.prompts * s.group * s.new_tokens
    over_prompts = prompts * (per_token + attention * c.num_layers * s.prompt_length)
    over_completions = completions * (per_token + attention * keys_seen(c, s))
    return over_prompts, over_completions, completions * 2.0 * c.vocab_size * c.width


def _activations(c: DecoderConfig, s: Sizes) -> float:
    """Bytes written and read by one pass over the layers, in products' operands and results."""
    prompts, completions = s.prompts * s.prompt_length, s.prompts * s.group * s.new_tokens
    scores = prompts * c.num_layers * s.prompt_length + completions * keys_seen(c, s)
    # Scores are float32, and written and read as scores and as weights.
    return (prompts + completions) * c.num_layers * features(c) * 2.0 + scores * c.num_heads * 16.0


def sampling(c: DecoderConfig, s: Sizes) -> Load:
    """Prefill, then every weight and every key once for each new token."""
    prompts, completions, vocabulary = _forward(c, s)
    weights = c.num_parameters * s.weight_bytes
    chips = max(s.fsdp, 1)  # each reads its own copy (a tp-th of one each, among tp)
    keys = 2 * c.num_kv_heads * c.head_dim * 2 * s.prompts * s.group * keys_seen(c, s)
    read = s.new_tokens * (weights * chips + keys)
    gathered = weights / s.tp * (1 - 1 / s.fsdp)
    summed = _summed(c, s, s.prompts * (s.prompt_length + s.group * s.new_tokens))
    return Load(
        prompts + completions + vocabulary,
        read + weights * chips + _activations(c, s) / 4,
        gathered,
    ) + Load(0.0, 0.0, summed)


def scoring(c: DecoderConfig, s: Sizes) -> Load:
    """One pass without gradients, as of the reference."""
    weights = c.num_parameters * s.weight_bytes
    tokens = s.prompts * (s.prompt_length + s.group * s.new_tokens)
    logits = 8.0 * s.prompts * s.group * s.new_tokens * c.vocab_size
    exchanged = weights / s.tp * (1 - 1 / s.fsdp) + _summed(c, s, tokens)
    read = 2.0 * weights * s.fsdp + _activations(c, s) + logits
    return Load(sum(_forward(c, s)), read, exchanged)


def updating(c: DecoderConfig, s: Sizes) -> Load:
    """Forward, forward again, backward by activations and, where they are trained, by weights."""
    passes = 4 if s.adapters is None else 3
    trained = c.num_parameters if s.adapters is None else s.adapters
    weights = c.num_parameters * s.weight_bytes
    tokens = s.prompts * (s.prompt_length + s.group * s.new_tokens)
    logits = 8.0 * s.prompts * s.group * s.new_tokens * c.vocab_size
    # Adam reads gradient, weight and two moments in float32 and writes all but the gradient.
    read = 2 * 2.0 * weights * s.fsdp + 28.0 * trained + passes * (_activations(c, s) + logits)
    divided = 1 - 1 / s.fsdp
    exchanged = (2 * weights + 4 * trained) / s.tp * divided + 3 * _summed(c, s, tokens)
    return Load(passes * sum(_forward(c, s)), read, exchanged)


def _summed(c: DecoderConfig, s: Sizes, tokens: int) -> float:
    """Bytes a chip exchanges to add up the parts of two products per layer among tp."""
    return 4.0 * c.num_layers * tokens / s.fsdp * c.width * 2 * (1 - 1 / s.tp)
