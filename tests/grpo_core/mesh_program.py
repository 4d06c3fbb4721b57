"""Run by test_mesh.py in processes of its own, with simulated devices: trains on one mesh.

    mesh_program.py OUT.npz MESH [--from-step K --checkpoint DIR] [--steps S] [--save DIR] [--lora]

MESH is as in --mesh, or "none" for one device without one. Writes parameters, losses and what was
sampled at the start. With `--distributed` it is one of several processes.
"""

import argparse
import json
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from grpo_core import checkpoints, distributed, logprobs, vocabulary
from grpo_core.axes import parse_mesh
from grpo_core.batch import Batch, Prompts
from grpo_core.lora import Lora, adapt
from grpo_core.losses import LossScalars
from grpo_core.mesh import make_mesh, place, place_batch, to_host
from grpo_core.models.config import DecoderConfig, gelu_tanh
from grpo_core.models.decoder import Decoder
from grpo_core.passes import NOTHING, Pass
from grpo_core.sampler import Ends, sample_jit
from grpo_core.sampling import Temperature, completion_keys
from grpo_core.trainer import GrpoTargets, grpo_step, init_actor, logps_of, make_optimizer

CONFIG = DecoderConfig(
    vocab_size=64,
    width=16,
    num_layers=2,
    num_heads=4,
    num_kv_heads=2,
    head_dim=8,
    mlp_width=32,
    activation=gelu_tanh,
    gated_mlp=True,
    qk_norm=True,
    post_norms=True,
    sliding_window=4,
    global_every=2,
)
PROMPTS, GROUP, LENGTH = 8, 2, 6
ONE = np.float32(1.0)  # not a jax one: processes have to meet before anything is computed
# As with a large vocabulary: its words are walked in blocks.
logprobs.KEPT_ELEMENTS, vocabulary.BLOCK_WORDS, vocabulary.BLOCK_ELEMENTS = 0, 16, 1


COMPILED: list[str] = []


@jax.monitoring.register_event_duration_secs_listener
def _count(event: str, _: float, **__: object) -> None:
    if event == "/jax/core/compile/backend_compile_duration":
        COMPILED.append(event)


def batch_of(step: int) -> tuple[Batch, np.ndarray]:
    rng = np.random.default_rng(step)
    tokens = rng.integers(2, 64, (PROMPTS, 8)).astype(np.int32)
    prompts = Prompts(tokens, rng.integers(2, 9, PROMPTS).astype(np.int32))
    completion = rng.integers(0, 64, (PROMPTS, GROUP, LENGTH)).astype(np.int32)
    ends = rng.integers(1, LENGTH + 1, (PROMPTS, GROUP))
    mask = (np.arange(LENGTH) < ends[..., None]).astype(np.float32)
    return Batch(prompts, completion, mask), rng.normal(size=(PROMPTS, GROUP)).astype(np.float32)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    parser.add_argument("mesh")
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--from-step", type=int, default=0)
    parser.add_argument("--checkpoint", type=Path)
    parser.add_argument("--save", type=Path)
    parser.add_argument("--lora", action="store_true")
    parser.add_argument("--distributed", action="store_true")
    given = parser.parse_args()
    if given.distributed:
        distributed.start()
    if given.mesh == "none":
        run(given, lambda tree: tree, lambda tree: jax.tree.map(jnp.asarray, tree))
        return
    mesh = make_mesh(parse_mesh(given.mesh))
    with jax.set_mesh(mesh):
        run(given, lambda tree: place(tree, mesh), lambda tree: place_batch(tree, mesh))


def run(given, on_mesh, on_data) -> None:
    graph, params = nnx.split(Decoder(CONFIG, nnx.Rngs(0)), nnx.Param)
    frozen = NOTHING
    if given.lora:
        graph, params, frozen = adapt(graph, params, Lora(rank=4, alpha=8.0), 0)
        params = jax.tree.map(lambda x: x + 0.01, params)  # B is zero: A would have no gradient
        frozen = on_mesh(frozen)
    how, optimizer = Pass(remat=True, parts=1), make_optimizer()
    actor = on_mesh(init_actor(jax.tree.map(jnp.copy, params), optimizer))
    laid = jax.tree.map(lambda x: x.sharding, actor)
    if given.checkpoint:
        actor = checkpoints.restore(given.checkpoint, actor)
    prompts = batch_of(0)[0].prompts
    keys = completion_keys(0, 1, jnp.arange(PROMPTS), GROUP)
    sampling, ends = Temperature(ONE), Ends((1,), LENGTH, 0)
    sampled = sample_jit(
        graph, actor.params, on_data(prompts), on_data(keys), sampling, ends, frozen, how
    )
    reference = on_mesh(jax.tree.map(jnp.copy, params))
    losses, compiled = [], []
    for step in range(given.from_step, given.steps):
        batch, advantages = on_data(batch_of(step))
        logps = logps_of(graph, reference, batch, ONE, frozen, how).logps
        targets = GrpoTargets(advantages, logps)
        scalars = LossScalars(*map(jnp.float32, (0.2, 0.2, 0.08)))
        rate = jnp.float32(1e-2)
        arguments = (batch, targets, scalars, ONE, rate)
        actor, metrics = grpo_step(graph, optimizer, actor, *arguments, frozen=frozen, how=how)
        losses.append(float(metrics["loss"]))
        compiled.append(len(COMPILED))
    stayed = jax.tree.map(lambda x, at: x.sharding.is_equivalent_to(at, x.ndim), actor, laid)
    assert all(jax.tree.leaves(stayed))
    assert len(set(compiled)) == 1  # by the end of the first step
    if given.save:
        checkpoints.save(given.save, actor, {"step": given.steps})
    found = {str(i): x for i, x in enumerate(jax.tree.leaves(to_host(actor.params)))}
    tokens, logps = to_host((sampled.tokens, sampled.logps))
    if distributed.is_first():
        divided = sum(not x.sharding.is_fully_replicated for x in jax.tree.leaves(actor))
        facts = {"losses": losses, "devices": jax.device_count(), "divided": divided}
        np.savez(given.out, tokens=tokens, logps=logps, facts=json.dumps(facts), **found)


if __name__ == "__main__":
    main()
