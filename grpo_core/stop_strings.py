"""Completions that end with a text, whatever its tokens."""

from collections.abc import Callable, Sequence

import numpy as np

from grpo_core.sampler import Cut


def at_strings(decode: Callable[[list[int]], str], stops: Sequence[str]) -> Cut:
    """Cut completions after the first token that completes one of the texts `stops`.

    decode is the tokenizer's. Raises ValueError where `stops` is empty or has an empty text.
    """
    if not stops or not all(stops):
        raise ValueError(f"stop strings {list(stops)!r}: at least one, and none empty")

    def ends(row: list[int]) -> bool:
        text = decode(row)
        return any(stop in text for stop in stops)

    def shortest(row: list[int]) -> int:
        if not ends(row):
            return len(row)
        # A prefix that holds a stop string stays one that does: bisect.
        low, high = 1, len(row)
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if ends(row[:middle]) else (middle + 1, high)
        return low

    def cut(tokens: np.ndarray, mask: np.ndarray) -> np.ndarray:
        lengths = mask.sum(-1).astype(int)
        rows = zip(tokens.reshape(-1, tokens.shape[-1]), lengths.reshape(-1), strict=True)
        return np.array([shortest(row[:n].tolist()) for row, n in rows]).reshape(lengths.shape)

    return cut
