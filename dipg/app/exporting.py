"""A run's trained model as a directory that transformers loads."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from dipg.app.answering import Source
from dipg.app.models import BUILTIN


class ExportError(ValueError):
    """A model that cannot be written in Hugging Face's layout; one line says why."""


def check_export(source: Source, out: Path) -> None:
    """Raise ExportError before anything is loaded where nothing could be written."""
    if source.config.model.name == BUILTIN:
        raise ExportError(
            "the built-in model is of no family that transformers knows: only pretrained models "
            "can be exported"
        )
    if out.exists():
        raise ExportError(f"{out}: already exists, models are never overwritten")


def export(source: Source, out: Path, announce: Callable[[str], None]) -> None:
    """Write the model to the new directory `out`, adapters merged into the weights.

    Raises ExportError, and what loading the model raises.
    """
    check_export(source, out)
    from dipg.app.answering import load_source
    from grpo_core.lora import Adapted, merge
    from grpo_core.models.hub import save_directory
    from grpo_core.pretrained_tokenizer import PretrainedTokenizer

    model = load_source(source, announce)
    params = model.params
    if source.config.model.lora_rank:
        announce("merging the adapters")
        params = merge(Adapted(model.graph, model.params, model.frozen))
    assert model.source is not None
    assert isinstance(model.tokenizer, PretrainedTokenizer)
    announce(f"writing {out}")
    save_directory(out, params, model.source, beside=model.tokenizer.save)
