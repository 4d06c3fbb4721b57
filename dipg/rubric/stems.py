"""Crude stems of words."""

from functools import lru_cache

from dipg.text import words


def stems(plain_text: str) -> frozenset[str]:
    """The stems of all words of a text."""
    return _stems_kept(words(plain_text))


def _stems(spoken: tuple[str, ...]) -> frozenset[str]:
    return frozenset([stem(w) for w in spoken])


_stems_kept = lru_cache(maxsize=16384)(_stems)


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """A crude stem, for matching "administered" with "administer"."""
    for ending in ("ing", "ed", "es", "s", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word
