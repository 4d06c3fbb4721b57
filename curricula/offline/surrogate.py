"""A model of a learner under GRPO: small enough to be run thousands of times.

It is a model, not a training run. A learner is a softmax over intentions per kind of prompt, and a
skill that decides whether a try comes out right; both move by the gradient of GRPO's objective on
sampled groups (DeepSeekMath, arXiv 2402.03300, eq. 3: group-normalised advantages, clipped ratio,
KL to the start). So whatever stops being tried stops being learnt: that is the penalty cliff.

What it leaves out: text, tokens, an optimiser's momentum (plain gradient steps), interference
between prompts of a kind. What is learnt on one kind carries over to the others as far as ``grasp``
is below 1, which is how abstaining spreads.

Runs lie along the last axes: every array below may have ``[...]`` more, one entry per run, so that
thousands of runs are one loop over contiguous numbers. Ways and kinds are unrolled.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from curricula.offline.chance import uniforms
from curricula.offline.ways import WAYS, Ways

__all__ = ["Draws", "Home", "Learner", "Scenario", "chances", "draw", "evaluate", "home_of",
           "init_learner", "learn", "start_of", "ways_of"]  # fmt: skip

_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(8)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()
RESOLUTION = 1e-3  # groups whose rewards differ by less teach nothing
EPSILON = 1e-4  # beside the group's deviation, as in DeepSeekMath's code and TRL
TINY = 1e-30  # chances are no smaller in ratios and logarithms
NATURE = np.uint32(2**32 - 1)  # stream of a seed's own nature; others are of its steps


class Learner(NamedTuple):
    """What the learner is.

    Attributes:
      shared: ``[5, ...]`` logits of the intentions. own: ``[kinds, 5, ...]`` added per kind.
      skill: ``[kinds, ...]`` logit of coming out right when trying, at average difficulty.
    """

    shared: Any
    own: Any
    skill: Any


class Home(NamedTuple):
    """Where a learner began: what it is pulled back to.

    Attributes:
      start: the learner. logs: six ``[kinds, ...]`` log chances of its ways, average difficulty.
    """

    start: Learner
    logs: tuple[Any, ...]


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Scenario:
    """A learner's nature and its surroundings. A pytree: scenarios share one compiled program.

    Attributes:
      intentions: ``[kinds, 5, ...]`` shares of the intentions at the start.
      competence: ``[kinds, ...]`` chance of being right when trying, at the start and at average
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
    logits = logits - logits.mean(1, keepdims=True)
    shared = logits.mean(0)
    own = (logits - shared) / scenario.grasp
    chance = jnp.asarray(scenario.competence, jnp.float32) / scenario.ceiling
    return Learner(shared, own, jax.scipy.special.logit(jnp.clip(chance, 1e-4, 1 - 1e-4)))


def home_of(scenario: Scenario, ways: Ways) -> Home:
    """Where a scenario's learners begin."""
    start = start_of(scenario)
    return Home(start, tuple(_log(x) for x in at_average(start, scenario, ways)))


def init_learner(scenario: Scenario, seed: Any) -> Learner:
    """The learner of a seed: the scenario's, and its own jitter."""
    start = start_of(scenario)
    intentions, kinds = len(start.shared), len(start.skill)
    count = intentions + kinds
    noise = uniforms(2 * count, seed, NATURE, 0)
    nudge = scenario.jitter * _normal(noise[:count], noise[count:])
    return Learner(start.shared + nudge[:intentions], start.own, start.skill + nudge[intentions:])


def _normal(one: Any, other: Any) -> Any:
    """Normal deviates of two uniform ones (Box & Muller 1958)."""
    return jnp.sqrt(-2 * jnp.log(one)) * jnp.cos(2 * np.pi * other)


class Draws(NamedTuple):
    """The chance of one step: the same for every policy that a seed is compared on.

    Attributes:
      kind: ``[kinds, P, ...]`` one-hot over the first axis. difficulty: ``[P, ...]`` in logits.
      places: ``[P, G, ...]`` in (0, 1].
    """

    kind: Any
    difficulty: Any
    places: Any


def draw(
    scenario: Scenario, shares: Any, seed: Any, stream: Any, step: Any, prompts: int,
    generations: int,
) -> Draws:  # fmt: skip
    """A step's prompts and the places at which responses are drawn.

    Args:
      seed: ``[...]``. stream: which draws of a seed. step: [] from 1.
    """
    rows = prompts * (generations + 3)
    noise = uniforms(rows + rows % 2, seed, stream, step)[:rows]
    noise = noise.reshape(generations + 3, prompts, *noise.shape[1:])
    edges = np.cumsum(np.asarray(shares, np.float32))[:-1]
    index = sum(((noise[0] > edge).astype(jnp.int32) for edge in edges), jnp.int32(0))
    kind = jnp.stack([index == k for k in range(len(edges) + 1)]).astype(jnp.float32)
    difficulty = scenario.spread * _normal(noise[1], noise[2]) + shift(scenario, step)
    return Draws(kind, difficulty, jnp.moveaxis(noise[3:], 0, 1))


def shift(scenario: Scenario, step: Any) -> Any:
    """Difficulty that has drifted in by a step."""
    length = jnp.maximum(scenario.drift_until - scenario.drift_from, 1.0)
    return scenario.drift * jnp.clip((step - scenario.drift_from) / length, 0.0, 1.0)


def pick(kind: Any, table: Any) -> Any:
    """The entry of each prompt's kind; elementwise, since tiny matrix products are slow."""
    return sum((k * row for k, row in zip(kind, table)), 0.0)


def chances(
    learner: Learner, scenario: Scenario, has_right: Any, kind: Any, difficulty: Any
) -> tuple[Any, ...]:
    """Six ``[P, ...]`` chances, one of each way; kind ``[kinds, P, ...]``, difficulty ``[P, ...]``.

    A list of ways rather than an axis: each is its own loop over the runs.
    """
    logits = learner.shared + scenario.grasp * learner.own
    intend = jax.nn.softmax(logits, axis=1)  # [kinds, 5, ...]
    tries, cites, *others = (pick(kind, intend[:, j]) for j in range(intend.shape[1]))
    skill = pick(kind, learner.skill) - difficulty
    right = jnp.clip(scenario.ceiling * jax.nn.sigmoid(skill), 1e-6, 1 - 1e-6)
    able = pick(kind, np.asarray(has_right, np.float32))
    right = jnp.where(able > 0, right, 1e-12)
    failed = tries * (1 - right)
    clumsy = jnp.clip(scenario.clumsy, 1e-9, 1 - 1e-7)
    return (tries * right, failed * (1 - clumsy), cites + failed * clumsy, *others)


def at_average(learner: Learner, scenario: Scenario, ways: Ways) -> tuple[Any, ...]:
    """Six ``[kinds, ...]``: the chances on a prompt of average difficulty of each kind."""
    kinds = len(ways.kinds)
    runs = [1] * (learner.skill.ndim - 1)
    kind = np.eye(kinds, dtype=np.float32).reshape(kinds, kinds, *runs)
    return chances(learner, scenario, ways.has_right, kind, np.zeros((kinds, *runs), np.float32))


def _log(chance: Any) -> Any:
    return jnp.log(jnp.maximum(chance, TINY))


def learn(
    learner: Learner, scenario: Scenario, ways: Ways, draws: Draws, pays: Any, updates: int = 1,
    home: Home | None = None,
) -> tuple[Learner, Any]:  # fmt: skip
    """One GRPO step: sample, judge, normalise within groups, update.

    Args:
      learner: as it was. pays: ``[kinds, 6, ...]`` reward of each way at the prices in force.
      updates: gradient steps on the batch; with one, the clip never acts.
      home: of the scenario; None computes it.

    Returns:
      The learner, and ``[P, 6, ...]`` counts of the responses as they were judged.
    """
    prompts, generations = draws.places.shape[:2]
    home = home_of(scenario, ways) if home is None else home

    def of(now: Learner) -> tuple[Any, ...]:
        return chances(now, scenario, ways.has_right, draws.kind, draws.difficulty)

    before = jax.lax.stop_gradient(of(learner))
    was, taken = _judged(ways)
    counts = _counts(before, was, taken, scenario.noise, draws.places)
    reward = [pick(draws.kind, pays[:, way]) for way in taken]
    advantage = normalised(reward, counts, generations)

    def loss(now: Learner, clip: bool) -> Any:
        chance, gain = of(now), 0.0
        for way, count, worth in zip(was, counts, advantage):
            ratio = chance[way] / jnp.maximum(before[way], TINY)
            part = ratio * worth
            if clip:  # at a ratio of 1, in the first update, it cannot act
                within = jnp.clip(ratio, 1 - scenario.epsilon, 1 + scenario.epsilon)
                part = jnp.minimum(part, within * worth)
            gain = gain + count * part
        far = scenario.beta * divergence(now, home, scenario, ways)
        return far.sum() - jnp.sum(gain) / (prompts * generations)

    for update in range(updates):
        slope = jax.grad(loss)(learner, update > 0)
        learner = Learner(
            learner.shared - scenario.rate * slope.shared,
            learner.own - scenario.rate * slope.own,
            learner.skill - scenario.rate * scenario.pace * slope.skill,
        )
    # Skill that is not used is lost, down to where it began.
    tried = jax.nn.softmax(learner.shared + scenario.grasp * learner.own, axis=1)[:, 0]
    gained = jnp.maximum(learner.skill - home.start.skill, 0.0)
    learner = learner._replace(skill=learner.skill - scenario.forget * (1 - tried) * gained)
    seen = [sum((c for c, way in zip(counts, taken) if way == w), 0.0) for w in range(len(WAYS))]
    return learner, jnp.stack(seen, 1)


def _judged(ways: Ways) -> tuple[list[int], list[int]]:
    """What responses are, and what they are taken for: each way as itself, then as a mistake."""
    mistaken = ways.mistaken.tolist()
    erring = [way for way, other in enumerate(mistaken) if way != other]
    every = list(range(len(WAYS)))
    return every + erring, every + [mistaken[way] for way in erring]


def _counts(
    chance: Sequence[Any], was: Sequence[int], taken: Sequence[int], noise: Any, places: Any
) -> list[Any]:
    """``[P, ...]`` responses of each column of :func:`_judged`: the places between two edges."""
    erring = set(was[len(WAYS) :])
    edge, below = jnp.zeros_like(chance[0]), [jnp.zeros_like(chance[0])]
    for way, other in list(zip(was, taken))[:-1]:
        share = 1.0 if way not in erring else noise if way != other else 1 - noise
        edge = edge + chance[way] * share
        below.append((places < edge[:, None]).astype(jnp.float32).sum(1))
    below.append(jnp.full_like(below[0], places.shape[1]))
    return [end - start for start, end in itertools.pairwise(below)]


def normalised(reward: Sequence[Any], counts: Sequence[Any], generations: int) -> list[Any]:
    """``[P, ...]`` group-normalised advantage of each column, from rewards and counts."""
    mean = sum((n * r for n, r in zip(counts, reward)), 0.0) / generations
    centred = [r - mean for r in reward]
    variance = sum((n * jnp.square(c) for n, c in zip(counts, centred)), 0.0) / (generations - 1)
    deviation = jnp.sqrt(jnp.maximum(variance, 1e-12))
    scale = jnp.where(deviation > RESOLUTION, 1 / (deviation + EPSILON), 0.0)
    return [c * scale for c in centred]


def divergence(learner: Learner, home: Home, scenario: Scenario, ways: Ways) -> Any:
    """``[...]`` KL(learner || start) over the ways at average difficulty, kinds in their shares."""
    shares = ways.shares.reshape(-1, *[1] * (learner.skill.ndim - 1))
    parts = zip(at_average(learner, scenario, ways), home.logs)
    return sum((shares * now * (_log(now) - then) for now, then in parts), jnp.float32(0)).sum(0)


def ways_of(learner: Learner, scenario: Scenario, ways: Ways, step: Any) -> Any:
    """``[kinds, 6, ...]`` chance of each way, over a step's prompts; exact up to quadrature."""
    kinds, nodes, runs = len(ways.kinds), len(_NODES), learner.skill.shape[1:]
    kind = np.repeat(np.eye(kinds, dtype=np.float32), nodes, axis=1)
    lift = [1] * len(runs)
    places = np.tile(_NODES.astype(np.float32), kinds).reshape(-1, *lift)
    difficulty = scenario.spread * places + shift(scenario, step)
    found = chances(learner, scenario, ways.has_right, kind.reshape(kinds, -1, *lift), difficulty)
    table = jnp.stack([jnp.broadcast_to(x, (kinds * nodes, *runs)) for x in found], 1)
    table = table.reshape(kinds, nodes, len(WAYS), *runs)
    return (table * _WEIGHTS.astype(np.float32).reshape(1, -1, 1, *lift)).sum(1)


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
    """``[kinds, 6, ...]`` chance of each way before training."""
    return ways_of(start_of(scenario), scenario, ways, 0)
