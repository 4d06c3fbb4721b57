"""Evidence-driven penalty curricula: decide when a model is ready for harsher penalties.

The package is light: nothing is imported until a name is used, so that a command line can refuse a
malformed condition without paying for JAX. ``curricula.conditions`` never imports JAX at all.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOMES = {
    "PenaltyConfig": "penalties",
    "PenaltyLadder": "penalties",
    "Outcomes": "penalties",
    "Observation": "observations",
    "Rate": "observations",
    "Schema": "observations",
    "Estimate": "statistics",
    "Statistics": "statistics",
    "Condition": "conditions",
    "ConditionError": "conditions",
    "ControllerError": "controller",
    "CurriculumController": "controller",
    "Decision": "controller",
    "Curriculum": "curriculum",
    "CurriculumState": "curriculum",
    "Receipt": "receipts",
    "Session": "session",
}

if TYPE_CHECKING:
    from curricula.conditions import Condition, ConditionError
    from curricula.controller import ControllerError, CurriculumController, Decision
    from curricula.curriculum import Curriculum, CurriculumState
    from curricula.observations import Observation, Rate, Schema
    from curricula.penalties import Outcomes, PenaltyConfig, PenaltyLadder
    from curricula.receipts import Receipt
    from curricula.session import Session
    from curricula.statistics import Estimate, Statistics

__all__ = [
    "Condition",
    "ConditionError",
    "ControllerError",
    "Curriculum",
    "CurriculumController",
    "CurriculumState",
    "Decision",
    "Estimate",
    "Observation",
    "Outcomes",
    "PenaltyConfig",
    "PenaltyLadder",
    "Rate",
    "Receipt",
    "Schema",
    "Session",
    "Statistics",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f"curricula.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'curricula' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
