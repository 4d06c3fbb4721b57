"""From rewards to advantages, within the group of one prompt's completions."""

import jax
import jax.numpy as jnp

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


def group_normalised(rewards: jax.Array, epsilon: float = 1e-4) -> jax.Array:
    """A = (r - mean) / (std + epsilon) per group (Shao et al. 2024, DeepSeekMath, section 4.1.2).

    rewards `[N, G]` in reward units, G >= 2; result `[N, G]`, unitless. Groups without spread get
    0.
    """
    if rewards.shape[-1] < 2:
        raise ValueError(
            f"a group needs at least 2 completions to be compared, got {rewards.shape[-1]}"
        )
    std = group_std(rewards)[..., None]
    centred = rewards - jnp.mean(rewards, axis=-1, keepdims=True)
    return jnp.where(std > 0, centred / (std + epsilon), 0.0)


def zero_std_fraction(rewards: jax.Array) -> jax.Array:
    """Share of groups whose completions all earned the same, in [0, 1]: they teach nothing."""
    return jnp.mean((group_std(rewards) == 0).astype(jnp.float32))
