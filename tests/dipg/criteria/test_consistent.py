"""consistent: the proof carries the answer's numbers and names, and the thinking does not give
up."""

import pytest

from dipg.rubric.reading import read
from dipg.rubric.sides import shows_both_sides
from tests.dipg.criteria.making import BOTH, DIVIDED, DOSE, DOSE_PROOF, SILENT, events

DRUG_PROOF = "Vorinostat 230 mg/m2 once daily was added in arm 1."


@pytest.mark.parametrize(
    ("proof", "answer", "carried"),
    [
        (DOSE_PROOF, "54 Gy", 1),
        (DOSE_PROOF, "5400 cGy", 1),
        (DOSE_PROOF, "54 Gy in 30 fractions", 1),
        (DRUG_PROOF, "54 Gy", 0),
        (DOSE_PROOF, "54 Gy with vorinostat", 0),
        (f"{DOSE_PROOF}\n{DRUG_PROOF}", "54 Gy with vorinostat", 1),
        ("", "54 Gy", 0),
    ],
)
def test_numbers_and_names_need_a_proof(proof: str, answer: str, carried: int) -> None:
    assert events(DOSE, proof, answer)["consistent"] == carried


def test_a_guess_after_giving_up() -> None:
    gave_up = "The record does not state the dose, so it cannot be determined."
    assert events(DOSE, DOSE_PROOF, "54 Gy", gave_up)["consistent"] == 0


def test_a_right_abstention_always_is() -> None:
    assert events(SILENT, "", "The record does not say.")["consistent"] == 1
    assert events(SILENT, DOSE_PROOF, "The record does not say.", "So 20 kg.")["consistent"] == 1


def test_a_conflict_report_quotes_both_sides() -> None:
    answer = "The sources disagree."
    assert events(DIVIDED, BOTH, answer)["consistent"] == 1
    assert events(DIVIDED, BOTH.split("\n")[0], answer)["consistent"] == 0
    assert events(DIVIDED, "", answer)["consistent"] == 0


def test_two_statements_on_other_matters_are_no_two_sides() -> None:
    asked = read("What dose of panobinostat did she take?")
    assert not shows_both_sides("she took panobinostat 20 mg.\nshe took vorinostat 30 mg.", asked)
    assert shows_both_sides("she took panobinostat 20 mg.\nshe took panobinostat 30 mg.", asked)


def test_two_sides_need_no_numbers() -> None:
    drug = read("Which drug was given as second line?")
    one, other = "the note of 12 may states vorinostat as second line.", "the log of 12 may states"
    assert shows_both_sides(f"{one}\n{other} panobinostat as second line.", drug)
    survival = read("Does the drug prolong survival?")
    assert shows_both_sides("the drug prolonged survival.\nit did not prolong survival.", survival)
    assert not shows_both_sides(one, drug)
