"""How often, where that is what was asked."""

import pytest

from dipg.rubric.pace import intervals_of, keeps_pace, pace_of
from tests.dipg.criteria.making import claim, events, vignette

CONTEXT = (
    "Bevacizumab is given every 14 days with lomustine and every 21 days alone. Gentamicin was "
    "given every 36 hours to KT33. Blood pressure is measured weekly in every child."
)
OFTEN = "How often is bevacizumab given with lomustine?"


def test_a_rate_is_read_on_its_own_and_not_of_a_dose() -> None:
    assert pace_of("every 14 days") == {round(1 / 14, 6)}
    assert pace_of("twice weekly, on mondays and fridays") == {round(2 / 7, 6)}
    assert pace_of("15 mg twice daily") == frozenset()
    assert intervals_of("every 36 hours") == (1.5,)


@pytest.mark.parametrize(
    ("answer", "good"),
    [
        ("Every two weeks", True),
        ("Once every 14 days, that is", True),
        ("Fortnightly", True),
        ("Every 21 days", False),
        ("Every few days", False),
        ("Every 14 or 21 days; every 14 days or every 21 days", False),
        ("Every 14 days. Blood pressure is measured weekly.", True),
    ],
)
def test_another_rate_is_another_answer(answer: str, good: bool) -> None:
    assert keeps_pace(claim(OFTEN, "every 14 days", answer, context=CONTEXT)) == good


def test_a_rate_is_carried_by_a_quotation_that_tells_it() -> None:
    made = vignette("How often was gentamicin given to KT33?", "every 36 hours", context=CONTEXT)
    told = "Gentamicin was given every 36 hours to KT33."
    other = "Blood pressure is measured weekly in every child."
    assert events(made, told, "every 36 hours")["consistent"] == 1
    assert events(made, told, "The interval was 36 hours")["consistent"] == 1
    assert events(made, other, "every 36 hours")["consistent"] == 0
