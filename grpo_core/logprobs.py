"""Log-probabilities of given tokens, without ever holding all logits.

Logits of a batch, `[B, T, V]`, are the largest array of language-model training (16 x 1,536 x
262,144 floats are 26 GB). Where they are many, `grpo_core.vocabulary` walks over the words in
blocks instead, and again in the backward pass.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from grpo_core.batch import Batch
from grpo_core.models.decoder import Decoder
from grpo_core.vocabulary import token_logps_of

# So few logits are quicker kept for the backward pass than computed again.
KEPT_ELEMENTS = 1 << 22


class TokenLogps(NamedTuple):
    """Per token of the completion, `[N, G, T]`, in nats: log-probability and entropy of its
    distribution."""

    logps: jax.Array
    entropy: jax.Array


def completion_logps(
    model: Decoder,
    batch: Batch,
    temperature: jax.Array,
    *,
    entropy_gradient: bool = False,
    remat: bool = False,
) -> TokenLogps:
    """Log-probabilities of every completion token given its prompt and the tokens before it.

    Distributions are those that were sampled from: logits over `temperature`. Entries at masked
    tokens are finite and meaningless. The entropy is a constant unless `entropy_gradient`. With
    `remat` layers are computed again in the backward pass.
    """
    prefix = model.prompt(batch.prompts.tokens, batch.prompts.prefix_valid, remat=remat)
    tokens, previous, positions = batch.inputs(model.config.previous_tokens)
    # The fed token is real wherever the predicted one is.
    valid = batch.completion_mask > 0
    hidden = model.complete(prefix, tokens, previous, positions, valid, remat=remat)
    states, wanted = hidden.reshape(-1, hidden.shape[-1]), batch.completion.reshape(-1)
    if wanted.size * model.config.vocab_size <= KEPT_ELEMENTS:
        logps, entropy = token_logps(model.logits(states) / temperature, wanted)
        entropy = entropy if entropy_gradient else jax.lax.stop_gradient(entropy)
    else:
        logps, entropy = token_logps_of(
            states, model.output_table, wanted, temperature, entropy_gradient=entropy_gradient
        )
    shape = batch.completion.shape
    return TokenLogps(logps.reshape(shape), entropy.reshape(shape))


def token_logps(logits: jax.Array, targets: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Log-probability of `targets` `[...]` and entropy under `logits` `[..., V]`, float32 nats."""
    logits = logits.astype(jnp.float32)
    shifted = logits - jax.lax.stop_gradient(jnp.max(logits, axis=-1, keepdims=True))
    weights = jnp.exp(shifted)
    total = jnp.sum(weights, axis=-1)
    log_total = jnp.log(total)
    chosen = jnp.take_along_axis(shifted, targets[..., None], axis=-1)[..., 0]
    entropy = log_total - jnp.sum(weights * shifted, axis=-1) / total
    return chosen - log_total, entropy
