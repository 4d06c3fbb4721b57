"""hallucinated: a foreign proof, or an answer with a number or a name from elsewhere."""

import pytest

from tests.dipg.criteria.making import DOSE, DOSE_PROOF, SILENT, events, vignette


@pytest.mark.parametrize(
    ("answer", "invented"),
    [
        ("54 Gy", 0),
        ("5400 cGy", 0),
        ("500 Gy", 1),
        ("54 Gy with carboplatin", 1),
        ("54 Gy to patient ZZ99", 1),
        ("54 Gy for his H3 K27M mutation", 0),
        ("54 Gy until March 2022", 0),
        ("54 Gy until April 2022", 1),
        ("54 Gy in one course", 0),
    ],
)
def test_numbers_and_names_from_elsewhere(answer: str, invented: int) -> None:
    assert events(DOSE, DOSE_PROOF, answer)["hallucinated"] == invented


def test_a_foreign_proof() -> None:
    assert events(DOSE, DOSE_PROOF.replace("54", "55"), "54 Gy")["hallucinated"] == 1
    assert events(DOSE, "", "54 Gy")["hallucinated"] == 0


def test_what_is_expected_is_never_foreign() -> None:
    computed = vignette("How much longer was survival in arm 1?", "2.1 months")
    proof = "Median survival was 11.2 months in arm 1 and 9.1 months in arm 2."
    assert events(computed, proof, "2.1 months")["hallucinated"] == 0
    assert events(computed, proof, "3.1 months")["hallucinated"] == 1
    traded = vignette("Which drug was added in arm 1?", "vorinostat", "Zolinza")
    assert events(traded, "Vorinostat 230 mg/m2 once daily", "Zolinza")["hallucinated"] == 0
    assert events(traded, "Vorinostat 230 mg/m2 once daily", "Entinostat")["hallucinated"] == 1


def test_what_is_not_there_is_not_asserted() -> None:
    assert events(SILENT, "", "The record does not mention a weight in kg.")["hallucinated"] == 0
