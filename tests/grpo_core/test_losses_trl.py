"""Losses, gradients, metrics and advantages beside those of TRL's own trainer."""

from dataclasses import replace
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

pytest.importorskip("trl", reason="needs the trl extra")
pytestmark = pytest.mark.slow

import datasets  # noqa: E402
import torch  # noqa: E402
import transformers  # noqa: E402
import trl  # noqa: E402
from tokenizers import Tokenizer, models, pre_tokenizers  # noqa: E402

from grpo_core.advantages import (  # noqa: E402
    batch_normalised,
    group_centred,
    group_normalised,
    zero_std_fraction,
)
from grpo_core.importance import Truncated  # noqa: E402
from grpo_core.losses import (  # noqa: E402
    Gain,
    LossScalars,
    Scored,
    cispo,
    dapo,
    dr_grpo,
    grpo,
    gspo,
    without_truncated,
)

N, G, T = 3, 4, 7
LOW, HIGH, BETA, COEF, END = 0.2, 0.28, 0.08, 0.03, 1

OURS = {
    "grpo": grpo(),
    "dr_grpo": dr_grpo(T),
    "dapo": dapo(),
    "gspo": gspo(),
    "cispo": cispo(),
}
# What TRL calls them. Its epsilon_high is the bound itself for cispo, elsewhere it is added to 1.
THEIRS = {
    "gspo": {"loss_type": "grpo", "importance_sampling_level": "sequence"},
    "cispo": {"loss_type": "cispo", "epsilon_high": 1 + HIGH},
}


@pytest.fixture(scope="module")
def trainer(tmp_path_factory):
    words = {w: i for i, w in enumerate(["<pad>", "<end>", *"abcdefgh"])}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="<pad>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    fast = transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", eos_token="<end>"
    )
    torch.manual_seed(0)
    shape = transformers.LlamaConfig(
        vocab_size=len(words),
        hidden_size=8,
        intermediate_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=2,
        pad_token_id=0,
        eos_token_id=END,
    )
    home = str(tmp_path_factory.mktemp("model"))
    transformers.LlamaForCausalLM(shape).save_pretrained(home)
    fast.save_pretrained(home)
    rewards = SimpleNamespace(now=[0.0] * N * G)
    arguments = trl.GRPOConfig(
        output_dir=str(tmp_path_factory.mktemp("trl")),
        per_device_train_batch_size=N * G,
        num_generations=G,
        max_completion_length=T,
        beta=BETA,
        epsilon=LOW,
        epsilon_high=HIGH,
        use_cpu=True,
        bf16=False,
        report_to=[],
    )

    def reward(completions, **_):
        return rewards.now

    built = trl.GRPOTrainer(
        model=home,
        reward_funcs=reward,
        args=arguments,
        train_dataset=datasets.Dataset.from_dict({"prompt": ["a b", "c d", "e f"]}),
    )
    built.current_gradient_accumulation_steps = 1
    built.model.train()
    built.rewards = rewards
    return built


def random_case(seed: int) -> Scored:
    rng = np.random.default_rng(seed)
    logps = -rng.exponential(1.0, (N, G, T))
    old, reference, sampler = (logps + rng.normal(0, s, logps.shape) for s in (0.3, 0.3, 0.2))
    mask = np.arange(T) < rng.integers(1, T + 1, (N, G))[..., None]
    entropy = rng.exponential(1.0, logps.shape)
    case = (logps, old, reference, rng.normal(size=(N, G)), mask, sampler, entropy)
    return Scored(*(np.asarray(x, np.float32) for x in case))


def under_trl(trainer, monkeypatch, case: Scored, trust=None, **options):
    """TRL's `_compute_loss`, its gradient by log-probability, and what it logged.

    The log-probabilities are given to it: everything behind them is TRL's own.
    """
    settings = {"loss_type": "grpo", "use_bias_correction_kl": False} | options
    for name, value in settings.items():
        owner = trainer if name in vars(trainer) else trainer.args
        monkeypatch.setattr(owner, name, value)
    flat = [None if x is None else torch.tensor(x).reshape(N * G, -1) for x in case]
    logps = flat[0].requires_grad_()
    monkeypatch.setattr(
        trainer, "_get_per_token_logps_and_entropies", lambda *_, **__: (logps, flat[6], None)
    )
    ids = torch.zeros((N * G, T), dtype=torch.long)
    inputs = {
        "prompt_ids": ids[:, :2],
        "prompt_mask": ids[:, :2] + 1,
        "completion_ids": ids,
        "completion_mask": flat[4],
        "old_per_token_logps": flat[1],
        "ref_per_token_logps": flat[2],
        "advantages": flat[3].reshape(-1),
        "num_items_in_batch": flat[4].sum(),
    }
    if trust is not None:
        monkeypatch.setattr(trainer, "use_vllm", True)
        monkeypatch.setattr(trainer, "vllm_importance_sampling_correction", True)
        inputs["importance_sampling_ratio"] = torch.tensor(np.asarray(trust)).reshape(N * G, -1)
    trainer._metrics["train"].clear()
    loss = trainer._compute_loss(trainer.model, inputs)
    loss.backward()
    told = {name: values[-1] for name, values in trainer._metrics["train"].items()}
    return loss.item(), logps.grad.numpy().reshape(N, G, T), told


def under_ours(case: Scored, loss):
    scalars = LossScalars(*map(jnp.float32, (LOW, HIGH, BETA, COEF)))
    (value, told), gradient = jax.value_and_grad(
        lambda x: loss(case._replace(logps=x), scalars), has_aux=True
    )(case.logps)
    return float(value), np.asarray(gradient), told


def agree(ours, theirs) -> None:
    assert ours[0] == pytest.approx(theirs[0], abs=1e-5)
    np.testing.assert_allclose(ours[1], theirs[1], atol=1e-5)
    shared = set(ours[2]) & set(theirs[2])
    assert {"kl", "entropy"} <= shared
    for name in shared:
        assert float(ours[2][name]) == pytest.approx(theirs[2][name], abs=1e-5), name


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", sorted(OURS))
def test_losses_gradients_and_metrics(trainer, monkeypatch, name, seed):
    case = random_case(seed)
    options = {"loss_type": name} | THEIRS.get(name, {})
    theirs = under_trl(trainer, monkeypatch, case, **options)
    ours = under_ours(case, OURS[name])
    agree(ours, theirs)
    clips = {m for m in theirs[2] if "clip_ratio" in m} - {"clip_ratio/low_min"}
    assert clips - {"clip_ratio/high_max"} <= set(ours[2])


@pytest.mark.parametrize("name", sorted(OURS))
def test_the_kl_weighted_by_the_ratio(trainer, monkeypatch, name):
    case = random_case(7)
    options = {"loss_type": name} | THEIRS.get(name, {})
    theirs = under_trl(trainer, monkeypatch, case, use_bias_correction_kl=True, **options)
    agree(under_ours(case, replace(OURS[name], kl_by_ratio=True)), theirs)


@pytest.mark.parametrize("per_sequence", [False, True])
@pytest.mark.parametrize("name", sorted(OURS))
def test_the_correction_between_sampler_and_trainer(trainer, monkeypatch, name, per_sequence):
    case, correction = random_case(8), Truncated(1.2, per_sequence)
    trust = correction(case.old_logps, case.sampler_logps, case.mask)
    ratio = torch.tensor((case.old_logps - case.sampler_logps) * case.mask)
    ratio = ratio.sum(-1, keepdim=True) if per_sequence else ratio
    wanted = torch.clamp(torch.exp(ratio), min=None, max=1.2).numpy()
    np.testing.assert_allclose(trust, wanted, atol=1e-6)
    options = {"loss_type": name} | THEIRS.get(name, {})
    theirs = under_trl(trainer, monkeypatch, case, trust, **options)
    agree(under_ours(case, replace(OURS[name], correction=correction)), theirs)


def test_the_entropy_bonus(trainer, monkeypatch):
    case = random_case(9)
    options = {"_entropy_bonus_enabled": True, "entropy_coef": COEF, "loss_type": "dr_grpo"}
    theirs = under_trl(trainer, monkeypatch, case, **options)
    agree(under_ours(case, replace(dr_grpo(T), entropy_bonus=True)), theirs)


def test_a_loss_of_ones_own_is_a_function(trainer, monkeypatch):
    # SAPO (arXiv:2511.20347), which is not among ours: a soft gate in the place of the clip.
    def soft_gate(log_ratio, logps, advantages, scalars):
        sharpness = jnp.where(advantages > 0, 1.0, 1.05)
        gate = jax.nn.sigmoid(sharpness * (jnp.exp(log_ratio) - 1)) * 4 / sharpness
        return Gain(gate * advantages, {})

    case = random_case(10)
    theirs = under_trl(trainer, monkeypatch, case, loss_type="sapo")
    agree(under_ours(case, replace(grpo(), surrogate=soft_gate)), theirs)


@pytest.mark.parametrize(
    ("scale", "estimator"),
    [("group", group_normalised), ("batch", batch_normalised), ("none", group_centred)],
)
def test_advantages_dead_groups_and_truncated_completions(trainer, monkeypatch, scale, estimator):
    rng = np.random.default_rng(11)
    rewards = rng.choice([-15.0, -5.0, 1.0, 31.0], (N, G)).astype(np.float32)
    rewards[1] = 0.1  # a group that teaches nothing
    trainer.rewards.now = rewards.reshape(-1).tolist()
    monkeypatch.setattr(trainer, "scale_rewards", scale)
    monkeypatch.setattr(trainer, "mask_truncated_completions", True)
    trainer._metrics["train"].clear()
    torch.manual_seed(3)
    rows = [{"prompt": p} for p in ("a b", "c d", "e f") for _ in range(G)]
    out = trainer._generate_and_score_completions(rows)
    found = out["advantages"].numpy().reshape(N, G)
    np.testing.assert_allclose(estimator(jnp.asarray(rewards)), found, atol=1e-4)
    if scale == "group":
        told = trainer._metrics["train"]["frac_reward_zero_std"][-1]
        assert float(zero_std_fraction(jnp.asarray(rewards))) == pytest.approx(told, abs=1e-6)
    tokens = out["completion_ids"].numpy()
    ends = np.where((tokens == END).any(-1), (tokens == END).argmax(-1) + 1, tokens.shape[1])
    mask = (np.arange(tokens.shape[1]) < ends[:, None]).astype(np.float32)
    kept = without_truncated(mask[None], tokens[None], END)[0]
    np.testing.assert_array_equal(kept, out["completion_mask"].numpy())
    assert 0 < np.asarray(kept).any(-1).sum() < N * G  # some ended, some did not
