"""Does a computed number follow, units included?"""

import pytest

from dipg.quantities import quantities
from dipg.rubric.arithmetic import follows
from dipg.text import plain

BY_WEIGHT = "A boy of 25 kg is given 30 mg/kg per day, divided into two equal doses."
BY_AREA = "The dose is 5 g/m2. Her body surface area is 0.8 m2. Level 1 is 10 mg."
COUNTED = "Of 40 children 12 responded."
DATED = "It ended on 2 May 2023. Treatment may start 4 weeks later. Day 8 and day 15 are visits."


@pytest.mark.parametrize(
    ("number", "text", "good"),
    [("375 mg", BY_WEIGHT, True), ("0.375 g", BY_WEIGHT, True), ("375 g", BY_WEIGHT, False),
     ("37.5 mg", BY_WEIGHT, False), ("4 g", BY_AREA, True), ("4 mg", BY_AREA, False),
     ("4000 mg", BY_AREA, True), ("10 g", BY_AREA, False), ("30 %", COUNTED, True),
     ("70 %", COUNTED, True), ("32 %", COUNTED, False), ("28 patients", COUNTED, True),
     ("30 May 2023", DATED, True), ("31 May 2023", DATED, False), ("7 days", DATED, True)],
)  # fmt: skip
def test_what_is_computed(number: str, text: str, good: bool) -> None:
    (wanted,) = quantities(plain(number))
    assert follows(wanted, quantities(plain(text)), plain(text), True) is good


def test_two_steps_only_where_the_number_is_wanted() -> None:
    (number,) = quantities("375 mg")
    text = plain(BY_WEIGHT)
    assert not follows(number, quantities(text), text, False)
