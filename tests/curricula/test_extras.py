"""What needs an extra or minutes: Ray, figures, parquet, the report's story, the tiny learner."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from curricula.offline.benchmark import PRIMARY
from dipg.app.cli.benchmark import benchmark as command
from dipg.app.schedules import Job, benchmark, in_threads, through_ray

pytestmark = pytest.mark.slow


def test_ray_gives_what_the_threads_give():
    ray = pytest.importorskip("ray")
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    try:
        jobs = [
            Job(policy, scenario, (0, 1, 2), 60)
            for policy in ("constant", "ramp")
            for scenario in ("drift", "cliff")
        ]
        apart, here = through_ray(jobs), in_threads(jobs)
    finally:
        ray.shutdown()
    for one, other in zip(apart, here):
        for name in ("figures", "severity", "moves", "first"):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def test_figures_are_drawn(tmp_path):
    pytest.importorskip("matplotlib")
    arguments = ["--policies", "constant,ramp", "--seeds", "4", "--steps", "60", "--figures"]
    result = CliRunner().invoke(
        command, [*arguments, "--scenarios", "drift,cliff", "--out", str(tmp_path)]
    )
    assert result.exit_code == 0, result.output
    names = ("learning_curves", "decisions", "probability_of_improvement", "cliff")
    for name in names:
        text = (tmp_path / f"{name}.svg").read_text()
        assert "<svg" in text
        assert "ramp" in text


def test_trls_parquet_is_replayed(tmp_path):
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    from dipg.app.cli.replay import replay

    rows = {
        "step": [1] * 4 + [2] * 4,
        "prompt": ["a", "a", "b", "b"] * 2,
        "completion": ["x"] * 8,
        "format_reward": [1.0, 0.0, 1.0, 1.0] * 2,
        "advantage": [0.0] * 8,
    }
    parquet.write_table(pa.table(rows), tmp_path / "completions_00001.parquet")
    arguments = [str(tmp_path / "completions_00001.parquet"), "--limits", "0,1", "--json"]
    result = CliRunner().invoke(replay, [*arguments, "--policy", "constant"])
    assert result.exit_code == 0, result.output
    data = json.loads(result.output)
    assert data["steps"] == 2
    assert data["policies"][0]["severity"] == [0.0, 0.0]


def test_the_reports_story():
    """Too harsh too early silences a learner at the cliff and not an able one; proof protects."""
    early, recovered = "ramp(end=3, steps=300)", "blocks(level=3)"
    policies = ["constant", "gated", "gated-point", recovered, early]
    found = benchmark(policies, ["cliff", "no cliff"], seeds=16)
    at_the_cliff = {v.policy: v for v in found.versus_in("cliff")}
    assert at_the_cliff[early].verdict(0.01) == "worse"
    assert at_the_cliff[early].difference.upper < -0.2
    assert found.row(early, "cliff").collapse.value == 1.0
    assert at_the_cliff[recovered].verdict(0.01) == "same"
    assert at_the_cliff["gated"].verdict(0.01) == "same"
    assert at_the_cliff["gated-point"].difference.upper < 0
    safe = {p: found.sweeps[p]["cliff"].curve("safe")[:, -1].mean() for p in policies}
    assert safe[early] > 0.99 > safe["constant"]  # it looks safer, and has stopped answering
    able = {v.policy: v.verdict(0.01) for v in found.versus_in("no cliff")}
    assert set(able.values()) == {"same"}
    assert found.equal(PRIMARY).verdict(0.01) == "same"


def test_the_tiny_transformer_is_compared_in_processes(tmp_path, monkeypatch):
    monkeypatch.setenv("DIPG_CURRICULUM_CACHE", str(tmp_path))
    from dipg.app.config import load
    from dipg.app.settings import Given
    from dipg.app.tiny import benchmark_tiny

    small = {
        "steps": 4, "grpo.num_generations": 2, "grpo.prompts_per_step": 2,
        "grpo.max_completion_length": 12, "model.width": 16, "model.layers": 1, "model.heads": 2,
        "warmup.steps": 2, "warmup.batch_size": 4, "data.train_count": 8, "evaluation.count": 4,
        "evaluation.report_count": 4, "curriculum.ladder": "caution", "curriculum.block_steps": 2,
    }  # fmt: skip
    config = load(given=[Given(k, k, v) for k, v in small.items()])
    found = benchmark_tiny(["constant", "blocks"], config, seeds=1, points=2)
    assert found.sweeps["blocks"]["tiny"].severity.tolist() == [[0, 1, 0]]
    assert found.sweeps["constant"]["tiny"].severity.tolist() == [[0, 0, 0]]
    same = [found.sweeps[p]["tiny"].figures[:, 1] for p in ("constant", "blocks")]
    np.testing.assert_array_equal(*same)  # until the schedule moves, the same run
    assert found.versus()[0].policy == "blocks"
