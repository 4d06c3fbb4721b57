"""The curriculum in a real GRPOTrainer: receipts, resuming, evaluation, several ranks."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from curricula import Curriculum
from curricula.controllers import blocks
from curricula.observations import ObservationError, decode
from curricula.receipts import verify
from curricula.session import SessionError
from tests.curricula.lab import LADDER, SCHEMA, YARDSTICK
from tests.integrations.words import PROMPTS, course, score

pytest.importorskip("trl", reason="needs the trl extra")
pytestmark = pytest.mark.slow

from curricula.integrations.trl import CurriculumCallback, CurriculumReward  # noqa: E402
from tests.integrations.trl_stage import trainer  # noqa: E402

ROOT = Path(__file__).parents[2]
SAVE = {"save_strategy": "steps", "save_steps": 3}


def lines(path: Path):
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Six steps in one go: (place, trainer, reward)."""
    place = tmp_path_factory.mktemp("whole")
    made, reward = trainer(place / "out", 6, place / "log", **SAVE)
    made.train()
    return place, made, reward


def test_every_step_leaves_a_receipt_that_replays(whole):
    place, _, reward = whole
    receipts = lines(place / "log" / "decisions.jsonl")
    assert [r["step"] for r in receipts] == [1, 2, 3, 4, 5, 6]
    log = lines(place / "log" / "observations.jsonl")
    assert verify(course(), log, receipts).agrees
    assert reward.session.step == 6
    # 8 completions, 2 to accumulate: 16 a step in groups of 4 (one prompt each).
    assert log[1]["groups"] == np.repeat(np.arange(4), 4).tolist()


def test_what_was_paid_is_what_was_seen_under_the_prices_in_force(whole):
    place, made, _ = whole
    logged = [row for row in made.state.log_history if "reward" in row]
    assert len(logged) == 6
    for row, seen in zip(logged, lines(place / "log" / "observations.jsonl")[1:], strict=True):
        terms = decode(seen, SCHEMA).terms
        prices = LADDER.at(row["severity"])
        assert row["reward"] == pytest.approx(prices.rewards(terms).mean(), abs=1e-4)
        assert row["rewards/curriculum/mean"] == pytest.approx(row["reward"], abs=1e-4)
        assert row["yardstick/mean"] == pytest.approx(YARDSTICK.rewards(terms).mean(), abs=1e-4)
        assert row["penalties/wrong"] == pytest.approx(prices["wrong"])


def test_a_resumed_run_has_the_receipts_of_one_that_never_stopped(whole, tmp_path):
    place, *_ = whole
    first, _ = trainer(tmp_path / "out", 6, tmp_path / "log", **SAVE)
    first.add_callback(_StopAfter(4))  # killed a step after the checkpoint of step 3
    first.train()
    assert len(lines(tmp_path / "log" / "decisions.jsonl")) == 4
    second, reward = trainer(tmp_path / "out", 6, tmp_path / "log", **SAVE)
    held = reward
    second.train(resume_from_checkpoint=str(tmp_path / "out" / "checkpoint-3"))
    assert reward is held  # restored in place: the trainer pays by the object that was restored
    assert second.reward_funcs[0] is reward
    for name in ("decisions.jsonl", "observations.jsonl", "metrics.jsonl"):
        assert (tmp_path / "log" / name).read_bytes() == (place / "log" / name).read_bytes()


def test_the_checkpoint_holds_the_state_as_plain_json(whole):
    place, *_ = whole
    saved = json.loads((place / "out" / "checkpoint-3" / "trainer_state.json").read_text())
    state = saved["stateful_callbacks"]["CurriculumCallback"]["attributes"]["session"]
    assert state["receipt"]["step"] == 3


def test_prices_that_change_are_paid_from_the_next_step(tmp_path):
    made, _ = trainer(tmp_path / "out", 4, tmp_path / "log")
    made.reward_funcs[0].curriculum = _blocks()
    made.train()
    logged = [row for row in made.state.log_history if "reward" in row]
    assert [row["penalties/wrong"] for row in logged] == [-10, -10, -60, -60]
    for row, seen in zip(logged, lines(tmp_path / "log" / "observations.jsonl")[1:], strict=True):
        paid = LADDER.at(row["severity"]).rewards(decode(seen, SCHEMA).terms).mean()
        assert row["reward"] == pytest.approx(paid, abs=1e-4)


def test_evaluation_is_paid_by_the_yardstick_and_never_seen(tmp_path):
    made, reward = trainer(
        tmp_path / "out", 6, tmp_path / "log", eval_strategy="steps", eval_steps=2,
        per_device_eval_batch_size=8, **SAVE,
    )  # fmt: skip
    before = made.evaluate()
    assert reward.session is None
    made.train()
    assert [len(r["groups"]) for r in lines(tmp_path / "log" / "observations.jsonl")[1:]] == [
        16
    ] * 6
    evaluations = [before, *(r for r in made.state.log_history if "eval_reward" in r)]
    assert len(evaluations) >= 4
    for row in evaluations:
        assert row["eval_reward"] == pytest.approx(row["eval_yardstick/mean"], abs=1e-4)
        assert "eval_severity" not in row


def test_several_rollouts_in_one_optimiser_step_are_one_decision(tmp_path):
    made, _ = trainer(tmp_path / "out", 3, tmp_path / "log", steps_per_generation=1)
    made.train()
    receipts = lines(tmp_path / "log" / "decisions.jsonl")
    assert [r["step"] for r in receipts] == [1, 2, 3]
    groups = lines(tmp_path / "log" / "observations.jsonl")[1]["groups"]
    assert groups == np.repeat(np.arange(4), 4).tolist()


def test_one_rollout_for_several_optimiser_steps_is_one_decision(tmp_path):
    made, _ = trainer(tmp_path / "out", 4, tmp_path / "log", steps_per_generation=4)
    made.train()
    receipts = lines(tmp_path / "log" / "decisions.jsonl")
    assert [r["step"] for r in receipts] == [1, 2]
    assert len(lines(tmp_path / "log" / "observations.jsonl")[1]["groups"]) == 32


def test_rollouts_that_are_learnt_from_twice_are_decided_on_once(tmp_path):
    made, _ = trainer(tmp_path / "out", 4, tmp_path / "log", num_iterations=2)
    made.train()
    assert [r["step"] for r in lines(tmp_path / "log" / "decisions.jsonl")] == [1, 2]
    assert [len(r["groups"]) for r in lines(tmp_path / "log" / "observations.jsonl")[1:]] == [
        16,
        16,
    ]


def test_a_response_that_could_not_be_scored_is_unscored_not_zero(tmp_path):
    def sometimes(prompts, completions, **columns):
        terms, events = score(prompts, completions)
        terms[0] = np.nan
        return terms, events

    made, reward = trainer(tmp_path / "out", 2, tmp_path / "log", scorer=sometimes)
    made.train()
    seen = lines(tmp_path / "log" / "observations.jsonl")[1]
    assert np.isnan(decode(seen, SCHEMA).terms[0]).all()
    assert reward.session.summary()["mean"].n_responses == 2 * 15


def test_two_ranks_decide_the_same_on_the_whole_batch(tmp_path):
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2", "--standalone"]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    environment |= {"JAX_PLATFORMS": "cpu", "GLOO_SOCKET_IFNAME": "lo"}
    done = subprocess.run(
        [*command, "-m", "tests.integrations.trl_stage", str(tmp_path)],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    ranks = [json.loads((tmp_path / f"rank{i}.json").read_text()) for i in range(2)]
    assert ranks[0]["rows"] == 2
    assert ranks[0]["state"] == ranks[1]["state"]
    log = lines(tmp_path / "log" / "observations.jsonl")
    # 2 ranks x 4 completions x 2 to accumulate, groups of 4 whole again across the ranks.
    assert log[1]["groups"] == np.repeat(np.arange(4), 4).tolist()
    assert verify(course(), log, lines(tmp_path / "log" / "decisions.jsonl")).agrees


def test_a_reward_without_its_callback_is_refused_in_one_line():
    reward = CurriculumReward(course(), score)
    with pytest.raises(SessionError, match=r"callbacks=\[CurriculumCallback\(reward\)\]"):
        reward(prompts=PROMPTS[:1], completions=["yes"])


def test_the_automatic_restore_is_refused_when_the_trainer_is_built(tmp_path):
    with pytest.raises(SessionError, match="must be False"):
        trainer(tmp_path, 1, restore_callback_states_from_checkpoint=True)


def test_a_callback_without_its_reward_is_refused():
    with pytest.raises(SessionError, match=r"CurriculumCallback\(reward\)"):
        CurriculumCallback().state()


def test_facts_of_the_wrong_shape_are_refused(tmp_path):
    made, _ = trainer(tmp_path, 1, scorer=lambda prompts, completions, **_: (np.ones((1, 1)), []))
    with pytest.raises(ObservationError, match=r"scorer's terms have shape \(1, 1\)"):
        made.train()


def test_another_curriculum_than_the_checkpoints_is_refused(whole, tmp_path):
    place, *_ = whole
    made, reward = trainer(tmp_path / "out", 6, tmp_path / "log", **SAVE)
    reward.curriculum = _blocks()
    with pytest.raises(SessionError, match="another controller"):
        made.train(resume_from_checkpoint=str(place / "out" / "checkpoint-3"))


def _blocks():
    return Curriculum(blocks((0.0, 1.0), 2), LADDER, YARDSTICK, SCHEMA, window=4, limits=(-25, 20))


def _StopAfter(step):
    from transformers import TrainerCallback

    class Stop(TrainerCallback):
        def on_step_end(self, args, state, control, **kwargs):
            control.should_training_stop = state.global_step >= step

    return Stop()
