"""Everyone whom a text names, as far as capitals tell."""

import re
from functools import lru_cache

from dipg.rubric.concepts import LEXICON
from dipg.rubric.lexicon import CLASSES, DRUG, PLAIN_WORDS, STOP_WORDS, word_set

_NAME = re.compile(
    r"(?:\b(?:Dr|Prof|Mr|Mrs|Ms)\b\.? |\b(?:Professor|Doctor|Nurse|Sister) )*"
    r"\b[A-Z][a-z'-]+(?: (?:van |von |de |der |al |el )?[A-Z][a-z'-]+){0,2}"
)
TITLE = re.compile(r"\b(?:dr|prof|mr|mrs|ms|professor|doctor|nurse|sister|the)\b\.? ?")
WORD = re.compile(r"[a-z][a-z'-]*")
_NO_PART = PLAIN_WORDS | STOP_WORDS | CLASSES.keys()

_PLACES = word_set(
    "hospital institute university centre center clinic street road ward house college foundation "
    "infirmary laboratory department unit school city county"
)

Person = tuple[str, ...]
"""The names of a person, in small letters."""


@lru_cache(maxsize=4096)
def people_in(folded: str, openings: bool = False) -> frozenset[Person]:
    """Everyone whom a text names; with `openings` also whoever is named only where a sentence
    opens."""
    found = set()
    small = LEXICON.union(WORD.findall(folded)) if openings else LEXICON
    for m in _NAME.finditer(folded):
        parts = parts_of(m.group())
        alone = len(parts) == 1 and m.group().lower() == parts[0]
        if alone and (not openings or parts[0] in small) and _opens(folded, m.start()):
            continue
        if (
            parts
            and _PLACES.isdisjoint(parts)
            and not any(p in _NO_PART or DRUG.fullmatch(p) for p in parts)
        ):
            found.add(parts)
    return frozenset(found)


def _opens(folded: str, at: int) -> bool:
    return re.search(r"(?:^|[.!?:;\n]|- )[\s\"'(*]*$", folded[max(0, at - 6) : at]) is not None


def parts_of(name: str) -> Person:
    """The names of a person without titles."""
    return tuple(WORD.findall(TITLE.sub("", name.lower()).replace("'s", "")))
