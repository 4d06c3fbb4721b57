import os
import shutil
import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grpo_core import checkpoints
from tests.processes import simulating


def tree():
    return {"w": jnp.arange(6, dtype=jnp.float32).reshape(2, 3) / 7, "n": jnp.int32(3)}


def test_what_is_saved_is_restored_bit_for_bit(tmp_path):
    checkpoints.save(tmp_path / "a", tree())
    found = checkpoints.restore(tmp_path / "a", tree())
    assert np.array_equal(found["w"], tree()["w"])
    assert found["w"].dtype == jnp.float32
    assert int(found["n"]) == 3


def test_a_checkpoint_is_never_overwritten(tmp_path):
    checkpoints.save(tmp_path / "a", tree())
    with pytest.raises(FileExistsError, match="never overwritten"):
        checkpoints.save(tmp_path / "a", {"w": jnp.zeros(2)})
    assert np.array_equal(checkpoints.restore(tmp_path / "a", tree())["w"], tree()["w"])


def test_another_models_checkpoint_is_refused(tmp_path):
    checkpoints.save(tmp_path / "a", tree())
    with pytest.raises(checkpoints.CheckpointError, match="cannot be read as a checkpoint"):
        checkpoints.restore(tmp_path / "a", {"other": jnp.zeros(2)})


def test_a_directory_of_garbage_is_refused(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "manifest.ocdbt").write_bytes(b"garbage")
    with pytest.raises(checkpoints.CheckpointError, match="is damaged: no readable record"):
        checkpoints.restore(tmp_path / "a", tree())


def test_a_full_disk_is_told_before_anything_is_written(tmp_path, monkeypatch):
    usage = type(shutil.disk_usage(tmp_path))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**9, 10**9, 2_000_000))
    with pytest.raises(
        checkpoints.CheckpointError,
        match="cannot be saved: it needs 0 MB and 2 MB are free on this disk: No space left",
    ):
        checkpoints.save(tmp_path / "a", tree())
    assert list(tmp_path.iterdir()) == []


def test_a_part_is_restored_alone(tmp_path):
    checkpoints.save(tmp_path / "a", {"actor": tree(), "rest": jnp.ones(3)})
    found = checkpoints.restore(tmp_path / "a", tree(), prefix="actor")
    assert np.array_equal(found["w"], tree()["w"])
    with pytest.raises(checkpoints.MismatchError, match="n is missing"):
        checkpoints.restore(tmp_path / "a", {"n": jnp.int32(3)}, prefix="rest")


def test_differing_arrays_are_named(tmp_path):
    checkpoints.save(tmp_path / "a", tree())
    other = {"w": jnp.zeros((2, 4)), "n": jnp.float32(1)}
    with pytest.raises(checkpoints.MismatchError) as refused:
        checkpoints.restore(tmp_path / "a", other)
    assert "n is int32[], here float32[]" in str(refused.value)
    assert "w is float32[2, 3], here float32[2, 4]" in str(refused.value)


def test_empty_arrays_and_records_come_back(tmp_path):
    saved = {"none": jnp.zeros((0, 3)), "w": jnp.ones(2, jnp.bfloat16), "b": jnp.array(True)}
    checkpoints.save(tmp_path / "a", saved, {"step": 3, "bound": 0.1})
    found = checkpoints.restore(tmp_path / "a", saved)
    assert found["none"].shape == (0, 3)
    assert found["w"].dtype == jnp.bfloat16
    assert bool(found["b"])
    record = checkpoints.read_record(tmp_path / "a")
    assert (record["step"], record["bound"]) == (3, 0.1)


def test_arrays_may_be_donated_once_save_has_returned(tmp_path):
    values = {"w": jnp.arange(300_000.0)}
    with checkpoints.Writer() as writer:
        writer.save(tmp_path / "a", values, {})
        double = jax.jit(lambda x: jax.tree.map(lambda w: w * 2, x), donate_argnums=0)
        values = double(values)
    like = {"w": jax.ShapeDtypeStruct((300_000,), jnp.float32)}
    assert np.array_equal(checkpoints.restore(tmp_path / "a", like)["w"], np.arange(300_000.0))


# TensorStore tells a closed event loop about reads that failed.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@given(st.data())
@settings(max_examples=60)
def test_a_damaged_checkpoint_is_an_error_or_what_was_saved(whole, data):
    """One byte of any file changed, or any file cut: never other values, never another error."""
    place, files = whole
    file = data.draw(st.sampled_from(files))
    before = file.read_bytes()
    at = data.draw(st.integers(0, max(len(before) - 1, 0)))
    cut = data.draw(st.booleans())
    flipped = before[:at] + bytes([before[at] ^ data.draw(st.integers(1, 255))]) + before[at + 1 :]
    file.write_bytes(before[:at] if cut else flipped)
    try:
        found = checkpoints.restore(place, tree())
    except checkpoints.CheckpointError:
        found = tree()
    finally:
        file.write_bytes(before)
    assert np.array_equal(found["w"], tree()["w"])
    assert int(found["n"]) == 3


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    place = tmp_path_factory.mktemp("whole") / "a"
    checkpoints.save(place, tree(), {"step": 3})
    return place, sorted(p for p in place.rglob("*") if p.is_file() and p.stat().st_size)


MESHES = """
import sys
from pathlib import Path
import jax, jax.numpy as jnp, numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec as P
from grpo_core import checkpoints

place = Path(sys.argv[1])
values = np.arange(64, dtype=np.float32).reshape(8, 8) / 7
def on(shape, spec):
    mesh = Mesh(np.array(jax.devices()[: shape[0] * shape[1]]).reshape(shape), ("data", "model"))
    return NamedSharding(mesh, spec)
first = on((2, 4), P("data", "model"))
checkpoints.save(place / "a", {"w": jax.device_put(values, first)})
for sharding in (on((4, 2), P("model", "data")), on((8, 1), P("data")), on((1, 1), P())):
    like = {"w": jax.ShapeDtypeStruct((8, 8), jnp.float32, sharding=sharding)}
    found = checkpoints.restore(place / "a", like)["w"]
    assert found.sharding == sharding and np.array_equal(found, values)
    held = jax.device_put(jnp.zeros((8, 8)), sharding)
    assert checkpoints.restore(place / "a", {"w": held})["w"].sharding == sharding
print("ok")
"""


def test_what_was_saved_on_one_mesh_is_restored_on_another(tmp_path):
    environment = os.environ | {
        "XLA_FLAGS": simulating(8),
        "JAX_PLATFORMS": "cpu",
        "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
    }
    done = subprocess.run(
        [sys.executable, "-c", MESHES, str(tmp_path)],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "ok\n"), done.stderr
