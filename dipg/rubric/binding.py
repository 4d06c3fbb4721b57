"""Which name does a number belong to?"""

import re

from dipg.quantities import Quantity

COMPARED = re.compile(r"\b(?:than|versus|vs|compared (?:with|to))\b")


def bind(text: str, number: Quantity, named: list[tuple[str, int]]) -> str:
    """The name that a number belongs to: the nearest in its clause, before it if there is one."""
    if not named:
        return ""
    before = _owner_before(text, number.start, named)
    if before and not _JOINS.match(text, number.end):
        return before
    name, at = _owner_after(text, number.end, named)
    joint = name and before and _JOINT.fullmatch(text, number.end, at)
    return name if joint or not before else before


_STOPS = (". ", ";", "\n", " while ", " whereas ", " but ")
_JOINS = re.compile(r"\s*(?:of|for|with) ")
_JOINT = re.compile(rf"{_JOINS.pattern}(?:\w+ )?")


def _owner_before(text: str, end: int, named: list[tuple[str, int]]) -> str:
    """The last name before a number in its clause; "" where there is none."""
    if named[0][1] >= end:
        return ""
    left = max([text.rfind(stop, 0, end) for stop in _STOPS])
    for name, at in reversed(named):
        if left <= at < end and not _is_circumstance(text, at, at + len(name), end):
            return name
    return ""


def _owner_after(text: str, start: int, named: list[tuple[str, int]]) -> tuple[str, int]:
    """The first name after a number in its clause, and where it stands."""
    if named[-1][1] < start:
        return "", 0
    right = min([i for stop in _STOPS if (i := text.find(stop, start)) >= 0], default=len(text))
    for name, at in named:
        if start <= at < right and not COMPARED.search(text, start, at):
            return name, at
    return "", 0


def _is_circumstance(text: str, start: int, end: int, number: int) -> bool:
    """Whether a name only says why or beside what ("because of X, the dose is 27 mg")."""
    return (
        number - end > 6
        and text.endswith(_BESIDE_ENDS, 0, start)
        and _BESIDE.search(text, max(0, start - 32), start) is not None
    )


_BESIDE = re.compile(
    r"\b(?:because(?: of)?|since|due to|owing to|despite|given|concurrent(?:ly)?|concomitant|"
    r"alongside|taking) (?:(?:the|a|concurrent|concomitant|use of|with) ){0,3}$"
)
_BESIDE_ENDS = (
    "because ", "of ", "since ", "to ", "despite ", "given ", "concurrent ", "concurrently ",
    "concomitant ", "alongside ", "taking ", "the ", "a ", "with ", "\n",
)  # fmt: skip
"""What text that has it ends in."""
