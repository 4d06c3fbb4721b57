"""correct: which of two came first."""

import pytest

from dipg.rubric.sequences import order_verdict
from tests.dipg.criteria.making import claim


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        ("Alteplase came first.", True),
        ("Thrombectomy followed alteplase.", True),
        ("Alteplase, and after that thrombectomy.", True),
        ("Thrombectomy came before alteplase.", False),
        ("Thrombectomy was first, then alteplase.", False),
        ("Alteplase followed thrombectomy.", False),
        ("Thrombectomy; after a delay she was switched to alteplase.", False),
        ("Alteplase", None),
    ],
)
@pytest.mark.parametrize("told", ["Alteplase", "alteplase before thrombectomy"])
def test_which_came_first(told: str, answer: str, verdict: bool | None) -> None:
    asked = "Which treatment came first, alteplase or thrombectomy?"
    context = "Alteplase was given at 9:00, and thrombectomy followed at 10:00."
    assert order_verdict(claim(asked, told, answer, context=context)) is verdict
