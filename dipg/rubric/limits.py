"""Is a number a limit? "Until 80 is reached" and "180 days must pass" name one without a sign."""

import re

from dipg.quantities import Quantity

_BEFORE = re.compile(
    r"\b(?:until|till|once|when|recover\w*|reach\w*|return\w*|back|rise|risen|rises|wait\w*|requir\w+|"
    r"limit|thresholds?|permit\w*|allow\w*|minimum|maximum|must|has to|have to|needs?|cut-?off|"
    r"demand\w*|ceiling|earliest|washout|interval)\b[^.;]{0,40}$"
)
_AFTER = re.compile(
    r"[^.;,]{0,30}?\b(?:must|have to|has to|requir\w+|needed|at the earliest|limit|threshold|"
    r"minimum|maximum|permitted|allowed|washout)\b"
)
_NO_LIMIT = re.compile(r"\b(?:within|only|in|for|by|exactly|just|last)(?: the)? $")


def is_limit(text: str, number: Quantity) -> bool:
    """Whether the words around a number without a sign make a limit of it."""
    before = text[max(0, number.start - 60) : number.start]
    if number.compare or _NO_LIMIT.search(before):
        return False
    return _BEFORE.search(before) is not None or _AFTER.match(text, number.end) is not None


def same_limit(said: Quantity, answer: str, wanted: Quantity, wording: str, asked: str) -> bool:
    """Whether two numbers are given with one direction, where one may be implied, be it by the
    question ("after how many months at the earliest?")."""
    if said.compare == wanted.compare:
        return True
    if not wanted.compare and said.compare in _ASKED and _ASKED[said.compare].search(asked):
        return True
    if not said.compare and wanted.compare in _CLOSED:
        return is_limit(answer, said)
    if said.compare not in _CLOSED or wanted.compare not in ("", "-"):
        return False
    if wanted.compare == "-":  # "no lower than 5 and no higher than 15" is a range
        return True
    within = said.compare == "<=" and wording.endswith("within ", 0, wanted.start)
    return within or is_limit(wording, wanted)


_CLOSED = (">=", "<=")
_ASKED = {
    ">=": re.compile(r"\b(?:earliest|minim\w+|at least|lowest|smallest|shortest|youngest)\b"),
    "<=": re.compile(r"\b(?:latest|maxim\w+|at most|highest|largest|longest|oldest)\b"),
    "<": re.compile(r"\b(?:below|under|less than|lower than|fewer than|younger than)\b"),
    ">": re.compile(r"\b(?:above|over|more than|greater than|higher than|older than|exceed\w*)\b"),
}
"""What in a question makes a limit of the number that it asks for."""
