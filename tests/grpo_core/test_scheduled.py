"""Whatever a run schedules acts at the next step and compiles nothing."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from grpo_core.advantages import group_centred
from grpo_core.losses import LossScalars, grpo
from grpo_core.models.decoder import Decoder
from grpo_core.trainer import GrpoTargets, grpo_step, init_actor, logps_of, make_optimizer
from tests.grpo_core.conftest import CONFIGS, random_batch

COMPILED: list[str] = []


@jax.monitoring.register_event_duration_secs_listener
def _count(event: str, _: float, **__: object) -> None:
    if event == "/jax/core/compile/backend_compile_duration":
        COMPILED.append(event)


PRICES = np.array([20.0, -5.0, -10.0], np.float32)
FIRST = {
    "beta": 0.04,
    "epsilon_low": 0.2,
    "epsilon_high": 0.2,
    "entropy_coef": 0.01,
    "learning_rate": 1e-3,
    "temperature": 1.0,
    "prices": PRICES,
}
LATER = {
    "beta": 0.5,
    "epsilon_low": 0.01,
    "epsilon_high": 0.01,
    "entropy_coef": 0.5,
    "learning_rate": 2e-3,
    "temperature": 0.8,
    "prices": PRICES * np.array([1.0, 4.0, 1.0], np.float32),
}


@pytest.fixture(scope="module")
def step_under():
    graph, params = nnx.split(Decoder(CONFIGS["tiny"], nnx.Rngs(3)), nnx.Param)
    batch, optimizer = random_batch(), make_optimizer()
    facts = np.random.default_rng(0).integers(0, 2, (3, 2, 3)).astype(np.float32)
    now = logps_of(graph, params, batch, jnp.float32(1.0)).logps
    noise = np.random.default_rng(1).normal(0, 0.3, now.shape)
    loss = replace(grpo(), entropy_bonus=True)

    def step(**changed):
        s = {k: jnp.float32(v) for k, v in (FIRST | changed).items()}
        rewards = facts @ s["prices"]
        targets = GrpoTargets(group_centred(rewards), now - 0.5, now + noise)
        scalars = LossScalars(s["epsilon_low"], s["epsilon_high"], s["beta"], s["entropy_coef"])
        actor = init_actor(jax.tree.map(jnp.copy, params), optimizer)
        actor, _ = grpo_step(
            graph,
            optimizer,
            actor,
            batch,
            targets,
            scalars,
            s["temperature"],
            s["learning_rate"],
            loss,
        )
        return np.concatenate([np.ravel(x) for x in jax.tree.leaves(actor.params)])

    step()
    return step


@pytest.mark.parametrize("name", sorted(FIRST))
def test_a_change_acts_and_compiles_nothing(step_under, name):
    before = len(COMPILED)
    unchanged, again, changed = step_under(), step_under(), step_under(**{name: LATER[name]})
    assert len(COMPILED) == before
    np.testing.assert_array_equal(unchanged, again)
    assert np.abs(changed - unchanged).max() > 1e-5


def test_compilations_are_counted_here():
    before = len(COMPILED)
    jax.jit(lambda x: x * 3.25 + 1)(jnp.ones(7))
    assert len(COMPILED) > before
