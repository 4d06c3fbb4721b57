"""`evaluate --model` with a run: what the run found of its last actor is found again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from dipg.app.answering import AnsweringError, is_run, source_of
from dipg.app.cli.main import cli
from tests.app.small_runs import compile_once, go, small_config


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory):
    place = tmp_path_factory.mktemp("answering")
    with pytest.MonkeyPatch.context() as patch:
        compile_once(patch, place / "cache")
        config = small_config(steps=3, evaluation__every=3, warmup__steps=30)
        go(config, place / "run")
        yield place / "run"


def evaluate(*given: str) -> str:
    result = CliRunner().invoke(cli, ["evaluate", *given])
    assert result.exit_code == 0, result.output
    return result.output


def test_a_run_is_evaluated_as_it_evaluates_itself(run: Path, tmp_path: Path) -> None:
    own = json.loads((run / "evaluation_3.json").read_text())
    for target in (run, run / "checkpoints" / "grpo_3"):
        file = tmp_path / f"{target.name}.json"
        out = evaluate("--model", str(target), "--count", "12", "--out", str(file))
        found = json.loads(file.read_text())
        assert found["rewards"] == own["larger"]["rewards"]
        assert "not for clinical use" in out.replace("\n", " ").lower()


def test_greedy_responses(run: Path, tmp_path: Path) -> None:
    own = json.loads((run / "evaluation_3.json").read_text())
    file = tmp_path / "e.json"
    evaluate("--model", str(run), "--greedy", "--count", "12", "--out", str(file))
    found = json.loads(file.read_text())
    assert found["figures"]["mean"] == own["greedy"]["figures"]["mean"]
    assert found["figures"]["safe_rate"] == own["greedy"]["figures"]["safe_rate"]


def test_what_is_no_model(run: Path, tmp_path: Path) -> None:
    assert is_run(str(run))
    assert not is_run(str(tmp_path))
    (run / "checkpoints" / "other").mkdir()
    with pytest.raises(AnsweringError, match="no checkpoint"):
        source_of(str(run / "checkpoints" / "other"))
    (tmp_path / "config.toml").write_text((run / "config.toml").read_text())
    with pytest.raises(AnsweringError, match="no checkpoint yet"):
        source_of(str(tmp_path))
    result = CliRunner().invoke(cli, ["evaluate", "--model", "nothing"])
    assert result.exit_code == 2
    assert "no model 'nothing'" in result.output
