"""Chooses the rung on which the model learns fastest."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from curricula.controller import CurriculumController, Decision
from curricula.controllers.shared import check
from curricula.statistics import Statistics

__all__ = ["Bandit", "BanditState"]


class BanditState(NamedTuple):
    """State of the bandit.

    Attributes:
      weights: ``[R]`` log weights. arm: [] int32 rung being played.
      chance: [] probability with which it was drawn.
      early, late: [] sums of the metric in the first and second half of the play.
      counts: ``[2]`` figures in each half. played: [] int32 steps. key: PRNG key data.
    """

    weights: Any
    arm: Any
    chance: Any
    early: Any
    late: Any
    counts: Any
    played: Any
    key: Any


class Bandit(CurriculumController):
    """EXP3.S over rungs, paid by learning progress.

    Graves et al. 2017, *Automated curriculum learning for neural networks* (arXiv 1704.03003):
    arms are rungs, the payment is the gain of the yardstick metric during the play, clipped
    to [-1, 1] after division by ``scale``, importance-weighted. We differ: gain is the second
    half's mean less the first half's, because single-step rewards are too noisy, and the division
    is by a stated scale instead of running quantiles. Explores by design: it will play the harshest
    rung before the model is ready, which no gate does.

    Args:
      rungs: of the ladder. metric: whose gain is wanted. scale: gain that counts as 1.
      hold: steps per play. rate: learning rate. explore: share of uniform play.
      seed: of the draws; the same seed draws the same rungs.

    Raises:
      ControllerError: a number out of its range.
    """

    reasons = ("playing on", "drew this rung")

    def __init__(
        self,
        rungs: int,
        metric: str = "mean",
        *,
        scale: float = 5.0,
        hold: int = 16,
        rate: float = 0.3,
        explore: float = 0.1,
        share: float = 0.01,
        seed: int = 0,
    ) -> None:
        check(
            "bandit",
            rungs=(rungs, rungs >= 1),
            scale=(scale, scale > 0),
            hold=(hold, hold >= 2),
            rate=(rate, rate > 0),
            explore=(explore, 0 < explore <= 1),
            share=(share, 0 <= share < 1),
        )
        self.rungs, self.metric, self.scale, self.hold = rungs, metric, scale, hold
        self.rate, self.explore, self.share, self.seed = rate, explore, share, seed

    @property
    def name(self) -> str:
        return "bandit"

    @property
    def metrics(self) -> tuple[str, ...]:
        return (self.metric,)

    def init(self) -> BanditState:
        zero = jnp.zeros((), jnp.float32)
        return BanditState(
            jnp.zeros((self.rungs,), jnp.float32),
            jnp.zeros((), jnp.int32),
            jnp.ones((), jnp.float32),
            zero,
            zero,
            jnp.zeros((2,), jnp.float32),
            jnp.zeros((), jnp.int32),
            jax.random.key_data(jax.random.key(self.seed)),
        )

    def _chances(self, weights: Any) -> Any:
        return (1 - self.explore) * jax.nn.softmax(weights) + self.explore / self.rungs

    def update(self, state: BanditState, statistics: Statistics) -> tuple[Decision, BanditState]:
        figure = statistics.now(self.metric)
        known = ~jnp.isnan(figure)
        half = (state.played >= self.hold // 2).astype(jnp.int32)
        sums = jnp.stack([state.early, state.late]).at[half].add(jnp.where(known, figure, 0.0))
        counts = state.counts.at[half].add(known)
        over = state.played + 1 >= self.hold
        means = sums / jnp.maximum(counts, 1)
        gain = jnp.where((counts > 0).all(), (means[1] - means[0]) / self.scale, 0.0)
        paid = self.rate * jnp.clip(gain, -1.0, 1.0) / state.chance
        # Fixed share (Herbster & Warmuth 1998) keeps every arm alive, as eq. 4 of the paper does.
        learned = jax.nn.log_softmax(state.weights.at[state.arm].add(paid / self.rungs))
        learned = jnp.log((1 - self.share) * jnp.exp(learned) + self.share / self.rungs)
        chances = self._chances(learned)
        key = jax.random.fold_in(jax.random.wrap_key_data(state.key), statistics.step)
        drawn = jax.random.categorical(key, jnp.log(chances)).astype(jnp.int32)
        arm = jnp.where(over, drawn, state.arm)
        after = BanditState(
            jnp.where(over, learned, state.weights),
            arm,
            jnp.where(over, chances[drawn], state.chance),
            jnp.where(over, 0.0, sums[0]),
            jnp.where(over, 0.0, sums[1]),
            jnp.where(over, jnp.zeros(2), counts),
            jnp.where(over, 0, state.played + 1).astype(jnp.int32),
            state.key,
        )
        severity = jnp.minimum(arm.astype(jnp.float32), statistics.top)
        return Decision(severity, over.astype(jnp.int32)), after
