"""The built-in model: a small decoder and its tokenizer, taught by the undisciplined expert.

The warm-up runs once for each configuration; what it made is kept and found again by a key of
everything that it depends on.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import random
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import jax
from flax import nnx

from dipg.app.config import RunConfig
from dipg.app.lessons import Progress, lesson_plan, shares_of, supervise
from dipg.app.model import Model
from dipg.app.models import cache_root
from dipg.expert import Habits, respond_as_expert
from dipg.prompts import render_compact
from dipg.vignettes.short import short_cases
from grpo_core import checkpoints
from grpo_core.models.config import DecoderConfig, tiny_config
from grpo_core.models.decoder import Decoder
from grpo_core.passes import Pass
from grpo_core.tokenizer import WordTokenizer
from grpo_core.trainer import make_muon

PROMPT_TOKENS = 64
"""Prompts are padded to this many tokens; no short vignette has more."""

RECIPE = 1
"""Raise it when the teaching changes, so that what older code has kept is not taken for new."""


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
            fresh = _new_model(config, tokenizer)
            return fresh._replace(params=checkpoints.restore(place / "params", fresh.params))
        except (checkpoints.CheckpointError, OSError, ValueError):
            shutil.rmtree(place, ignore_errors=True)  # damaged: it can be made again
    announce("supervised, by the undisciplined expert", config.warmup.steps)
    model = teach(config, progress)
    _keep(place, model)
    return model


def teach(config: RunConfig, progress: Progress) -> Model:
    """Supervised training on the expert's responses; equal configurations give equal models."""
    cases, lessons = lesson_plan(config)
    prompts = [render_compact(case.vignette) for case in cases]
    tokenizer = WordTokenizer.train([*prompts, *lessons, *_spoken(config)])
    model = _new_model(config, tokenizer)
    return supervise(config, model, make_muon(), prompts, lessons, progress)


def _spoken(config: RunConfig, count: int = 2000) -> list[str]:
    """Vignettes and responses to them; 2,000 hold every word that a short vignette can contain."""
    cases = short_cases("train", count, config.data.seed)
    rng = random.Random("vocabulary")
    texts = [render_compact(case.vignette) for case in cases]
    return texts + [respond_as_expert(case, rng) for case in cases for _ in range(2)]


def _new_model(config: RunConfig, tokenizer: WordTokenizer) -> Model:
    shape = _shape(config, len(tokenizer))
    graph, params = nnx.split(Decoder(shape, nnx.Rngs(config.warmup.seed)), nnx.Param)
    how = Pass(parts=config.grpo.parts)
    return Model(graph, params, tokenizer, how=how, prompt_tokens=PROMPT_TOKENS)


def _shape(config: RunConfig, vocabulary: int) -> DecoderConfig:
    model = config.model
    return tiny_config(
        vocabulary, width=model.width, num_layers=model.layers, num_heads=model.heads
    )


def _keep(place: Path, model: Model) -> None:
    """Keep a model whole or not at all; another process may have been quicker."""
    assert isinstance(model.tokenizer, WordTokenizer)
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
