"""Parts of a run that are worth a test of their own; whole runs are in test_run.py."""

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dipg.app.config import load
from dipg.app.experiment import SCHEMA, check, prompt_rows
from dipg.app.rollout import Rollout
from dipg.app.settings import Given
from dipg.app.step_metrics import plain, response_metrics, reward_metrics
from dipg.pricing import TERMS
from dipg.rubric import EVENTS
from grpo_core.batch import Prompts
from grpo_core.sampler import Completions


@given(st.integers(1, 40), st.integers(1, 8), st.integers(0, 5))
@settings(max_examples=60)
def test_an_epoch_shows_each_prompt_at_most_once(count, per_step, seed):
    whole = count // per_step
    seen = [prompt_rows(count, per_step, seed, step) for step in range(1, whole + 1)]
    assert all(len(rows) == per_step for rows in seen)
    flat = np.concatenate(seen) if seen else np.zeros(0)
    assert len(np.unique(flat)) == len(flat)
    assert set(flat) <= set(range(count))


def test_more_prompts_than_there_are_repeat():
    assert sorted(prompt_rows(2, 5, 0, 3).tolist()) in ([0, 0, 0, 1, 1], [0, 0, 1, 1, 1])


def test_the_order_depends_on_seed_and_epoch_only():
    first = prompt_rows(16, 4, 0, 2)
    assert np.array_equal(first, prompt_rows(16, 4, 0, 2))
    assert not np.array_equal(first, prompt_rows(16, 4, 1, 2))
    assert not np.array_equal(first, prompt_rows(16, 4, 0, 6))  # the same place, next epoch


def test_rewards_of_two_groups_by_hand():
    found = reward_metrics(np.array([[1.0, 3.0], [5.0, 5.0]], np.float32))
    assert found["reward"] == 3.5
    assert found["reward_std"] == pytest.approx(np.sqrt(2) / 2)
    assert found["frac_reward_zero_std"] == 0.5
    assert (found["reward_min"], found["reward_max"]) == (1.0, 5.0)


def rollout(
    events: list[dict[str, int]], terms: list[dict[str, int]], ended: list[bool]
) -> Rollout:
    end = 9
    tokens = [[[3, end, 0]] if e else [[3, 4, 5]] for e in ended]
    mask = [[[1.0, 1.0, 0.0]] if e else [[1.0] * 3] for e in ended]
    shape = jnp.asarray(mask)
    return Rollout(
        Prompts(jnp.zeros((len(ended), 4), jnp.int32), jnp.full(len(ended), 3)),
        Completions(jnp.asarray(tokens), shape, shape),
        [""] * len(ended),
        np.array([[t.get(n, 0) for n in TERMS] for t in terms], np.float32),
        np.array([[e.get(n, 0) for n in EVENTS] for e in events], np.float32),
    )


def test_rates_of_a_batch_by_hand():
    answered = {"answered": 1, "answerable": 1, "safe": 1, "well_formed": 1}
    abstained = {"abstained": 1, "answerable": 1, "safe": 1, "well_formed": 1}
    guessed = {"answered": 1, "unanswerable": 1, "well_formed": 1}
    terms = [{"exact_format": 1, "correct_answer": 1}, {"exact_format": 1}, {"format_mismatch": 1}]
    found = response_metrics(
        rollout([answered, abstained, guessed], terms, [True, True, False]), ends=(9,)
    )
    assert found["answer_rate"] == 0.5  # of two answerable prompts, not of three
    assert found["abstention_rate"] == 0.5
    assert found["safe_rate"] == pytest.approx(2 / 3)
    assert found["yardstick/mean"] == pytest.approx((20 + 10 - 10) / 3)
    assert (found["yardstick/min"], found["yardstick/max"]) == (-10, 20)
    assert found["completions/mean_length"] == pytest.approx(7 / 3)
    assert found["completions/clipped_ratio"] == pytest.approx(1 / 3)


def test_a_rate_of_nothing_is_no_number():
    found = response_metrics(rollout([{"unanswerable": 1}], [{}], [True]), ends=(9,))
    assert np.isnan(found["answer_rate"])
    assert found["safe_rate"] == 0.0


def test_single_precision_is_written_with_the_digits_it_has():
    assert plain(float(np.float32(0.1))) == 0.1
    assert plain(7) == 7
    assert np.isnan(plain(float("nan")))


def test_the_schema_has_every_rate_on_known_events():
    assert SCHEMA.terms == TERMS
    assert {r.event for r in SCHEMA.rates.values()} <= set(EVENTS)


@pytest.mark.parametrize("policy", ["constant", "blocks", "ramp", "gated", "gated-point"])
@pytest.mark.parametrize("ladder", ["report", "caution"])
def test_every_policy_fits_every_ladder(policy, ladder):
    values = {"curriculum.policy": policy, "curriculum.ladder": ladder}
    check(load(given=[Given(k, k, v) for k, v in values.items()]))
