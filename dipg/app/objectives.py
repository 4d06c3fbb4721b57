"""What the names in `[grpo]` stand for: losses, advantages and estimates of the KL divergence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import jax
import jax.numpy as jnp

from dipg.app.config import ADVANTAGES, KL_ESTIMATES, LOSSES, GRPOConfig
from grpo_core.advantages import (
    Advantages,
    batch_normalised,
    group_centred,
    group_normalised,
    leave_one_out,
)
from grpo_core.batch import Batch
from grpo_core.importance import Truncated
from grpo_core.kl import KL, StraightThrough, k1, k2, k3
from grpo_core.losses import (
    Loss,
    LossScalars,
    cispo,
    dapo,
    dr_grpo,
    grpo,
    gspo,
    without_dead_groups,
    without_truncated,
)

_LOSSES: Mapping[str, Callable[[GRPOConfig], Loss]] = {
    "grpo": lambda _: grpo(),
    "dr_grpo": lambda config: dr_grpo(config.max_completion_length),
    "dapo": lambda _: dapo(),
    "gspo": lambda _: gspo(),
    "cispo": lambda _: cispo(),
}
_ADVANTAGES: Mapping[str, Advantages] = {
    "group": group_normalised,
    "centred": group_centred,
    "leave_one_out": leave_one_out,
    "batch": batch_normalised,
}
_KL: Mapping[str, KL] = {
    "k1": k1,
    "k2": k2,
    "k3": k3,
    "k1+": StraightThrough(k1),
    "k3+": StraightThrough(k3),
}
assert (tuple(_LOSSES), tuple(_ADVANTAGES), tuple(_KL)) == (LOSSES, ADVANTAGES, KL_ESTIMATES)


def loss_of(config: GRPOConfig) -> Loss:
    """The configured objective."""
    return replace(
        _LOSSES[config.loss](config),
        kl=_KL[config.kl],
        correction=Truncated(config.importance_cap) if config.importance_cap else None,
        entropy_bonus=config.entropy_coef > 0,
    )


def scalars_of(config: GRPOConfig) -> LossScalars:
    """The objective's scalars as a step takes them: new values compile nothing."""
    high = config.epsilon_high or config.epsilon
    values = (config.epsilon, high, config.beta, config.entropy_coef)
    return LossScalars(*map(jnp.float32, values))


def advantages_of(config: GRPOConfig) -> Advantages:
    """The configured estimator."""
    return _ADVANTAGES[config.advantages]


def leave_out(
    config: GRPOConfig, batch: Batch, end: int | jax.Array, advantages: jax.Array
) -> Batch:
    """The batch without the completions that the configuration does not train on."""
    mask = batch.completion_mask
    if config.mask_truncated_completions:
        mask = without_truncated(mask, batch.completion, end)
    if config.mask_zero_std_groups:
        mask = without_dead_groups(mask, advantages)
    return batch._replace(completion_mask=mask)
