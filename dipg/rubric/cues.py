"""Patterns that know the words they need: a text without any of them is not searched."""

import re
from collections.abc import Iterable, Iterator, Set
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


def matches(ways: Iterable[Cued], text: str, spoken: Set[str]) -> Iterator[re.Match[str]]:
    """Matches in plain text with these words, from left to right, as one pattern of all ways would
    have them."""
    tried = (w.pattern.search(text) for w in ways if not w.words.isdisjoint(spoken))
    ahead = [m for m in tried if m is not None]
    while ahead:
        first = min(ahead, key=re.Match.start)
        yield first
        at = first.end()
        tried = (m if m.start() >= at else m.re.search(text, at) for m in ahead)
        ahead = [m for m in tried if m is not None]


def cued(pattern: str, words: str) -> Cued:
    """A pattern with its words, written as text."""
    return Cued(re.compile(pattern), word_set(words))
