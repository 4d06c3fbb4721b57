"""correct, names and labels: the right drug, gene, person and arm, and no others beside."""

import pytest

from dipg.rubric.named import says_labels, says_names
from tests.dipg.criteria.making import claim


@pytest.mark.parametrize(
    ("answer", "good"),
    [
        ("Vorinostat", True),
        ("It was VORINOSTAT.", True),
        ("vorinostat, not panobinostat", True),
        ("panobinostat", False),
        ("not vorinostat", False),
        ("vorinostat and panobinostat", False),
        ("vorinostat/panobinostat", False),
        ("Vorinostat? No, panobinostat.", False),
    ],
)
def test_one_name(answer: str, good: bool) -> None:
    assert says_names(claim("Which drug was added?", "vorinostat", answer)) is good


@pytest.mark.parametrize(
    ("answer", "good"),
    [
        ("H3K27M and TP53", True),
        ("TP53, H3 K27M", True),
        ("H3K27M", False),
        ("H3K27M or TP53", False),
        ("H3K27M, but TP53 was wild type", True),
        ("H3K27M; TP53 was wild type", False),
    ],
)
def test_several_names(answer: str, good: bool) -> None:
    expected = "H3K27M and TP53"
    said = says_names(claim("Which mutations were found?", expected, answer))
    assert said is (good and "wild type" not in answer)


@pytest.mark.parametrize(
    ("answer", "good"),
    [
        ("Arm 1", True),
        ("arm one", True),
        ("the first arm", True),
        ("1", True),
        ("Survival in arm 2 was shorter than in arm 1.", True),
        ("Arm 2 had the shorter survival, so arm 1.", True),
        ("Arm 2", False),
        ("Arm 1 or arm 2", False),
        ("Arm 1 had the shorter survival.", False),
        ("Survival in arm 1 was shorter than in arm 2.", False),
    ],
)
def test_labels(answer: str, good: bool) -> None:
    assert says_labels(claim("Which arm had the longer survival?", "Arm 1", answer)) is good
