"""One decoder-only transformer, described by a `DecoderConfig`.

Every call works on `[N, G, T]` tokens: G continuations of each of N prompts. A prompt pass (G = 1)
returns its keys and values; passes over completions attend to them through `Prefix`, so that what a
group shares is computed once.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx

from grpo_core.mesh import along_data
from grpo_core.models.attention import Keys, Masks, Span, attend, nearest, rotate, visible
from grpo_core.models.config import DecoderConfig


class Prefix(NamedTuple):
    """Prompts as seen by their completions: keys per layer `[N, K, P, D]`, and where they stand.

    Sliding layers keep only the positions that they can still see, `near`.
    """

    layers: tuple[Keys, ...]
    span: Span
    near: Span


class Cache(NamedTuple):
    """Preallocated keys of the tokens sampled so far: per layer `[N, K, G, S, D]`; `length` scalar.

    S is the most tokens there can be; in sliding layers at most the window, used as a ring.
    """

    layers: tuple[Keys, ...]
    length: jax.Array


class Norm(nnx.Module):
    """RMSNorm (Zhang & Sennrich 2019), computed in float32."""

    def __init__(self, size: int, eps: float) -> None:
        self.scale = nnx.Param(jnp.ones((size,)))
        self.eps = eps

    def __call__(self, x: jax.Array) -> jax.Array:
        wide = x.astype(jnp.float32)
        wide = wide * jax.lax.rsqrt(jnp.mean(wide * wide, axis=-1, keepdims=True) + self.eps)
        return (wide * self.scale[...]).astype(x.dtype)


class Linear(nnx.Module):
    """A matrix `[in, out]` without bias, and what an adapter adds to it, if it has one."""

    adapter: nnx.Module | None

    def __init__(self, fan_in: int, fan_out: int, rngs: nnx.Rngs, gain: float = 1.0) -> None:
        shape = (fan_in, fan_out)
        self.kernel = nnx.Param(jax.random.normal(rngs.params(), shape) * gain * fan_in**-0.5)
        self.adapter = nnx.data(None)

    def __call__(self, x: jax.Array) -> jax.Array:
        # One product over all tokens: CPUs run it, and its gradient, about twice as fast as a
        # batched one.
        flat = x.reshape(-1, x.shape[-1])
        out = flat @ self.kernel[...]
        if self.adapter is not None:
            out = out + self.adapter(flat)
        return out.reshape(*x.shape[:-1], -1)


class Attention(nnx.Module):
    """Grouped-query attention with rotary positions and, where the family has it, QK norm."""

    def __init__(self, config: DecoderConfig, layer: int, rngs: nnx.Rngs) -> None:
        c = config
        self.config = config
        sliding = c.is_sliding(layer)
        self.theta = c.local_rope_theta if sliding else c.rope_theta
        self.scaling = None if sliding else c.rope_scaling
        self.query = Linear(c.width, c.num_heads * c.head_dim, rngs)
        self.key = Linear(c.width, c.num_kv_heads * c.head_dim, rngs)
        self.value = Linear(c.width, c.num_kv_heads * c.head_dim, rngs)
        # Residual branches start small, so that depth does not grow the stream (Radford 2019).
        gain = (2 * c.num_layers) ** -0.5
        self.out = Linear(c.num_heads * c.head_dim, c.width, rngs, gain)
        if c.qk_norm:
            self.query_norm = Norm(c.head_dim, c.norm_eps)
            self.key_norm = Norm(c.head_dim, c.norm_eps)

    def project(self, x: jax.Array, positions: jax.Array) -> tuple[jax.Array, Keys]:
        """Scaled queries `[N, G, T, H, D]` and own keys `[N, K, G, T, D]` of the inputs."""
        c = self.config
        q = self.query(x).reshape(*x.shape[:-1], c.num_heads, c.head_dim)
        k = self.key(x).reshape(*x.shape[:-1], c.num_kv_heads, c.head_dim)
        v = self.value(x).reshape(*x.shape[:-1], c.num_kv_heads, c.head_dim)
        if c.qk_norm:
            q, k = self.query_norm(q), self.key_norm(k)
        q = rotate(q, positions, self.theta, self.scaling) * c.scale
        k = rotate(k, positions, self.theta, self.scaling)
        return q, Keys(k.transpose(0, 3, 1, 2, 4), v.transpose(0, 3, 1, 2, 4))

    def __call__(self, query: jax.Array, own: Keys, prefix: Keys | None, masks: Masks) -> jax.Array:
        mixed = attend(query, own, prefix, masks)
        return self.out(mixed.reshape(*mixed.shape[:-2], -1))


class MLP(nnx.Module):
    """The feed-forward half of a block, plain or gated (Shazeer 2020)."""

    def __init__(self, config: DecoderConfig, rngs: nnx.Rngs) -> None:
        self.config = config
        if config.gated_mlp:
            self.gate = Linear(config.width, config.mlp_width, rngs)
        self.up = Linear(config.width, config.mlp_width, rngs)
        gain = (2 * config.num_layers) ** -0.5
        self.down = Linear(config.mlp_width, config.width, rngs, gain)

    def __call__(self, x: jax.Array) -> jax.Array:
        act = self.config.activation
        hidden = act(self.gate(x)) * self.up(x) if self.config.gated_mlp else act(self.up(x))
        return self.down(hidden)


class Block(nnx.Module):
    """Attention and MLP around a residual stream, normalised before and, for Gemma 3, after."""

    def __init__(self, config: DecoderConfig, layer: int, rngs: nnx.Rngs) -> None:
        self.attention = Attention(config, layer, rngs)
        self.mlp = MLP(config, rngs)
        self.attention_norm = Norm(config.width, config.norm_eps)
        self.mlp_norm = Norm(config.width, config.norm_eps)
        self.post_norms = config.post_norms
        if config.post_norms:
            self.post_attention_norm = Norm(config.width, config.norm_eps)
            self.post_mlp_norm = Norm(config.width, config.norm_eps)

    def mix(
        self, x: jax.Array, query: jax.Array, own: Keys, prefix: Keys | None, masks: Masks
    ) -> jax.Array:
        """The block's output, given projected queries and whatever keys they may see."""
        attended = self.attention(query, own, prefix, masks)
        x = x + (self.post_attention_norm(attended) if self.post_norms else attended)
        fed = self.mlp(self.mlp_norm(x))
        return x + (self.post_mlp_norm(fed) if self.post_norms else fed)


class Decoder(nnx.Module):
    """The model. The passes below return final hidden states; `logits` projects them."""

    def __init__(self, config: DecoderConfig, rngs: nnx.Rngs) -> None:
        self.config = config
        shape = (config.vocab_size, config.width)
        self.embedding = nnx.Param(jax.random.normal(rngs.params(), shape) * config.width**-0.5)
        self.previous = nnx.List(
            [Linear(config.width, config.width, rngs) for _ in range(config.previous_tokens)]
        )
        self.blocks = nnx.List([Block(config, i, rngs) for i in range(config.num_layers)])
        self.final_norm = Norm(config.width, config.norm_eps)
        if not config.tie_embeddings:
            self.head = Linear(config.width, config.vocab_size, rngs)

    def embed(self, tokens: jax.Array, previous: jax.Array) -> jax.Array:
        """Input features `[N, G, T, W]` of tokens `[N, G, T]` and those before each, nearest
        first, `[N, G, T, k]`."""
        table = self.embedding[...]
        x = table[tokens]
        for i, projection in enumerate(self.previous):
            x = x + projection(table[previous[..., i]])
        return x * self.config.embed_scale

    def logits(self, hidden: jax.Array) -> jax.Array:
        """Unnormalised log-probabilities over the vocabulary, `[..., V]` float32, of `[..., W]`."""
        return jnp.matmul(hidden, self.output_table.T, preferred_element_type=jnp.float32)

    @property
    def output_table(self) -> jax.Array:
        """What hidden states are compared with, a row per word, `[V, W]`."""
        tied = self.config.tie_embeddings
        return self.embedding[...] if tied else self.head.kernel[...].T

    def prompt(self, tokens: jax.Array, valid: jax.Array, *, remat: bool = False) -> Prefix:
        """Keys and values of prompts `[N, P]`, for their completions to attend to.

        valid `[N, P]` is True at real tokens, which are contiguous; padding may be on either side.
        """
        span = Span(jnp.cumsum(valid, axis=-1) - 1, valid)
        before = jnp.broadcast_to(tokens[:, :1], (tokens.shape[0], self.config.previous_tokens))
        previous = preceding(tokens, before)
        own = Span(span.positions[:, None], valid[:, None])
        _, layers = self._full(tokens[:, None], previous[:, None], own, None, remat)
        squeezed = [Keys(k.key[:, :, 0], k.value[:, :, 0]) for k in layers]
        near = span
        for i, keys in enumerate(squeezed):
            if self.config.is_sliding(i):
                # The first query stands right behind the prefix: it sees `window - 1` before it.
                assert self.config.sliding_window is not None
                squeezed[i], near = nearest(keys, span, self.config.sliding_window - 1)
        return Prefix(tuple(squeezed), span, near)

    def complete(
        self,
        prefix: Prefix | None,
        tokens: jax.Array,
        previous: jax.Array,
        positions: jax.Array,
        valid: jax.Array,
        *,
        remat: bool = False,
    ) -> jax.Array:
        """Final hidden states `[N, G, T, W]` of continuations `[N, G, T]` of the prompts in
        `prefix`.

        previous `[N, G, T, k]` are the tokens before each, nearest first. With `remat` the backward
        pass computes each layer again instead of keeping what is inside it.
        """
        hidden, _ = self._full(tokens, previous, Span(positions, valid), prefix, remat)
        return hidden

    def _full(
        self,
        tokens: jax.Array,
        previous: jax.Array,
        own: Span,
        prefix: Prefix | None,
        remat: bool,
    ) -> tuple[jax.Array, tuple[Keys, ...]]:
        x = along_data(self.embed(tokens, previous))
        layers = []
        for i, block in enumerate(self.blocks):

            def layer(x: jax.Array, i: int = i, block: Block = block) -> tuple[jax.Array, Keys]:
                normed = block.attention_norm(x)
                query, keys = block.attention.project(normed, own.positions)
                masks = self._masks(i, own.positions, own, prefix)
                x = block.mix(x, query, keys, prefix.layers[i] if prefix else None, masks)
                return along_data(x), keys

            x, keys = jax.checkpoint(layer)(x) if remat else layer(x)
            layers.append(keys)
        return self.final_norm(x), tuple(layers)

    def step(
        self,
        prefix: Prefix,
        cache: Cache,
        tokens: jax.Array,
        previous: jax.Array,
        positions: jax.Array,
    ) -> tuple[jax.Array, Cache]:
        """One decoding step: hidden `[N, G, W]` of tokens `[N, G]`, written into the cache.

        previous `[N, G, k]` are the tokens before, nearest first; positions `[N, G]`.
        """
        x = along_data(self.embed(tokens[..., None], previous[..., None, :]))
        at = positions[..., None]
        layers = []
        for i, block in enumerate(self.blocks):
            query, new = block.attention.project(block.attention_norm(x), at)
            size = cache.layers[i].key.shape[3]
            own = Keys(
                *(
                    jax.lax.dynamic_update_slice_in_dim(
                        old, fresh.astype(old.dtype), cache.length % size, axis=3
                    )
                    for old, fresh in zip(cache.layers[i], new, strict=True)
                )
            )
            # A slot holds the latest token whose number is the slot's, modulo the ring's size.
            age = (cache.length - jnp.arange(size)) % size
            written = jnp.broadcast_to(age <= cache.length, (*at.shape[:-1], size))
            masks = self._masks(i, at, Span(at - age, written), prefix)
            x = along_data(block.mix(x, query, own, prefix.layers[i], masks))
            layers.append(own)
        return self.final_norm(x)[:, :, 0], Cache(tuple(layers), cache.length + 1)

    def _masks(self, layer: int, at: jax.Array, own: Span, prefix: Prefix | None) -> Masks:
        sliding = self.config.is_sliding(layer)
        window = self.config.sliding_window if sliding else None
        if prefix is None:
            return Masks(visible(at, own, window), None)
        span = prefix.near if sliding else prefix.span
        far = visible(at, Span(*(x[:, None] for x in span)), window)
        return Masks(visible(at, own, window), far)

    def empty_cache(self, prompts: int, group: int, size: int) -> Cache:
        """An empty cache for `size` new tokens of `prompts` x `group` rows."""
        c = self.config
        dtype = self.embedding[...].dtype
        layers = []
        for i in range(c.num_layers):
            window = c.sliding_window if c.is_sliding(i) else None
            slots = size if window is None else min(size, window)
            empty = jnp.zeros((prompts, c.num_kv_heads, group, slots, c.head_dim), dtype)
            layers.append(Keys(along_data(empty), along_data(empty)))
        return Cache(tuple(layers), jnp.zeros((), jnp.int32))


def preceding(tokens: jax.Array, before: jax.Array) -> jax.Array:
    """The k tokens before each of `tokens` `[..., T]`, nearest first: `[..., T, k]`.

    before `[..., k]` are the k tokens that precede the first one, nearest first.
    """
    k, size = before.shape[-1], tokens.shape[-1]
    line = jnp.concatenate([before[..., ::-1], tokens], axis=-1)
    shifts = [line[..., k - 1 - i : k - 1 - i + size] for i in range(k)]
    return jnp.stack(shifts, axis=-1) if shifts else jnp.zeros((*tokens.shape, 0), tokens.dtype)
