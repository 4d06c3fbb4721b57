"""What the accelerator benchmark counts, and that it runs to its end."""

import json
from pathlib import Path

import jax
import jax.numpy as jnp
import pytest

from benchmarks import accelerator
from benchmarks.accelerator_counts import Sizes, cache_bytes, pairs_seen, update_flops
from benchmarks.accelerator_shapes import gemma3_tiny, random_model
from grpo_core.batch import Prompts
from grpo_core.models.decoder import Decoder
from grpo_core.passes import NOTHING, Pass
from grpo_core.sampler import Ends, begin

C = gemma3_tiny()
S = Sizes(prompts=3, group=2, prompt_length=16, new_tokens=10)


def test_pairs_are_those_of_a_causal_window() -> None:
    total = 0
    for layer in range(C.num_layers):
        window = 8 if C.is_sliding(layer) else 1000
        for i in range(16 + 10 - 1):
            pairs = sum(0 <= i - j < window for j in range(25))
            total += pairs * (S.prompts if i < 15 else S.rows)
    assert pairs_seen(C, S) == total


def test_caches_are_those_that_the_sampler_holds() -> None:
    split = random_model(C, jnp.bfloat16)
    prompts = Prompts(jnp.ones((3, 16), jnp.int32), jnp.full(3, 16))

    def held(params):
        model: Decoder = Pass(jnp.bfloat16).model(split.graph, params, NOTHING)
        keys = jax.random.split(jax.random.key(0), (3, 2))
        prefix, decoding = begin(model, prompts, keys, Ends((-1,), 10, 0))
        return prefix.layers, decoding.cache.layers

    shapes = jax.eval_shape(held, split.params)
    assert cache_bytes(C, S) == sum(x.size * x.dtype.itemsize for x in jax.tree.leaves(shapes))


def test_an_update_is_six_for_a_weight_and_token_and_lora_four() -> None:
    # By hand: a layer is 32 x (6 heads x 16 + 3 x 64) = 9,216 weights; 512 x 32 words.
    layers, words = 2 * 9_216 * (3 * 15 + 60), 512 * 32 * 60
    attention = 12 * 2 * 16 * pairs_seen(C, S)
    assert update_flops(C, S) == 6 * (layers + words) + attention
    assert update_flops(C, S, 100) == 4 * (layers + words) + attention + 600 * 105


@pytest.mark.slow
def test_a_part_that_fails_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(bench: accelerator.Bench, name: str) -> None:
        raise ValueError("no memory\nleft")

    monkeypatch.setattr(accelerator, "grpo_steps", broken)
    into = tmp_path / "found.json"
    accelerator.main(["--tiny", "--parts", "ceilings,decode,grpo", "--json", str(into)])
    found = json.loads(into.read_text())
    assert found["failed"] == [{"what": "grpo tiny", "why": "ValueError: no memory left"}]
    assert [row["batch"] for row in found["decode"]] == [2, 4]
    assert found["ceilings"]["copy"] > 0
    # 2 bytes a matrix weight, 4 a norm's: 4 x 32 + 2 x 16 in each layer, and 32.
    norms = 2 * (4 * 32 + 2 * 16) + 32
    assert found["decode"][0]["weight_bytes"] == 2 * (2 * 9_216 + 512 * 32) + 4 * norms


@pytest.mark.slow
def test_whole_steps_and_updates_compile_once(tmp_path: Path) -> None:
    found = accelerator.main(["--tiny", "--parts", "grpo,update"])
    assert found["grpo"]["compilations_after_first_step"] == 0
    assert [row["compilations_while_measured"] for row in found["update"]] == [0, 0]
    assert "failed" not in found
