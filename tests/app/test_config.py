"""Settings: ranks, round trip, and errors that say where, which value and what is valid."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dipg.app.config import (
    LADDER_RUNGS,
    PRESETS,
    CurriculumConfig,
    DataConfig,
    GRPOConfig,
    ModelConfig,
    RunConfig,
    load,
    read,
    to_toml,
)
from dipg.app.settings import (
    ConfigError,
    Given,
    build,
    flatten,
    from_text,
    settings_of,
)

SETTINGS = settings_of(RunConfig)


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    return path


def test_later_sources_outrank_earlier_ones(tmp_path: Path) -> None:
    file = written(tmp_path, "steps = 40\n[grpo]\nbeta = 0.5\nepsilon = 0.3\n")
    config = load("report", file, [Given("--beta", "grpo.beta", 0.25)])
    assert config.grpo.num_generations == 4  # the preset alone
    assert config.steps == 40  # the file over the preset
    assert config.grpo.epsilon == 0.3
    assert config.grpo.beta == 0.25  # the option over both
    assert config.grpo.temperature == RunConfig().grpo.temperature  # nobody


def test_report_preset_is_the_reports_configuration() -> None:
    config = load("report")
    assert (config.grpo.num_generations, config.grpo.beta) == (4, 0.08)
    assert (config.grpo.epsilon, config.grpo.gamma) == (0.2, 1.0)
    assert config.grpo.learning_rate == 3e-6
    assert (config.steps, config.curriculum.block_steps) == (900, 300)


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_is_valid(preset: str) -> None:
    assert load(preset) != RunConfig()


def test_defaults_are_valid_and_the_users_rule() -> None:
    config = load()
    assert config == RunConfig()
    assert config.curriculum.policy == "gated"
    assert config.curriculum.when == "mean > 5 and safe > 90%"


def test_ladders_have_the_rungs_that_are_known_without_loading_them() -> None:
    from dipg import pricing

    assert {"report": len(pricing.REPORT), "caution": len(pricing.CAUTION)} == LADDER_RUNGS


# Any text that TOML can hold: everything but lone surrogates.
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@st.composite
def configs(draw: st.DrawFn) -> RunConfig:
    heads = draw(st.integers(1, 16))
    answer, abstain = draw(st.sampled_from([(0.6, 0.25), (1.0, 0.0), (0.5, 0.5), (0.1, 0.2)]))
    return RunConfig(
        seed=draw(st.integers(0, 2**40)),
        steps=draw(st.integers(1, 10**9)),
        curriculum=CurriculumConfig(
            policy=draw(texts),
            when=draw(texts),
            start=draw(st.floats(0, 1e9)),
            ladder=draw(st.sampled_from(sorted(LADDER_RUNGS))),
        ),
        grpo=GRPOConfig(
            learning_rate=draw(st.floats(0, 1, exclude_min=True)),
            beta=draw(st.floats(0, 10)),
            epsilon=draw(st.floats(0, 1)),
        ),
        model=ModelConfig(width=heads * draw(st.integers(1, 64)), heads=heads),
        data=DataConfig(
            answer_share=answer, abstain_share=abstain, conflict_share=1 - answer - abstain
        ),
    )


@given(config=configs())
def test_what_is_written_reads_back_equal(
    config: RunConfig, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.mktemp("config") / "config.toml"
    file.write_text(to_toml(config), encoding="utf-8")
    assert read(file) == config


def test_every_setting_is_written_with_its_explanation() -> None:
    text = to_toml(RunConfig())
    for key, spec in SETTINGS.items():
        (line,) = [
            line
            for line in text.splitlines()
            if line.startswith(f"{key.rpartition('.')[2]} = ") and line.endswith(f"# {spec.help}")
        ]
        assert line


BAD_FILES: dict[str, tuple[str, str]] = {
    "unknown key": (
        "[curriculum]\nwindw = 3\n",
        "curriculum.windw: unknown key; did you mean 'curriculum.window'? valid: curriculum.policy",
    ),
    "unknown table": ("[grppo]\nbeta = 1.0\n", "[grppo]: unknown key; did you mean"),
    "unknown top key": ("stepps = 3\n", "stepps: unknown key; did you mean 'steps'? valid: seed"),
    "text for a number": ("steps = '9'\n", "steps = '9': must be a whole number"),
    "fraction": ("steps = 1.5\n", "steps = 1.5: must be a whole number"),
    "truth for a number": ("[grpo]\nbeta = true\n", "grpo.beta = True: must be a number"),
    "number for a text": ("[curriculum]\npolicy = 3\n", "curriculum.policy = 3: must be a text"),
    "nan": ("[grpo]\nbeta = nan\n", "grpo.beta = nan: must be a finite number"),
    "infinity": ("[grpo]\nbeta = inf\n", "grpo.beta = inf: must be a finite number"),
    "value for a table": ("grpo = 3\n", "grpo = 3: is a table: [grpo]"),
    "table for a value": ("[steps]\nn = 1\n", "steps: is a value, not a table"),
    "G = 1": ("[grpo]\nnum_generations = 1\n", "grpo.num_generations = 1: must be at least 2"),
    "gamma": ("[grpo]\ngamma = 0.9\n", "grpo.gamma = 0.9: must be 1.0: a reward is paid once"),
    "window": ("[curriculum]\nwindow = 0\n", "curriculum.window = 0: must be at least 1"),
    "rate": ("[data]\nanswer_share = 1.5\n", "answer_share = 1.5: must be between 0 and 1"),
    "learning rate": ("[grpo]\nlearning_rate = 0\n", "learning_rate = 0.0: must be more than 0"),
    "ladder": (
        "[curriculum]\nladder = 'cautious'\n",
        "ladder = 'cautious': did you mean 'caution'? valid: report, caution",
    ),
    "syntax": ("steps = \n", "is not valid TOML: "),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_file_is_refused_in_one_line(name: str, tmp_path: Path) -> None:
    text, expected = BAD_FILES[name]
    file = written(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load(file=file)
    message = str(caught.value)
    assert message.startswith(f"{file}: ")
    assert expected in message
    assert "\n" not in message


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="is not text in UTF-8"):
        load(file=file)


BAD_NAMES: dict[str, tuple[str, Any, str]] = {
    "policy": ("curriculum.policy", "gatd", "gated"),
    "metric": ("curriculum.when", "sfae > 90%", "safe"),
    "condition": ("curriculum.when", "mean >", "character"),
    "start": ("curriculum.start", 2.5, "the highest rung of ladder 'report' is 2"),
    "preset": ("", "reprt", "did you mean 'report'? valid: report"),
}


@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_name_that_nothing_can_be_built_from_is_refused(name: str) -> None:
    key, value, expected = BAD_NAMES[name]
    given = [] if name == "preset" else [Given(f"--{name}", key, value)]
    with pytest.raises(ConfigError) as caught:
        load(preset=value if name == "preset" else None, given=given)
    message = str(caught.value)
    assert message.startswith(f"--{name} = {value!r}: ")
    assert expected in message
    assert "\n" not in message


def test_a_stored_configuration_is_read_without_its_controller(tmp_path: Path) -> None:
    stored = RunConfig(curriculum=CurriculumConfig(policy="gone.py:Mine"))
    assert read(written(tmp_path, to_toml(stored))) == stored


def test_values_are_checked_however_a_configuration_is_made() -> None:
    with pytest.raises(ConfigError, match=r"\[grpo\]: num_generations = 1: must be at least 2"):
        dataclasses.replace(GRPOConfig(), num_generations=1)
    with pytest.raises(ConfigError, match=r"\[model\]: width = 130 is not a multiple of heads = 4"):
        ModelConfig(width=130)
    with pytest.raises(ConfigError, match=r"\[data\]: .* 0.9 \+ 0.25 \+ 0.15 is not 1"):
        DataConfig(answer_share=0.9)


def test_values_that_fit_only_together_may_come_from_different_sources(tmp_path: Path) -> None:
    file = written(tmp_path, "[data]\nanswer_share = 0.9\n")
    rest = [
        Given("--set", "data.abstain_share", 0.1),
        Given("--set", "data.conflict_share", 0.0),
    ]
    data = load(file=file, given=rest).data
    assert (data.answer_share, data.abstain_share, data.conflict_share) == (0.9, 0.1, 0.0)


def built(given: Iterable[Given]) -> RunConfig | ConfigError:
    try:
        return build(RunConfig, given)
    except ConfigError as error:
        return error


@example(key="curriculum.start", value=2**53 + 1)
@example(key="curriculum.start", value=10**400)
@given(key=st.sampled_from(list(SETTINGS)), value=st.one_of(st.text(), st.floats(), st.integers()))
def test_any_value_is_taken_as_it_is_or_refused_by_name(key: str, value: Any) -> None:
    result: Any = built([Given(f"--set {key}", key, value)])
    if isinstance(result, ConfigError):
        assert key.rpartition(".")[2] in str(result)
        assert "\n" not in str(result)
        assert len(str(result)) < 400
    else:
        for part in key.split("."):
            result = getattr(result, part)
        assert result == value


@given(
    table=st.dictionaries(
        texts,
        st.recursive(
            st.integers() | texts,
            lambda inner: st.dictionaries(st.sampled_from(["grpo", "beta", "x.y", ""]), inner),
            max_leaves=6,
        ),
        min_size=1,
    )
)
def test_any_strange_table_is_refused_by_name(table: Any) -> None:
    result = built(_flattened(table))
    assert isinstance(result, ConfigError)
    assert str(result).startswith("mine.toml: ")
    assert "\n" not in str(result)


def _flattened(table: Any) -> Iterator[Given]:
    yield from flatten(table, RunConfig, "mine.toml")


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (int, "12", 12),
        (int, "1e3", "1e3"),
        (float, "1e-3", 0.001),
        (float, "x", "x"),
        (bool, "true", True),
        (bool, "yes", "yes"),
        (str, "3", "3"),
    ],
)
def test_text_from_the_command_line(kind: type, text: str, value: object) -> None:
    result = from_text(kind, text)
    assert result == value
    assert type(result) is type(value)


def test_a_file_nested_too_deeply_is_refused(tmp_path: Path) -> None:
    file = written(tmp_path, "steps = " + "[" * 5000)
    with pytest.raises(ConfigError, match="nested too deeply"):
        load(file=file)
