"""Labels of arms, groups, sources and patients: "arm B", "patient 2", "the first cohort"."""

import itertools
import re
from functools import lru_cache

from dipg.rubric.lexicon import word_set
from dipg.text import words

_LABELLED_THINGS = word_set(
    "arm group cohort patient case source hospital site drug option regimen report stratum level "
    "center centre schedule plan"
)
_LABEL = re.compile(
    rf"\b({'|'.join(sorted(_LABELLED_THINGS))}|dose level)s? "
    r"([a-z]|\d{1,4}|i{1,3}|iv|one|two|three|four|five)\b"
)
_LABELLED = frozenset(f"{thing}{s}" for thing in _LABELLED_THINGS for s in ("", "s"))
_LABEL_WORDS = frozenset("abcdefghijklmnopqrstuvwxyz") | word_set(
    "ii iii iv one two three four five"
)


def labels_of(plain_text: str) -> list[tuple[str, str]]:
    """("arm", "b") for "arm B", ("patient", "2") for "patient 2", ("arm", "1") for "first arm"."""
    return [label for _, label in label_spots(plain_text)]


def label_spots(plain_text: str) -> list[tuple[int, tuple[str, str]]]:
    """Labels with where they stand."""
    if _LABELLED.isdisjoint(words(plain_text)):
        return []
    return _find_labels_kept(plain_text) if len(plain_text) < 1_000 else _find_labels(plain_text)


def _find_labels(plain_text: str) -> list[tuple[int, tuple[str, str]]]:
    found: list[tuple[int, tuple[str, str]]] = []
    spoken = words(plain_text)
    behind = [word for thing, word in itertools.pairwise(spoken) if thing in _LABELLED]
    if any(word in _LABEL_WORDS or word.isdigit() for word in behind):  # it saves most searches
        found = [
            (m.start(), (m[1].removeprefix("dose "), _SAME_LABEL.get(m[2], m[2])))
            for m in _LABEL.finditer(plain_text)
            if m[2] != "a" or _is_label(m, plain_text)
        ]
    if not _ORDINALS.keys().isdisjoint(spoken):
        found += [(m.start(), (m[2], _ORDINALS[m[1]])) for m in _ORDINAL.finditer(plain_text)]
        found.sort()
    return found


_find_labels_kept = lru_cache(maxsize=8192)(_find_labels)
"""The criteria ask for the labels of the same clauses again and again."""

_SAME_LABEL = {"i": "1", "ii": "2", "iii": "3", "iv": "4"}
_SAME_LABEL |= {"one": "1", "two": "2", "three": "3", "four": "4", "five": "5"}
_ORDINALS = {"first": "1", "second": "2", "third": "3", "fourth": "4"}
_ORDINAL = re.compile(
    r"\b(first|second|third|fourth) (arm|group|cohort|patient|case|source|hospital|site|option|"
    r"regimen|stratum|center|centre|schedule|plan)\b"
)
_AFTER_LABEL = re.compile(
    r" (?:is|was|had|has|got|received|showed|shows|and|or|than|with|gave|gives|says|said|states|"
    r"stated|reports|reported|did|at|in|achieved|versus|vs|exceed(?:s|ed)|lived|survived|by|of the|"
    r"alone|compared|against|it|he|she|they|there|receive|get|have|show|take|took|live|survive|"
    r"achieve|need|undergo|progress(?:ed)?|die[ds]?|start(?:ed)?|stop(?:ped)?|still|now|today)\b"
)


def _is_label(m: re.Match[str], text: str) -> bool:
    """An article is no label: "arm a had" names an arm, "regimen a week later" does not."""
    after = text[m.end() : m.end() + 16]
    return not re.match(r" [a-z]", after) or _AFTER_LABEL.match(after) is not None
