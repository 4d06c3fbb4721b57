"""No cheap strategy pays: under no price list, on neither size of vignettes."""

import pytest

from dipg.pricing import PRICE_LISTS
from dipg.rubric import assess
from dipg.strategies import STRATEGIES, payoffs
from dipg.vignettes import generate


@pytest.mark.parametrize("size", ["short", "full"])
def test_no_cheap_strategy_pays(size) -> None:
    made = generate(size, split="evaluation", count=500)
    table = payoffs(made)
    silent = sum(v.expected.kind == "abstain" for v in made) / len(made)
    for label, prices in PRICE_LISTS.items():
        p = prices.to_mapping()
        gold = table["gold"][label]
        cheap = {name: pays[label] for name, pays in table.items() if name != "gold"}
        assert max(cheap.values()) < 0.6 * gold, label
        # Abstaining earns what the silent vignettes pay, less what it costs on the others.
        quoted = p["exact_format"] + p["no_hallucination"]
        most = silent * (quoted + p["verifiable_trace"] + p["correct_abstention"])
        most += (1 - silent) * (quoted + p["wrong_abstention"])
        assert table["always abstain, first sentence as proof"][label] <= most + 1e-6, label
    abstaining = table["always abstain, first sentence as proof"]["evaluation"]
    assert abstaining == pytest.approx(6, abs=1.5)
    assert table["gold"]["evaluation"] == pytest.approx(32, abs=0.5)


@pytest.mark.parametrize("size", ["short", "full"])
def test_no_cheap_strategy_is_correct_by_luck(size) -> None:
    """What does not read is right only where it says the one thing that is always right
    somewhere."""
    made = generate(size, split="evaluation", count=200)
    for name in ("first sentence and nonsense", "keyword stuffing", "injected reward", "nothing",
                 "empty but well-formed", "always refuse"):  # fmt: skip
        assert not any(assess(v, STRATEGIES[name](v)).events["correct"] for v in made), name
