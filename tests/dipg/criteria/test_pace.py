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


def test_an_interval_that_is_no_round_part_of_a_day_is_told_by_its_rate() -> None:
    """7 hours are 0.29166... days, which no rounded decimal is."""
    dosed = "Dexamethasone was given every 7 hours to KT33."
    made = vignette("How often was dexamethasone given?", "every 7 hours", context=dosed)
    said = events(made, dosed, "The interval was 7 hours")
    assert (said["consistent"], said["hallucinated"]) == (1, 0)
    said = events(made, dosed, "The interval was 9 hours")
    assert (said["consistent"], said["hallucinated"]) == (0, 1)
