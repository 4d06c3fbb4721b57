"""What a question asks for: yes or no, one kind of number, a reason."""

import re
from functools import lru_cache

from dipg.rubric.labels import labels_of
from dipg.rubric.lexicon import word_set
from dipg.text import fold, plain, words


@lru_cache(maxsize=4096)
def in_plain(question: str) -> tuple[str, frozenset[str]]:
    """A question in plain text, and its words, which tell which patterns cannot match."""
    text = plain(question)
    return text, frozenset(words(text))


@lru_cache(maxsize=4096)
def asks_yes_or_no(question: str) -> bool:
    """Whether a question is answered by yes or no alone."""
    asked, _ = in_plain(question)
    return _POLAR.match(asked) is not None and _ASKS_MORE.search(asked) is None


def asks_verdict_and_why(question: str) -> bool:
    """Whether a question is answered by yes or no and the reason for it."""
    asked, _ = in_plain(question)
    return _POLAR.match(asked) is not None and (
        _WHY_ALONE.search(asked) is not None or _WHICH_REASON.search(asked) is not None
    )


def asks_why(question: str) -> bool:
    """Whether a question asks for a reason, be it among others."""
    asked, spoken = in_plain(question)
    return not spoken.isdisjoint(("why", "reason", "reasons")) and bool(_ASKS_WHY.search(asked))


_ASKS_WHY = re.compile(r"\bwhy\b|\b(?:what|which) (?:\w+ )?reasons?\b")


@lru_cache(maxsize=4096)
def asks_thing_and_why(question: str) -> bool:
    """Whether a question asks what, who, when or how, and why."""
    asked, spoken = in_plain(question)
    may = "and" in spoken and not _REASONS.isdisjoint(spoken)
    return may and _THING_AND_WHY.search(asked) is not None


_THING_AND_WHY = re.compile(
    r"\b(?:which|what|who|when|where|how)\b.*\band (?:(?:\w+ )?why\b|"
    r"(?:on|for|because of|due to|based on|under) (?:what|which) (?:\w+ ){0,2}?"
    r"(?:basis|grounds?|reasons?|evidence|rationale|findings?|alterations?|mutations?|causes?)\b|"
    r"what (?:is|was|were|are) (?:the|its|their) (?:\w+ ){0,2}(?:basis|grounds?|reasons?|"
    r"rationale)\b)"
)
_REASONS = word_set(
    "why basis ground grounds reason reasons evidence rationale finding findings alteration "
    "alterations mutation mutations cause causes"
)
"""One of them stands in every question for a reason."""


@lru_cache(maxsize=4096)
def asks_thing_and_number(question: str) -> bool:
    """Whether a question asks what or who, and then how long, when or how much."""
    asked, spoken = in_plain(question)
    return "and" in spoken and _THING_AND_NUMBER.match(asked) is not None


_THING_AND_NUMBER = re.compile(
    r"(?:[^,?]{1,80}, )?(?:what|which|who)\b(?! (?:\w+ )?(?:dos|percent|share|rate|median|date))"
    r"[^?]*\band (?:for |at |by |after |(?:up )?to )?(?:how (?:long|many|much|soon)|"
    r"when|what (?:was|is|were|are) (?:it|they|this|that)\b|"
    r"what (?:\w+ ){0,4}(?:dos|median|percent|interval))"
)


@lru_cache(maxsize=4096)
def asks_number_and_thing(question: str) -> bool:
    """Whether a question asks how much, and then what or which ("by what percentage did it change,
    and which category is this?")."""
    asked, spoken = in_plain(question)
    return "and" in spoken and _NUMBER_AND_THING.search(asked) is not None


def asks_each(question: str) -> bool:
    """Whether a question asks for a number of each of several."""
    asked, spoken = in_plain(question)
    return not _EACH.isdisjoint(spoken) and _NUMBER_OF_EACH.search(asked) is not None


_NUMBER = (
    r"(?:median|mean|average|survival|rates?|percent\w*|proportion|share|dos(?:e|es|age)|values?|"
    r"levels?|counts?|volumes?|diameters?|sizes?|scores?|ratios?|durations?|times?|intervals?|"
    r"concentrations?|ages?|weights?|numbers?)"
)
_HOW_MUCH = rf"\b(?:(?:what|which) (?:[\w-]+ ){{0,6}}?{_NUMBER}|how (?:many|much|long|old|far))\b"
_NUMBER_AND_THING = re.compile(
    rf"{_HOW_MUCH}[^?]*\band (?:\w+ )?(?:which|what|who|whose)\b"
    rf"(?! (?:[\w-]+ ){{0,6}}?{_NUMBER}\b| (?:was|is|were|are) (?:it|they|this|that)\b)"
)
_NUMBER_OF_EACH = re.compile(
    rf"{_HOW_MUCH}[^?]*\b(?:(?:in|of|for|with|on|at|by|did|does) (?:each|both|either|the two)|"
    r"respectively|each)\b"
)
_EACH = frozenset(("each", "both", "either", "two", "respectively"))


@lru_cache(maxsize=4096)
def asks_difference(question: str) -> bool:
    """Whether a question asks how two things differ, be it among others."""
    asked, spoken = in_plain(question)
    may = "how" in spoken or "differ" in asked or "compare" in asked
    return may and _ASKS_DIFFERENCE.search(asked) is not None


@lru_cache(maxsize=4096)
def offers_choice(question: str) -> bool:
    """Whether a question offers a choice between names."""
    asked, spoken = in_plain(question)
    return not _CHOOSING.isdisjoint(spoken) and _CHOICE.search(asked) is not None


@lru_cache(maxsize=4096)
def labels_asked(question: str) -> frozenset[tuple[str, str]]:
    """The labels that a question names."""
    return frozenset(labels_of(in_plain(fold(question))[0]))


_CHOICE = re.compile(r"\b(?:which|who|whose|or|between|what (?:drug|patient|arm))\b")
_CHOOSING = frozenset(("which", "who", "whose", "or", "between", "what"))


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


def ways_to_ask(ways: str) -> tuple[frozenset[str], re.Pattern[str]]:
    """The last words of some ways to ask ("how old|what age"), one of which a question then has,
    and a pattern for them."""
    last = frozenset(way.rpartition(" ")[2] for way in ways.split("|"))
    return last, re.compile(rf"\b(?:{ways})\b")


_ASKED_BY: tuple[tuple[frozenset[str], re.Pattern[str], frozenset[str]], ...] = tuple(
    (*ways_to_ask(ways), frozenset(dimensions.split()))
    for ways, dimensions in (
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
def asked_for(question: str) -> frozenset[str]:
    """The dimensions of the numbers that a question asks for, where it asks for one kind alone."""
    asked, spoken = in_plain(fold(question))
    found = [
        dimensions
        for last, pattern, dimensions in _ASKED_BY
        if not last.isdisjoint(spoken) and pattern.search(asked)
    ]
    return found[0] if len(found) == 1 and not _MORE_THAN_ONE.search(asked) else frozenset()


_MORE_THAN_ONE = re.compile(
    r"\b(?:and|regimen|schedule|fractionation|how often|frequency|which|who|compare\w*|how does|"
    r"why|rule)\b"
)
