"""Pretrained models in a run: loaded, given adapters, and warmed up where that is asked for."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
from jax.sharding import Mesh

from dipg.app.config import ModelConfig, RunConfig
from dipg.app.lessons import lesson_plan, supervise
from dipg.app.model import Model, Reference
from dipg.app.models import PACKAGED, weights_of
from dipg.prompts import render
from grpo_core.lora import Lora, adapt
from grpo_core.mesh import on
from grpo_core.models.gguf import load_gguf
from grpo_core.models.hub import load_directory, locate
from grpo_core.models.weights import Split
from grpo_core.passes import Pass
from grpo_core.pretrained_tokenizer import PretrainedTokenizer, gguf_tokenizer, load_tokenizer
from grpo_core.trainer import make_optimizer

DTYPES = {"float32": jnp.float32, "bfloat16": jnp.bfloat16}


def load_pretrained(
    config: RunConfig,
    announce: Callable[[str, int | None], None],
    progress: Callable[[int, dict[str, float]], None],
    mesh: Mesh | None = None,
) -> Model:
    """The configured model, with adapters where `model.lora_rank` is not 0, on the mesh if any.

    Raises ModelError for what is not there, damaged or of an unknown kind.
    """
    wanted = config.model
    announce(f"loading {wanted.name}", None)
    # Under adapters the base is never updated, so it need not be kept more exactly than used.
    kept = DTYPES[wanted.dtype] if wanted.lora_rank else jnp.float32
    with _beside(mesh):
        split, source, tokenizer = read(wanted.name, kept)
    how = Pass(DTYPES[wanted.dtype], wanted.remat, config.grpo.parts)
    model = Model(
        split.graph,
        split.params,
        tokenizer,
        how=how,
        render=lambda vignette: tokenizer.prompt(render(vignette)),
        source=source,
    )
    if wanted.lora_rank:
        with _beside(mesh):
            model = adapted(model, wanted, config.warmup.seed)
    with on(mesh):
        model = model.arranged()
        if config.warmup.steps:
            announce("supervised, by the undisciplined expert", config.warmup.steps)
            model = _taught(config, model, progress)
    return model


def _beside(mesh: Mesh | None) -> contextlib.AbstractContextManager[Any]:
    """What is made here goes to the host's own memory: on a mesh no device may hold it whole."""
    if mesh is None:
        return contextlib.nullcontext()
    return jax.default_device(jax.local_devices(backend="cpu")[0])


def read(name: str, dtype: Any) -> tuple[Split, Mapping[str, Any], PretrainedTokenizer]:
    """Weights, configuration and tokenizer of a model by name, file, directory or hub name."""
    path = weights_of(name) if name in PACKAGED else Path(name).expanduser()
    if path.suffix == ".gguf":
        loaded = load_gguf(path, dtype)
        return loaded.split, loaded.source, gguf_tokenizer(loaded.metadata)
    directory = locate(name)
    split, source = load_directory(directory, dtype)
    return split, source, load_tokenizer(directory)


def adapted(model: Model, wanted: ModelConfig, seed: int) -> Model:
    """The model with adapters, which are trained in its place; without them it is the reference."""
    lora = Lora(wanted.lora_rank, wanted.lora_alpha or float(wanted.lora_rank), wanted.lora_targets)
    graph, adapters, base = adapt(model.graph, model.params, lora, seed)
    return model._replace(
        graph=graph, params=adapters, frozen=base, reference=Reference(model.graph, model.params)
    )


def _taught(
    config: RunConfig, model: Model, progress: Callable[[int, dict[str, float]], None]
) -> Model:
    """The model after supervised training; what it then is, is the reference."""
    cases, lessons = lesson_plan(config)
    prompts = [model.render(case.vignette) for case in cases]
    start = model._replace(params=jax.tree.map(jnp.copy, model.params))
    taught = supervise(config, start, make_optimizer(), prompts, lessons, progress)
    return taught._replace(reference=None)
