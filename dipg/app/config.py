"""What a run is made from: every setting with its default, its limits and its meaning.

    config = load(preset="report", file=Path("mine.toml"), given=[Given("--steps", "steps", 900)])
    Path("config.toml").write_text(to_toml(config))
    assert read(Path("config.toml")) == config

Ranks: defaults < preset < file < what was given on the command line. Every error is one line.
Nothing here imports jax, so that bad input is refused at once.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dipg.app.metrics import METRICS
from dipg.app.settings import (
    Check,
    ConfigError,
    Given,
    Section,
    above,
    at_least,
    between,
    build,
    did_you_mean,
    flatten,
    one_of,
    quote,
    setting,
    settings_of,
)

LADDER_RUNGS: Mapping[str, int] = {"report": 3, "caution": 4}
"""Names of the price ladders and their number of rungs, known without loading them."""

LOSSES = ("grpo", "dr_grpo", "dapo", "gspo", "cispo")
ADVANTAGES = ("group", "centred", "leave_one_out", "batch")
KL_ESTIMATES = ("k1", "k2", "k3", "k1+", "k3+")
"""Names of the parts of the objective, known without loading them; `dipg.app.objectives`."""


def _nothing_or_at_least(lowest: float) -> Check:
    def check(value: float) -> None:
        if value != 0 and value < lowest:
            raise ValueError(f"must be 0, for none, or at least {lowest:g}")

    return check


def _only_one(value: float) -> None:
    if value != 1.0:
        raise ValueError(
            "must be 1.0: a reward is paid once, at the end, so there is nothing to discount"
        )


@dataclass(frozen=True)
class CurriculumConfig(Section):
    """Who decides on the penalties, by what rule, and where it starts."""

    policy: str = setting("gated", "curriculum policy: a name, module:Class or file.py:Class")
    when: str = setting(
        "mean > 5 and safe > 90%", "condition to escalate, for policies with a gate"
    )
    ladder: str = setting("report", "price lists from soft to hard", one_of(*LADDER_RUNGS))
    start: float = setting(
        0.0, "severity at the first step; 0 is the ladder's softest rung", at_least(0)
    )
    window: int = setting(50, "steps in the rolling window of statistics", at_least(1))
    block_steps: int = setting(300, "steps in a block of the fixed schedule", at_least(1))
    restore: str = setting(
        "penalties",
        "what a certified regression takes back: penalties, or weights as well",
        one_of("penalties", "weights"),
    )


@dataclass(frozen=True)
class GRPOConfig(Section):
    """Group relative policy optimisation."""

    num_generations: int = setting(
        8, "completions per prompt (G); they are compared with each other", at_least(2)
    )
    prompts_per_step: int = setting(
        8, "prompts in a step; the batch is this times num_generations", at_least(1)
    )
    learning_rate: float = setting(1.5e-4, "of Adam, after its own warm-up", above(0))
    warmup_steps: int = setting(
        10, "steps over which the learning rate rises to its value", at_least(0)
    )
    beta: float = setting(0.04, "weight of the KL divergence from the reference", at_least(0))
    epsilon: float = setting(0.2, "clip range of the probability ratio", between(0, 1))
    epsilon_high: float = setting(
        0.0, "upper clip range, as 0.28 in DAPO; 0: the same as epsilon", at_least(0)
    )
    loss: str = setting("grpo", "objective", one_of(*LOSSES))
    advantages: str = setting(
        "group", "reward minus its group's mean, divided by what", one_of(*ADVANTAGES)
    )
    kl: str = setting(
        "k3", "estimate of the KL divergence; with + its gradient is k2's", one_of(*KL_ESTIMATES)
    )
    entropy_coef: float = setting(0.0, "weight of an entropy bonus", at_least(0))
    importance_cap: float = setting(
        0.0,
        "most weight of a token in the correction of sampler and trainer numerics; 0: none",
        _nothing_or_at_least(1),
    )
    mask_truncated_completions: bool = setting(
        False, "whether completions that were cut off are left out of the loss"
    )
    mask_zero_std_groups: bool = setting(
        False, "whether groups of equal rewards are left out of the loss, KL included"
    )
    gamma: float = setting(1.0, "discount; 1.0 only", _only_one)
    temperature: float = setting(1.0, "of sampling", above(0))
    updates_per_batch: int = setting(
        1, "optimiser updates on each batch of completions (mu, TRL's num_iterations)", at_least(1)
    )
    max_completion_length: int = setting(
        56, "most tokens in a completion, its end token included", at_least(2)
    )
    max_grad_norm: float = setting(1.0, "gradients are clipped to this norm", above(0))
    parts: int = setting(
        1, "equal parts of a batch whose gradients are added up, to save memory", at_least(1)
    )

    def check_together(self) -> None:
        if self.prompts_per_step % self.parts:
            raise ValueError(
                f"prompts_per_step = {self.prompts_per_step} is not a multiple of parts = "
                f"{self.parts}"
            )


@dataclass(frozen=True)
class ModelConfig(Section):
    """The model that is trained."""

    name: str = setting(
        "tiny", "tiny, smollm2-135m, gemma3-270m, a directory, a .gguf file or a name on the hub"
    )
    width: int = setting(128, "of tiny: size of the residual stream", at_least(1))
    layers: int = setting(3, "of tiny: decoder layers", at_least(1))
    heads: int = setting(4, "of tiny: attention heads; they divide the width", at_least(1))
    lora_rank: int = setting(
        0, "rank of low-rank adapters; 0: all weights are trained", at_least(0)
    )
    lora_alpha: float = setting(
        0.0, "their scale is this / rank; 0: as large as the rank", at_least(0)
    )
    lora_targets: str = setting(
        r"(attention\.(query|key|value|out)|mlp\.(gate|up|down))$",
        "regular expression, in paths such as blocks.3.mlp.up, of what gets adapters",
    )
    dtype: str = setting("float32", "what is computed in", one_of("float32", "bfloat16"))
    remat: bool = setting(False, "whether layers are computed again, to save memory")

    def check_together(self) -> None:
        if self.width % self.heads:
            raise ValueError(f"width = {self.width} is not a multiple of heads = {self.heads}")


@dataclass(frozen=True)
class WarmupConfig(Section):
    """Supervised training before the first GRPO step."""

    steps: int = setting(1800, "training steps", at_least(0))
    batch_size: int = setting(24, "examples in a step, each seen once", at_least(1))
    learning_rate: float = setting(3e-3, "peak of the cosine schedule", above(0))
    careful_share: float = setting(
        0.8, "share of the steps, the first ones, whose teacher has no bad habits", between(0, 1)
    )
    seed: int = setting(0, "of the initial weights and the order of the examples", at_least(0))


@dataclass(frozen=True)
class DataConfig(Section):
    """The vignettes."""

    size: str = setting(
        "short", "size of the vignettes; tiny reads short ones only", one_of("short", "full")
    )
    environment: str = setting(
        "dipg",
        "whose rubric scores: ours, or the original package's (extra gym)",
        one_of("dipg", "openenv"),
    )
    train_count: int = setting(4096, "vignettes to train on", at_least(1))
    answer_share: float = setting(0.60, "share of vignettes with an answer", between(0, 1))
    abstain_share: float = setting(0.25, "share whose evidence is missing", between(0, 1))
    conflict_share: float = setting(0.15, "share whose sources disagree", between(0, 1))
    seed: int = setting(0, "of the vignettes", at_least(0))

    def check_together(self) -> None:
        shares = (self.answer_share, self.abstain_share, self.conflict_share)
        if abs(sum(shares) - 1) > 1e-6:
            texts = " + ".join(f"{share:g}" for share in shares)
            raise ValueError(f"answer_share + abstain_share + conflict_share = {texts} is not 1")


@dataclass(frozen=True)
class EvaluationConfig(Section):
    """What the model is measured on. It shares neither patient nor phrasing with training."""

    report_count: int = setting(50, "held-out vignettes of the report's table", at_least(1))
    count: int = setting(500, "held-out vignettes of the larger set", at_least(1))
    every: int = setting(
        300, "steps between evaluations; the first and last step have one", at_least(1)
    )
    at_once: int = setting(512, "vignettes that are answered together", at_least(1))


@dataclass(frozen=True)
class CheckpointsConfig(Section):
    """What an interruption costs at most, and how much is kept. No result depends on it."""

    every: int = setting(50, "steps between checkpoints; block ends have one anyway", at_least(1))
    keep: int = setting(
        3, "newest checkpoints kept; the best one and block ends stay anyway", at_least(1)
    )


@dataclass(frozen=True)
class GuardsConfig(Section):
    """What ends a run or is warned of."""

    skipped: int = setting(
        5, "steps in a row without a finite loss and reward that end the run", at_least(1)
    )
    patience: int = setting(10, "steps in a row of a collapse before it is told", at_least(1))
    entropy: float = setting(
        0.1, "share of the first steps' entropy below which it has collapsed", between(0, 1)
    )
    length: float = setting(
        0.3, "share of the first steps' length below which it has collapsed", between(0, 1)
    )


@dataclass(frozen=True)
class RunConfig(Section):
    """Everything that decides what a run does. Equal configurations give equal runs."""

    seed: int = setting(0, "of sampling and of the order of the prompts", at_least(0))
    steps: int = setting(400, "GRPO steps", at_least(1))
    curriculum: CurriculumConfig = field(default_factory=CurriculumConfig)
    grpo: GRPOConfig = field(default_factory=GRPOConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    warmup: WarmupConfig = field(default_factory=WarmupConfig)
    data: DataConfig = field(default_factory=DataConfig)
    evaluation: EvaluationConfig = field(default_factory=EvaluationConfig)
    checkpoints: CheckpointsConfig = field(default_factory=CheckpointsConfig)
    guards: GuardsConfig = field(default_factory=GuardsConfig)


PRETRAINED: Mapping[str, object] = {
    "warmup.steps": 0,
    "warmup.learning_rate": 2e-4,
    "grpo.num_generations": 4,
    "grpo.prompts_per_step": 4,
    "grpo.learning_rate": 1e-5,
    "grpo.max_completion_length": 192,
    "grpo.max_grad_norm": 0.1,
    "data.train_count": 1500,
    "evaluation.report_count": 16,
    "evaluation.count": 16,
    "evaluation.at_once": 16,
}
"""Defaults for every model but the built-in one. They rank below a preset."""

PRESETS: Mapping[str, Mapping[str, object]] = {
    # The training report, sections 1.2 and 2: three blocks of 300 steps, its hyper-parameters.
    "report": {
        "steps": 900,
        "curriculum.block_steps": 300,
        "evaluation.every": 300,
        "grpo.num_generations": 4,
        "grpo.learning_rate": 3e-6,
        "grpo.beta": 0.08,
        "grpo.epsilon": 0.2,
        "grpo.gamma": 1.0,
    },
}


def load(
    preset: str | None = None, file: Path | None = None, given: Iterable[Given] = ()
) -> RunConfig:
    """The configuration of a new run: defaults, a preset, a TOML file and single values, ranked.

    Raises ConfigError, whose message is one line that names source, key, value and what is valid.
    """
    layers: list[Given] = []
    if preset is not None:
        if preset not in PRESETS:
            hint = f"{did_you_mean(preset, PRESETS)}valid: {', '.join(PRESETS)}"
            raise ConfigError(f"--preset = {quote(preset)}: {hint}")
        layers += [Given(f"preset {preset}: {key}", key, v) for key, v in PRESETS[preset].items()]
    if file is not None:
        layers += flatten(_read(file), RunConfig, str(file))
    layers += given
    named = [value for _, key, value in layers if key == "model.name"]
    if named and named[-1] != "tiny":
        layers = [Given(f"default for {key}", key, v) for key, v in PRETRAINED.items()] + layers
    config = build(RunConfig, layers)
    sources = {key: where for where, key, _ in layers}
    _check_names(config.curriculum, sources)
    _check_model(config, sources)
    return config


def read(file: Path) -> RunConfig:
    """The configuration that a run left. The controller it names need not be there any more."""
    return build(RunConfig, flatten(_read(file), RunConfig, str(file)))


def _check_names(config: CurriculumConfig, sources: Mapping[str, str]) -> None:
    """Refuse a policy, a condition or a start that nothing could be built from."""
    from curricula.conditions import parse
    from dipg.app.policies import check_policy_name, may_certify_regressions

    def refuse(name: str, reason: object) -> ConfigError:
        where = sources.get(f"curriculum.{name}", f"curriculum.{name}")
        return ConfigError(f"{where} = {quote(getattr(config, name))}: {reason}")

    try:
        check_policy_name(config.policy)
    except ValueError as error:
        raise refuse("policy", error) from None
    try:
        parse(config.when, METRICS)
    except ValueError as error:
        raise refuse("when", error) from None
    top = LADDER_RUNGS[config.ladder] - 1
    if config.start > top:
        raise refuse("start", f"the highest rung of ladder {config.ladder!r} is {top}")
    if config.restore == "weights" and not may_certify_regressions(config.policy):
        raise refuse("restore", f"policy {config.policy!r} certifies no regression; gated does")


def _check_model(config: RunConfig, sources: Mapping[str, str]) -> None:
    """Refuse a model that is not there, and settings that do not fit it."""
    from dipg.app.models import BUILTIN, check_model_name

    def refuse(key: str, value: object, reason: object) -> ConfigError:
        return ConfigError(f"{sources.get(key, key)} = {quote(value)}: {reason}")

    name = config.model.name
    try:
        check_model_name(name)
    except ValueError as error:
        raise refuse("model.name", name, error) from None
    if name != BUILTIN:
        if config.data.size != "short" and config.warmup.steps:
            raise refuse("warmup.steps", config.warmup.steps, "the lessons are on short vignettes")
        return
    if config.data.size != "short":
        raise refuse("data.size", config.data.size, "the built-in model reads short vignettes only")
    for key, default in (("lora_rank", 0), ("dtype", "float32"), ("remat", False)):
        value = getattr(config.model, key)
        if value != default:
            raise refuse(f"model.{key}", value, "is for pretrained models: choose one with --model")


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{file}: is not text in UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{file}: is not valid TOML: {error}") from None
    except RecursionError:
        raise ConfigError(f"{file}: its values are nested too deeply") from None


def to_toml(config: RunConfig) -> str:
    """The configuration as TOML, each value under its explanation; reading it gives it back."""
    import tomli_w

    lines: list[str] = []
    section = ""
    for key, spec in settings_of(RunConfig).items():
        table, _, name = key.rpartition(".")
        if table != section:
            section = table
            lines += ["", f"[{table}]"]
        value: Any = config
        for part in key.split("."):
            value = getattr(value, part)
        lines.append(f"{tomli_w.dumps({name: value}).strip()}  # {spec.help}")
    return "\n".join(lines).lstrip("\n") + "\n"
