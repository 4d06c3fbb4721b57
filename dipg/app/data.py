"""What a run trains on and is measured on: vignettes, and their prompts in one shape."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np

from dipg.app.builtin_model import PROMPT_TOKENS, Model, shares_of
from dipg.app.config import RunConfig
from dipg.prompts import render_compact
from dipg.vignettes import generate
from dipg.vignettes.types import Vignette
from grpo_core.batch import Prompts
from grpo_core.padding import pad_prompts


class Data(NamedTuple):
    """Vignettes with their prompts, `[N, P]`: all in one shape, so that nothing compiles twice."""

    vignettes: list[Vignette]
    prompts: Prompts


def load_data(config: RunConfig, model: Model) -> tuple[Data, Data]:
    """The vignettes to train on and the held-out ones."""
    held_out = max(config.evaluation.count, config.evaluation.report_count)
    return (
        _generated(config, model, "train", config.data.train_count),
        _generated(config, model, "evaluation", held_out),
    )


def _generated(
    config: RunConfig, model: Model, split: Literal["train", "evaluation"], count: int
) -> Data:
    data = config.data
    vignettes = generate("short", split=split, count=count, seed=data.seed, shares=shares_of(data))
    texts = [render_compact(v) for v in vignettes]
    return Data(vignettes, pad_prompts(model.tokenizer, texts, PROMPT_TOKENS))


def prompt_rows(count: int, per_step: int, seed: int, step: int) -> np.ndarray:
    """Which prompts step `step` (from 1) trains on: epochs of shuffled prompts, a function of the
    step alone.

    Within a step no prompt comes twice as long as there are enough of them.
    """
    per_epoch = max(count // per_step, 1)
    epoch, position = divmod(step - 1, per_epoch)
    order = np.random.default_rng([seed, epoch]).permutation(count)
    return np.resize(order[position * per_step : (position + 1) * per_step], per_step)
