"""What a sweep does whatever the controller: learners that are drawn, trained and looked at.

Compiled once per sizes and shared by every controller, ladder and scenario; runs lie last.
"""

from __future__ import annotations

import dataclasses
import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from curricula.offline.surrogate import (
    Home,
    Learner,
    Scenario,
    draw,
    home_of,
    init_learner,
    learn,
    ways_of,
)
from curricula.offline.ways import WAYS, Ways

__all__ = ["World", "world_of"]


@dataclasses.dataclass(frozen=True, eq=False)
class World:
    """Learners on ways of responding.

    Attributes:
      ways: of responding. prompts, generations: groups per step, and their size.
      updates: gradient steps per batch.
    """

    ways: Ways
    prompts: int
    generations: int
    updates: int

    @functools.cached_property
    def begin(self) -> Any:
        """``(scenario, seeds [N]) -> (Learner, Home)``, compiled."""

        def begin(scenario: Scenario, seeds: Any) -> tuple[Learner, Home]:
            return init_learner(scenario, seeds), home_of(scenario, self.ways)

        return jax.jit(begin)

    @functools.cached_property
    def train(self) -> Any:
        """``(Learner, Home, scenario, seeds [N], streams [N], step [], pays [kinds, 6, N]) ->
        (Learner, kind [kinds, P, N], judged [P, 6, N])``, compiled: one GRPO step."""

        def train(
            learner: Learner, home: Home, scenario: Scenario, seeds: Any, streams: Any, step: Any,
            pays: Any,
        ) -> tuple[Learner, Any, Any]:  # fmt: skip
            sizes = (self.prompts, self.generations)
            draws = draw(scenario, self.ways.shares, seeds, streams, step, *sizes)
            learner, judged = learn(learner, scenario, self.ways, draws, pays, self.updates, home)
            return learner, draws.kind, judged

        return jax.jit(train, donate_argnums=0)

    @functools.cached_property
    def look(self) -> Any:
        """``(Learner, scenario, step []) -> [N, kinds, 6]`` chances of the ways, compiled."""

        def look(learner: Learner, scenario: Scenario, step: Any) -> Any:
            return jnp.moveaxis(ways_of(learner, scenario, self.ways, step), -1, 0)

        return jax.jit(look)

    def warm(self, scenario: Scenario, runs: int) -> None:
        """Compile for so many runs, by a step of them."""
        seeds = np.zeros(runs, np.int32)
        scenario = jax.tree.map(
            lambda x: np.repeat(np.asarray(x, np.float32)[..., None], runs, -1), scenario
        )
        learner, home = self.begin(scenario, seeds)
        self.look(learner, scenario, np.int32(0))
        pays = np.zeros((len(self.ways.kinds), len(WAYS), runs), np.float32)
        self.train(learner, home, scenario, seeds, seeds, np.int32(1), pays)


@functools.lru_cache(maxsize=32)
def world_of(ways: Ways, prompts: int, generations: int, updates: int) -> World:
    """The one world of these sizes, so that it is compiled once."""
    return World(ways, prompts, generations, updates)
