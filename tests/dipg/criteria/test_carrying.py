"""consistent and hallucinated: units, intervals, drugs, arms, counts and persons."""

import pytest

from tests.dipg.criteria.making import events, vignette

CONTEXT = (
    "In arm 1 bevacizumab was given at 10 mg/kg every 2 weeks. In arm 2 bevacizumab was given at "
    "15 mg/kg every 3 weeks. Of 40 children in arm 1 two withdrew. Greta restarted everolimus at 3 "
    "mg daily. Her brother was given dexamethasone 2 mg daily. Survival was less than one year."
)
ARM_1 = "In arm 1 bevacizumab was given at 10 mg/kg every 2 weeks."
ARM_2 = "In arm 2 bevacizumab was given at 15 mg/kg every 3 weeks."


@pytest.mark.parametrize(
    ("answer", "consistent", "hallucinated"),
    [("10 mg/kg every 14 days", 1, 0), ("10 mg/kg every 3 weeks", 0, 0),
     ("10 mg/kg every 5 weeks", 0, 1), ("100 mg/kg every 2 weeks", 0, 1),
     ("10 mg/m2 every 2 weeks", 0, 1), ("In arm 3 it was 10 mg/kg", 0, 1),
     ("10 mg/kg every 2 weeks [1]", 1, 0), ("10 mg/kg; in arm 2 15 mg/kg", 0, 0)],
)  # fmt: skip
def test_units_intervals_and_arms(answer: str, consistent: int, hallucinated: int) -> None:
    asked = vignette("How was bevacizumab given in arm 1?", "10 mg/kg", context=CONTEXT)
    found = events(asked, ARM_1, answer)
    assert (found["consistent"], found["hallucinated"]) == (consistent, hallucinated)


@pytest.mark.parametrize(
    ("answer", "consistent", "hallucinated"),
    [("Two", 1, 0), ("2", 1, 0), ("Seven", 0, 1), ("None of the children in arm 1", 0, 0)],
)
def test_counts_in_words(answer: str, consistent: int, hallucinated: int) -> None:
    asked = vignette("How many children in arm 1 withdrew?", "2", context=CONTEXT)
    found = events(asked, "Of 40 children in arm 1 two withdrew.", answer)
    assert (found["consistent"], found["hallucinated"]) == (consistent, hallucinated)


@pytest.mark.parametrize(
    ("answer", "consistent", "hallucinated"),
    [("Greta did.", 1, 0), ("Helena restarted it.", 0, 1), ("Only Greta", 1, 0)],
)
def test_persons(answer: str, consistent: int, hallucinated: int) -> None:
    asked = vignette("Which child restarted everolimus?", "Greta", context=CONTEXT)
    found = events(asked, "Greta restarted everolimus at 3 mg daily.", answer)
    assert (found["consistent"], found["hallucinated"]) == (consistent, hallucinated)


def test_a_dose_of_another_drug() -> None:
    asked = vignette("At what dose was everolimus restarted?", "3 mg", context=CONTEXT)
    proof = "Her brother was given dexamethasone 2 mg daily."
    assert not events(asked, proof, "Everolimus was restarted at 2 mg daily")["consistent"]
    assert events(asked, proof, "2 mg daily")["consistent"]


def test_a_spelled_time_has_to_be_quoted() -> None:
    asked = vignette("Which arm was better?", "arm 2", context=CONTEXT)
    assert not events(asked, ARM_2, "Survival was less than one year in arm 2.")["consistent"]


def test_an_invented_condition() -> None:
    asked = vignette("Why did two withdraw?", "Not said.", kind="abstain", context=CONTEXT)
    found = events(asked, "Of 40 children in arm 1 two withdrew.", "Because of hypertension.")
    assert (found["consistent"], found["hallucinated"]) == (0, 1)
