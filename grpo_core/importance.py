"""How likely a completion is now, compared with when it was sampled.

Two comparisons: of the actor with itself before the updates on a batch, which the objective clips,
and of the trainer's log-probabilities with the sampler's, for the same parameters. The second pair
differs by numerics only (another kernel, another precision), yet enough to bias the gradient.
"""

from collections.abc import Callable
from dataclasses import dataclass

import jax
import jax.numpy as jnp

# (log-ratio [N, G, T], mask [N, G, T]) -> log of the ratio to clip, [N, G, T] or [N, G, 1].
Level = Callable[[jax.Array, jax.Array], jax.Array]


def of_token(log_ratio: jax.Array, mask: jax.Array) -> jax.Array:
    """Each token by itself, `[N, G, T]`: r_t = p(y_t) / p_old(y_t), as in PPO and GRPO."""
    del mask
    return log_ratio


def of_sequence(log_ratio: jax.Array, mask: jax.Array) -> jax.Array:
    """The completion as a whole, `[N, G, 1]`: the log of (p(y) / p_old(y))^(1 / |y|), the mean over
    its tokens (Zheng et al. 2025, GSPO, arXiv:2507.18071, equation 7)."""
    total = jnp.sum(log_ratio * mask, axis=-1, keepdims=True)
    return total / jnp.maximum(jnp.sum(mask, axis=-1, keepdims=True), 1.0)


@dataclass(frozen=True)
class Truncated:
    """Truncated importance weights w = min(p_trainer / p_sampler, cap), without a gradient.

    Yao et al. 2025, "Your efficient RL framework secretly brings you off-policy RL training". With
    `per_sequence` the ratio is that of whole completions, the product over tokens.
    """

    cap: float = 2.0
    per_sequence: bool = False

    def __post_init__(self) -> None:
        if not self.cap >= 1:
            raise ValueError(f"cap {self.cap} must be at least 1, the ratio of equal probabilities")

    def __call__(self, logps: jax.Array, sampler_logps: jax.Array, mask: jax.Array) -> jax.Array:
        """Weights `[N, G, T]`, or `[N, G, 1]` per sequence, from log-probabilities `[N, G, T]`."""
        difference = masked(logps - sampler_logps, mask)
        if self.per_sequence:
            difference = jnp.sum(difference, axis=-1, keepdims=True)
        return jax.lax.stop_gradient(jnp.minimum(jnp.exp(difference), self.cap))


def masked(values: jax.Array, mask: jax.Array) -> jax.Array:
    """`values` where mask is 1, else 0, so that no exponential of padding overflows."""
    return jnp.where(mask > 0, values, 0.0)
