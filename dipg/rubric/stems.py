"""Crude stems and roots of words."""

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
    if word.endswith(_STEMMED):
        for ending in _STEMMED:
            if word.endswith(ending) and len(word) - len(ending) >= 4:
                return word[: -len(ending)]
    return word


_STEMMED = ("ing", "ed", "es", "s", "e")


_ENDINGS = (
    ("ements", 4), ("ement", 4), ("ments", 4), ("ment", 4), ("ically", 4), ("ations", 5),
    ("ation", 5), ("ated", 5), ("ating", 5), ("ates", 5), ("ate", 5),
    ("iness", 4), ("ness", 4), ("ivities", 5), ("ivity", 5), ("ities", 5), ("ity", 5),
    ("encies", 4), ("ency", 4), ("ancy", 4),
    ("ences", 4), ("ence", 4), ("ance", 5), ("ents", 5), ("ent", 5), ("ant", 5), ("ages", 4),
    ("age", 4), ("ions", 4), ("ion", 4), ("ings", 4), ("ing", 3), ("ively", 5), ("ive", 5),
    ("ly", 4), ("ical", 4), ("als", 5), ("al", 5), ("ia", 5), ("ic", 5), ("us", 5), ("ied", 4),
    ("ier", 4), ("iers", 4), ("ed", 3), ("ies", 4), ("es", 4), ("s", 3), ("e", 3), ("y", 4),
)  # fmt: skip
"""An ending, and how much of a word has to be left without it."""
_ENDINGS_IN: dict[str, list[tuple[str, int]]] = {}
"""The same by their last letter, each letter's in their order."""
for _ending, _left in _ENDINGS:
    _ENDINGS_IN.setdefault(_ending[-1], []).append((_ending, _left))

_SPELLED = {"2": "two", "3": "three", "4": "four", "6": "six", "8": "eight"}
_KIN_ENDINGS = (
    ("osis", "os"), ("otic", "os"), ("oses", "os"), ("ases", "as"), ("asis", "as"), ("atic", "as"),
)  # fmt: skip


@lru_cache(maxsize=65536)
def root(word: str) -> str:
    """The root of a word, without British spelling and what derives nouns, adverbs, plurals.

    Cruder than a dictionary, and alike on both sides of every comparison.
    """
    if not word.isalpha() or len(word) < 4:
        return f"{_SPELLED.get(word[0], word[0])}{word[1:]}" if "-" in word else word
    found = word.replace("ae", "e").replace("oe", "e")
    for one, other in (("our", "or"), ("ours", "or"), *_KIN_ENDINGS):
        if found.endswith(one) and len(found) > 5:
            found = found[: -len(one)] + other
            break
    for _ in range(3):
        shorter = _without_ending(found)
        if shorter == found:
            break
        found = shorter
    if found.endswith("bil"):
        return f"{found[:-2]}l"
    return f"{found[:-1]}s" if found.endswith(("iz", "yz")) else found


def _without_ending(word: str) -> str:
    for ending, left in _ENDINGS_IN.get(word[-1], ()):
        if word.endswith(ending) and len(word) - len(ending) >= left:
            if ending == "s" and word.endswith(("ss", "us", "is")):
                continue
            word = word[: -len(ending)]
            break
    else:
        return word
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "lsze":
        word = word[:-1]
    return word
