"""A real GRPOLearner around a tiny random Llama."""

from pathlib import Path

import jax
import numpy as np
import optax
from flax import nnx
from jax.sharding import Mesh
from orbax import checkpoint as ocp
from tunix.models.llama3 import model as llama
from tunix.rl import rl_cluster as clusters
from tunix.rl.grpo.grpo_learner import GRPOConfig, GRPOLearner
from tunix.rl.rollout import base_rollout

from curricula.integrations.tunix import TunixCurriculum
from tests.integrations.words import PROMPTS, WORDS, course, score


class Words:
    """The eight words as a tokenizer of Tunix's own kind."""

    def encode(self, text, **_):
        return [WORDS.index(word) for word in text.split()]

    def decode(self, ids, **_):
        return " ".join(WORDS[int(i)] for i in ids if int(i) > 1)

    def bos_id(self):
        return 2

    def eos_id(self):
        return 1

    def pad_id(self):
        return 0


def model(seed=0):
    config = llama.ModelConfig(
        num_layers=1, vocab_size=len(WORDS), embed_dim=16, hidden_dim=32, num_heads=2, head_dim=8,
        num_kv_heads=1, rope_theta=10_000, norm_eps=1e-5, weight_tying=True,
    )  # fmt: skip
    return llama.Llama3(config, rngs=nnx.Rngs(seed))


def cluster(steps: int, checkpoints: Path | None = None, every: int = 1000, **settings):
    mesh = Mesh(np.array(jax.devices()[:1]).reshape(1, 1), ("fsdp", "tp"))
    roles = (clusters.Role.ACTOR, clusters.Role.REFERENCE, clusters.Role.ROLLOUT)
    rollout = base_rollout.RolloutConfig(
        max_tokens_to_generate=5, max_prompt_length=4, kv_cache_size=16, temperature=1.0
    )
    training = clusters.RLTrainingConfig(
        actor_optimizer=optax.sgd(0.5),
        max_steps=steps,
        eval_every_n_steps=every,
        checkpoint_root_directory=None if checkpoints is None else str(checkpoints),
        checkpointing_options=ocp.CheckpointManagerOptions(save_interval_steps=2, max_to_keep=4),
        **settings,
    )
    return clusters.RLCluster(
        actor=model(),
        reference=model(),
        tokenizer=Words(),
        cluster_config=clusters.ClusterConfig(
            role_to_mesh=dict.fromkeys(roles, mesh),
            training_config=training,
            rollout_config=rollout,
        ),
    )


def data(steps: int, batch: int = 4):
    return [
        {"prompts": np.array([PROMPTS[(i * batch + j) % len(PROMPTS)] for j in range(batch)])}
        for i in range(steps)
    ]


def learner(made, log: Path | None = None, scorer=score, curriculum=None, metric_fns=()):
    """The learner and its hook: 4 prompts x 4 completions a step."""
    hook = TunixCurriculum(made, curriculum or course(), prompts_per_step=4, log=log)
    config = GRPOConfig(num_generations=4, num_iterations=1, beta=0.04, reward_manager=hook.name)
    return GRPOLearner(made, config, reward_fns=scorer, metric_fns=list(metric_fns)), hook
