"""From rewards to advantages: each completion against the others of its prompt.

Every estimator maps rewards `[N, G]` in reward units, G >= 2, to advantages `[N, G]`. Groups whose
completions all earned the same get exactly 0, whatever the rounding.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp

# rewards [N, G] -> advantages [N, G].
Advantages = Callable[[jax.Array], jax.Array]

# Rewards this close together, relative to their size, differ by float32 rounding only.
RELATIVE_RESOLUTION = 1e-5


def group_std(rewards: jax.Array) -> jax.Array:
    """Sample standard deviation (n - 1, as TRL) of rewards `[N, G]`, exactly 0 where all are
    equal: `[N]`.

    A group of equal rewards can have a float32 residue of 1e-6, which a division would blow up into
    advantages of thousands; such residues are cut off.
    """
    std = jnp.std(rewards, axis=-1, ddof=1)
    resolution = RELATIVE_RESOLUTION * jnp.max(jnp.abs(rewards), axis=-1)
    return jnp.where(std <= resolution, 0.0, std)


def group_centred(rewards: jax.Array) -> jax.Array:
    """A = r - mean per group, in reward units (Liu et al. 2025, Dr. GRPO, arXiv:2503.20783): hard
    and easy prompts are not weighted up, as a division by their small deviation does."""
    if rewards.shape[-1] < 2:
        raise ValueError(
            f"a group needs at least 2 completions to be compared, got {rewards.shape[-1]}"
        )
    centred = rewards - jnp.mean(rewards, axis=-1, keepdims=True)
    return jnp.where(group_std(rewards)[..., None] > 0, centred, 0.0)


def group_normalised(rewards: jax.Array, epsilon: float = 1e-4) -> jax.Array:
    """A = (r - mean) / (std + epsilon) per group (Shao et al. 2024, DeepSeekMath, section 4.1.2);
    unitless."""
    return group_centred(rewards) / (group_std(rewards)[..., None] + epsilon)


def leave_one_out(rewards: jax.Array) -> jax.Array:
    """A_i = r_i - mean of the others in its group, in reward units (Kool et al. 2019; Ahmadian et
    al. 2024, RLOO, arXiv:2402.14740): an unbiased baseline, G / (G - 1) times `group_centred`."""
    group = rewards.shape[-1]
    return group_centred(rewards) * (group / max(group - 1, 1))


def batch_normalised(rewards: jax.Array, epsilon: float = 1e-4) -> jax.Array:
    """A = (r - mean of its group) / (std of the batch + epsilon) (Liu et al. 2025, "Tricks or
    traps?", arXiv:2508.08221; TRL's `scale_rewards="batch"`); unitless.

    The deviation of all N G rewards is steadier than that of G and keeps prompts comparable.
    """
    return group_centred(rewards) / (jnp.std(rewards, ddof=1) + epsilon)


def zero_std_fraction(rewards: jax.Array) -> jax.Array:
    """Share of groups whose completions all earned the same, in [0, 1]: they teach nothing."""
    return jnp.mean((group_std(rewards) == 0).astype(jnp.float32))
