"""Patterns with cue words find what the patterns alone would find."""

import re

import pytest

from dipg.rubric.cues import cued, matches
from dipg.text import words

FRUIT = cued(r"\b(?:red )?apples?\b", "apple apples")
DRINK = cued(r"\bapple juice\b|\btea\b", "juice tea")


def test_a_text_without_the_words_is_not_searched() -> None:
    """The pattern alone decides where a word is there."""
    assert FRUIT.search("two red apples", words("two red apples")) is not None
    assert FRUIT.search("two red apples", ("two", "red")) is None
    assert FRUIT.spans("apple, apple", words("apple, apple")) == [(0, 5), (7, 12)]
    assert FRUIT.spans("pear", words("pear")) == []


@pytest.mark.parametrize(
    "text", ["tea with an apple", "apple juice, apple", "red apple juice, tea, red apples", "pear"]
)
def test_several_ways_match_as_one_pattern_would(text: str) -> None:
    """From left to right, the earlier way first, none overlapping."""
    one = re.compile(f"{FRUIT.pattern.pattern}|{DRINK.pattern.pattern}")
    found = matches((FRUIT, DRINK), text, frozenset(words(text)))
    assert [m.span() for m in found] == [m.span() for m in one.finditer(text)]
