"""The direction that a number is given with: "more than", "at least", "or less"."""

import re

_LESS = "less|fewer|lower|smaller|younger|shorter|under|below"
_MORE = "more|greater|higher|larger|older|longer|over|above|exceeding|exceed|exceeds"
_ARRIVES = "add adds added adding sum sums go goes went gone rose rises risen raised increased"
_UP_TO = "".join(f"(?<!{verb} )" for verb in _ARRIVES.split()) + "up to"
"""What adds or goes up to 330 mg is 330 mg."""
_COMPARATOR = re.compile(
    r"(?:(<=|>=|<|>)|(?P<least>\b(?:at least|a? ?minimum of|at (?:a|the) minimum|"
    rf"(?:no|not)(?: be| fall| drop| go)? (?:{_LESS}|sooner|earlier))(?: than)?)"
    rf"|(?P<most>\b(?:at most|{_UP_TO}|a? ?maximum of|at (?:a|the) maximum|"
    rf"(?:no|not)(?: be| rise| go)? (?:{_MORE}|later))(?: than)?)"
    r"|(?P<less>\b(?:(?:less|fewer|lower|smaller|younger|shorter) than|under|below|almost|nearly|"
    r"just under|close to))"
    r"|(?P<more>\b(?:(?:more|greater|higher|larger|older|longer) than|just over|over|above|"
    r"exceeding|exceeds?)))"
    r"(?: a| an| about| around| roughly)? ?$"
)
_SIDE = {"least": ">=", "most": "<=", "less": "<", "more": ">"}
_LAST_WORDS = (
    "than|under|below|most|up to|close to|over|above|exceeding|exceed|exceeds|least|"
    "minimum of|maximum of|minimum|maximum|almost|nearly|a|an|about|around|roughly|less|lower|"
    "fewer|more|higher"
)
_COMPARING = ("<", ">", "=", "< ", "> ", "= ", *(f"{last} " for last in _LAST_WORDS.split("|")))
"""What text before a number ends in where a direction may be given."""
LAST_LETTERS = frozenset(f" {last} "[-3:] for last in _LAST_WORDS.split("|"))
SIGNS = frozenset("<>=")
"""Of the last three letters before a number: without them no comparator stands there."""
_AFTERWARDS = re.compile(
    r"\+(?! ?\d)|(?: per (?:day|week|dose|cycle)| ?/ ?day)?,? ?"
    r"(?:(or (?:more|higher|above|greater|over|longer|older)|and (?:above|over|"
    r"more)|at least|(?:at )?minimum)|"
    r"(or (?:less|fewer|lower|below|under|shorter|younger)|and below|at most|(?:at )?maximum))\b"
)
# All that it can begin with, besides "+".
_FIRST_LETTERS = frozenset(
    (" p", " /", "/ ", "/d", ", ", ",o", ",a", ",m", " o", " a", " m", "or", "an", "at", "mi", "ma")
)


def comparator_start(text: str, start: int) -> int:
    """Where "more than 54 Gy" begins, given where its number does."""
    hit = _COMPARATOR.search(text, max(0, start - 24), start)
    return hit.start() if hit else start


def comparator_before(before: str) -> re.Match[str] | None:
    """The comparator that a text before a number ends in."""
    return _COMPARATOR.search(before) if before.endswith(_COMPARING) else None


def direction(hit: re.Match[str] | None) -> str:
    """The sign that a comparator stands for."""
    return "" if hit is None else hit[1] or _SIDE[hit.lastgroup or ""]


def direction_after(text: str, end: int) -> str:
    """The sign that stands behind a number ("3 or more")."""
    first = text[end : end + 2]
    if first not in _FIRST_LETTERS and first[:1] != "+":
        return ""
    later = _AFTERWARDS.match(text, end)
    return "" if later is None else "<=" if later[2] else ">="
