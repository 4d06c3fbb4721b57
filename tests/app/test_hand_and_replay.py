"""A person's hand in a running run, and decisions that replay from what the run left."""

import json
from pathlib import Path

import pytest

from curricula.receipts import Receipt, verify
from dipg.app import experiment
from dipg.app.config import load
from dipg.app.run_directory import RunDirectory
from dipg.app.settings import Given
from dipg.app.view import View

SMALL = {
    "steps": 5,
    "grpo.num_generations": 2,
    "grpo.prompts_per_step": 2,
    "grpo.max_completion_length": 12,
    "model.width": 16,
    "model.layers": 1,
    "model.heads": 2,
    "warmup.steps": 2,
    "warmup.batch_size": 4,
    "data.train_count": 8,
    "evaluation.count": 4,
    "evaluation.report_count": 4,
}


class Hand(View):
    """Appends a line to the control file after a given step."""

    def __init__(self, config, lines: dict[int, str], control: Path) -> None:
        super().__init__(config)
        self._lines, self._control = lines, control
        self.warned: list[str] = []

    def warning(self, text: str) -> None:
        self.warned.append(text)

    def decision(self, receipt: Receipt) -> None:
        super().decision(receipt)
        if receipt.step in self._lines:
            with self._control.open("a") as file:
                file.write(self._lines[receipt.step] + "\n")


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """Escalated by hand after step 1, relaxed after step 3, with a slip of the pen in between."""
    place = tmp_path_factory.mktemp("hand")
    config = load(given=[Given(k, k, v) for k, v in SMALL.items()])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIPG_CURRICULUM_CACHE", str(place / "cache"))
        directory = RunDirectory.create(place / "run", config)
        lines = {1: "escalate", 2: "esclate", 3: "relax"}
        hand = Hand(config, lines, directory.path / "control")
        with directory:
            experiment.run(config, directory, hand)
    return config, place / "run", hand.warned


def rows(file: Path) -> list[dict]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_commands_act_at_the_next_decision(ran):
    _, directory, _ = ran
    severities = [row["severity_to"] for row in rows(directory / "decisions.jsonl")]
    assert severities == [0.0, 1.0, 1.0, 0.0, 0.0]


def test_prices_follow_a_step_later(ran):
    _, directory, _ = ran
    paid = [row["penalties/missing_trace"] for row in rows(directory / "metrics.jsonl")]
    assert paid == [-5.0, -5.0, -10.0, -10.0, -5.0]


def test_a_slip_of_the_pen_is_told_and_changes_nothing(ran):
    _, directory, warned = ran
    assert len(warned) == 1
    assert "esclate" in warned[0]
    assert str(directory / "control") in warned[0]


def test_decisions_replay_from_the_log(ran):
    config, directory, _ = ran
    receipts = [Receipt.from_json(row) for row in rows(directory / "decisions.jsonl")]
    log = rows(directory / "observations.jsonl")
    replay = verify(experiment.curriculum_of(config), log, receipts)
    assert replay.agrees
    # One decision tampered with is found.
    log[3] = log[3] | {"command": "hold"}
    tampered = [*receipts[:1], receipts[0], *receipts[2:]]
    assert not verify(experiment.curriculum_of(config), log, tampered).agrees
