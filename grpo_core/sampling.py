"""How one token is chosen: small functions from logits and a key to a token."""

from collections.abc import Callable
from dataclasses import dataclass

import jax
import jax.numpy as jnp

# (logits [V], key) -> token; applied to every row with that row's own key.
Sampling = Callable[[jax.Array, jax.Array], jax.Array]


def greedy(logits: jax.Array, key: jax.Array) -> jax.Array:
    """The most probable token."""
    del key
    return jnp.argmax(logits, axis=-1)


@dataclass(frozen=True)
class Temperature:
    """Sampling from softmax(logits / temperature)."""

    temperature: float = 1.0

    def __post_init__(self) -> None:
        if not self.temperature > 0:
            raise ValueError(f"temperature {self.temperature} must be above 0; for 0 use `greedy`")

    def __call__(self, logits: jax.Array, key: jax.Array) -> jax.Array:
        return jax.random.categorical(key, logits / self.temperature)


def completion_keys(seed: int, step: int, prompt_ids: jax.Array, group: int) -> jax.Array:
    """One key per completion, `[N, G]`, folded from (seed, step, prompt, sample).

    prompt_ids `[N]` identify prompts, not places in a batch: a completion does not depend on its
    neighbours, and the same prompt gets new completions at every step.
    """
    base = jax.random.fold_in(jax.random.key(seed), step)
    of_prompt = jax.vmap(lambda prompt: jax.random.fold_in(base, prompt))(prompt_ids)
    samples = jnp.arange(group)
    return jax.vmap(lambda key: jax.vmap(lambda s: jax.random.fold_in(key, s))(samples))(of_prompt)
