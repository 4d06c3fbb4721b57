"""Completions for prompts: one prefill per prompt, then a jitted loop that stops when all rows are
done."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx

from grpo_core.batch import Batch, Prompts
from grpo_core.logprobs import token_logps
from grpo_core.models.decoder import Cache, Decoder
from grpo_core.sampling import Sampling


class Completions(NamedTuple):
    """What was sampled, `[N, G, T]`: token ids, 1 up to and with the end token, log-probabilities
    in nats."""

    tokens: jax.Array
    mask: jax.Array
    logps: jax.Array


class _Loop(NamedTuple):
    step: jax.Array
    current: jax.Array
    previous: jax.Array
    done: jax.Array
    cache: Cache
    out: Completions


def sample(
    model: Decoder,
    prompts: Prompts,
    keys: jax.Array,
    sampling: Sampling,
    *,
    max_new_tokens: int,
    end: int,
    pad: int,
) -> Completions:
    """G completions of each prompt, G and their randomness from keys `[N, G]`.

    The log-probabilities are under the model's own distribution (temperature 1, nothing filtered).
    Rows that reach `end` are padded with `pad`.
    """
    n, g = keys.shape
    prefix = model.prompt(prompts.tokens, prompts.prefix_valid)
    last, before = prompts.begin(model.config.previous_tokens)
    shape = (n, g, max_new_tokens)
    start = _Loop(
        step=jnp.zeros((), jnp.int32),
        current=jnp.broadcast_to(last[:, None], (n, g)),
        previous=jnp.broadcast_to(before[:, None], (n, g, before.shape[-1])),
        done=jnp.zeros((n, g), bool),
        cache=model.empty_cache(n, g, max_new_tokens),
        out=Completions(jnp.full(shape, pad, jnp.int32), jnp.zeros(shape), jnp.zeros(shape)),
    )

    def unfinished(loop: _Loop) -> jax.Array:
        return (loop.step < max_new_tokens) & ~jnp.all(loop.done)

    def advance(loop: _Loop) -> _Loop:
        positions = jnp.broadcast_to((prompts.lengths - 1)[:, None] + loop.step, (n, g))
        hidden, cache = model.step(prefix, loop.cache, loop.current, loop.previous, positions)
        logits = model.logits(hidden)
        step_keys = jax.vmap(jax.vmap(lambda k: jax.random.fold_in(k, loop.step)))(keys)
        chosen = jax.vmap(jax.vmap(sampling))(logits, step_keys).astype(jnp.int32)
        logps, _ = token_logps(logits, chosen)
        alive = ~loop.done
        token = jnp.where(alive, chosen, pad)
        out = Completions(
            *(
                jax.lax.dynamic_update_index_in_dim(into, value, loop.step, axis=2)
                for into, value in zip(
                    loop.out,
                    (token, alive.astype(jnp.float32), jnp.where(alive, logps, 0.0)),
                    strict=True,
                )
            )
        )
        history = jnp.concatenate([loop.current[..., None], loop.previous], axis=-1)
        history = history[..., : loop.previous.shape[-1]]
        return _Loop(loop.step + 1, token, history, loop.done | (chosen == end), cache, out)

    return jax.lax.while_loop(unfinished, advance, start).out


@partial(jax.jit, static_argnames=("graph", "sampling", "max_new_tokens", "end", "pad"))
def sample_jit(
    graph: nnx.GraphDef,
    params: nnx.State,
    prompts: Prompts,
    keys: jax.Array,
    sampling: Sampling,
    max_new_tokens: int,
    end: int,
    pad: int,
) -> Completions:
    """`sample` for a split model; compiled once per shape."""
    model = nnx.merge(graph, params)
    return sample(model, prompts, keys, sampling, max_new_tokens=max_new_tokens, end=end, pad=pad)


def as_batch(prompts: Prompts, completions: Completions) -> Batch:
    """The sampled completions as something to train on."""
    return Batch(prompts, completions.tokens, completions.mask)
