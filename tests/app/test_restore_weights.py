"""A certified regression takes the weights back to where the rung was earned."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from curricula.receipts import Receipt
from dipg.app.checkpointing import steps_in
from dipg.app.config import ConfigError
from dipg.app.view import View
from dipg.environment import score_batch
from dipg.rubric import EVENTS
from dipg.vignettes.types import Vignette
from grpo_core.checkpoints import read_record
from tests.app.small_runs import compile_once, go, small_config

CONFIG = small_config(
    curriculum__policy="gated(dwell=2)",
    curriculum__when="safe > 60%",
    curriculum__restore="weights",
    checkpoints__every=1,
    checkpoints__keep=100,
    evaluation__every=100,
    steps=14,
)


class Regressing(View):
    """Scores as the rubric does, but every response is safe, until two steps after a promotion:
    then none is, until the gate goes back."""

    def __init__(self, pictures: Path) -> None:
        super().__init__(CONFIG)
        self._pictures = pictures
        self._bad_from: int | None = None
        self._step = 0
        self.warned: list[str] = []

    def decision(self, receipt: Receipt) -> None:
        super().decision(receipt)
        self._step = receipt.step
        if receipt.moved:
            up = receipt.severity_to > receipt.severity_from
            self._bad_from = receipt.step + 2 if up and self._bad_from is None else None

    def warning(self, text: str) -> None:
        self.warned.append(text)

    def score(
        self, vignettes: Sequence[Vignette], texts: Sequence[str]
    ) -> tuple[np.ndarray, np.ndarray]:
        terms, events = score_batch(vignettes, texts)
        bad = self._bad_from is not None and self._step >= self._bad_from
        events[:, EVENTS.index("safe")] = not bad
        events[:, EVENTS.index("answered")] = 1
        return terms, events


class Fallen(NamedTuple):
    """A run with a promotion, then a certified regression."""

    path: Path
    promoted: int
    demoted: int
    decisions: list[dict[str, Any]]
    warned: list[str]


@pytest.fixture(scope="module")
def fallen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fallen]:
    place = tmp_path_factory.mktemp("fallen")
    with pytest.MonkeyPatch.context() as patch:
        compile_once(patch, place / "cache")
        view = Regressing(place)
        go(CONFIG, place / "run", view, score=view.score)
        lines = (place / "run" / "decisions.jsonl").read_text().splitlines()
        decisions = [json.loads(line) for line in lines]
        moves = [row for row in decisions if row["moved"]]
        yield Fallen(place / "run", moves[0]["step"], moves[1]["step"], decisions, view.warned)


def arrays(run: Path, step: int, part: str) -> dict[str, Any]:
    record = read_record(run / "checkpoints" / f"grpo_{step}")
    return {name: facts for name, facts in record["arrays"].items() if name.startswith(part)}


def test_the_weights_of_the_promotion_come_back_with_the_easier_rung(fallen: Fallen) -> None:
    promoted, demoted = fallen.promoted, fallen.demoted
    row = fallen.decisions[demoted - 1]
    assert row["reason"].startswith("demoted")
    assert (row["severity_from"], row["severity_to"]) == (1.0, 0.0)
    actor = arrays(fallen.path, promoted, "actor")
    assert arrays(fallen.path, demoted, "actor") == actor
    assert len(actor) > 20  # parameters, both moments, counts
    # In between the model had learned on, and afterwards it learns on from there.
    assert arrays(fallen.path, demoted - 1, "actor.params") != arrays(
        fallen.path, promoted, "actor.params"
    )
    assert arrays(fallen.path, demoted + 1, "actor.params") != arrays(
        fallen.path, demoted, "actor.params"
    )


def test_the_controller_remembers_what_the_weights_forget(fallen: Fallen) -> None:
    before = arrays(fallen.path, fallen.promoted, "curriculum.controller")
    after = arrays(fallen.path, fallen.demoted, "curriculum.controller")
    changed = {name.rpartition(".")[2] for name in before if before[name] != after[name]}
    assert {"demotions", "stint", "cooldown"} <= changed


def test_the_receipt_names_what_was_restored(fallen: Fallen) -> None:
    promoted = f"grpo_{fallen.promoted}"
    told = [row.get("restored") for row in fallen.decisions]
    assert told[fallen.demoted - 1] == {
        "penalties": True,
        "weights": promoted,
        "optimizer": promoted,
    }
    assert [bool(row) for row in told].count(True) == 1
    assert Receipt.from_json(fallen.decisions[fallen.demoted - 1]).moved
    assert any(f"back to soft with the weights of {promoted}" in text for text in fallen.warned)


def test_resumed_from_before_the_regression_the_same_weights_come_back(
    fallen: Fallen, tmp_path: Path
) -> None:
    run = Path(shutil.copytree(fallen.path, tmp_path / "run"))
    view = Regressing(tmp_path)
    for step in steps_in(run / "checkpoints"):
        if step > fallen.promoted + 1:
            shutil.rmtree(run / "checkpoints" / f"grpo_{step}")
    view._bad_from, view._step = fallen.promoted + 2, fallen.promoted + 1
    go(CONFIG, run, view, score=view.score)
    for name in ("decisions.jsonl", "metrics.jsonl"):
        assert (run / name).read_bytes() == (fallen.path / name).read_bytes()
    assert arrays(run, CONFIG.steps, "") == arrays(fallen.path, CONFIG.steps, "")


def test_without_its_checkpoint_only_the_penalties_go_back(fallen: Fallen, tmp_path: Path) -> None:
    run = Path(shutil.copytree(fallen.path, tmp_path / "run"))
    for step in steps_in(run / "checkpoints"):
        if step > fallen.promoted + 1:
            shutil.rmtree(run / "checkpoints" / f"grpo_{step}")
    (run / "checkpoints" / f"grpo_{fallen.promoted}" / "record" / "metadata").write_text("{}")
    view = Regressing(tmp_path)
    view._bad_from, view._step = fallen.promoted + 2, fallen.promoted + 1
    go(CONFIG, run, view, score=view.score)
    rows = [json.loads(line) for line in (run / "decisions.jsonl").read_text().splitlines()]
    assert rows[fallen.demoted - 1]["restored"] == {"penalties": True, "weights": None}
    assert any("is damaged" in text for text in view.warned)


@pytest.mark.parametrize("policy", ["blocks", "plateau", "constant"])
def test_a_policy_that_certifies_no_regression_has_nothing_to_restore(policy: str) -> None:
    with pytest.raises(ConfigError, match=f"restore = 'weights': policy '{policy}' certifies no"):
        small_config(curriculum__policy=policy, curriculum__restore="weights")
