"""The curriculum in a real GRPOLearner on the CPU: receipts, resuming, evaluation, parts."""

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from curricula import Curriculum
from curricula.controllers import blocks
from curricula.observations import decode
from curricula.receipts import verify
from curricula.session import SessionError
from tests.curricula.lab import LADDER, SCHEMA, YARDSTICK
from tests.integrations.words import course, score

pytest.importorskip("tunix", reason="has an environment of its own: make test-tunix")
pytestmark = pytest.mark.slow

from tests.integrations.tunix_stage import cluster, data, learner  # noqa: E402


def lines(path: Path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def two_blocks():
    return Curriculum(blocks((0.0, 1.0), 2), LADDER, YARDSTICK, SCHEMA, window=4, limits=(-25, 20))


class Paid:
    """A metric function that keeps the rewards of every training batch."""

    def __init__(self):
        self.batches = []

    def __call__(self, prompts, completions, advantages, rewards, **_):
        self.batches.append(np.asarray(rewards))
        return {}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Four steps, the prices changing after two: (place, hook, what was paid)."""
    place, paid = tmp_path_factory.mktemp("whole"), Paid()
    made = cluster(4, place / "checkpoints")
    run, hook = learner(made, place / "log", curriculum=two_blocks(), metric_fns=[paid])
    run.train(data(4))
    hook.finish()
    return place, hook, paid


def test_every_step_leaves_a_receipt_that_replays(whole):
    place, hook, _ = whole
    receipts = lines(place / "log" / "decisions.jsonl")
    assert [r["step"] for r in receipts] == [1, 2, 3, 4]
    assert [r["rung_to"] for r in receipts] == ["soft", "hard", "hard", "hard"]
    log = lines(place / "log" / "observations.jsonl")
    assert log[1]["groups"] == np.repeat(np.arange(4), 4).tolist()
    assert verify(two_blocks(), log, receipts).agrees
    assert hook.session.step == 4


def test_the_learner_is_paid_what_was_seen_under_the_prices_in_force(whole):
    place, _, paid = whole
    log = lines(place / "log" / "observations.jsonl")[1:]
    rungs = [0, 0, 1, 1]
    for rewards, seen, rung in zip(paid.batches, log, rungs, strict=True):
        terms = decode(seen, SCHEMA).terms
        assert rewards == pytest.approx(LADDER.at(rung).rewards(terms))


def test_a_run_resumed_from_the_checkpoint_has_the_same_receipts(whole, tmp_path):
    place, *_ = whole
    shutil.copytree(place, tmp_path / "cut")
    shutil.rmtree(tmp_path / "cut" / "checkpoints" / "actor" / "4")
    made = cluster(4, tmp_path / "cut" / "checkpoints")
    assert made.actor_trainer.train_steps == 2
    run, hook = learner(made, tmp_path / "cut" / "log", curriculum=two_blocks())
    # The checkpoint was written within step 2: what that step saw is in it, and not yet decided on.
    assert (hook.session.step, hook.session.pending) == (1, 16)
    run.train(data(4))
    hook.finish()
    for name in ("decisions.jsonl", "observations.jsonl", "metrics.jsonl"):
        assert (tmp_path / "cut" / "log" / name).read_bytes() == (place / "log" / name).read_bytes()


def test_parts_of_a_step_are_one_decision_and_evaluation_is_not_seen(tmp_path):
    calls = []

    def noted(prompts, completions, **columns):
        calls.append(len(completions))
        return score(prompts, completions)

    made = cluster(
        2, every=1, mini_batch_size=4, train_micro_batch_size=2, rollout_micro_batch_size=2,
        compute_logps_micro_batch_size=2,
    )  # fmt: skip
    run, hook = learner(made, tmp_path, scorer=noted)
    run.train(data(2), data(1, batch=2))
    hook.finish()
    assert calls.count(8) > 4  # two parts a step, and the evaluations
    assert [r["step"] for r in lines(tmp_path / "decisions.jsonl")] == [1, 2]
    assert [len(r["groups"]) for r in lines(tmp_path / "observations.jsonl")[1:]] == [16, 16]
    log, receipts = (lines(tmp_path / f"{name}.jsonl") for name in ("observations", "decisions"))
    assert verify(course(), log, receipts).agrees


def manager(scorer=score, fns=None):
    """The hook and its reward manager on a cluster that only has what they look at."""
    from tunix.rl import function_registry

    from curricula.integrations.tunix import TunixCurriculum

    trainer = SimpleNamespace(
        _restored_custom_metadata={}, train_steps=0, custom_checkpoint_metadata_fn=dict
    )
    made = SimpleNamespace(global_steps=0, actor_trainer=trainer)
    hook = TunixCurriculum(made, course(), prompts_per_step=4, name="by hand")
    build = function_registry.get_reward_manager("by hand")
    return hook, build(reward_fns=fns or scorer, algo_config=SimpleNamespace(num_generations=2))


def test_evaluation_is_paid_by_the_yardstick():
    hook, rewards = manager()
    given = {"prompts": ["it"] * 4, "completions": ["yes", "no", "rest", "yes"]}
    assert rewards(**given, mode="eval")["rewards"].tolist() == [20, -15, -5, 20]
    assert hook.session.pending == 0
    assert rewards(**given, mode="train")["rewards"].tolist() == [30, 0, 5, 30]
    assert hook.session.pending == 4


def test_a_response_that_could_not_be_scored_has_no_advantage():
    def sometimes(prompts, completions, **_):
        terms, events = score(prompts, completions)
        terms[0] = np.nan
        terms[2:] = np.nan
        return terms, events

    _, rewards = manager(sometimes)
    told = rewards(prompts=["it"] * 4, completions=["yes", "no", "rest", "yes"])
    assert told["rewards"].tolist() == [0, 0, 0, 0]  # the mean of the other one (0), or of none
    assert told["log_metrics"]["reward"][0] == 0


def test_the_step_is_the_clusters():
    hook, rewards = manager()
    given = {"prompts": ["it"] * 4, "completions": ["yes", "no", "rest", "yes"]}
    rewards(**given)
    rewards(**given)
    assert (hook.session.step, hook.session.pending) == (0, 8)
    hook.cluster.global_steps = 1
    rewards(**given)
    assert (hook.session.step, hook.session.pending) == (1, 4)
    hook.finish()
    hook.finish()
    assert (hook.session.step, hook.session.pending) == (2, 0)


def test_several_reward_functions_are_refused():
    with pytest.raises(SessionError, match="one scorer as reward_fns, got 2"):
        manager(fns=[score, score])
