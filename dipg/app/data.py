"""What a run trains on and is measured on: vignettes, and their prompts in one shape."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np

from dipg.app.config import RunConfig
from dipg.app.lessons import shares_of
from dipg.app.model import Model
from dipg.vignettes import generate
from dipg.vignettes.types import Vignette
from grpo_core.batch import Prompts
from grpo_core.padding import bucketed, pad_prompts

PROMPT_BUCKET = 32
"""Prompts of pretrained models are padded to a multiple of this many tokens."""


class Data(NamedTuple):
    """Vignettes with their prompts, `[N, P]`: all in one shape, so that nothing compiles twice."""

    vignettes: list[Vignette]
    prompts: Prompts


def load_data(config: RunConfig, model: Model) -> tuple[Data, Data]:
    """The vignettes to train on and the held-out ones, their prompts of one length.

    Raises ValueError for a prompt of more tokens than the model's `prompt_tokens`.
    """
    held_out = max(config.evaluation.count, config.evaluation.report_count)
    splits = (
        _generated(config, "train", config.data.train_count),
        _generated(config, "evaluation", held_out),
    )
    texts = [[model.render(vignette) for vignette in split] for split in splits]
    length = model.prompt_tokens
    if length is None:
        rows = model.tokenizer.encode_batch([text for split in texts for text in split])
        length = bucketed(max(map(len, rows)), PROMPT_BUCKET)
    train, rest = (pad_prompts(model.tokenizer, split, length) for split in texts)
    return Data(splits[0], train), Data(splits[1], rest)


def _generated(
    config: RunConfig, split: Literal["train", "evaluation"], count: int
) -> list[Vignette]:
    data = config.data
    size: Literal["short", "full"] = "full" if data.size == "full" else "short"
    return generate(size, split=split, count=count, seed=data.seed, shares=shares_of(data))


def prompt_rows(count: int, per_step: int, seed: int, step: int) -> np.ndarray:
    """Which prompts step `step` (from 1) trains on: epochs of shuffled prompts, a function of the
    step alone.

    Within a step no prompt comes twice as long as there are enough of them.
    """
    per_epoch = max(count // per_step, 1)
    epoch, position = divmod(step - 1, per_epoch)
    order = np.random.default_rng([seed, epoch]).permutation(count)
    return np.resize(order[position * per_step : (position + 1) * per_step], per_step)
