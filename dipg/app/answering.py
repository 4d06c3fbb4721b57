"""Models that answer vignettes: checkpoints of our own runs, and whatever `dipg.app.models` loads.

Nothing here imports jax before a model is loaded, so that a wrong name is refused at once.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from dipg.app.config import RunConfig
    from dipg.app.model import Model
    from dipg.vignettes.types import Vignette

Announce = Callable[[str], None]
CONFIG = "config.toml"
_CHECKPOINT = re.compile(r"grpo_(\d+)")


class AnsweringError(ValueError):
    """No model that could answer; one line says what is not there."""


class Source(NamedTuple):
    """Where a model comes from.

    Attributes:
      config: of the run, or the default one with the model's name.
      checkpoint: whose actor answers; None for a model as it was loaded.
    """

    config: RunConfig
    checkpoint: Path | None = None


def is_run(target: str) -> bool:
    """Whether a path is a run directory, or a checkpoint in one."""
    return _run_directory(Path(target).expanduser()) is not None


def _run_directory(path: Path) -> Path | None:
    for folder in (path, path.parent.parent):
        if path.is_dir() and (folder / CONFIG).is_file():
            return folder
    return None


def source_of(target: str) -> Source:
    """What a name stands for: a run, one of its checkpoints, or a model.

    Raises AnsweringError or ModelNameError, before anything is loaded.
    """
    from dipg.app.config import load
    from dipg.app.models import check_model_name
    from dipg.app.run_directory import read_config
    from dipg.app.settings import Given

    path = Path(target).expanduser()
    run = _run_directory(path)
    if run is not None:
        return Source(read_config(run), _checkpoint_of(run, path))
    check_model_name(target)
    given = [Given("--model", "model.name", target)]
    if target != "tiny":
        given.append(Given("--model", "warmup.steps", 0))
    return Source(load(given=given))


def _checkpoint_of(run: Path, path: Path) -> Path:
    if path != run:
        if not _CHECKPOINT.fullmatch(path.name):
            raise AnsweringError(
                f"{path}: is in a run, but no checkpoint (checkpoints/grpo_<step>)"
            )
        return path
    folder = run / "checkpoints"
    found = (
        [p for p in folder.iterdir() if _CHECKPOINT.fullmatch(p.name)] if folder.is_dir() else []
    )
    if not found:
        raise AnsweringError(f"{run}: this run has no checkpoint yet")
    return max(found, key=lambda p: int(p.name.removeprefix("grpo_")))


def responder_of(
    source: Source, announce: Announce, *, best: bool = False, max_tokens: int | None = None
) -> Callable[[Sequence[Vignette]], list[str]]:
    """A function that answers vignettes with a model, one response each.

    Responses are drawn at the run's temperature with the keys of its own evaluations, so that the
    figures of a run can be had again; with `best`, the likeliest token is taken each time.

    Args:
      source: of `source_of`.
      announce: told what takes long.
      best: greedy.
      max_tokens: of a response; the run's where it is None.
    """
    config = source.config
    if max_tokens is not None:
        grpo = dataclasses.replace(config.grpo, max_completion_length=max_tokens)
        config = dataclasses.replace(config, grpo=grpo)
    model = load_source(source, announce)

    def respond(vignettes: Sequence[Vignette]) -> list[str]:
        announce(f"{len(vignettes)} responses")
        return answers(model, config, vignettes, best=best)

    return respond


def load_source(source: Source, announce: Announce) -> Model:
    """The model, with the checkpoint's parameters where there is one."""
    from dipg.app.models import load_model
    from grpo_core.checkpoints import restore

    model = load_model(source.config, lambda detail, _: announce(detail), lambda *_: None)
    if source.checkpoint is None:
        return model
    announce(f"reading {source.checkpoint}")
    params = restore(source.checkpoint, model.params, prefix="actor.params")
    return model._replace(params=params)


def answers(
    model: Model, config: RunConfig, vignettes: Sequence[Vignette], *, best: bool
) -> list[str]:
    """One response to each vignette.

    Raises ValueError for a prompt of more tokens than the model takes.
    """
    import numpy as np

    from dipg.app.data import PROMPT_BUCKET
    from dipg.app.rollout import EVALUATION_STEP, roll_out
    from grpo_core.padding import bucketed, pad_prompts
    from grpo_core.sampling import Temperature, greedy

    texts = [model.render(vignette) for vignette in vignettes]
    length = model.prompt_tokens
    if length is None:
        length = bucketed(max(map(len, model.tokenizer.encode_batch(texts))), PROMPT_BUCKET)
    found = roll_out(
        model,
        pad_prompts(model.tokenizer, texts, length),
        vignettes,
        np.arange(len(vignettes)),
        seed=0,
        step=EVALUATION_STEP,
        group=1,
        sampling=greedy if best else Temperature(config.grpo.temperature),
        max_length=config.grpo.max_completion_length,
        at_once=min(config.evaluation.at_once, len(vignettes)),
    )
    return found.texts
