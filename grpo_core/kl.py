"""Per-token estimates of KL(actor || reference), in nats, from what was sampled.

All take `logps` and `reference_logps` of the same shape. With p the actor, q the reference and x
sampled from p, k1 to k3 are Schulman's (2020, "Approximating KL divergence",
http://joschu.net/blog/kl-approx.html). As a *loss* only what an estimate's gradient means counts,
and that is another order than that of their values: see `straight_through`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import jax
import jax.numpy as jnp

# (logps, reference_logps) -> divergence, all of one shape.
KL = Callable[[jax.Array, jax.Array], jax.Array]


def k1(logps: jax.Array, reference_logps: jax.Array) -> jax.Array:
    """log p - log q: unbiased, of high variance, negative half of the time.

    As a loss it is useless by itself: on samples of p, the expectation of its gradient is 0.
    """
    return logps - reference_logps


def k2(logps: jax.Array, reference_logps: jax.Array) -> jax.Array:
    """(log p - log q)^2 / 2: biased, but its expected gradient on samples of p is the KL's."""
    return 0.5 * jnp.square(logps - reference_logps)


def k3(logps: jax.Array, reference_logps: jax.Array) -> jax.Array:
    """q / p - 1 - log(q / p): unbiased, never negative, of low variance; GRPO's own
    (Shao et al. 2024, DeepSeekMath, equation 4)."""
    difference = reference_logps - logps
    return jnp.expm1(difference) - difference


@dataclass(frozen=True)
class StraightThrough:
    """The value of one estimate with the gradient of another.

    `StraightThrough(k3)` reports k3 and follows k2, whose gradient (log p - log q) grad log p is,
    in expectation on samples of p, that of KL(p || q); the gradient of k3 is that of the forward
    KL(q || p) instead (Tang & Munos 2025, arXiv:2506.09477). verl calls these "k1+" and "k3+".
    """

    value: KL
    gradient: KL = k2

    def __call__(self, logps: jax.Array, reference_logps: jax.Array) -> jax.Array:
        followed = self.gradient(logps, reference_logps)
        told = self.value(logps, reference_logps)
        return followed + jax.lax.stop_gradient(told - followed)
