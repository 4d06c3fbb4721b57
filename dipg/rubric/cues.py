"""Patterns that know the words they need: a text without any of them is not searched."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from dipg.rubric.lexicon import word_set


class Cued(NamedTuple):
    """A pattern, and words (as `dipg.text.words` finds them) of which every match has one.

    Looking whether some words are there costs a tenth of what a search costs, and mostly they
    are not.
    """

    pattern: re.Pattern[str]
    words: frozenset[str]

    def search(self, text: str, spoken: Iterable[str]) -> re.Match[str] | None:
        """The first match in plain text that has these words."""
        return None if self.words.isdisjoint(spoken) else self.pattern.search(text)

    def spans(self, text: str, spoken: Iterable[str]) -> list[tuple[int, int]]:
        """Where all matches stand in plain text that has these words."""
        if self.words.isdisjoint(spoken):
            return []
        return [m.span() for m in self.pattern.finditer(text)]


def cued(pattern: str, words: str) -> Cued:
    """A pattern with its words, written as text."""
    return Cued(re.compile(pattern), word_set(words))
