"""Texts in, scored texts out: where the sampler and the environment meet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from dipg.app.model import Model
from dipg.environment import score_batch
from dipg.pricing import TERMS
from dipg.rubric import EVENTS
from dipg.vignettes.types import Vignette
from grpo_core.batch import Prompts
from grpo_core.mesh import spread, to_host
from grpo_core.sampler import Completions, Ends, sample_jit
from grpo_core.sampling import Sampling, completion_keys

# Keys of evaluations are folded from a step that no training step has.
EVALUATION_STEP = 2**31 - 1


Score = Callable[[Sequence[Vignette], Sequence[str]], tuple[np.ndarray, np.ndarray]]
"""Says what happened in each response: terms `[B, K]` and events `[B, E]`, as `score_batch` does;
NaN where it does not know."""


class ScoreError(ValueError):
    """The scoring function has failed; one line says how and on what."""


class Rollout(NamedTuple):
    """What a batch of prompts was answered with, and what happened in each response; all on the
    host.

    completions `[N, G, T]`; texts N * G, prompt by prompt; terms `[N * G, K]`, events `[N * G, E]`.
    """

    prompts: Prompts
    completions: Completions
    texts: list[str]
    terms: np.ndarray
    events: np.ndarray

    @property
    def lengths(self) -> np.ndarray:
        """Tokens of each completion with its end token, `[N, G]`."""
        return np.asarray(self.completions.mask).sum(-1)


def roll_out(
    model: Model,
    prompts: Prompts,
    vignettes: Sequence[Vignette],
    prompt_ids: np.ndarray,
    *,
    seed: int,
    step: int,
    group: int,
    sampling: Sampling,
    max_length: int,
    score: Score = score_batch,
    at_once: int | None = None,
) -> Rollout:
    """`group` responses to each vignette, scored.

    prompt_ids `[N]` say which random numbers a vignette gets: its place in its data set. `at_once`
    vignettes are answered together, all of them where it is None.

    Raises ScoreError where `score` raises or does not return a row for every response.
    """
    keys = completion_keys(seed, step, jnp.asarray(prompt_ids), group)
    tokenizer = model.tokenizer
    ends = Ends(tokenizer.stop_ids, max_length, tokenizer.pad_id)
    out = _completed(model, prompts, keys, sampling, ends, at_once or len(vignettes))
    rows = np.asarray(out.tokens).reshape(-1, max_length)
    texts = tokenizer.decode_batch(rows.tolist())
    repeated = [v for v in vignettes for _ in range(group)]
    return Rollout(prompts, out, texts, *scored(score, repeated, texts))


def _completed(
    model: Model,
    prompts: Prompts,
    keys: jax.Array,
    sampling: Sampling,
    ends: Ends,
    at_once: int,
) -> Completions:
    count, pieces = len(keys), []
    for begin in range(0, count, at_once):
        # The last piece is filled up with its last prompt, so that one shape is compiled.
        rows = np.minimum(np.arange(begin, begin + min(at_once, count)), count - 1)
        some, drawn = spread((select(prompts, rows), keys[rows]))
        pieces.append(
            to_host(
                sample_jit(
                    model.graph, model.params, some, drawn, sampling, ends, model.frozen, model.how
                )
            )
        )
    return jax.tree.map(lambda *parts: np.concatenate(parts)[:count], *pieces)


def scored(
    score: Score, vignettes: Sequence[Vignette], texts: Sequence[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Terms `[B, K]` and events `[B, E]` of responses. Raises ScoreError as `roll_out` does."""
    try:
        found = score(vignettes, texts)
        terms, events = (np.asarray(part, np.float32) for part in found)
    except Exception as error:  # whatever a function that is not ours may raise
        what = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
        raise ScoreError(
            f"the scoring function failed on {len(texts)} responses: {what}"
        ) from error
    for name, rows, columns in (("terms", terms, TERMS), ("events", events, EVENTS)):
        if rows.shape != (len(texts), len(columns)):
            raise ScoreError(
                f"the scoring function returned {name} of shape {list(rows.shape)} for "
                f"{len(texts)} responses: it must be [{len(texts)}, {len(columns)}]"
            )
    return terms, events


def select(prompts: Prompts, rows: np.ndarray) -> Prompts:
    """Some of the prompts."""
    return jax.tree.map(lambda x: x[rows], prompts)
