"""Does a text deny what it says?"""

import re

from dipg.rubric.lexicon import word_set
from dipg.text import words

_NEGATOR = re.compile(
    r"\b(?:not|n't|never|no|without|neither|nor|cannot|none|isn|wasn|doesn|didn|hasn|haven|won|"
    r"lacks?|"
    r"lacking|absent|absence|fails?|failed|denies|denied|ruled out|negative for|hardly|scarcely|"
    r"anything but|far from|"
    r"(?:advis\w+|recommend\w*|decid\w+|counsel\w*|argu\w+|spoke|voted) against)\b"
)
_NEGATES = word_set(
    "not n t never no without neither nor cannot none isn wasn doesn didn hasn haven won lack "
    "lacks lacking absent absence fail fails failed denies denied ruled negative hardly scarcely "
    "anything far against"
)
"""A word of each negation."""


def is_negated(text: str) -> bool:
    """Whether plain text denies: an odd number of negations."""
    if _NEGATES.isdisjoint(words(text)):
        return False
    return len(_NEGATOR.findall(_DENIES_NOTHING.sub("", text))) % 2 == 1


_DENIES_NOTHING = re.compile(
    r"\b(?:no doubt|no question|without (?:a |any )?doubt|not only|none other than|no sooner)\b"
)
