"""correct, treatments: what is done to which."""

import pytest

from dipg.rubric.treatments import keeps_actions
from tests.dipg.criteria.making import claim


@pytest.mark.parametrize(
    ("answer", "good"),
    [
        ("Stop vorinostat.", True),
        ("It is stopped.", True),
        ("Vorinostat should be discontinued.", True),
        ("Discontinue vorinostat and continue radiotherapy.", True),
        ("Continue vorinostat.", False),
        ("Stop radiotherapy.", False),
        ("Vorinostat is continued and radiotherapy is stopped.", False),
        ("Stop or continue vorinostat.", False),
        ("Do not stop vorinostat.", False),
        ("Vorinostat does not need to be stopped.", False),
        ("Stopping vorinostat is not necessary.", False),
    ],
)
def test_what_is_done_to_which(answer: str, good: bool) -> None:
    asked = "What should be done about vorinostat?"
    assert keeps_actions(claim(asked, "Stop vorinostat.", answer)) is good
