"""What is warned of and what ends a run, by hand."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dipg.app.config import GuardsConfig
from dipg.app.guards import GuardError, Guards, causes

CONFIG = GuardsConfig(skipped=3, patience=2, entropy=0.1, length=0.5)


def metrics(step: int = 1, **changes: Any) -> dict[str, Any]:
    usual = {
        "step": step,
        "skipped": 0.0,
        "reward": 1.0,
        "frac_reward_zero_std": 0.25,
        "entropy": 1.0,
        "completions/mean_length": 20.0,
    }
    return usual | {name.replace("__", "/"): value for name, value in changes.items()}


def told(guards: Guards, rows: list[dict[str, Any]]) -> list[list[str]]:
    return [sorted(guards.watch(row)) for row in rows]


def test_a_healthy_run_is_not_warned_of() -> None:
    assert told(Guards(CONFIG), [metrics(step) for step in range(1, 40)]) == [[]] * 39


def test_a_collapse_is_told_once_when_it_has_lasted() -> None:
    flat = metrics(frac_reward_zero_std=1.0)
    assert told(Guards(CONFIG), [flat] * 5) == [[], ["reward_collapse"], [], [], []]


def test_a_collapse_that_comes_back_is_told_again() -> None:
    flat = metrics(frac_reward_zero_std=1.0)
    found = told(Guards(CONFIG), [flat, metrics(), flat, flat, metrics(), flat, flat])
    assert found == [[], [], [], ["reward_collapse"], [], [], ["reward_collapse"]]


def test_entropy_and_length_are_compared_with_their_first_ten_steps() -> None:
    guards = Guards(CONFIG)
    # Nothing is low while the start is not known: the first ten steps are the start.
    assert told(guards, [metrics(entropy=0.001)] * 2 + [metrics()] * 8) == [[]] * 10
    # Its mean is 0.8002: a tenth of that is 0.08002.
    assert told(guards, [metrics(entropy=0.0801)] * 3) == [[]] * 3
    assert told(guards, [metrics(entropy=0.08)] * 2) == [[], ["entropy_collapse"]]
    assert told(guards, [metrics(completions__mean_length=10.0)] * 2) == [[], []]
    assert told(guards, [metrics(completions__mean_length=9.9)] * 2) == [[], ["length_collapse"]]


def test_so_many_skipped_steps_in_a_row_end_the_run() -> None:
    guards, skipped = Guards(CONFIG), metrics(7, skipped=1.0)
    told(guards, [skipped, skipped, metrics(), skipped, skipped])
    with pytest.raises(GuardError, match="step 7: 3 steps in a row had a loss or gradient that is"):
        guards.watch(skipped)


def test_a_reward_that_is_not_finite_is_named() -> None:
    guards = Guards(GuardsConfig(skipped=1))
    with pytest.raises(GuardError, match="had a reward that is not finite; the weights are as"):
        guards.watch(metrics(skipped=1.0, reward=float("nan")))


@pytest.mark.parametrize(
    ("seen", "cause"),
    [
        ({"completions/clipped_ratio": 1.0}, "max_completion_length"),
        ({"format_rate": 0.0}, "no response has the format"),
        ({"abstention_rate": 1.0}, "every response abstains: the penalties are too harsh"),
        ({"correct_rate": 1.0}, "harder vignettes"),
        ({"entropy": 0.0}, "sampling is deterministic"),
        ({}, "all responses of a prompt earn the same"),
    ],
)
def test_causes_of_a_reward_collapse(seen: dict[str, float], cause: str) -> None:
    assert cause in causes(seen)


@given(
    st.lists(
        st.tuples(st.sampled_from([0.0, 1.0]), st.floats(0, 2), st.floats(1, 50)), max_size=60
    ),
    st.integers(0, 60),
)
@settings(max_examples=100)
def test_saved_and_restored_at_any_step_they_say_the_same(
    seen: list[tuple[float, float, float]], cut: int
) -> None:
    rows = [
        metrics(i, frac_reward_zero_std=flat, entropy=entropy, completions__mean_length=length)
        for i, (flat, entropy, length) in enumerate(seen)
    ]
    whole, first = Guards(CONFIG), Guards(CONFIG)
    expected = told(whole, rows)
    found = told(first, rows[:cut])
    saved = json.loads(json.dumps(first.to_json()))
    assert found + told(Guards.from_json(CONFIG, saved), rows[cut:]) == expected
