"""Supervised training before the first GRPO step: the undisciplined expert's lessons."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import jax.numpy as jnp
import optax

from dipg.app.config import DataConfig, RunConfig
from dipg.app.model import Model
from dipg.expert import Habits, respond_as_expert
from dipg.vignettes.short import ShortCase, short_cases
from dipg.vignettes.types import Shares
from grpo_core.batch import Batch
from grpo_core.mesh import spread
from grpo_core.padding import pad_completions, pad_prompts
from grpo_core.trainer import init_actor, supervised_step, warmup_cosine

CAREFUL_SHARES = Shares(answer=0.40, abstain=0.20, conflict=0.40)
"""Kinds in the careful lessons."""

Progress = Callable[[int, dict[str, float]], None]


def shares_of(data: DataConfig) -> Shares:
    """The configured shares of the kinds."""
    return Shares(data.answer_share, data.abstain_share, data.conflict_share)


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


def supervise(
    config: RunConfig,
    model: Model,
    optimizer: optax.GradientTransformation,
    prompts: Sequence[str],
    lessons: Sequence[str],
    progress: Progress,
) -> Model:
    """The model after learning a response to each prompt, in their order; its arrays are given
    away."""
    warmup, tokenizer = config.warmup, model.tokenizer
    length = model.prompt_tokens or pad_prompts(tokenizer, prompts).tokens.shape[1]
    actor = init_actor(model.params, optimizer)
    size = warmup.batch_size
    for step in range(warmup.steps):
        rows = slice(step * size, (step + 1) * size)
        padded = pad_prompts(tokenizer, prompts[rows], length)
        pairs = [[lesson] for lesson in lessons[rows]]
        batch = Batch(padded, *pad_completions(tokenizer, pairs, config.grpo.max_completion_length))
        rate = warmup_cosine(
            step, peak=warmup.learning_rate, warmup=50, total=warmup.steps, floor=0.05
        )
        actor, metrics = supervised_step(
            model.graph, optimizer, actor, spread(batch), jnp.float32(rate), model.frozen, model.how
        )
        if (step + 1) % 10 == 0 or step + 1 == warmup.steps:
            progress(step + 1, {"loss": float(metrics["loss"])})
    return model._replace(params=actor.params)
