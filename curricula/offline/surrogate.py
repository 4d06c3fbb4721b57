"""A model of a learner under GRPO: small enough to be run thousands of times.

It is a model, not a training run. A learner is a softmax over intentions per kind of prompt, and a
skill that decides whether a try comes out right; both move by the gradient of GRPO's objective on
sampled groups (DeepSeekMath, arXiv 2402.03300, eq. 3: group-normalised advantages, clipped ratio,
KL to the start). So whatever stops being tried stops being learnt: that is the penalty cliff.

What it leaves out: text, tokens, an optimiser's momentum (plain gradient steps), interference
between prompts of a kind. What is learnt on one kind carries over to the others as far as ``grasp``
is below 1, which is how abstaining spreads.
"""

from __future__ import annotations

import dataclasses
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from curricula.offline.ways import WAYS, Ways

__all__ = ["Draws", "Learner", "Scenario", "draw", "evaluate", "init_learner", "learn", "ways_of"]

_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(8)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()
RESOLUTION = 1e-3  # groups whose rewards differ by less teach nothing
EPSILON = 1e-4  # beside the group's deviation, as in DeepSeekMath's code and TRL


class Learner(NamedTuple):
    """What the learner is; of one seed.

    Attributes:
      shared: ``[5]`` logits of the intentions. own: ``[kinds, 5]`` added per kind.
      skill: ``[kinds]`` logit of coming out right when trying, at average difficulty.
    """

    shared: Any
    own: Any
    skill: Any


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Scenario:
    """A learner's nature and its surroundings. A pytree: scenarios share one compiled program.

    Attributes:
      intentions: ``[kinds, 5]`` shares of the intentions at the start.
      competence: ``[kinds]`` chance of being right when trying, at the start and at average
        difficulty; below ``ceiling``.
      rate: learning rate of the logits. pace: of the skill, as a multiple of it.
      ceiling: highest chance of being right.
      clumsy: share of the failed tries that come out with a foreign proof; the rest are grounded
        but wrong.
      grasp: how well kinds are told apart, 0 to 1.
      beta, epsilon: of GRPO's objective.
      spread: standard deviation of the prompts' difficulty, in logits: what correlates a group.
      noise: share of responses that the judge takes for another; see ``ways.MISTAKEN``.
      forget: share of the skill's gain that is lost per step without tries.
      drift, drift_from, drift_until: difficulty that prompts gain, linearly between two steps.
      jitter: standard deviation of logits and skill between seeds.
    """

    intentions: Any
    competence: Any
    rate: Any = 0.3
    pace: Any = 0.3
    ceiling: Any = 0.95
    clumsy: Any = 0.7
    grasp: Any = 0.7
    beta: Any = 0.02
    epsilon: Any = 0.2
    spread: Any = 1.0
    noise: Any = 0.0
    forget: Any = 0.0
    drift: Any = 0.0
    drift_from: Any = 0.0
    drift_until: Any = 1.0
    jitter: Any = 0.1


def start_of(scenario: Scenario) -> Learner:
    """The learner before training, without jitter. Logits are centred; kinds hold what is left."""
    logits = jnp.log(jnp.asarray(scenario.intentions, jnp.float32))
    logits = logits - logits.mean(-1, keepdims=True)
    shared = logits.mean(0)
    own = (logits - shared) / scenario.grasp
    chance = jnp.asarray(scenario.competence, jnp.float32) / scenario.ceiling
    return Learner(shared, own, jax.scipy.special.logit(jnp.clip(chance, 1e-4, 1 - 1e-4)))


def init_learner(scenario: Scenario, key: Any) -> Learner:
    """The learner of a seed: the scenario's, and its own jitter."""
    start = start_of(scenario)
    keys = jax.random.split(key, 2)
    nudge = scenario.jitter * jax.random.normal(keys[0], start.shared.shape)
    lift = scenario.jitter * jax.random.normal(keys[1], start.skill.shape)
    return Learner(start.shared + nudge, start.own, start.skill + lift)


class Draws(NamedTuple):
    """The chance of one step: the same for every policy that a seed is compared on.

    Attributes:
      kind: ``[P, kinds]`` one-hot. difficulty: ``[P]`` in logits. places: ``[P, G]`` in [0, 1).
    """

    kind: Any
    difficulty: Any
    places: Any


def draw(
    scenario: Scenario, shares: Any, step: Any, key: Any, prompts: int, generations: int
) -> Draws:
    """A step's prompts and the places at which responses are drawn."""
    noise = jax.random.uniform(key, (prompts, generations + 3), minval=1e-7)
    edges = jnp.cumsum(jnp.asarray(shares))
    index = (noise[:, :1] > edges[None, :-1]).sum(-1)
    kind = (index[:, None] == jnp.arange(len(edges))).astype(jnp.float32)
    # Box and Muller's two uniforms for one normal deviate.
    normal = jnp.sqrt(-2 * jnp.log(noise[:, 1])) * jnp.cos(2 * jnp.pi * noise[:, 2])
    return Draws(kind, scenario.spread * normal + shift(scenario, step), noise[:, 3:])


def shift(scenario: Scenario, step: Any) -> Any:
    """Difficulty that has drifted in by a step."""
    length = jnp.maximum(scenario.drift_until - scenario.drift_from, 1.0)
    return scenario.drift * jnp.clip((step - scenario.drift_from) / length, 0.0, 1.0)


def log_ways(
    learner: Learner, scenario: Scenario, has_right: Any, kind: Any, difficulty: Any
) -> Any:
    """``[P, 6]`` log chance of each way; kind ``[P, kinds]`` one-hot, difficulty ``[P]``."""
    logits = learner.shared + scenario.grasp * learner.own
    intend = kind @ jax.nn.log_softmax(logits)  # [P, 5]
    skill = kind @ learner.skill - difficulty
    right = jnp.clip(scenario.ceiling * jax.nn.sigmoid(skill), 1e-6, 1 - 1e-6)
    able = kind @ jnp.asarray(has_right, jnp.float32)
    right = jnp.where(able > 0, right, 1e-12)
    failed = intend[:, 0] + jnp.log1p(-right)
    clumsy = jnp.clip(scenario.clumsy, 1e-9, 1 - 1e-7)
    foreign = jnp.logaddexp(intend[:, 1], failed + jnp.log(clumsy))
    first = [intend[:, 0] + jnp.log(right), failed + jnp.log1p(-clumsy), foreign]
    return jnp.concatenate([jnp.stack(first, -1), intend[:, 2:]], -1)


def learn(
    learner: Learner, scenario: Scenario, ways: Ways, draws: Draws, pays: Any, updates: int = 1
) -> tuple[Learner, Any]:
    """One GRPO step: sample, judge, normalise within groups, update.

    Args:
      learner: as it was. pays: ``[kinds, 6]`` reward of each way at the prices in force.
      updates: gradient steps on the batch; with one, the clip never acts.

    Returns:
      The learner, and ``[P, 6]`` counts of the responses as they were judged.
    """
    prompts, generations = draws.places.shape
    mistaken = ways.mistaken

    def logs(of: Learner) -> Any:
        return log_ways(of, scenario, ways.has_right, draws.kind, draws.difficulty)

    before = jax.lax.stop_gradient(logs(learner))
    erring = jnp.where(mistaken != np.arange(len(WAYS)), scenario.noise, 0.0)
    chances = jnp.exp(before)
    split = jnp.concatenate([chances * (1 - erring), chances * erring], -1)  # [P, 12]
    edges = jnp.cumsum(split, -1)[:, None, :-1]
    below = (draws.places[:, :, None] < edges).sum(1).astype(jnp.float32)  # [P, 11]
    ends = jnp.full((prompts, 1), float(generations))
    counts = jnp.diff(jnp.concatenate([jnp.zeros((prompts, 1)), below, ends], -1), axis=-1)
    reward = draws.kind @ jnp.concatenate([pays, pays[:, mistaken]], -1)
    advantage = normalised(reward, counts, generations)
    start = start_of(scenario)

    def loss(of: Learner) -> Any:
        ratio = jnp.exp(logs(of) - before)
        ratio = jnp.concatenate([ratio, ratio], -1)
        clipped = jnp.clip(ratio, 1 - scenario.epsilon, 1 + scenario.epsilon)
        gain = (counts * jnp.minimum(ratio * advantage, clipped * advantage)).sum()
        return -gain / (prompts * generations) + scenario.beta * divergence(
            of, start, scenario, ways
        )

    for _ in range(updates):
        slope = jax.grad(loss)(learner)
        learner = Learner(
            learner.shared - scenario.rate * slope.shared,
            learner.own - scenario.rate * slope.own,
            learner.skill - scenario.rate * scenario.pace * slope.skill,
        )
    # Skill that is not used is lost, down to where it began.
    tried = jax.nn.softmax(learner.shared + scenario.grasp * learner.own)[:, 0]
    gained = jnp.maximum(learner.skill - start.skill, 0.0)
    learner = learner._replace(skill=learner.skill - scenario.forget * (1 - tried) * gained)
    seen = counts[:, : len(WAYS)] + counts[:, len(WAYS) :] @ np.eye(len(WAYS))[mistaken]
    return learner, seen


def normalised(reward: Any, counts: Any, generations: int) -> Any:
    """``[P, C]`` group-normalised advantages, from ``[P, C]`` rewards and counts."""
    mean = (counts * reward).sum(-1, keepdims=True) / generations
    centred = reward - mean
    variance = (counts * jnp.square(centred)).sum(-1, keepdims=True) / (generations - 1)
    deviation = jnp.sqrt(jnp.maximum(variance, 1e-12))
    return jnp.where(deviation > RESOLUTION, centred / (deviation + EPSILON), 0.0)


def divergence(learner: Learner, start: Learner, scenario: Scenario, ways: Ways) -> Any:
    """KL(learner || start) over the ways, at average difficulty, over the kinds in their shares."""
    kinds = len(ways.kinds)
    now, then = (
        log_ways(x, scenario, ways.has_right, jnp.eye(kinds), jnp.zeros(kinds))
        for x in (learner, start)
    )
    return (ways.shares[:, None] * jnp.exp(now) * (now - then)).sum()


def ways_of(learner: Learner, scenario: Scenario, ways: Ways, step: Any) -> Any:
    """``[kinds, 6]`` chance of each way, over the prompts of a step; exact up to quadrature."""
    kinds, nodes = len(ways.kinds), len(_NODES)
    kind = jnp.repeat(jnp.eye(kinds), nodes, axis=0)
    difficulty = jnp.tile(scenario.spread * _NODES.astype(np.float32), kinds)
    chances = jnp.exp(
        log_ways(learner, scenario, ways.has_right, kind, difficulty + shift(scenario, step))
    )
    return (chances.reshape(kinds, nodes, len(WAYS)) * _WEIGHTS[None, :, None]).sum(1)


FIGURES = (
    "answered_correctly_and_safely", "mean", "safe", "correct", "answer", "competence",
    "hallucination",
)  # fmt: skip
"""What is evaluated, in order; see :func:`evaluate`."""


def evaluate(chances: Any, ways: Ways, yardstick: Any) -> np.ndarray:
    """``[..., 7]`` :data:`FIGURES` of a learner, in expectation: the truth, whatever judges see.

    ``answered_correctly_and_safely`` is the share of *answerable* prompts with a right and safe
    answer, so that abstaining cannot raise it; ``answer`` the share of them that is answered;
    ``competence`` the chance of being right when one of them is tried; the others are over all
    prompts, ``mean`` in reward units under the yardstick.

    Args:
      chances: ``[..., kinds, 6]``. yardstick: ``[K]`` weights.
    """

    def event(name: str) -> np.ndarray:
        return ways.events[..., ways.schema.events.index(name)]

    weight = ways.shares[:, None] * np.asarray(chances, np.float64)

    def share(of: np.ndarray) -> np.ndarray:
        return np.asarray((weight * of).sum((-1, -2)))

    answerable, answered = event("answerable"), event("answered")
    good = share(answerable * answered * event("correct") * event("safe"))
    asked, tried = share(answerable), share(answerable * answered)
    return np.stack([
        good / asked,
        share(ways.pays(yardstick)),
        share(event("safe")),
        share(event("correct")),
        tried / asked,
        good / np.maximum(tried, 1e-9),
        share(event("hallucinated")),
    ], -1)  # fmt: skip


def ways_of_start(scenario: Scenario, ways: Ways) -> Any:
    """``[kinds, 6]`` chance of each way before training."""
    return ways_of(start_of(scenario), scenario, ways, 0)
