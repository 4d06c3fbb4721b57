"""The GRPO family of objectives, each as a value that can be taken apart.

A `Loss` says which ratio is clipped, what is gained by it, how tokens are averaged and how the
distance to the reference is measured. The published objectives are five such values; a new one is a
function in one of their places:

    loss = dapo()
    loss = dataclasses.replace(gspo(), kl=StraightThrough(k3), correction=Truncated(2.0))
    loss = dataclasses.replace(grpo(), surrogate=my_surrogate)

Scalars that a run may schedule are traced (`LossScalars`), so changing one compiles nothing. N
prompts, G completions each, T tokens.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp

from grpo_core.importance import Level, Truncated, masked, of_sequence, of_token
from grpo_core.kl import KL, k3

Metrics = dict[str, jax.Array]


class LossScalars(NamedTuple):
    """What may be scheduled during a run; traced, so that changing one compiles nothing.

    epsilon_low and epsilon_high bound the probability ratio to [1 - low, 1 + high]; beta weighs the
    KL divergence from the reference and entropy_coef the entropy that is rewarded (used where the
    loss has `entropy_bonus`), both in reward-normalised units per nat.
    """

    epsilon_low: jax.Array
    epsilon_high: jax.Array
    beta: jax.Array
    entropy_coef: jax.Array | float = 0.0


class Scored(NamedTuple):
    """Completions and what is known about them: all `[N, G, T]` in nats, but advantages `[N, G]`.

    mask is 1 up to and with the end token. reference_logps None means no KL term,
    sampler_logps None no correction, entropy None neither bonus nor metric.
    """

    logps: jax.Array
    old_logps: jax.Array
    reference_logps: jax.Array | None
    advantages: jax.Array
    mask: jax.Array
    sampler_logps: jax.Array | None = None
    entropy: jax.Array | None = None


class Gain(NamedTuple):
    """What a surrogate returns, `[N, G, T]` or `[N, G, 1]`: what to maximise, and 0/1 events to
    report by the name of their metric."""

    value: jax.Array
    events: Mapping[str, jax.Array]


# (log_ratio, logps [N, G, T], advantages [N, G, 1], scalars) -> Gain.
Surrogate = Callable[[jax.Array, jax.Array, jax.Array, LossScalars], Gain]

# mask [N, G, T] -> the weight of each token, [N, G, T], 0 where the mask is.
Average = Callable[[jax.Array], jax.Array]


class Weights(NamedTuple):
    """By how much each token counts in the loss and in the metrics, `[N, G, T]`, and each
    completion in metrics `[N, G, 1]`.

    Everything a loss returns is a sum with these weights: cut a batch and its weights into parts,
    and the parts' losses, metrics and gradients add up to those of the whole.
    """

    loss: jax.Array
    token: jax.Array
    completion: jax.Array


def clipped(
    log_ratio: jax.Array, logps: jax.Array, advantages: jax.Array, scalars: LossScalars
) -> Gain:
    """min(r A, clip(r, 1 - epsilon_low, 1 + epsilon_high) A), PPO's (Schulman et al. 2017, equation
    7)."""
    del logps
    ratio = jnp.exp(log_ratio)
    low, high = 1.0 - scalars.epsilon_low, 1.0 + scalars.epsilon_high
    value = jnp.minimum(ratio * advantages, jnp.clip(ratio, low, high) * advantages)
    below, above = (ratio < low) & (advantages < 0), (ratio > high) & (advantages > 0)
    events = {"low_mean": below, "high_mean": above, "region_mean": below | above}
    return Gain(value, {f"clip_ratio/{name}": event for name, event in events.items()})


def weighted_likelihood(
    log_ratio: jax.Array, logps: jax.Array, advantages: jax.Array, scalars: LossScalars
) -> Gain:
    """sg(min(r, 1 + epsilon_high)) A log p: REINFORCE whose weights, not updates, are bounded, so
    that no token loses its gradient (MiniMax 2025, M1, arXiv:2506.13585, equations 4 and 5)."""
    ratio = jax.lax.stop_gradient(jnp.exp(log_ratio))
    bound = 1.0 + scalars.epsilon_high
    value = jnp.minimum(ratio, bound) * advantages * logps
    return Gain(value, {"cispo_clip_ratio": (ratio > bound) & (advantages > 0)})


def per_completion(mask: jax.Array) -> jax.Array:
    """Mean over a completion's tokens, then over completions: tokens of short ones count more."""
    n, g, _ = mask.shape
    return mask / (jnp.maximum(jnp.sum(mask, axis=-1, keepdims=True), 1.0) * n * g)


def per_token(mask: jax.Array) -> jax.Array:
    """Mean over all tokens of the batch."""
    return mask / jnp.maximum(jnp.sum(mask), 1.0)


@dataclass(frozen=True)
class PerConstant:
    """Sum over tokens, divided by a constant number of them per completion."""

    tokens: int

    def __post_init__(self) -> None:
        if self.tokens < 1:
            raise ValueError(f"tokens {self.tokens} must be at least 1, the most in a completion")

    def __call__(self, mask: jax.Array) -> jax.Array:
        n, g, _ = mask.shape
        return mask / (n * g * self.tokens)


@dataclass(frozen=True)
class Loss:
    """-sum_t w_t [c_t gain_t - beta KL_t] - entropy_coef mean(entropy).

    level: which ratio is compared; surrogate: what it gains; average: w; kl: the KL estimate;
    kl_by_ratio multiplies it by the ratio, which makes the gradient of k3 that of the reverse KL
    also off-policy (DeepSeek-AI 2025, V3.2, arXiv:2512.02556, "unbiased KL estimate"; TRL's
    `use_bias_correction_kl`); correction: c, from the sampler's and trainer's log-probabilities;
    entropy_bonus: whether entropy is rewarded, whose gradient costs a second pass over the
    vocabulary.
    """

    surrogate: Surrogate = clipped
    level: Level = of_token
    average: Average = per_completion
    kl: KL = k3
    kl_by_ratio: bool = False
    correction: Truncated | None = None
    entropy_bonus: bool = False

    def weights(self, mask: jax.Array) -> Weights:
        """The weights of a whole batch, from its mask `[N, G, T]`."""
        n, g, _ = mask.shape
        return Weights(self.average(mask), per_token(mask), jnp.full((n, g, 1), 1.0 / (n * g)))

    def __call__(
        self, scored: Scored, scalars: LossScalars, weights: Weights | None = None
    ) -> tuple[jax.Array, Metrics]:
        """The loss, a scalar, and metrics under TRL's names.

        weights are those of `scored` itself, unless it is a part of a larger batch: then the part's
        share of the larger batch's weights.
        """
        weights = self.weights(scored.mask) if weights is None else weights
        log_ratio = masked(scored.logps - scored.old_logps, scored.mask)
        compared = self.level(log_ratio, scored.mask)
        logps = masked(scored.logps, scored.mask)
        gain = self.surrogate(compared, logps, scored.advantages[..., None], scalars)
        metrics = {name: _mean(event, weights) for name, event in gain.events.items()}
        per_token_loss = -gain.value
        if self.correction is not None and scored.sampler_logps is not None:
            trust = self.correction(scored.old_logps, scored.sampler_logps, scored.mask)
            per_token_loss = per_token_loss * trust
            difference = masked(jnp.abs(scored.old_logps - scored.sampler_logps), scored.mask)
            metrics["sampling/sampling_logp_difference/mean"] = _mean(difference, weights)
            metrics["sampling/importance_sampling_ratio/mean"] = _mean(trust, weights)
        if scored.reference_logps is not None:
            kl = self.kl(logps, masked(scored.reference_logps, scored.mask))
            kl = kl * jnp.exp(compared) if self.kl_by_ratio else kl
            per_token_loss = per_token_loss + scalars.beta * kl
            metrics["kl"] = _mean(kl, weights)
        loss = jnp.sum(per_token_loss * weights.loss)
        if scored.entropy is not None:
            metrics["entropy"] = _mean(scored.entropy, weights)
            loss = loss - scalars.entropy_coef * metrics["entropy"] if self.entropy_bonus else loss
        return loss, jax.tree.map(jax.lax.stop_gradient, metrics)


def grpo() -> Loss:
    """Group relative policy optimisation (Shao et al. 2024, DeepSeekMath, arXiv:2402.03300,
    equation 3): 1/(NG) sum_i 1/|y_i| sum_t min(r A, clip(r, 1 - eps, 1 + eps) A) - beta k3.

    Tokens of short completions count more, which `dr_grpo` and `dapo` mend.
    """
    return Loss()


def dr_grpo(max_completion_length: int) -> Loss:
    """GRPO done right (Liu et al. 2025, arXiv:2503.20783, section 3.2): 1/(NG L) sum_i sum_t, with
    the same constant L for all, so that length earns nothing. Its advantages are mean-centred only:
    `advantages.group_centred`."""
    return Loss(average=PerConstant(max_completion_length))


def dapo() -> Loss:
    """Token mean with asymmetric clipping (Yu et al. 2025, DAPO, arXiv:2503.14476, equation 8):
    1/sum_i |y_i| sum_i sum_t min(r A, clip(r, 1 - eps_low, 1 + eps_high) A), eps_high 0.28.

    As in TRL the mean is over the tokens of the batch, in the paper over those of one prompt. Its
    overlong filter is `without_truncated`; it has no KL term: beta 0.
    """
    return Loss(average=per_token)


def gspo() -> Loss:
    """Group sequence policy optimisation (Zheng et al. 2025, arXiv:2507.18071, equation 5): GRPO
    with one ratio per completion, s = (p(y) / p_old(y))^(1/|y|), clipped at about 3e-4 and 4e-4."""
    return Loss(level=of_sequence)


def cispo() -> Loss:
    """Clipped importance weights (MiniMax 2025, M1, arXiv:2506.13585, equation 4): 1/sum_i |y_i|
    sum_i sum_t sg(min(r, 1 + eps_high)) A log p.

    As in the paper's experiments there is no lower bound. TRL's epsilon_high is 1 + ours here.
    """
    return Loss(surrogate=weighted_likelihood, average=per_token)


def without_truncated(mask: jax.Array, completion: jax.Array, end: int | jax.Array) -> jax.Array:
    """The mask `[N, G, T]` without completions that never reached an end token (Yu et al. 2025,
    section 3.4, overlong filtering): what they would have become is not known.

    completion `[N, G, T]` token ids; end one end token or several, `[E]`.
    """
    ends = jnp.atleast_1d(jnp.asarray(end))
    ended = jnp.any(jnp.isin(completion, ends) & (mask > 0), axis=-1, keepdims=True)
    return mask * ended


def without_dead_groups(mask: jax.Array, advantages: jax.Array) -> jax.Array:
    """The mask `[N, G, T]` without groups whose advantages `[N, G]` are all 0.

    They pull towards the reference and count in a token mean, but teach nothing.
    """
    alive = jnp.any(advantages != 0, axis=-1)
    return mask * alive[:, None, None]


def masked_mean(values: jax.Array, mask: jax.Array) -> jax.Array:
    """Mean of values where mask is 1, over everything; 0 when nothing is."""
    return jnp.sum(values * mask) / jnp.maximum(jnp.sum(mask), 1.0)


def supervised_loss(logps: jax.Array, mask: jax.Array) -> jax.Array:
    """Cross-entropy of the completion tokens, in nats per token."""
    return -masked_mean(logps, mask)


def _mean(values: jax.Array, weights: Weights) -> jax.Array:
    """Mean of per-token or per-completion values."""
    by = weights.completion if values.shape[-1] == 1 else weights.token
    return jnp.sum(values * by)
