"""What a question asks for: yes or no, one kind of number, a reason."""

import re
from functools import lru_cache

from dipg.rubric.labels import labels_of
from dipg.text import fold, plain


def asks_yes_or_no(question: str) -> bool:
    """Whether a question is answered by yes or no alone."""
    asked = plain(question)
    return _POLAR.match(asked) is not None and _ASKS_MORE.search(asked) is None


def asks_verdict_and_why(question: str) -> bool:
    """Whether a question is answered by yes or no and the reason for it."""
    asked = plain(question)
    return _POLAR.match(asked) is not None and (
        _WHY_ALONE.search(asked) is not None or _WHICH_REASON.search(asked) is not None
    )


def asks_thing_and_why(question: str) -> bool:
    """Whether a question asks what, who, when or how, and why."""
    return _THING_AND_WHY.search(plain(question)) is not None


_THING_AND_WHY = re.compile(
    r"\b(?:which|what|who|when|where|how)\b.*\band (?:(?:\w+ )?why\b|"
    r"(?:on|for|because of|due to|based on|under) (?:what|which) (?:\w+ ){0,2}?"
    r"(?:basis|grounds?|reasons?|evidence|rationale|findings?|alterations?|mutations?|causes?)\b|"
    r"what (?:is|was|were|are) (?:the|its|their) (?:\w+ ){0,2}(?:basis|grounds?|reasons?|"
    r"rationale)\b)"
)


def asks_thing_and_number(question: str) -> bool:
    """Whether a question asks what or who, and then how long, when or how much."""
    return _THING_AND_NUMBER.match(plain(question)) is not None


_THING_AND_NUMBER = re.compile(
    r"(?:[^,?]{1,80}, )?(?:what|which|who)\b(?! (?:\w+ )?(?:dos|percent|share|rate|median|date))"
    r"[^?]*\band (?:for |at |by |after )?(?:how (?:long|many|much|soon)|"
    r"when|what (?:\w+ ){0,4}(?:dos|median|percent|interval))"
)


def asks_number_and_thing(question: str) -> bool:
    """Whether a question asks how much, and then what or which ("by what percentage did it change,
    and which category is this?")."""
    return _NUMBER_AND_THING.search(plain(question)) is not None


def asks_each(question: str) -> bool:
    """Whether a question asks for a number of each of several."""
    return _NUMBER_OF_EACH.search(plain(question)) is not None


_NUMBER = (
    r"(?:median|mean|average|survival|rates?|percent\w*|proportion|share|dos(?:e|es|age)|values?|"
    r"levels?|counts?|volumes?|diameters?|sizes?|scores?|ratios?|durations?|times?|intervals?|"
    r"concentrations?|ages?|weights?|numbers?)"
)
_HOW_MUCH = rf"\b(?:(?:what|which) (?:[\w-]+ ){{0,6}}?{_NUMBER}|how (?:many|much|long|old|far))\b"
_NUMBER_AND_THING = re.compile(
    rf"{_HOW_MUCH}[^?]*\band (?:\w+ )?(?:which|what|who|whose)\b"
    rf"(?! (?:[\w-]+ ){{0,6}}?{_NUMBER}\b)"
)
_NUMBER_OF_EACH = re.compile(
    rf"{_HOW_MUCH}[^?]*\b(?:(?:in|of|for|with|on|at|by|did|does) (?:each|both|either|the two)|"
    r"respectively|each)\b"
)


def asks_difference(question: str) -> bool:
    """Whether a question asks how two things differ, be it among others."""
    return _ASKS_DIFFERENCE.search(plain(question)) is not None


_WHY_ALONE = re.compile(
    r"^(?!.*\b(?:what|when|how|where|who)\b).*(?:\band|,|or why not) (?:\w+ )?why(?: not)?\b"
)
_WHICH_REASON = re.compile(
    r"\band (?:for |on |because of )?(?:which|what) (?:\w+ ){0,2}?(?:criteri(?:on|a)|reasons?|"
    r"grounds?|basis|findings?|conditions?|factors?|rules?|requirements?|causes?)\b"
)
_ASKS_DIFFERENCE = re.compile(
    r"\bhow (?:much|many \w+|far) (?:\w+ )?(?:\w+er|more|less|better|worse)\b|\bby how\b|"
    r"\bdiffer|\bcompare"
)
_POLAR = re.compile(
    r"\W*(?:(?:according to|based on|in|at|on|for|per|by|after|before|given|under)[^,?]{1,80}, )?"
    r"(?:did|do|does|was|were|is|are|has|have|had|can|could|should|may|must|will|would)\b"
)
_ASKS_MORE = re.compile(r"\b(?:or|which|what|when|why|how|where|who)\b")


_ASKED_BY: tuple[tuple[re.Pattern[str], frozenset[str]], ...] = tuple(
    (re.compile(rf"\b(?:{asked})\b"), frozenset(dimensions.split()))
    for asked, dimensions in (
        ("when|what date|which date|what day|which day", "date month monthday time"),
        ("how old|what age|age", "months"),
        ("how long|duration|what period|median survival|overall survival", "days months seconds"),
        ("what percentage|which percentage|what proportion|response rate", "percent"),
        ("weigh|weight", "mass"),
        ("how large|how big|what size|diameter|how far", "length volume"),
        ("how many fractions|number of fractions", "fractions"),
        (
            "radiation dose|dose of radiation|dose of radiotherapy|radiotherapy dose|total dose",
            "dose",
        ),
    )
)


@lru_cache(maxsize=4096)
def asked_for(question: str) -> tuple[frozenset[str], frozenset[tuple[str, str]]]:
    """The dimensions of the numbers that a question asks for, and the labels that it names."""
    text = plain(fold(question))
    return _asked_dimensions(text), frozenset(labels_of(text))


def _asked_dimensions(question: str) -> frozenset[str]:
    """The dimensions of the numbers that a question asks for, where it asks for one kind alone."""
    if _MORE_THAN_ONE.search(question):
        return frozenset()
    found = [dimensions for pattern, dimensions in _ASKED_BY if pattern.search(question)]
    return found[0] if len(found) == 1 else frozenset()


_MORE_THAN_ONE = re.compile(
    r"\b(?:and|regimen|schedule|fractionation|how often|frequency|which|who|compare\w*|how does|"
    r"why|rule)\b"
)
