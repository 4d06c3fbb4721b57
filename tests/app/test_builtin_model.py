"""The warm-up: taught once for each configuration, kept whole, made again when damaged."""

import dataclasses
from pathlib import Path

import jax
import numpy as np
import pytest

from dipg.app import builtin_model
from dipg.app.builtin_model import cache_key, lesson_plan, load_or_teach
from dipg.app.config import RunConfig, load
from dipg.app.settings import Given
from dipg.prompts import render_compact
from dipg.vignettes.short import generate_short
from grpo_core.padding import pad_prompts

SMALL = {
    "model.width": 16,
    "model.layers": 1,
    "model.heads": 2,
    "warmup.steps": 4,
    "warmup.batch_size": 4,
}


def config(**changes: object) -> RunConfig:
    settings = SMALL | {key.replace("__", "."): value for key, value in changes.items()}
    return load(given=[Given(key, key, value) for key, value in settings.items()])


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DIPG_CURRICULUM_CACHE", str(tmp_path))
    return tmp_path


def teach(chosen: RunConfig):
    """The model, and the steps that were reported while it was taught."""
    reported: list[int] = []
    model = load_or_teach(chosen, lambda detail, total: None, lambda n, info: reported.append(n))
    return model, reported


def same(a, b) -> bool:
    leaves = zip(jax.tree.leaves(a.params), jax.tree.leaves(b.params), strict=True)
    return all(np.array_equal(x, y) for x, y in leaves)


def test_the_second_time_it_is_found_and_is_the_same():
    first, taught = teach(config())
    second, again = teach(config())
    assert taught == [4]
    assert again == []
    assert same(first, second)
    text = "K41 dose 54 Gy per ward."
    assert first.tokenizer.encode(text) == second.tokenizer.encode(text)


def test_equal_configurations_teach_equal_models(cache, monkeypatch):
    first, _ = teach(config())
    monkeypatch.setenv("DIPG_CURRICULUM_CACHE", str(cache / "elsewhere"))
    second, taught = teach(config())
    assert taught == [4]
    assert same(first, second)


@pytest.mark.parametrize("damage", ["truncate", "remove"])
def test_a_damaged_one_is_made_again(cache, damage):
    first, _ = teach(config())
    place = cache / f"warmup-{cache_key(config())}"
    for file in [f for f in (place / "params").rglob("*") if f.is_file()]:
        file.write_bytes(b"") if damage == "truncate" else file.unlink()
    second, taught = teach(config())
    assert taught == [4]
    assert same(first, second)
    assert teach(config())[1] == []


def test_a_cache_that_cannot_be_written_costs_time_only(cache, monkeypatch):
    (cache / "file").write_text("in the way")
    monkeypatch.setenv("DIPG_CURRICULUM_CACHE", str(cache / "file"))
    assert teach(config())[1] == [4]


def test_the_key_knows_what_the_warm_up_depends_on(monkeypatch):
    changed = [
        config(model__layers=2),
        config(warmup__steps=5),
        config(warmup__seed=1),
        config(data__seed=1),
        config(data__answer_share=0.5, data__abstain_share=0.35),
        config(grpo__max_completion_length=40),
    ]
    keys = {cache_key(c) for c in [config(), *changed]}
    assert len(keys) == 7
    # What the warm-up does not depend on finds the same model.
    assert cache_key(config(seed=5, steps=9, grpo__beta=0.1)) == cache_key(config())
    before = cache_key(config())
    # What is said, by vignettes or expert, is part of it: a model knows the words it was taught.
    with monkeypatch.context() as patch:
        patch.setattr(builtin_model, "respond_as_expert", lambda case, rng: "another response")
        assert cache_key(config()) != before
    monkeypatch.setattr(
        builtin_model, "Habits", lambda: dataclasses.make_dataclass("H", [("x", int)])(1)
    )
    assert cache_key(config()) != before


def test_lessons_are_careful_first_and_undisciplined_after():
    cases, lessons = lesson_plan(config(warmup__steps=100, warmup__careful_share=0.5))
    assert len(cases) == len(lessons) == 400
    careful = [x.startswith("<think>Found") and "</answer>" in x for x in lessons]
    assert all(careful[:200])
    assert 0.2 < np.mean(careful[200:]) < 0.6
    assert len({case.vignette.context for case in cases}) == 400


def test_no_short_vignette_outgrows_its_padding():
    """Held-out vignettes fit as well, without an unknown word."""
    model, _ = teach(config())
    vignettes = generate_short("evaluation", 2000, 0) + generate_short("train", 2000, 9)
    texts = [render_compact(v) for v in vignettes]
    padded = pad_prompts(model.tokenizer, texts, builtin_model.PROMPT_TOKENS)
    assert int(padded.lengths.max()) <= builtin_model.PROMPT_TOKENS
    assert model.tokenizer.decode_batch(model.tokenizer.encode_batch(texts)) == texts
    longest = max(map(len, model.tokenizer.encode_batch([v.gold for v in vignettes])))
    assert longest + 1 <= RunConfig().grpo.max_completion_length
