"""Completions for prompts: one prefill per prompt, then a jitted loop until all rows are done.

`sample_jit` is the whole of it for stop tokens. Stop strings are looked for on the host, every so
many tokens: `sample_until`.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from grpo_core.batch import Batch, Prompts
from grpo_core.logprobs import token_logps
from grpo_core.models.decoder import Cache, Decoder, Prefix
from grpo_core.passes import NOTHING, PLAIN, Pass
from grpo_core.sampling import Sampling


class Completions(NamedTuple):
    """What was sampled, `[N, G, T]`: token ids, 1 up to and with the end token, log-probabilities.

    The log-probabilities, in nats, are under the distribution that is trained on: with the
    temperature, before top-k and its like.
    """

    tokens: jax.Array
    mask: jax.Array
    logps: jax.Array


class Ends(NamedTuple):
    """Tokens that end a completion, the most tokens in one, and what fills its row after that."""

    stop: tuple[int, ...]
    max_new_tokens: int
    pad: int


class Decoding(NamedTuple):
    """A batch in the middle of being completed; everything that changes with a token."""

    step: jax.Array
    current: jax.Array
    previous: jax.Array
    done: jax.Array
    cache: Cache
    out: Completions


def begin(model: Decoder, prompts: Prompts, keys: jax.Array, ends: Ends) -> tuple[Prefix, Decoding]:
    """The prompts' prefill, once for each, and completions without a token yet."""
    n, g = keys.shape
    prefix = model.prompt(prompts.tokens, prompts.prefix_valid)
    last, before = prompts.begin(model.config.previous_tokens)
    shape = (n, g, ends.max_new_tokens)
    return prefix, Decoding(
        step=jnp.zeros((), jnp.int32),
        current=jnp.broadcast_to(last[:, None], (n, g)),
        previous=jnp.broadcast_to(before[:, None], (n, g, before.shape[-1])),
        done=jnp.zeros((n, g), bool),
        cache=model.empty_cache(n, g, ends.max_new_tokens),
        out=Completions(jnp.full(shape, ends.pad, jnp.int32), jnp.zeros(shape), jnp.zeros(shape)),
    )


def decode(
    model: Decoder,
    prompts: Prompts,
    prefix: Prefix,
    decoding: Decoding,
    keys: jax.Array,
    sampling: Sampling,
    ends: Ends,
    until: jax.Array | int,
) -> Decoding:
    """Go on until every completion has ended or has `until` tokens."""

    def unfinished(state: Decoding) -> jax.Array:
        return (state.step < until) & ~jnp.all(state.done)

    def advance(state: Decoding) -> Decoding:
        positions = (prompts.lengths - 1)[:, None] + state.step
        positions = jnp.broadcast_to(positions, keys.shape)
        hidden, cache = model.step(prefix, state.cache, state.current, state.previous, positions)
        logits = model.logits(hidden)
        step_keys = jax.vmap(jax.vmap(lambda k: jax.random.fold_in(k, state.step)))(keys)
        chosen = jax.vmap(jax.vmap(sampling))(logits, step_keys).astype(jnp.int32)
        logps, _ = token_logps(sampling.scaled(logits), chosen)
        alive = ~state.done
        token = jnp.where(alive, chosen, ends.pad)
        written = (token, alive.astype(jnp.float32), jnp.where(alive, logps, 0.0))
        out = Completions(
            *(
                jax.lax.dynamic_update_index_in_dim(into, value, state.step, axis=2)
                for into, value in zip(state.out, written, strict=True)
            )
        )
        history = jnp.concatenate([state.current[..., None], state.previous], axis=-1)
        history = history[..., : state.previous.shape[-1]]
        ended = jnp.isin(chosen, jnp.asarray(ends.stop, jnp.int32))
        return Decoding(state.step + 1, token, history, state.done | ended, cache, out)

    return jax.lax.while_loop(unfinished, advance, decoding)


@partial(jax.jit, static_argnames=("graph", "ends", "how"))
def sample_jit(
    graph: nnx.GraphDef,
    params: nnx.State,
    prompts: Prompts,
    keys: jax.Array,
    sampling: Sampling,
    ends: Ends,
    frozen: nnx.State = NOTHING,
    how: Pass = PLAIN,
) -> Completions:
    """G completions of each of N prompts, their randomness from keys `[N, G]`.

    Compiled once per shape of prompts and keys.
    """
    model = how.model(graph, params, frozen)
    prefix, decoding = begin(model, prompts, keys, ends)
    return decode(model, prompts, prefix, decoding, keys, sampling, ends, ends.max_new_tokens).out


# Tokens `[N, G, T]` and their mask so far -> how many tokens of each completion to keep, `[N, G]`,
# as many as there are where it goes on.
Cut = Callable[[np.ndarray, np.ndarray], np.ndarray]


def sample_until(
    graph: nnx.GraphDef,
    params: nnx.State,
    prompts: Prompts,
    keys: jax.Array,
    sampling: Sampling,
    ends: Ends,
    cut: Cut,
    frozen: nnx.State = NOTHING,
    how: Pass = PLAIN,
    *,
    every: int = 32,
) -> Completions:
    """As `sample_jit`, but completions also end where `cut` says, which looks every so many tokens.

    What is sampled does not depend on `every`.
    """
    prefix, decoding = _begin(graph, params, prompts, keys, ends, frozen, how)
    until = 0
    while until < ends.max_new_tokens and not bool(jnp.all(decoding.done)):
        until = min(until + every, ends.max_new_tokens)
        arguments = (prompts, prefix, decoding, keys, sampling, ends, jnp.int32(until))
        decoding = _decode(graph, params, *arguments, frozen, how)
        decoding = _shorten(decoding, cut, ends.pad)
    return decoding.out


@partial(jax.jit, static_argnames=("graph", "ends", "how"))
def _begin(
    graph: nnx.GraphDef,
    params: nnx.State,
    prompts: Prompts,
    keys: jax.Array,
    ends: Ends,
    frozen: nnx.State,
    how: Pass,
) -> tuple[Prefix, Decoding]:
    return begin(how.model(graph, params, frozen), prompts, keys, ends)


@partial(jax.jit, static_argnames=("graph", "ends", "how"), donate_argnames=("decoding",))
def _decode(
    graph: nnx.GraphDef,
    params: nnx.State,
    prompts: Prompts,
    prefix: Prefix,
    decoding: Decoding,
    keys: jax.Array,
    sampling: Sampling,
    ends: Ends,
    until: jax.Array,
    frozen: nnx.State,
    how: Pass,
) -> Decoding:
    model = how.model(graph, params, frozen)
    return decode(model, prompts, prefix, decoding, keys, sampling, ends, until)


def _shorten(decoding: Decoding, cut: Cut, pad: int) -> Decoding:
    out = decoding.out
    keep = cut(np.asarray(out.tokens), np.asarray(out.mask))
    ended = jnp.asarray(keep < np.asarray(out.mask).sum(-1))
    mask = out.mask * (jnp.arange(out.mask.shape[-1]) < jnp.asarray(keep)[..., None])
    kept = mask > 0
    short = Completions(jnp.where(kept, out.tokens, pad), mask, jnp.where(kept, out.logps, 0.0))
    return decoding._replace(done=decoding.done | ended, out=short)


def as_batch(prompts: Prompts, completions: Completions) -> Batch:
    """The sampled completions as something to train on."""
    return Batch(prompts, completions.tokens, completions.mask)
