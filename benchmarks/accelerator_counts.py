"""What `benchmarks/accelerator.py` counts: bytes that a decode step reads, operations of an update.

A decode step reads every weight once: of tied tables the one that the unembedding reads (the rows
that are looked up are left out), matrices as they are kept, norms in float32. Keys and values are
those that the code walks over: all places of the completions' own cache, filled or not, and those
of a prompt once for its whole group.

An update's operations are those that its mathematics needs: 2 for a weight and token forward, 2 for
the gradient of its input and 2 for its own; LoRA leaves out the last for weights that are frozen,
which is 4, and adds 6 for each weight of an adapter. Layers see a prompt once for its group; the
unembedding sees completions only. Attention is 12 H D for each pair of a query and a key that it
may see (causal, within the window). Nothing is added for what is computed again, or masked.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from grpo_core.models.config import DecoderConfig
from grpo_core.roofline import matrices


class Sizes(NamedTuple):
    """N prompts of P tokens, each with G completions of T tokens."""

    prompts: int
    group: int
    prompt_length: int
    new_tokens: int

    @property
    def rows(self) -> int:
        """Completions."""
        return self.prompts * self.group

    @property
    def completion_tokens(self) -> int:
        """Of all completions together."""
        return self.rows * self.new_tokens

    @property
    def tokens(self) -> int:
        """What passes through the layers: a prompt's last token is fed with the completion."""
        return self.prompts * (self.prompt_length - 1) + self.completion_tokens


def cache_bytes(c: DecoderConfig, s: Sizes, bytes_each: int = 2) -> int:
    """Bytes of keys and values that one decode step walks over."""
    places = 0
    for layer in range(c.num_layers):
        window = c.sliding_window if c.is_sliding(layer) else None
        far = s.prompt_length if window is None else min(s.prompt_length, window - 1)
        own = s.new_tokens if window is None else min(s.new_tokens, window)
        places += s.prompts * far + s.rows * own
    return 2 * c.num_kv_heads * c.head_dim * bytes_each * places


def pairs_seen(c: DecoderConfig, s: Sizes) -> int:
    """Pairs of a query and a key that it may see, of all layers and sequences."""
    seen = np.arange(1, s.prompt_length + s.new_tokens)
    total = 0
    for layer in range(c.num_layers):
        window = c.sliding_window if c.is_sliding(layer) else None
        each = seen if window is None else np.minimum(seen, window)
        shared, own = each[: s.prompt_length - 1].sum(), each[s.prompt_length - 1 :].sum()
        total += s.prompts * int(shared) + s.rows * int(own)
    return total


def update_flops(c: DecoderConfig, s: Sizes, adapters: int | None = None) -> float:
    """Operations of one update; `adapters` are their weights where only they are trained."""
    once = 2.0 * c.num_layers * matrices(c) * s.tokens
    once += 2.0 * c.vocab_size * c.width * s.completion_tokens
    attention = 12.0 * c.num_heads * c.head_dim * pairs_seen(c, s)
    if adapters is None:
        return 3 * once + attention
    return 2 * once + attention + 6.0 * adapters * s.tokens
