"""The GRPO objective (Shao et al. 2024, DeepSeekMath, equation 3)."""

from typing import NamedTuple

import jax
import jax.numpy as jnp


class LossScalars(NamedTuple):
    """What may be scheduled during a run; traced, so that changing one compiles nothing.

    epsilon_low and epsilon_high bound the probability ratio to [1 - low, 1 + high]; beta weighs
    the KL
    divergence from the reference, in reward-normalised units per nat.
    """

    epsilon_low: jax.Array
    epsilon_high: jax.Array
    beta: jax.Array


def kl_k3(logps: jax.Array, reference_logps: jax.Array) -> jax.Array:
    """Schulman's k3 estimate of KL(actor || reference) per token, in nats, never negative:
    exp(d) - d - 1 with d = reference - actor."""
    difference = reference_logps - logps
    return jnp.expm1(difference) - difference


def masked_mean(values: jax.Array, mask: jax.Array) -> jax.Array:
    """Mean of values where mask is 1, over everything; 0 when nothing is."""
    return jnp.sum(values * mask) / jnp.maximum(jnp.sum(mask), 1.0)


def grpo_loss(
    logps: jax.Array,
    old_logps: jax.Array,
    reference_logps: jax.Array,
    advantages: jax.Array,
    mask: jax.Array,
    scalars: LossScalars,
) -> tuple[jax.Array, dict[str, jax.Array]]:
    """-E[min(r A, clip(r, 1 - eps, 1 + eps) A) - beta KL], averaged per completion, then over
    completions.

    logps, old_logps, reference_logps and mask are `[N, G, T]`, advantages `[N, G]`. Returns the
    loss and
    metrics under TRL's names. The average per completion is the paper's; it weighs the tokens of
    short
    completions more, which `dr_grpo` and `dapo` mend.
    """
    ratio = jnp.exp(logps - old_logps)
    advantage = advantages[..., None]
    bounded = jnp.clip(ratio, 1.0 - scalars.epsilon_low, 1.0 + scalars.epsilon_high)
    gain = jnp.minimum(ratio * advantage, bounded * advantage)
    kl = kl_k3(logps, reference_logps)
    per_token = (-gain + scalars.beta * kl) * mask
    lengths = jnp.maximum(jnp.sum(mask, axis=-1), 1.0)
    loss = jnp.mean(jnp.sum(per_token, axis=-1) / lengths)
    low = (ratio < 1.0 - scalars.epsilon_low) & (advantage < 0)
    high = (ratio > 1.0 + scalars.epsilon_high) & (advantage > 0)
    metrics = {
        "kl": masked_mean(kl, mask),
        "clip_ratio/low_mean": masked_mean(low.astype(jnp.float32), mask),
        "clip_ratio/high_mean": masked_mean(high.astype(jnp.float32), mask),
        "clip_ratio/region_mean": masked_mean((low | high).astype(jnp.float32), mask),
    }
    return loss, metrics


def supervised_loss(logps: jax.Array, mask: jax.Array) -> jax.Array:
    """Cross-entropy of the completion tokens, in nats per token."""
    return -masked_mean(logps, mask)
