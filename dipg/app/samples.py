"""Sample completions of an evaluation, as `samples_<step>.jsonl` keeps them: whole texts, so that a
person can see what a figure stands for."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from dipg.pricing import EVALUATION, TERMS
from dipg.rubric import EVENTS
from dipg.vignettes.types import Vignette

COUNT = 12
"""Vignettes of which the responses are kept: the first of the held-out set, the same every time."""


def samples(
    vignettes: Sequence[Vignette], texts: Sequence[str], terms: np.ndarray, events: np.ndarray
) -> Iterator[dict[str, Any]]:
    """One object per response, for as many as are kept.

    Args:
        vignettes, texts: response i answers vignette i.
        terms: `[B, K]`. events: `[B, E]`.
    """
    rewards = np.asarray(EVALUATION.rewards(terms))
    for i, (vignette, text) in enumerate(zip(vignettes, texts, strict=True)):
        if i == COUNT:
            return
        yield {
            "id": vignette.id,
            "kind": vignette.expected.kind,
            "context": vignette.context,
            "question": vignette.question,
            "expected": vignette.expected.answer,
            "completion": text,
            "reward": float(rewards[i]),
            "terms": [name for name, fact in zip(TERMS, terms[i], strict=True) if fact == 1],
            "events": [name for name, fact in zip(EVENTS, events[i], strict=True) if fact == 1],
        }


def as_lines(rows: Iterator[dict[str, Any]]) -> str:
    """The file's text."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
