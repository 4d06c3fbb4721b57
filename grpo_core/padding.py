"""Texts to rectangular arrays."""

from collections.abc import Sequence
from typing import Protocol

import jax
import jax.numpy as jnp
import numpy as np

from grpo_core.batch import Prompts

BUCKET = 8


class Tokenizer(Protocol):
    """What the core needs of a tokenizer: `end_id` is written after what is learned from, any of
    `stop_ids` ends what is sampled."""

    pad_id: int
    end_id: int
    stop_ids: tuple[int, ...]

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]: ...
    def decode_batch(self, rows: Sequence[Sequence[int]]) -> list[str]: ...


def bucketed(length: int, bucket: int = BUCKET) -> int:
    """The next multiple of `bucket`: shapes are rounded up so that few are ever compiled."""
    return -(-length // bucket) * bucket


def pad_prompts(tokenizer: Tokenizer, texts: Sequence[str], length: int | None = None) -> Prompts:
    """Right-padded prompts `[N, P]`; P is `length` or the next bucket.

    Raises ValueError for a prompt of fewer than 2 tokens or of more than `length`.
    """
    rows = tokenizer.encode_batch(texts)
    longest = max(map(len, rows))
    size = bucketed(longest) if length is None else length
    for text, row in zip(texts, rows, strict=True):
        if not 2 <= len(row) <= size:
            raise ValueError(
                f"prompt {text[:40]!r} has {len(row)} tokens: between 2 and {size} are possible"
            )
    tokens = np.full((len(rows), size), tokenizer.pad_id, np.int32)
    for into, row in zip(tokens, rows, strict=True):
        into[: len(row)] = row
    lengths = np.array([len(row) for row in rows], np.int32)
    return Prompts(jnp.asarray(tokens), jnp.asarray(lengths))


def pad_completions(
    tokenizer: Tokenizer, groups: Sequence[Sequence[str]], length: int
) -> tuple[jax.Array, jax.Array]:
    """Completions `[N, G, T]` with their end token, and the mask up to and with it; T is `length`.

    Longer completions are cut, and then have no end token.
    """
    shape = (len(groups), len(groups[0]), length)
    tokens = np.full(shape, tokenizer.pad_id, np.int32)
    mask = np.zeros(shape, np.float32)
    for i, group in enumerate(groups):
        for j, row in enumerate(tokenizer.encode_batch(group)):
            row = [*row, tokenizer.end_id][:length]
            tokens[i, j, : len(row)] = row
            mask[i, j, : len(row)] = 1
    return jnp.asarray(tokens), jnp.asarray(mask)
