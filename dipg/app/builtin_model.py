"""The built-in model: a small decoder and its tokenizer, taught by the undisciplined expert.

The warm-up runs once for each configuration; what it made is kept and found again by a key of
everything that it depends on.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import random
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx

from dipg.app.config import DataConfig, RunConfig
from dipg.expert import Habits, respond_as_expert
from dipg.prompts import render_compact
from dipg.vignettes.short import ShortCase, short_cases
from dipg.vignettes.types import Shares
from grpo_core import checkpoints
from grpo_core.batch import Batch
from grpo_core.models.config import DecoderConfig, tiny_config
from grpo_core.models.decoder import Decoder
from grpo_core.padding import pad_completions, pad_prompts
from grpo_core.tokenizer import WordTokenizer
from grpo_core.trainer import init_actor, make_muon, supervised_step, warmup_cosine

CAREFUL_SHARES = Shares(answer=0.40, abstain=0.20, conflict=0.40)
"""Kinds in the careful lessons."""

PROMPT_TOKENS = 64
"""Prompts are padded to this many tokens; no short vignette has more."""

RECIPE = 1
"""Raise it when the teaching changes, so that what older code has kept is not taken for new."""

Progress = Callable[[int, dict[str, float]], None]


class Model(NamedTuple):
    """A model split for pure functions, and its tokenizer."""

    graph: nnx.GraphDef
    params: nnx.State
    tokenizer: WordTokenizer


def shares_of(data: DataConfig) -> Shares:
    """The configured shares of the kinds."""
    return Shares(data.answer_share, data.abstain_share, data.conflict_share)


def cache_root() -> Path:
    """Where warm-ups are kept: $DIPG_CURRICULUM_CACHE, else the user's cache directory."""
    named = os.environ.get("DIPG_CURRICULUM_CACHE")
    if named:
        return Path(named)
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "dipg-curriculum"


def cache_key(config: RunConfig) -> str:
    """A name for everything that the warm-up depends on."""
    facts = {
        "recipe": RECIPE,
        "model": {k: getattr(v, "__name__", v) for k, v in vars(_shape(config, 0)).items()},
        "warmup": dataclasses.asdict(config.warmup),
        "shares": dataclasses.asdict(shares_of(config.data)),
        "data_seed": config.data.seed,
        "habits": dataclasses.asdict(Habits()),
        "wording": _spoken(config, 200),
        "length": config.grpo.max_completion_length,
        "jax": jax.__version__,
        "backend": jax.default_backend(),
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]


def load_or_teach(
    config: RunConfig, announce: Callable[[str, int | None], None], progress: Progress
) -> Model:
    """The warmed-up model, from the cache or freshly taught.

    announce(detail, total) is called once before the work, progress(done, info) during it.
    """
    place = cache_root() / f"warmup-{cache_key(config)}"
    if (place / "params").is_dir():
        try:
            announce(f"found in {place}", None)
            tokenizer = WordTokenizer.load(place / "tokenizer.json")
            graph, fresh = _new_model(config, len(tokenizer))
            return Model(graph, checkpoints.restore(place / "params", fresh), tokenizer)
        except (checkpoints.CheckpointError, OSError, ValueError):
            shutil.rmtree(place, ignore_errors=True)  # damaged: it can be made again
    announce("supervised, by the undisciplined expert", config.warmup.steps)
    model = teach(config, progress)
    _keep(place, model)
    return model


def teach(config: RunConfig, progress: Progress) -> Model:
    """Supervised training on the expert's responses; equal configurations give equal models."""
    warmup = config.warmup
    cases, lessons = lesson_plan(config)
    prompts = [render_compact(case.vignette) for case in cases]
    tokenizer = WordTokenizer.train([*prompts, *lessons, *_spoken(config)])
    graph, params = _new_model(config, len(tokenizer))
    optimizer = make_muon()
    actor = init_actor(params, optimizer)
    size = warmup.batch_size
    for step in range(warmup.steps):
        rows = slice(step * size, (step + 1) * size)
        padded = pad_prompts(tokenizer, prompts[rows], PROMPT_TOKENS)
        pairs = [[lesson] for lesson in lessons[rows]]
        batch = Batch(padded, *pad_completions(tokenizer, pairs, config.grpo.max_completion_length))
        rate = warmup_cosine(
            step, peak=warmup.learning_rate, warmup=50, total=warmup.steps, floor=0.05
        )
        actor, metrics = supervised_step(graph, optimizer, actor, batch, jnp.float32(rate))
        if (step + 1) % 10 == 0 or step + 1 == warmup.steps:
            progress(step + 1, {"loss": float(metrics["loss"])})
    return Model(graph, actor.params, tokenizer)


def lesson_plan(config: RunConfig) -> tuple[list[ShortCase], list[str]]:
    """Cases and the expert's response to each, in the order taught: first the skill, then the
    habits.

    The careful lessons show more missing and conflicting evidence than the run will, since telling
    the kinds apart is the hardest part and rare kinds are learned late.
    """
    warmup, seed = config.warmup, config.data.seed
    count = warmup.steps * warmup.batch_size
    careful = round(warmup.careful_share * count)
    first = short_cases("train", careful, seed, CAREFUL_SHARES)
    # Another seed: the same places of the first lessons' seed would show the same patients again.
    rest = short_cases("train", count - careful, seed + 1, shares_of(config.data))
    rng = random.Random(f"lessons/{warmup.seed}")
    disciplined, habits = Habits(gold_low=1.0, gold_high=1.0), Habits()
    lessons = [respond_as_expert(case, rng, disciplined) for case in first]
    lessons += [respond_as_expert(case, rng, habits) for case in rest]
    return [*first, *rest], lessons


def _spoken(config: RunConfig, count: int = 2000) -> list[str]:
    """Vignettes and responses to them; 2,000 hold every word that a short vignette can contain."""
    cases = short_cases("train", count, config.data.seed)
    rng = random.Random("vocabulary")
    texts = [render_compact(case.vignette) for case in cases]
    return texts + [respond_as_expert(case, rng) for case in cases for _ in range(2)]


def _new_model(config: RunConfig, vocabulary: int) -> tuple[nnx.GraphDef, nnx.State]:
    shape = _shape(config, vocabulary)
    return nnx.split(Decoder(shape, nnx.Rngs(config.warmup.seed)), nnx.Param)


def _shape(config: RunConfig, vocabulary: int) -> DecoderConfig:
    model = config.model
    return tiny_config(
        vocabulary, width=model.width, num_layers=model.layers, num_heads=model.heads
    )


def _keep(place: Path, model: Model) -> None:
    """Keep a model whole or not at all; another process may have been quicker."""
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        spare = Path(tempfile.mkdtemp(prefix=".warmup-", dir=place.parent))
        model.tokenizer.save(spare / "tokenizer.json")
        checkpoints.save(spare / "params", model.params)
        try:
            spare.rename(place)
        except OSError:
            shutil.rmtree(spare, ignore_errors=True)
    except OSError:
        return  # a cache that cannot be written costs time, not the run
