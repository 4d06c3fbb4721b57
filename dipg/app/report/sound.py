"""Whether what a file holds is of the kind it should be: nothing after this has to ask again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from curricula.receipts import Receipt

_CLAUSE_TEXTS = ("text", "metric", "verdict", "kind")
_CLAUSE_NUMBERS = ("value", "lower", "upper", "threshold", "alpha", "groups_needed")
_TEXTS = ("controller", "rung_from", "rung_to", "reason", "sentence")


def is_number(value: Any) -> bool:
    """A number that single steps of arithmetic can handle."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        float(value)
    except OverflowError:
        return False
    return True


def is_known(value: Any) -> bool:
    """A number, or None where it is unknown."""
    return value is None or is_number(value)


def is_count(value: Any) -> bool:
    """A whole number of something."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53


def is_receipt(receipt: Receipt) -> bool:
    """Whether every field is of its kind."""
    return (
        is_count(receipt.step)
        and is_number(receipt.severity_from)
        and is_number(receipt.severity_to)
        and all(isinstance(getattr(receipt, name), str) for name in _TEXTS)
        and is_known(receipt.alpha)
        and is_known(receipt.spent)
        and isinstance(receipt.forecast, Mapping)
        and all(is_known(value) for value in receipt.forecast.values())
        and all(_is_clause(clause) for clause in receipt.clauses)
    )


def _is_clause(clause: Any) -> bool:
    return (
        all(isinstance(getattr(clause, name), str) for name in _CLAUSE_TEXTS)
        and all(is_known(getattr(clause, name)) for name in _CLAUSE_NUMBERS)
        and is_count(clause.n_responses)
        and is_count(clause.n_groups)
    )


def fault_of_evaluation(content: Any) -> str:
    """What is wrong with an evaluation; "" where nothing is."""
    if not isinstance(content, dict):
        return "is no evaluation"
    figures, rewards = content.get("figures"), content.get("rewards")
    if not isinstance(figures, dict) or not isinstance(rewards, list):
        return "is no evaluation: it has no rewards or figures"
    if not all(is_number(reward) for reward in rewards):
        return "has a reward that is no number"
    for name, figure in figures.items():
        sound = isinstance(figure, dict) and all(
            is_known(figure.get(key, "")) for key in ("value", "lower", "upper")
        )
        if not sound or not is_count(figure.get("n")):
            return f"the figure {name!r} is no interval"
    missing = [name for name in ("mean",) if name not in figures]
    if missing:
        return f"has no figure {missing[0]!r}"
    inner = content.get("larger")
    return "" if inner is None else fault_of_evaluation(inner)
