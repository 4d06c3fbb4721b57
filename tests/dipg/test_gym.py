"""The original package in process: its sums decode into terms, and price as it prices."""

import numpy as np
import pytest

pytest.importorskip("med_safety_gym", reason="needs the extra gym")
pytestmark = pytest.mark.slow

from dipg.gym import OriginalEnvironment, original_facts  # noqa: E402
from dipg.pricing import EVALUATION, SOFT, TERMS  # noqa: E402
from dipg.rubric import EVENTS  # noqa: E402
from tests.dipg.test_adversarial import CASES  # noqa: E402


def test_facts_price_as_the_original_prices() -> None:
    vignettes = [c.vignette for c in CASES[:400]]
    responses = [c.response for c in CASES[:400]]
    terms, events = original_facts()(vignettes, responses)
    assert terms.shape == (400, len(TERMS))
    assert set(np.unique(terms)) == {0, 1}
    for prices in (EVALUATION, SOFT):
        own = OriginalEnvironment(prices).score(vignettes, responses).rewards
        np.testing.assert_array_equal(terms @ np.array(list(prices.to_mapping().values())), own)
    assert np.isnan(events[:, EVENTS.index("abstained")]).all()
    assert (events[:, 10:].sum(1) == 1).all()
