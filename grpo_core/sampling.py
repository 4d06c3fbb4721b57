"""How one token is chosen: small values that turn logits and a key into a token.

    sampling = Temperature(0.8, (TopK(50), TopP(0.95)))

Their numbers are traced, all but `TopK.k`: changing one during a run compiles nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import jax
import jax.numpy as jnp

NEVER = -jnp.inf


class Sampling(Protocol):
    """A way to choose. Applied to every row of a batch with that row's own key."""

    def scaled(self, logits: jax.Array) -> jax.Array:
        """The logits `[..., V]` of the distribution that is trained on, before filters."""
        ...

    def __call__(self, logits: jax.Array, key: jax.Array) -> jax.Array:
        """The token, of logits `[V]`."""
        ...


class Filter(Protocol):
    """Logits `[V]` to logits with the improbable tokens ruled out."""

    def __call__(self, logits: jax.Array) -> jax.Array: ...


def _check(value: Any, holds: Callable[[Any], bool], message: str) -> None:
    # Under a trace a number is not known; it was checked when it was given.
    if isinstance(value, int | float) and not holds(value):
        raise ValueError(message.format(value))


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Greedy:
    """The most probable token."""

    def scaled(self, logits: jax.Array) -> jax.Array:
        return logits

    def __call__(self, logits: jax.Array, key: jax.Array) -> jax.Array:
        del key
        return jnp.argmax(logits, axis=-1)


greedy = Greedy()


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class TopK:
    """The k most probable tokens, and those as probable as the last of them (Fan et al. 2018)."""

    k: int = field(metadata={"static": True})

    def __post_init__(self) -> None:
        _check(self.k, lambda k: k >= 1, "top-k {} must be at least 1")

    def __call__(self, logits: jax.Array) -> jax.Array:
        last = jax.lax.top_k(logits, min(self.k, logits.shape[-1]))[0][-1]
        return jnp.where(logits < last, NEVER, logits)


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class TopP:
    """The fewest most probable tokens whose probability is at least p (Holtzman et al. 2020)."""

    p: float

    def __post_init__(self) -> None:
        _check(self.p, lambda p: 0 < p <= 1, "top-p {} must be above 0 and at most 1")

    def __call__(self, logits: jax.Array) -> jax.Array:
        ordered = jnp.sort(logits)[::-1]
        before = jnp.cumsum(jax.nn.softmax(ordered)) - jax.nn.softmax(ordered)
        last = jnp.min(jnp.where(before < self.p, ordered, jnp.inf))
        return jnp.where(logits < last, NEVER, logits)


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class MinP:
    """Tokens at least p times as probable as the most probable one (Nguyen et al. 2024)."""

    p: float

    def __post_init__(self) -> None:
        _check(self.p, lambda p: 0 <= p <= 1, "min-p {} must be between 0 and 1")

    def __call__(self, logits: jax.Array) -> jax.Array:
        return jnp.where(logits < jnp.max(logits) + jnp.log(self.p), NEVER, logits)


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Temperature:
    """Sampling from softmax(logits / temperature), after the filters in their order."""

    temperature: float = 1.0
    filters: tuple[Filter, ...] = ()

    def __post_init__(self) -> None:
        message = "temperature {} must be above 0; for 0 use `greedy`"
        _check(self.temperature, lambda temperature: temperature > 0, message)

    def scaled(self, logits: jax.Array) -> jax.Array:
        return logits / self.temperature

    def __call__(self, logits: jax.Array, key: jax.Array) -> jax.Array:
        logits = self.scaled(logits)
        for keep in self.filters:
            logits = keep(logits)
        return jax.random.categorical(key, logits)


def completion_keys(seed: int, step: int, prompt_ids: jax.Array, group: int) -> jax.Array:
    """One key per completion, `[N, G]`, folded from (seed, step, prompt, sample).

    prompt_ids `[N]` identify prompts, not places in a batch: a completion does not depend on its
    neighbours, and the same prompt gets new completions at every step.
    """
    base = jax.random.fold_in(jax.random.key(seed), step)
    of_prompt = jax.vmap(lambda prompt: jax.random.fold_in(base, prompt))(prompt_ids)
    samples = jnp.arange(group)
    return jax.vmap(lambda key: jax.vmap(lambda s: jax.random.fold_in(key, s))(samples))(of_prompt)
