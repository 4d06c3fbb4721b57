"""Meshes: what is asked for, what lies where, and that results do not depend on it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from jax.sharding import PartitionSpec as P

from grpo_core.axes import MeshError, parse_mesh
from grpo_core.distributed import DistributedError, settings_from
from grpo_core.lora import Lora, adapt
from grpo_core.mesh import (
    RULES,
    along_data,
    by_rule,
    check_divides,
    gathered,
    make_mesh,
    place_batch,
    spec_of,
)
from grpo_core.models.decoder import Decoder
from grpo_core.trainer import init_actor, make_optimizer
from tests.grpo_core.conftest import CONFIGS
from tests.processes import free_port, simulating

PROGRAM = Path(__file__).with_name("mesh_program.py")
SIZES = {"dp": 1, "fsdp": 4, "tp": 2}


def test_a_mesh_is_read():
    assert parse_mesh("fsdp=8") == {"dp": 1, "fsdp": 8, "tp": 1}
    assert parse_mesh(" fsdp = 4 , tp=2") == SIZES
    assert parse_mesh("tp=2,dp=3") == {"dp": 3, "fsdp": 1, "tp": 2}


@pytest.mark.parametrize(
    "text", ["", "8", "fsdp", "fsdp=", "fsdp=0", "fsdp=-1", "fsdp=2.0", "tp=1,tp=2", "data=4", "x"]
)
def test_what_is_no_mesh_is_refused_in_one_line(text):
    with pytest.raises(MeshError, match="as in fsdp=8 or fsdp=4,tp=2") as told:
        parse_mesh(text)
    assert "\n" not in str(told.value)


def test_a_mesh_takes_all_the_devices_there_are():
    mesh = make_mesh(parse_mesh("fsdp=1"))
    assert dict(mesh.shape) == {"dp": 1, "fsdp": 1, "tp": 1}
    with pytest.raises(MeshError, match="mesh fsdp=4,tp=2 is of 8 devices and there are 1"):
        make_mesh(SIZES)


def test_prompts_have_to_divide():
    class Four:
        shape = SIZES

    check_divides(8, Four())
    with pytest.raises(MeshError, match="6 prompts a step cannot be divided among 4 devices"):
        check_divides(6, Four())


def test_every_weight_and_its_moments_have_a_place():
    model = nnx.eval_shape(lambda: Decoder(CONFIGS["untied"], nnx.Rngs(0)))
    graph, params = nnx.split(model, nnx.Param)
    actor = jax.eval_shape(lambda p: init_actor(p, make_optimizer()), params)
    matrices = 0
    for path, leaf in jax.tree_util.tree_flatten_with_path(actor)[0]:
        name = jax.tree_util.keystr(path, simple=True, separator=".").removesuffix(".value")
        spec = spec_of(name, leaf.shape, {"dp": 1, "fsdp": 2, "tp": 1}, RULES)
        matrices += leaf.ndim == 2
        # Memory: every matrix is divided by fsdp, wherever it lives.
        assert ("fsdp" in spec) == (leaf.ndim == 2 and leaf.shape != (23, 15)), name
    assert matrices == 3 * (1 + 2 + 2 * 6 + 1)  # embedding, previous, two layers, head
    adapters = jax.eval_shape(lambda p: adapt(graph, p, Lora(rank=4), 0)[1], params)
    names = {
        jax.tree_util.keystr(p, simple=True, separator=".").removesuffix(".value"): x.shape
        for p, x in jax.tree_util.tree_flatten_with_path(adapters)[0]
    }
    found = {n: spec_of(n, s, SIZES, RULES) for n, s in names.items() if n.startswith("blocks.0")}
    assert found["blocks.0.mlp.up.adapter.down"] == P("fsdp", None)
    assert found["blocks.0.mlp.up.adapter.up"] == P(None, "tp")
    assert found["blocks.0.mlp.down.adapter.down"] == P("tp", None)


def test_places_by_hand():
    assert spec_of("embedding", (64, 16), SIZES, RULES) == P("tp", "fsdp")
    assert spec_of("blocks.3.attention.query.kernel", (16, 32), SIZES, RULES) == P("fsdp", "tp")
    assert spec_of("blocks.3.attention.key.kernel", (16, 8), SIZES, RULES) == P("fsdp", None)
    assert spec_of("opt_state.1.mu.blocks.3.mlp.down.kernel", (32, 16), SIZES, RULES) == P(
        "tp", "fsdp"
    )
    assert spec_of("final_norm.scale", (16,), SIZES, RULES) == P()
    # 23 words do not divide by two.
    assert spec_of("embedding", (23, 16), SIZES, RULES) == P(None, "fsdp")
    assert spec_of("embedding", (64, 16), SIZES, gathered()) == P("tp", None)


def test_without_a_mesh_nothing_is_asked_for():
    x = jnp.ones((4, 3))
    assert along_data(x) is x
    assert by_rule({"embedding": x})["embedding"] is x


def test_a_batch_that_does_not_divide_is_refused():
    mesh = make_mesh(parse_mesh("fsdp=1"))
    placed = place_batch({"x": np.arange(6).reshape(3, 2), "n": np.int32(4)}, mesh)
    assert placed["x"].tolist() == [[0, 1], [2, 3], [4, 5]]
    assert int(placed["n"]) == 4


def test_processes_are_named_by_the_environment():
    everything = {
        "JAX_COORDINATOR_ADDRESS": "10.0.0.1:1234",
        "JAX_NUM_PROCESSES": "2",
        "JAX_PROCESS_ID": "1",
    }
    assert settings_from({"PATH": "/bin"}) == {}
    assert settings_from(everything) == {
        "coordinator_address": "10.0.0.1:1234",
        "num_processes": 2,
        "process_id": 1,
    }
    for change, said in [
        ({"JAX_PROCESS_ID": "2"}, "must be below JAX_NUM_PROCESSES = 2"),
        ({"JAX_NUM_PROCESSES": "two"}, "must be a whole number"),
        ({"JAX_COORDINATOR_ADDRESS": "10.0.0.1"}, "must be host:port"),
    ]:
        with pytest.raises(DistributedError, match=said):
            settings_from(everything | change)
    with pytest.raises(DistributedError, match="needs JAX_NUM_PROCESSES, JAX_PROCESS_ID too"):
        settings_from({"JAX_COORDINATOR_ADDRESS": "10.0.0.1:1234"})


def started(out: Path, mesh: str, *options: str, devices: int = 8, **environment: str):
    return subprocess.Popen(
        [sys.executable, str(PROGRAM), str(out), mesh, *options],
        env={
            **os.environ,
            "JAX_PLATFORMS": "cpu",
            "XLA_FLAGS": simulating(devices),
            "PYTHONPATH": str(Path(__file__).parents[2]),
            **environment,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finished(*processes: subprocess.Popen) -> None:
    for process in processes:
        told = process.communicate(timeout=600)[0]
        assert process.returncode == 0, told[-3000:]


def assert_equal_runs(first: Path, second: Path, divided: int) -> None:
    one, other = np.load(first), np.load(second)
    facts, theirs = (json.loads(str(x["facts"])) for x in (one, other))
    assert (facts["divided"], theirs["divided"]) == (0, divided)
    assert theirs["devices"] == 8
    assert len(facts["losses"]) == 5
    np.testing.assert_allclose(facts["losses"], theirs["losses"], atol=1e-4)
    parameters = [name for name in one.files if name.isdigit()]
    assert len(parameters) > 20
    for name in parameters:
        np.testing.assert_allclose(one[name], other[name], atol=1e-4)
    np.testing.assert_array_equal(one["tokens"], other["tokens"])
    np.testing.assert_allclose(one["logps"], other["logps"], atol=1e-4)


# Of 28 parameters 15 are matrices, each with two moments.
DIVIDED = 45


@pytest.mark.timeout(600)
def test_five_steps_and_completions_are_those_of_one_device(tmp_path):
    finished(started(tmp_path / "one.npz", "none"), started(tmp_path / "mesh.npz", "fsdp=4,tp=2"))
    assert_equal_runs(tmp_path / "one.npz", tmp_path / "mesh.npz", DIVIDED)


@pytest.mark.slow
@pytest.mark.parametrize("mesh", ["fsdp=8", "dp=2,fsdp=2,tp=2", "dp=4,tp=2"])
def test_other_meshes_too(tmp_path, mesh):
    finished(started(tmp_path / "one.npz", "none"), started(tmp_path / "mesh.npz", mesh))
    divided = DIVIDED if "fsdp" in mesh else 33  # without fsdp, what has a tp dimension
    assert_equal_runs(tmp_path / "one.npz", tmp_path / "mesh.npz", divided)


@pytest.mark.slow
def test_adapters_on_a_mesh(tmp_path):
    finished(
        started(tmp_path / "one.npz", "none", "--lora"),
        started(tmp_path / "mesh.npz", "fsdp=4,tp=2", "--lora"),
    )
    # Two matrices for each of seven projections of two layers, and their moments.
    assert_equal_runs(tmp_path / "one.npz", tmp_path / "mesh.npz", 3 * 28)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_two_processes_and_a_checkpoint_read_on_another_mesh(tmp_path):
    one, both, after = (tmp_path / f"{name}.npz" for name in ("one", "both", "after"))
    saved, port = tmp_path / "saved", free_port()
    finished(started(one, "none"))
    for mesh, options in [("fsdp=8", ["--steps", "5"]), ("fsdp=8", ["--steps", "3"])]:
        keep = ["--save", str(saved)] if options[1] == "3" else []
        finished(
            *(
                started(
                    both if number == 0 else tmp_path / "unused.npz",
                    mesh,
                    *options,
                    *keep,
                    "--distributed",
                    devices=4,
                    JAX_COORDINATOR_ADDRESS=f"127.0.0.1:{port}",
                    JAX_NUM_PROCESSES="2",
                    JAX_PROCESS_ID=str(number),
                )
                for number in range(2)
            )
        )
        if not keep:
            assert_equal_runs(one, both, DIVIDED)
        port = free_port()
    assert not (tmp_path / "unused.npz").exists()  # only the first process writes
    rest = ["--from-step", "3", "--checkpoint", str(saved)]
    finished(started(after, "fsdp=2,tp=4", *rest))
    wanted, found = np.load(one), np.load(after)
    for name in (n for n in wanted.files if n.isdigit()):
        np.testing.assert_allclose(wanted[name], found[name], atol=1e-4)
    losses = [json.loads(str(x["facts"]))["losses"] for x in (wanted, found)]
    np.testing.assert_allclose(losses[0][3:], losses[1], atol=1e-4)
