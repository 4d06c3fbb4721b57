"""Attention over a shared prompt and a row's own tokens.

A prompt's keys and values are computed once and attended to by all of its G completions, in
sampling and in training alike. Layouts put what a batched matrix product iterates over first, since
on CPUs a transpose inside the product costs several times the product.

N prompts, G completions each, T query positions, S own key positions, P prompt positions, K
key-value heads, R = H / K query heads per key-value head, D head features.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from grpo_core.models.config import RopeScaling

NEG_INF = -1e30


class Keys(NamedTuple):
    """Rotated keys, and values, of one layer: own `[N, K, G, S, D]`, of a prompt `[N, K, P, D]`."""

    key: jax.Array
    value: jax.Array


class Span(NamedTuple):
    """Where keys stand: positions in tokens from the prompt's start, and which are real, `[...,
    S]`."""

    positions: jax.Array
    valid: jax.Array


class Masks(NamedTuple):
    """What a query may see: own `[N, G, T, S]`, and prefix `[N, G, T, P]` where there is one."""

    own: jax.Array
    prefix: jax.Array | None


def rotate(
    x: jax.Array, positions: jax.Array, theta: float, scaling: RopeScaling | None = None
) -> jax.Array:
    """Rotary position embedding (Su et al. 2021), the half-split form used by Hugging Face.

    x `[N, G, T, H, D]`, positions `[N, G, T]` in tokens.
    """
    half = x.shape[-1] // 2
    frequencies = theta ** (-jnp.arange(half, dtype=jnp.float32) / half)
    if scaling is not None:
        frequencies = scaling(frequencies)
    angles = positions[..., None, None].astype(jnp.float32) * frequencies
    sin, cos = jnp.sin(angles), jnp.cos(angles)
    first, second = x[..., :half].astype(jnp.float32), x[..., half:].astype(jnp.float32)
    turned = jnp.concatenate([first * cos - second * sin, second * cos + first * sin], axis=-1)
    return turned.astype(x.dtype)


def visible(query_positions: jax.Array, keys: Span, window: int | None) -> jax.Array:
    """Causal mask `[..., T, S]` of queries at `[..., T]`; padding is not seen.

    With a window, a query sees itself and the `window - 1` positions before it.
    """
    distance = query_positions[..., :, None] - keys.positions[..., None, :]
    seen = (distance >= 0) & keys.valid[..., None, :]
    return seen if window is None else seen & (distance < window)


def attend(query: jax.Array, own: Keys, prefix: Keys | None, masks: Masks) -> jax.Array:
    """Softmax attention over prompt and own keys together. query and result `[N, G, T, H, D]`."""
    n, g, t, h, d = query.shape
    k = own.key.shape[1]
    r = h // k
    q = query.reshape(n, g, t, k, r, d).transpose(0, 3, 1, 2, 4, 5)  # [N, K, G, T, R, D]
    scores = _scores(q.reshape(n, k, g, t * r, d), own.key).reshape(n, k, g, t, r, -1)
    scores = jnp.where(masks.own[:, None, :, :, None, :], scores, NEG_INF)
    if prefix is not None:
        assert masks.prefix is not None
        far = _scores(q.reshape(n, k, g * t * r, d), prefix.key).reshape(n, k, g, t, r, -1)
        far = jnp.where(masks.prefix[:, None, :, :, None, :], far, NEG_INF)
        scores = jnp.concatenate([far, scores], axis=-1)
    weights = jax.nn.softmax(scores, axis=-1).astype(query.dtype)
    split = weights.shape[-1] - own.key.shape[3]
    out = weights[..., split:].reshape(n, k, g, t * r, -1) @ own.value
    out = out.reshape(n, k, g, t, r, d)
    if prefix is not None:
        far_out = weights[..., :split].reshape(n, k, g * t * r, -1) @ prefix.value
        out = out + far_out.reshape(n, k, g, t, r, d)
    return out.transpose(0, 2, 3, 1, 4, 5).reshape(n, g, t, h, d)


def _scores(query: jax.Array, key: jax.Array) -> jax.Array:
    """Products of queries and keys, summed in float32 whatever they are kept in."""
    return jnp.matmul(query, key.swapaxes(-1, -2), preferred_element_type=jnp.float32)


def nearest(keys: Keys, span: Span, count: int) -> tuple[Keys, Span]:
    """The last `count` real positions of each prompt: all that a sliding layer will look at.

    keys `[N, K, P, D]` and span `[N, P]` of prompts whose real tokens are contiguous.
    """
    size = span.valid.shape[-1]
    if count >= size:
        return keys, span
    ends = size - jnp.argmax(span.valid[:, ::-1], axis=-1)  # one past the last real position
    rows = jnp.clip(ends[:, None] - count, 0) + jnp.arange(count)

    def pick(x: jax.Array) -> jax.Array:
        return jnp.take_along_axis(x, rows[:, None, :, None], axis=2)

    where = Span(*(jnp.take_along_axis(x, rows, axis=1) for x in span))
    return Keys(pick(keys.key), pick(keys.value)), where
