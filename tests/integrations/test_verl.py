"""The driver's side of verl: priced batches, and the signatures that the hooks rely on."""

import asyncio
import inspect
import json

import numpy as np
import pytest

from curricula import Curriculum
from curricula.controllers import blocks
from curricula.integrations.verl import VerlCurriculum, facts_for_verl
from curricula.observations import ObservationError
from curricula.receipts import verify
from curricula.session import SessionError
from tests.curricula.lab import LADDER, SCHEMA, YARDSTICK
from tests.integrations.words import score

torch = pytest.importorskip("torch", reason="has an environment of its own: make test-verl")
verl = pytest.importorskip("verl", reason="has an environment of its own: make test-verl")
pytestmark = pytest.mark.slow

SAID = [["yes", "no", "rest", "yes"], ["no", "no", "rest", "yes"]]


def two_blocks():
    return Curriculum(blocks((0.0, 1.0), 1), LADDER, YARDSTICK, SCHEMA, window=4, limits=(-25, 20))


def words_score(prompts, completions, ground_truths):
    return score(prompts, completions)


compute_score = facts_for_verl(SCHEMA, YARDSTICK, words_score)


def batch(said=SAID[0], kl=0.0):
    """A DataProto as the driver has it before its advantages: two prompts, two responses each."""
    told = [compute_score("words", word, None, {"prompt": "it"}) for word in said]
    mask = torch.tensor([[1, 1, 0], [1, 1, 1], [1, 0, 0], [1, 1, 0]])
    rewards = torch.full((4, 3), -kl) * mask
    for i, facts in enumerate(told):
        rewards[i, int(mask[i].sum()) - 1] += facts["score"]
    extra = {key: np.array([facts[key] for facts in told]) for key in told[0]}
    return verl.DataProto.from_dict(
        tensors={"token_level_rewards": rewards, "response_mask": mask},
        non_tensors={"uid": np.array(["b", "b", "a", "a"], dtype=object), **extra},
    )


def test_a_batch_is_paid_under_the_prices_in_force_and_keeps_its_kl(tmp_path):
    hook = VerlCurriculum(two_blocks(), 4, 2, log=tmp_path)
    data = batch(kl=0.5)
    # Yardstick 20, -15, -5, 20; soft prices 30, 0, 5, 30, on the last token; 0.5 of KL on each.
    assert hook.price(data).tolist() == [30, 0, 5, 30]
    expected = [[-0.5, 29.5, 0], [-0.5, -0.5, -0.5], [4.5, 0, 0], [-0.5, 29.5, 0]]
    assert data.batch["token_level_rewards"].tolist() == expected
    assert hook.price(batch()).tolist() == [30, -50, 5, 30]  # the hard list: wrong is -60
    log = [json.loads(x) for x in (tmp_path / "observations.jsonl").read_text().splitlines()]
    receipts = [json.loads(x) for x in (tmp_path / "decisions.jsonl").read_text().splitlines()]
    assert verify(two_blocks(), log, receipts).agrees
    assert log[1]["groups"] == [1, 1, 0, 0]


def test_verls_own_grpo_advantage_runs_on_the_priced_batch():
    from verl.trainer.ppo import core_algos, ray_trainer

    hook = VerlCurriculum(two_blocks(), 4, 2)
    hook.price(batch())  # the second step is on the hard rung
    priced = hook.before(ray_trainer.compute_advantage)
    data = priced(batch(), adv_estimator=core_algos.AdvantageEstimator.GRPO)
    # Each group of two: +-1/sqrt(2) by the sample's standard deviation.
    first = data.batch["advantages"][:, 0].tolist()
    assert first == pytest.approx([2**-0.5, -(2**-0.5), -(2**-0.5), 2**-0.5], rel=1e-4)


def test_the_state_is_saved_beside_a_checkpoint_and_restored(tmp_path):
    first, whole = VerlCurriculum(two_blocks(), 4, 2), VerlCurriculum(two_blocks(), 4, 2)
    for hook in (first, whole):
        hook.price(batch(SAID[0]))
    first.save(tmp_path)
    second = VerlCurriculum(two_blocks(), 4, 2)
    second.load(tmp_path)
    assert second.price(batch(SAID[1])).tolist() == whole.price(batch(SAID[1])).tolist()
    assert second.session.state_dict() == whole.session.state_dict()
    with pytest.raises(SessionError, match="cannot be read"):
        second.load(tmp_path / "none")


def test_a_batch_without_facts_is_refused():
    data = batch()
    del data.non_tensor_batch["term/right"]
    with pytest.raises(ObservationError, match=r"'term/right'.*facts_for_verl"):
        VerlCurriculum(two_blocks(), 4, 2).price(data)


def test_verls_reward_manager_passes_the_facts_on():
    manager = pytest.importorskip(
        "verl.experimental.reward_loop.reward_manager.naive", reason="lacks ray"
    )

    class Words:
        def decode(self, ids, skip_special_tokens):
            return "yes"

    async def run():
        made = manager.NaiveRewardManager({}, Words(), compute_score)
        data = verl.DataProto.from_dict(
            tensors={
                "responses": torch.ones(1, 2, dtype=torch.long),
                "attention_mask": torch.ones(1, 4, dtype=torch.long),
            },
            non_tensors={
                "data_source": np.array(["words"], dtype=object),
                "reward_model": np.array([{"ground_truth": None}], dtype=object),
                "extra_info": np.array([{"prompt": "it"}], dtype=object),
            },
        )
        return await made.run_single(data)

    told = asyncio.run(run())
    assert told["reward_score"] == 20
    assert told["reward_extra_info"]["term/right"] == 1


@pytest.fixture(scope="module")
def queue():
    """A real TransferQueue, in a Ray of this machine."""
    ray = pytest.importorskip("ray", reason="lacks ray")
    tq = pytest.importorskip("transfer_queue", reason="lacks TransferQueue")
    ray.init(
        num_cpus=16, include_dashboard=False, log_to_driver=False
    )  # each of its parts takes one
    tq.init()
    yield tq
    tq.close()
    ray.shutdown()


def row_of(uid, scores, extra):
    mask = torch.ones(len(scores), dtype=torch.int64)
    return {"uid": uid, "response_mask": mask, "rm_scores": scores, "extra_fields": extra}


def queued(queue, said, step, padding=0):
    """A batch as agent loops leave it: two prompts, two sessions each, the first of two outputs."""
    from transfer_queue import KVBatchMeta
    from verl.utils.tensordict_utils import list_of_dict_to_tensordict

    keys, rows, tags = [], [], []
    outputs = [("b", 0, 0), ("b", 0, 1), ("b", 1, 0), ("a", 0, 0), ("a", 1, 0)]
    words = [said[0], *said]
    for i, ((uid, session, output), word) in enumerate(zip(outputs, words)):
        facts = compute_score("words", word, None, {"prompt": "it"})
        length = (2, 2, 3, 1, 2)[i]
        scores = torch.zeros(length)
        scores[-1] = facts["score"]
        rows.append(row_of(uid, scores, {"reward_extra_info": facts}))
        keys.append(f"{step}{uid}_{session}_{output}")
        tags.append({"status": "success"})
    for i in range(padding):
        rows.append(row_of("pad", torch.zeros(1), {}))
        keys.append(f"{step}pad{i}_0_0")
        tags.append({"status": "success", "is_padding": True})
    fields = list_of_dict_to_tensordict(rows)
    queue.kv_batch_put(keys=keys, partition_id="train", fields=fields, tags=tags)
    return KVBatchMeta(partition_id="train", keys=keys, tags=tags)


def scores_in(queue, batch):
    found = queue.kv_batch_get(keys=batch.keys, partition_id="train", select_fields=["rm_scores"])[
        "rm_scores"
    ]
    return [row.tolist() for row in found.unbind()]


def test_a_batch_in_the_queue_is_paid_there_and_each_session_observed_once(queue, tmp_path):
    hook = VerlCurriculum(two_blocks(), 4, 2, log=tmp_path)
    batch = queued(queue, SAID[0], 1, padding=1)
    assert scores_in(queue, batch) == [[0, 20], [0, 20], [0, 0, -15], [-5], [0, 20], [0]]
    assert hook.price_queued(batch, queue).tolist() == [30, 0, 5, 30]
    assert scores_in(queue, batch) == [[0, 30], [0, 30], [0, 0, 0], [5], [0, 30], [0]]
    hard = queued(queue, SAID[0], 2)
    assert hook.price_queued(hard, queue).tolist() == [30, -50, 5, 30]
    log = [json.loads(x) for x in (tmp_path / "observations.jsonl").read_text().splitlines()]
    assert [row["groups"] for row in log[1:]] == [[1, 1, 0, 0]] * 2
    lost = queued(queue, SAID[0], 3)
    with pytest.raises(ObservationError, match=r"'term/.*facts_for_verl"):
        VerlCurriculum(two_blocks(), 4, 2).price_queued(without_facts(queue, lost), queue)


def without_facts(queue, batch):
    from tensordict import NonTensorStack, TensorDict

    fields = TensorDict({"extra_fields": NonTensorStack(*[{}] * 5)}, batch_size=5)
    queue.kv_batch_put(keys=batch.keys, partition_id="train", fields=fields)
    return batch


def queue_trainer(place):
    """verl's own trainer class, less the workers: they train and save the model."""
    from omegaconf import OmegaConf
    from verl.trainer.ppo.v1 import PPOTrainer

    class Trainer(PPOTrainer):
        def __init__(self):
            self.global_steps = 0
            self.config = OmegaConf.create({
                "algorithm": {"use_kl_in_reward": False, "adv_estimator": "grpo", "gamma": 1.0,
                              "lam": 1.0, "norm_adv_by_std_in_grpo": True},
                "actor_rollout_ref": {"rollout": {"n": 2}},
                "trainer": {"default_local_dir": str(place), "resume_mode": "auto"},
            })  # fmt: skip

        def _save_checkpoint(self):
            (place / f"global_step_{self.global_steps}").mkdir()

        def _load_checkpoint(self):
            self.global_steps = int((place / "global_step_1").is_dir())

    Trainer.__abstractmethods__ = frozenset()
    return Trainer


def test_the_trainer_on_the_queue_trains_and_checkpoints_under_the_curriculum(queue, tmp_path):
    first, second = VerlCurriculum(two_blocks(), 4, 2), VerlCurriculum(two_blocks(), 4, 2)
    kind = queue_trainer(tmp_path)
    first.attach(kind, queue)
    trainer = kind()
    trainer._load_checkpoint()  # there is none: from scratch
    first.price_queued(queued(queue, SAID[1], 4), queue)
    batch = trainer._compute_advantage(queued(queue, SAID[0], 5), metrics={})
    found = queue.kv_batch_get(keys=batch.keys, partition_id="train", select_fields=["advantages"])
    advantages = [row[-1].item() for row in found["advantages"].unbind()]
    # Hard prices 30, -50 and 5, 30: two make +-1/sqrt(2); a session's outputs share theirs.
    expected = [2**-0.5, 2**-0.5, -(2**-0.5), -(2**-0.5), 2**-0.5]
    assert advantages == pytest.approx(expected, rel=1e-4)
    trainer.global_steps = 1
    trainer._save_checkpoint()
    kind = queue_trainer(tmp_path)
    second.attach(kind, queue)
    kind()._load_checkpoint()
    assert second.session.state_dict() == first.session.state_dict()


def test_the_hooks_are_where_the_documentation_says():
    from verl.trainer.ppo import ray_trainer

    parameters = list(inspect.signature(ray_trainer.compute_advantage).parameters)
    assert parameters[:2] == ["data", "adv_estimator"]
    trainer = inspect.unwrap(ray_trainer.RayPPOTrainer)
    assert {"fit", "_save_checkpoint", "_load_checkpoint"} <= set(dir(trainer))


def test_the_hooks_on_the_queue_are_where_the_documentation_says():
    v1 = pytest.importorskip("verl.trainer.ppo.v1", reason="lacks TransferQueue")
    parameters = list(inspect.signature(v1.PPOTrainer._compute_advantage).parameters)
    assert parameters == ["self", "batch", "metrics"]
    assert {"_save_checkpoint", "_load_checkpoint"} <= set(v1.PPOTrainer.__dict__)
    assert issubclass(v1.get_trainer_cls("sync"), v1.PPOTrainer)
    assert "_compute_advantage" not in v1.get_trainer_cls("sync").__dict__  # the base's is used
