import jax.numpy as jnp
import numpy as np
import pytest

from grpo_core import checkpoints


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
