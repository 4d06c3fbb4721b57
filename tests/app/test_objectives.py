"""What the names of losses, advantages and estimates in the configuration stand for."""

import jax.numpy as jnp
import numpy as np
import pytest

from dipg.app.config import ADVANTAGES, KL_ESTIMATES, LOSSES, GRPOConfig
from dipg.app.objectives import advantages_of, leave_out, loss_of, scalars_of
from dipg.app.settings import ConfigError
from grpo_core.batch import Batch, Prompts
from grpo_core.importance import Truncated, of_sequence
from grpo_core.kl import StraightThrough, k3
from grpo_core.losses import PerConstant, grpo, per_token, weighted_likelihood


def test_the_default_is_the_report_s_objective():
    assert loss_of(GRPOConfig()) == grpo()
    found = [float(x) for x in scalars_of(GRPOConfig(epsilon=0.25, beta=0.5))]
    assert found == [0.25, 0.25, 0.5, 0.0]


def test_every_name_stands_for_its_own_part():
    assert len({loss_of(GRPOConfig(loss=name)) for name in LOSSES}) == 5
    assert len({advantages_of(GRPOConfig(advantages=name)) for name in ADVANTAGES}) == 4
    assert len({loss_of(GRPOConfig(kl=name)) for name in KL_ESTIMATES}) == 5


def test_parts_are_where_they_belong():
    config = GRPOConfig(loss="dr_grpo", max_completion_length=77, importance_cap=3.0, kl="k3+")
    loss = loss_of(config)
    assert loss.average == PerConstant(77)
    assert (loss.correction, loss.kl) == (Truncated(3.0), StraightThrough(k3))
    assert loss_of(GRPOConfig(loss="dapo")).average is per_token
    assert loss_of(GRPOConfig(loss="gspo")).level is of_sequence
    assert loss_of(GRPOConfig(loss="cispo")).surrogate is weighted_likelihood
    assert loss_of(GRPOConfig(entropy_coef=0.01)).entropy_bonus
    assert float(scalars_of(GRPOConfig(epsilon_high=0.28)).epsilon_high) == np.float32(0.28)


def test_what_is_left_out():
    ones = np.ones((2, 2, 3), np.float32)
    tokens = jnp.array([[[5, 5, 1], [5, 5, 5]], [[5, 1, 1], [5, 1, 1]]])
    batch = Batch(Prompts(jnp.zeros((2, 2)), jnp.array([2, 2])), tokens, jnp.asarray(ones))
    advantages = jnp.array([[1.0, -1.0], [0.0, 0.0]])

    def kept(**options):
        return leave_out(GRPOConfig(**options), batch, 1, advantages).completion_mask.sum(-1)

    assert kept().tolist() == [[3, 3], [3, 3]]
    assert kept(mask_truncated_completions=True).tolist() == [[3, 0], [3, 3]]
    assert kept(mask_zero_std_groups=True).tolist() == [[3, 3], [0, 0]]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"loss": "cispo2"}, "did you mean 'cispo'"),
        ({"advantages": "mean"}, "valid: group, centred, leave_one_out, batch"),
        ({"kl": "k4"}, "valid: k1, k2, k3, k1\\+, k3\\+"),
        ({"importance_cap": 0.5}, "importance_cap = 0.5: must be 0, for none, or at least 1"),
        ({"entropy_coef": -1.0}, "must be at least 0"),
    ],
)
def test_what_does_not_exist_is_refused(values, said):
    with pytest.raises(ConfigError, match=said):
        GRPOConfig(**values)
