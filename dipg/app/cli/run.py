"""`dipg-curriculum run`."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from dipg.app.cli.refusals import is_refusal
from dipg.app.cli.telling import json_option, tell
from dipg.app.config import PRESETS, RunConfig, load, to_toml
from dipg.app.run_directory import DirectoryError, RunDirectory, check_usable, read_config
from dipg.app.settings import ConfigError, Given, from_text, quote, settings_of, unknown_key
from dipg.app.trackers import Tracked, check_trackers, open_trackers
from grpo_core.axes import parse_mesh

if TYPE_CHECKING:
    from jax.sharding import Mesh

    from dipg.app.outcome import Outcome
    from dipg.app.view import View

FLAGS = {
    "policy": "curriculum.policy",
    "when": "curriculum.when",
    "ladder": "curriculum.ladder",
    "start": "curriculum.start",
    "restore": "curriculum.restore",
    "window": "curriculum.window",
    "model": "model.name",
    "lora_rank": "model.lora_rank",
    "data": "data.size",
    "environment": "data.environment",
    "steps": "steps",
    "seed": "seed",
    "num_generations": "grpo.num_generations",
    "prompts_per_step": "grpo.prompts_per_step",
    "learning_rate": "grpo.learning_rate",
    "beta": "grpo.beta",
    "epsilon": "grpo.epsilon",
    "eval_count": "evaluation.count",
}
"""The options that are settings: name of the option's parameter -> key of the setting."""


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def setting_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """An option for each of FLAGS, explained and defaulted by its setting, which also checks it."""
    for name, key in reversed(FLAGS.items()):
        spec = settings_of(RunConfig)[key]
        text = f"{spec.help[0].upper()}{spec.help[1:]}. [default: {spec.default}]"
        metavar = {int: "N", float: "X"}.get(spec.kind, name.upper())
        command = click.option(_flag(name), name, metavar=metavar, help=text)(command)
    return command


@click.command()
@setting_options
@click.option(
    "--preset",
    metavar="NAME",
    help=f"A set of settings by name: {', '.join(PRESETS)} (the training report's).",
)
@click.option("--config", "file", metavar="FILE.toml", help="Settings from a file.")
@click.option(
    "--set",
    "assignments",
    multiple=True,
    metavar="KEY=VALUE",
    help="Any setting, as in --set grpo.temperature=0.9; may be repeated.",
)
@click.option(
    "--out", metavar="DIR", help="A new or empty directory. [default: runs/<policy>-<date>-<n>]"
)
@click.option(
    "--resume", metavar="DIR", help="Go on with the run in DIR, as its config.toml has it."
)
@click.option(
    "--max-hours", type=float, metavar="H", help="Stop and save before so many hours are over."
)
@click.option(
    "--track",
    "trackers",
    multiple=True,
    metavar="NAME",
    help="Tell another program too: tensorboard, wandb or mlflow; may be repeated.",
)
@click.option(
    "--mesh",
    metavar="AXES",
    help="Devices to train on, as fsdp=8 or fsdp=4,tp=2. [default: one device]",
)
@click.option(
    "--distributed",
    is_flag=True,
    help="One of several processes, one a host, that are one run; on a mesh of all their devices, "
    "fsdp=<all> unless --mesh says otherwise.",
)
@click.option("--plain", is_flag=True, help="Plain lines, as when the output is not a terminal.")
@click.option("--quiet", is_flag=True, help="Only the result.")
@json_option("The result as one JSON object on stdout.")
def run(
    out: str | None,
    resume: str | None,
    max_hours: float | None,
    trackers: tuple[str, ...],
    mesh: str | None,
    distributed: bool,
    plain: bool,
    quiet: bool,
    as_json: bool,
    **settings: Any,
) -> None:
    """Train a model with GRPO while a curriculum policy decides on the penalties.

    Settings rank: defaults < --preset < --config < --set < the options named here. The run's
    directory holds all of them in config.toml, and --config with that file gives the same run.

    SIGTERM and Ctrl-C finish the step and save; so does the end of --max-hours. However a run was
    interrupted, --resume goes on from its newest checkpoint to the same end.

    \b
    Examples:
      dipg-curriculum run --policy gated
      dipg-curriculum run --policy gated --when "mean > 5 and safe > 90% and answer > 70%"
      dipg-curriculum run --policy gated --restore weights
      dipg-curriculum run --policy blocks --preset report --out runs/report
      dipg-curriculum run --policy mine.py:MyPolicy --ladder caution --steps 600 --seed 1
      dipg-curriculum run --model smollm2-135m --lora-rank 16 --steps 3 --data short
      dipg-curriculum run --config runs/latest/config.toml --out again
      dipg-curriculum run --resume runs/latest --max-hours 8.5
      dipg-curriculum run --policy gated --track tensorboard
      dipg-curriculum run --policy gated --mesh fsdp=8
      dipg-curriculum run --policy gated --mesh fsdp=16,tp=4 --distributed --out /shared/run
    """
    check_trackers(trackers)
    axes = None if mesh is None else parse_mesh(mesh)
    if max_hours is not None and not 0 < max_hours < float("inf"):
        raise ConfigError(f"--max-hours = {max_hours}: must be a number above 0")
    if resume is None:
        config = settings_given(settings)
        path = None if out is None else Path(out)
        if not distributed:  # else the first process may have made it already
            check_usable(path)
    else:
        config, path = resumed(Path(resume), out, settings), Path(resume)
    shown = Shown(plain, quiet, as_json, trackers)
    outcome = _train(config, path, shown, max_hours, resume is not None, axes, distributed)
    if outcome is None:
        return
    if as_json:
        tell(outcome.to_json())
    else:
        _show(outcome)


class Shown(NamedTuple):
    """How the run is shown."""

    plain: bool
    quiet: bool
    as_json: bool
    trackers: tuple[str, ...] = ()


def resumed(path: Path, out: str | None, settings: Mapping[str, Any]) -> RunConfig:
    """The configuration of an interrupted run; refuses to be told anything that would change it."""
    given = [_flag(name) for name, value in settings.items() if name in FLAGS and value is not None]
    given += [f"--{n}" for n in ("preset", "config") if settings["file" if n == "config" else n]]
    given += ["--set"] * bool(settings["assignments"]) + ["--out"] * (out is not None)
    if given:
        raise ConfigError(f"{given[0]}: cannot be changed by --resume, which goes on as begun")
    if not (path / "config.toml").is_file():
        raise DirectoryError(f"{path}: holds no run to resume: there is no config.toml")
    return read_config(path)


def settings_given(parameters: Mapping[str, Any]) -> RunConfig:
    """The configuration that the command's parameters ask for, checked; raises ConfigError."""
    file = parameters["file"]
    flags = {name: parameters[name] for name in FLAGS}
    given = [*_assigned(parameters["assignments"]), *_flagged(flags)]
    return load(parameters["preset"], None if file is None else Path(file), given)


def _train(
    config: RunConfig,
    path: Path | None,
    shown: Shown,
    max_hours: float | None,
    resume: bool,
    axes: Mapping[str, int] | None,
    distributed: bool,
) -> Outcome | None:
    """What the run came to; None in a process that is not the first."""
    first = not distributed or _joined()
    if not first:
        shown = Shown(plain=True, quiet=True, as_json=True)
    # Everything heavy is imported from here on: what was given is known to be usable.
    from dipg.app.stopping import Stop
    from dipg.app.view import choose_view

    stream = sys.stderr if shown.as_json else sys.stdout
    view = choose_view(config, stream, plain=shown.plain, quiet=shown.quiet)
    stop = Stop(max_hours)
    with stop.on_signals(), view, contextlib.ExitStack() as stack:
        view.phase("starting", "loading jax", None)
        from dipg.app import experiment
        from dipg.app.scorers import scorer

        experiment.check(config)
        mesh = None if axes is None and not distributed else _mesh(axes, config)
        score = scorer(config.data.environment)
        directory = stack.enter_context(_directory(config, path, resume))
        observer = Tracked(view, open_trackers(shown.trackers, directory.path, config))
        stack.callback(observer.close)
        outcome = _ended(
            directory.path,
            view,
            lambda: experiment.run(config, directory, observer, stop=stop, score=score, mesh=mesh),
        )
        return outcome if first else None


def _joined() -> bool:
    """Meet the other processes; whether this is the first of them. Raises DistributedError."""
    from grpo_core import distributed

    distributed.start()
    return distributed.is_first()


def _directory(config: RunConfig, path: Path | None, resume: bool) -> RunDirectory:
    from dipg.app.together import opened
    from grpo_core.distributed import check_equal

    def take() -> RunDirectory:
        if resume and path is not None:
            return RunDirectory.resume(path)
        return RunDirectory.create(path, config)

    check_equal("their settings", to_toml(config))
    return opened(take)


def _mesh(axes: Mapping[str, int] | None, config: RunConfig) -> Mesh:
    """The devices to train on. Raises MeshError where they or the prompts do not fit it."""
    import jax

    from grpo_core.mesh import check_divides, make_mesh

    mesh = make_mesh(axes or {"fsdp": jax.device_count()})
    check_divides(config.grpo.prompts_per_step, mesh)
    return mesh


def _ended(path: Path, view: View, train: Callable[[], Outcome]) -> Outcome:
    """What the run came to. One that ends early says how to go on with it."""
    from dipg.app.stopping import EXIT_CODES, Stopped

    again = f"dipg-curriculum run --resume {path}"
    try:
        return train()
    except Stopped as stopped:
        view.close()
        done = f"{stopped.reason}: stopped and saved after step {stopped.step}."
        click.echo(f"{done} To go on: {again}", err=True)
        raise click.exceptions.Exit(EXIT_CODES[stopped.reason]) from None
    except ValueError as error:
        if not is_refusal(error):
            raise
        view.close()
        raise click.ClickException(f"{error}. When that is mended: {again}") from error


def _show(outcome: Outcome) -> None:
    from rich.console import Console

    from dipg.app.tables import result

    console = Console()
    console.print()
    console.print(result(outcome), soft_wrap=not console.is_terminal)


def _assigned(assignments: tuple[str, ...]) -> list[Given]:
    given = []
    for text in assignments:
        key, sign, value = text.partition("=")
        key = key.strip()
        if not sign:
            raise ConfigError(f"--set {quote(text)}: must be KEY=VALUE, as in grpo.beta=0.08")
        if key not in settings_of(RunConfig):
            raise ConfigError(f"--set {key}: {unknown_key(key, RunConfig)}")
        kind = settings_of(RunConfig)[key].kind
        given.append(Given(f"--set {key}", key, from_text(kind, value.strip())))
    return given


def _flagged(flags: dict[str, str | None]) -> list[Given]:
    given = []
    for name, text in flags.items():
        if text is not None:
            key = FLAGS[name]
            value = from_text(settings_of(RunConfig)[key].kind, text)
            given.append(Given(_flag(name), key, value))
    return given
