import json
import shutil
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from safetensors import safe_open

from grpo_core.batch import Batch, Prompts
from grpo_core.models.families import (
    ModelError,
    config_of,
    gemma3_1b,
    gemma3_4b,
    gemma3_12b,
    gemma3_27b,
    gemma3_270m,
)
from grpo_core.models.hub import load_directory, locate, read_source, save_directory
from grpo_core.models.weights import abstract
from grpo_core.sampler import Ends, sample_jit
from grpo_core.sampling import completion_keys, greedy
from grpo_core.trainer import logps_of
from tests.grpo_core.fixtures import DATA, FAMILIES, expected, full_logits


@pytest.fixture
def copy(tmp_path: Path):
    def make(family: str) -> Path:
        return Path(shutil.copytree(DATA / family, tmp_path / family))

    return make


@pytest.mark.parametrize("family", FAMILIES)
def test_logits_are_those_of_transformers(family):
    tokens, wanted = expected(family)
    split, _ = load_directory(DATA / family)
    np.testing.assert_allclose(full_logits(split, tokens), wanted, atol=1e-4)


@pytest.mark.parametrize(("family", "cut"), [*((family, 9) for family in FAMILIES), ("gemma3", 2)])
def test_prompts_and_completions_apart_give_the_same(family, cut):
    """A prompt of `cut` tokens in a wider, garbage-filled rectangle, completed by the rest."""
    tokens, wanted = expected(family)
    (graph, params), _ = load_directory(DATA / family)
    rectangle = np.full((2, 11), 7)
    rectangle[:, :cut] = tokens[:, :cut]
    prompts = Prompts(jnp.asarray(rectangle), jnp.full(2, cut))
    rest = jnp.asarray(tokens[:, None, cut:])
    batch = Batch(prompts, rest, jnp.ones(rest.shape))
    found = logps_of(graph, params, batch, jnp.float32(1.0)).logps[:, 0]
    logps = jax.nn.log_softmax(wanted[:, cut - 1 : -1], axis=-1)
    expected_logps = np.take_along_axis(np.asarray(logps), tokens[:, cut:, None], axis=-1)[..., 0]
    np.testing.assert_allclose(found, expected_logps, atol=1e-4)


@pytest.mark.parametrize("family", FAMILIES)
def test_padding_on_either_side_is_not_seen(family):
    (graph, params), _ = load_directory(DATA / family)
    tokens, wanted = expected(family)
    real = jnp.asarray(tokens[:, :9])
    rows = jnp.asarray(tokens[:, None, 9:])
    width = 6  # more than the window

    @jax.jit
    def after(padded, valid):
        model = nnx.merge(graph, params)
        positions = jnp.broadcast_to(9 + jnp.arange(5), rows.shape)
        previous = jnp.zeros((*rows.shape, 0), jnp.int32)
        prefix = model.prompt(padded, valid)
        every = jnp.ones_like(rows, bool)
        return model.logits(model.complete(prefix, rows, previous, positions, every))

    for before in (0, 2, width):
        padded = jnp.pad(real, ((0, 0), (before, width - before)), constant_values=5)
        at = jnp.arange(padded.shape[1])
        valid = jnp.broadcast_to((at >= before) & (at < before + 9), padded.shape)
        np.testing.assert_allclose(after(padded, valid)[:, 0], wanted[:, 9:], atol=1e-4)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_cache_gives_what_a_full_pass_gives(family):
    split, _ = load_directory(DATA / family)
    tokens, _ = expected(family)
    prompts = Prompts(jnp.asarray(tokens[:, :6]), jnp.full(2, 6))
    # 12 new tokens: more than the sliding window's 5, so that its ring is written over twice.
    ends = Ends((48,), 12, 0)
    out = sample_jit(*split, prompts, completion_keys(0, 1, jnp.arange(2), 1), greedy, ends)
    rows = np.concatenate([tokens[:, :6], np.asarray(out.tokens[:, 0])], axis=1)
    logits = full_logits(split, rows)[:, 5:-1]
    np.testing.assert_array_equal(out.tokens[:, 0], logits.argmax(-1))
    wanted = jax.nn.log_softmax(logits, axis=-1).max(-1)
    np.testing.assert_allclose(out.logps[:, 0], wanted, atol=1e-4)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("shard_bytes", [10**9, 20_000])
def test_what_is_saved_is_what_was_loaded(family, shard_bytes, tmp_path):
    (_, params), source = load_directory(DATA / family)
    save_directory(tmp_path / "saved", params, source, shard_bytes=shard_bytes)
    (_, again), reread = load_directory(tmp_path / "saved")
    for a, b in zip(jax.tree.leaves(params), jax.tree.leaves(again), strict=True):
        np.testing.assert_array_equal(a, b)
    assert config_of(reread) == config_of(source)
    assert (len(list((tmp_path / "saved").glob("*.safetensors"))) > 1) == (shard_bytes < 10**9)
    with pytest.raises(FileExistsError, match="already exists"):
        save_directory(tmp_path / "saved", params, source)


def test_saved_tensors_are_the_files_own(tmp_path):
    (_, params), source = load_directory(DATA / "gemma3")
    save_directory(tmp_path / "saved", params, source)
    with (
        safe_open(DATA / "gemma3" / "model.safetensors", framework="numpy") as first,
        safe_open(tmp_path / "saved" / "model.safetensors", framework="numpy") as second,
    ):
        assert sorted(first.keys()) == sorted(second.keys())
        for key in first.keys():  # noqa: SIM118
            # Norms went through 1 + weight and back.
            np.testing.assert_allclose(first.get_tensor(key), second.get_tensor(key), atol=2e-7)


def test_bfloat16_keeps_norms_exact():
    (_, params), _ = load_directory(DATA / "gemma3", jnp.bfloat16)
    (_, exact), _ = load_directory(DATA / "gemma3")
    assert params["embedding"].dtype == jnp.bfloat16
    np.testing.assert_array_equal(
        params["final_norm"]["scale"][...], exact["final_norm"]["scale"][...]
    )


@pytest.mark.parametrize(
    ("shape", "millions"),
    # The published sizes, embeddings included; those of 4B and more without the image encoder.
    [
        (gemma3_270m, 268.1),
        (gemma3_1b, 999.9),
        (gemma3_4b, 3880.3),
        pytest.param(gemma3_12b, 11766.0, marks=pytest.mark.slow),
        pytest.param(gemma3_27b, 27009.3, marks=pytest.mark.slow),
    ],
)
def test_shapes_of_gemma_3_have_the_published_number_of_weights(shape, millions):
    config = shape()
    assert config.num_parameters / 1e6 == pytest.approx(millions, abs=0.06)
    counted = sum(x.size for x in jax.tree.leaves(abstract(config).params))
    assert counted == config.num_parameters


def test_the_text_part_of_a_model_with_images_is_found(copy):
    directory = copy("gemma3")
    inner = json.loads((directory / "config.json").read_text())
    outer = {"model_type": "gemma3", "text_config": inner, "architectures": ["Gemma3For..."]}
    assert config_of(outer) == config_of(inner)


def test_old_and_new_spellings_of_rotary_positions_agree():
    source = read_source(DATA / "gemma3")
    old = {k: v for k, v in source.items() if k not in ("rope_parameters", "layer_types")}
    old |= {
        "rope_theta": 1e6,
        "rope_local_base_freq": 1e4,
        "rope_scaling": {"rope_type": "linear", "factor": 8.0},
        "sliding_window_pattern": 6,
    }
    assert config_of(old) == config_of(source)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model_type": "mamba"}, "model_type = 'mamba': only gemma3_text, llama, qwen3"),
        ({"attention_bias": True}, "attention_bias = True: is not supported"),
        ({"hidden_size": 0}, "hidden_size = 0 must be a whole number"),
        ({"hidden_size": "16"}, "hidden_size = '16' must be a whole number"),
        ({"hidden_act": "relu"}, "hidden_act = 'relu' is not supported"),
        ({"rope_parameters": {"rope_type": "yarn"}}, "rope type 'yarn' is not supported"),
        ({"num_key_value_heads": 3}, "num_heads 4 must be a multiple of num_kv_heads 3"),
    ],
)
def test_what_would_be_computed_differently_is_refused(change, message):
    with pytest.raises(ModelError, match=message):
        config_of(read_source(DATA / "llama") | change)


def without(directory: Path, name: str) -> None:
    (directory / name).unlink()


def truncated(directory: Path) -> None:
    file = directory / "model.safetensors"
    file.write_bytes(file.read_bytes()[:5000])


def resized(directory: Path) -> None:
    config = json.loads((directory / "config.json").read_text())
    (directory / "config.json").write_text(json.dumps(config | {"intermediate_size": 25}))


def deepened(directory: Path) -> None:
    config = json.loads((directory / "config.json").read_text())
    (directory / "config.json").write_text(json.dumps(config | {"num_hidden_layers": 3}))


def escaping(directory: Path) -> None:
    index = {"weight_map": {"model.norm.weight": "../../etc/model.safetensors"}}
    (directory / "model.safetensors.index.json").write_text(json.dumps(index))


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda d: without(d, "config.json"), "has no config.json"),
        (lambda d: (d / "config.json").write_text("{"), "config.json: cannot be used"),
        (lambda d: without(d, "model.safetensors"), r"has no \*.safetensors file"),
        (truncated, "model.safetensors is damaged"),
        (resized, r"weight blocks.0.mlp.down.kernel has shape \[24, 16\], the configuration says"),
        (deepened, "tensor model.layers.2.*is missing"),
        (escaping, "names '../../etc/model.safetensors', which is not there"),
    ],
)
def test_a_damaged_directory_is_refused_in_one_line(copy, harm, message):
    directory = copy("llama")
    harm(directory)
    with pytest.raises(ModelError, match=message) as caught:
        load_directory(directory)
    assert "\n" not in str(caught.value)


def test_a_model_that_is_not_to_be_had_is_named(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ModelError, match="'nobody/nothing': is no directory here and cannot"):
        locate("nobody/nothing")
