"""Log-probabilities over a large vocabulary, a block of words at a time.

Logits of a batch, `[R, V]`, are the largest array of language-model training: 16 x 1,536 tokens x
262,144 words are 26 GB, and their gradient as much again. Here the vocabulary is walked in blocks,
all tokens at once, with a running maximum and sum (Milakov & Gimelshein 2018, "Online normalizer
calculation for softmax"), and walked again in the backward pass. Walking over words rather than
tokens reads the table once a pass, gives each row of its gradient in one product (nothing
accumulates in low precision), and leaves tokens where a mesh has put them.

R tokens, V words, W features.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple, TypeVar

import jax
import jax.numpy as jnp
import numpy as np

# Elements of a block of logits, [R, words]: it stays in the caches of a CPU.
BLOCK_ELEMENTS = 1 << 22
# But no fewer words than this, so that with many tokens each product is worth its reads.
BLOCK_WORDS = 2048
# A block takes words from this many equally long stretches of the table, so that a vocabulary that
# is divided among up to as many devices is walked by all of them together.
STRETCHES = 8

T = TypeVar("T")


class _Walk(NamedTuple):
    """How a vocabulary is walked: stretches of `size` words, `width` of each at a time; and whether
    the entropy has a gradient."""

    stretches: int
    size: int
    width: int
    entropy_gradient: bool

    def over(self, step: Callable[[T, Any, int], T], state: T) -> T:
        """`step(state, first, width)` for every block; the last may be narrower."""
        count, rest = divmod(self.size, self.width)

        def advance(state: T, i: jax.Array) -> tuple[T, None]:
            return step(state, i * self.width, self.width), None

        if count == 1:
            state = step(state, 0, self.width)
        elif count:
            state, _ = jax.lax.scan(advance, state, jnp.arange(count))
        return step(state, count * self.width, rest) if rest else state

    def words(self, first: Any, width: int) -> jax.Array:
        """The numbers of a block's words, `[stretches, width]`."""
        begins = np.arange(self.stretches)[:, None] * self.size + np.arange(width)
        return jnp.asarray(begins, jnp.int32) + first


def _walk_of(words: int, per_block: int, entropy_gradient: bool) -> _Walk:
    stretches = STRETCHES if words % STRETCHES == 0 else 1
    size = words // stretches
    width = min(size, max(per_block // stretches, 1))
    return _Walk(stretches, size, width, entropy_gradient)


def token_logps_of(
    hidden: jax.Array,
    table: jax.Array,
    targets: jax.Array,
    temperature: jax.Array,
    *,
    entropy_gradient: bool = False,
    block_words: int | None = None,
) -> tuple[jax.Array, jax.Array]:
    """Log-probability of `targets` and entropy, `[R]` each in float32 nats, under
    softmax(hidden table^T / temperature).

    hidden `[R, W]`, table `[V, W]`, targets `[R]`. Products are accumulated in float32. Gradients
    flow to hidden and table, not to the temperature, and from the entropy only with
    `entropy_gradient`. Logits of more than `block_words` words are never held at once;
    by default of 2,048, or of more where tokens are few.
    """
    per_block = block_words or max(BLOCK_WORDS, BLOCK_ELEMENTS // hidden.shape[0])
    walk = _walk_of(table.shape[0], per_block, entropy_gradient)
    return _logps(walk, hidden, table, targets, jnp.asarray(temperature, jnp.float32))


class _Running(NamedTuple):
    """Per token, over the words so far: the largest logit, sums of e = exp(logit - largest) and of
    e (logit - largest), and the target's logit."""

    largest: jax.Array
    total: jax.Array
    weighted: jax.Array
    chosen: jax.Array


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def _logps(
    walk: _Walk, hidden: jax.Array, table: jax.Array, targets: jax.Array, temperature: jax.Array
) -> tuple[jax.Array, jax.Array]:
    return _forward(walk, hidden, table, targets, temperature)[0]


def _forward(
    walk: _Walk, hidden: jax.Array, table: jax.Array, targets: jax.Array, temperature: jax.Array
) -> tuple[tuple[jax.Array, jax.Array], tuple[jax.Array, ...]]:
    striped = table.reshape(walk.stretches, walk.size, -1)
    zero = jnp.zeros(hidden.shape[0], jnp.float32)

    def step(run: _Running, first: Any, width: int) -> _Running:
        block = jax.lax.dynamic_slice_in_dim(striped, first, width, axis=1)
        logits = _logits(hidden, block, temperature)
        largest = jnp.maximum(run.largest, jnp.max(logits, axis=(1, 2)))
        shifted = logits - largest[:, None, None]
        weights = jnp.exp(shifted)
        sunk = run.largest - largest  # -inf before the first block, whose sums are 0
        scale = jnp.exp(sunk)
        moved = run.weighted + run.total * jnp.where(jnp.isfinite(sunk), sunk, 0.0)
        is_target = walk.words(first, width) == targets[:, None, None]
        return _Running(
            largest,
            run.total * scale + jnp.sum(weights, axis=(1, 2)),
            moved * scale + jnp.sum(weights * shifted, axis=(1, 2)),
            run.chosen + jnp.sum(jnp.where(is_target, logits, 0.0), axis=(1, 2)),
        )

    run = walk.over(step, _Running(zero - jnp.inf, zero, zero, zero))
    log_total = jnp.log(run.total)
    entropy = log_total - run.weighted / run.total
    # Not by the sum of the two, in which large logits would round the logarithm off.
    kept = (hidden, table, targets, temperature, run.largest, log_total, entropy)
    return (run.chosen - run.largest - log_total, entropy), kept


def _backward(
    walk: _Walk, kept: tuple[jax.Array, ...], cotangents: tuple[jax.Array, jax.Array]
) -> tuple[jax.Array, jax.Array, None, None]:
    hidden, table, targets, temperature, *rest = kept
    largest, log_total, entropy, by_logp, by_entropy = (
        x[:, None, None] for x in (*rest, *cotangents)
    )
    striped = table.reshape(walk.stretches, walk.size, -1)

    def step(sums: tuple[jax.Array, jax.Array], first: Any, width: int) -> Any:
        by_hidden, by_table = sums
        block = jax.lax.dynamic_slice_in_dim(striped, first, width, axis=1)
        logps = _logits(hidden, block, temperature) - largest - log_total
        probabilities = jnp.exp(logps)
        is_target = walk.words(first, width) == targets[:, None, None]
        slope = by_logp * (is_target - probabilities)
        if walk.entropy_gradient:  # -p (log p + entropy)
            slope -= by_entropy * probabilities * (logps + entropy)
        slope = (slope / temperature).astype(hidden.dtype)
        by_hidden += jnp.einsum("rsv,svw->rw", slope, block, preferred_element_type=jnp.float32)
        rows = jnp.einsum("rsv,rw->svw", slope, hidden, preferred_element_type=jnp.float32)
        rows = rows.astype(table.dtype)
        return by_hidden, jax.lax.dynamic_update_slice_in_dim(by_table, rows, first, axis=1)

    start = (jnp.zeros(hidden.shape, jnp.float32), jnp.zeros_like(striped))
    by_hidden, by_table = walk.over(step, start)
    return by_hidden.astype(hidden.dtype), by_table.reshape(table.shape), None, None


def _logits(hidden: jax.Array, block: jax.Array, temperature: jax.Array) -> jax.Array:
    """Logits `[R, stretches, width]` of a block of words."""
    logits = jnp.einsum("rw,svw->rsv", hidden, block, preferred_element_type=jnp.float32)
    return logits / temperature


_logps.defvjp(_forward, _backward)
