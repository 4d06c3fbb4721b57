"""What one step trains on."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from grpo_core.models.decoder import preceding


class Prompts(NamedTuple):
    """Right-padded prompts: tokens `[N, P]`, lengths `[N]` in tokens (at least 2)."""

    tokens: jax.Array
    lengths: jax.Array

    def begin(self, previous: int) -> tuple[jax.Array, jax.Array]:
        """The last token of each prompt, `[N]`, and the `previous` ones before it, nearest first,
        `[N, k]`.

        The last token is fed with the completion, since its output is the first prediction. Where
        a prompt is
        shorter than that, its first token stands in.
        """
        rows = jnp.arange(self.tokens.shape[0])
        back = jnp.maximum(self.lengths[:, None] - 2 - jnp.arange(previous), 0)
        return self.tokens[rows, self.lengths - 1], self.tokens[rows[:, None], back]

    @property
    def prefix_valid(self) -> jax.Array:
        """`[N, P]`: the tokens that completions attend to, all but the last."""
        return jnp.arange(self.tokens.shape[1]) < (self.lengths - 1)[:, None]


class Batch(NamedTuple):
    """Prompts with G completions each.

    completion `[N, G, T]` token ids, completion_mask `[N, G, T]` 1 up to and with the end token.
    """

    prompts: Prompts
    completion: jax.Array
    completion_mask: jax.Array

    def inputs(self, previous: int) -> tuple[jax.Array, jax.Array, jax.Array]:
        """Tokens fed to predict the completion `[N, G, T]`, the k before each `[N, G, T, k]`, and
        their positions."""
        n, g, t = self.completion.shape
        last, before = self.prompts.begin(previous)
        first = jnp.broadcast_to(last[:, None, None], (n, g, 1))
        tokens = jnp.concatenate([first, self.completion[..., :-1]], axis=-1)
        history = preceding(tokens, jnp.broadcast_to(before[:, None], (n, g, previous)))
        positions = (self.prompts.lengths - 1)[:, None, None] + jnp.arange(t)
        return tokens, history, jnp.broadcast_to(positions, (n, g, t))
