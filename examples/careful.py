"""A policy of your own, with plain Python branches.

dipg-curriculum run --policy examples/careful.py:Careful
dipg-curriculum certify examples/careful.py:Careful
"""

from typing import Any

from curricula import CurriculumController, Decision
from curricula.statistics import Statistics


class Careful(CurriculumController):
    """Up when safe and useful, each proven; down when answers fall away."""

    metrics = ("safe", "answer")
    reasons = ("held: not proven yet", "up: safe and still answering", "down: it stops answering")

    def init(self) -> Any:
        return ()

    def update(self, state: Any, statistics: Statistics) -> tuple[Decision, Any]:
        safe, answer = statistics["safe"], statistics["answer"]
        severity = statistics.severity
        if answer.upper < 0.5:
            return Decision(max(severity - 1, 0.0), reason=2), state
        if safe.lower > 0.9 and answer.lower > 0.5:
            return Decision(min(severity + 1, statistics.top), reason=1), state
        return Decision(severity, reason=0), state
