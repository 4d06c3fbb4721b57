import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from grpo_core.advantages import (
    batch_normalised,
    group_centred,
    group_normalised,
    group_std,
    leave_one_out,
    zero_std_fraction,
)

ESTIMATORS = [group_normalised, group_centred, leave_one_out, batch_normalised]


def test_a_group_worked_by_hand():
    # mean 2, sample variance ((1-2)^2 + (3-2)^2) / 1 = 2
    found = group_normalised(np.array([[1.0, 3.0]], np.float32), epsilon=0.0)
    np.testing.assert_allclose(found, [[-1 / np.sqrt(2), 1 / np.sqrt(2)]], rtol=1e-6)


@given(
    hnp.arrays(np.float32, (3, 4), elements=st.integers(-50, 50).map(float)),
)
@settings(max_examples=40)
def test_equals_numpy_and_sums_to_nothing(rewards):
    found = np.asarray(group_normalised(rewards))
    std = rewards.std(-1, ddof=1, keepdims=True)
    wanted = np.where(std > 0, (rewards - rewards.mean(-1, keepdims=True)) / (std + 1e-4), 0)
    np.testing.assert_allclose(found, wanted, atol=1e-4)
    np.testing.assert_allclose(found.sum(-1), 0, atol=1e-4)


def test_the_other_estimators_worked_by_hand():
    rewards = np.array([[1, 2, 6], [4, 4, 4]], np.float32)
    assert group_centred(rewards).tolist() == [[-2, -1, 3], [0, 0, 0]]
    # Each against the mean of the two others: 1 - 4, 2 - 3.5, 6 - 1.5.
    np.testing.assert_allclose(leave_one_out(rewards), [[-3, -1.5, 4.5], [0, 0, 0]], rtol=1e-6)
    # All six: mean 3.5, squares 6.25 + 2.25 + 6.25 + 3 * 0.25 = 15.5, over n - 1 = 5.
    wanted = np.array([[-2, -1, 3], [0, 0, 0]]) / np.sqrt(15.5 / 5)
    np.testing.assert_allclose(batch_normalised(rewards, epsilon=0.0), wanted, rtol=1e-6)


def test_leave_one_out_is_a_baseline_that_the_completion_itself_cannot_move():
    rewards = np.array([[3.0, 8.0, -1.0, 0.5]], np.float32)
    raised = rewards + np.array([[1.0, 0, 0, 0]], np.float32)
    moved = np.asarray(leave_one_out(raised) - leave_one_out(rewards))[0, 0]
    assert moved == pytest.approx(1.0, abs=1e-6)
    moved = np.asarray(group_centred(raised) - group_centred(rewards))[0, 0]
    assert moved == pytest.approx(3 / 4, abs=1e-6)


def test_scale_and_shift_of_the_prices_change_nothing():
    rewards = np.array([[50.0, 25.0, 0.0, 0.0]], np.float32)
    np.testing.assert_allclose(
        group_normalised(rewards), group_normalised(rewards * 2 + 7), atol=1e-5
    )


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("reward", [0.1, 36.0, -15.0, 1 / 3])
def test_rounding_residue_of_an_equal_group_is_not_blown_up(estimator, reward):
    rewards = np.full((1, 7), reward, np.float32)
    rewards[0, 0] = np.nextafter(rewards[0, 0], np.float32(100))
    assert np.asarray(estimator(rewards)).tolist() == [[0.0] * 7]
    assert float(group_std(rewards)[0]) == 0.0


def test_counts_groups_that_teach_nothing():
    rewards = np.array([[1, 1], [1, 2], [0, 0], [5, 5]], np.float32)
    assert float(zero_std_fraction(rewards)) == 0.75


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_a_group_of_one_is_refused(estimator):
    with pytest.raises(ValueError, match="at least 2 completions"):
        estimator(np.zeros((4, 1), np.float32))
