"""The command line's edge: help, refusals and exit codes. Nothing here trains."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from dipg.app.cli import main as cli
from dipg.app.config import RunConfig, to_toml
from dipg.app.run_directory import RunDirectory
from dipg.app.settings import settings_of
from tests.app.places import unwritable_place


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def used(here: Path) -> str:
    RunDirectory.create(here / "used", RunConfig()).close()
    return "used"


def toml(here: Path, text: str) -> str:
    (here / "mine.toml").write_text(text)
    return "mine.toml"


REFUSALS: dict[str, tuple[Callable[[Path], list[str]], list[str]]] = {
    "unknown command": (lambda _: ["rum"], ["'rum'", "did you mean 'run'", "valid: run"]),
    "unknown policy": (
        lambda _: ["run", "--policy", "gatd"],
        ["--policy = 'gatd'", "gated", "constant", "blocks", "module:Class"],
    ),
    "policy without a file": (
        lambda _: ["run", "--policy", "gone.py:Mine"],
        ["--policy = 'gone.py:Mine'", "there is no file 'gone.py'"],
    ),
    "G = 1": (
        lambda _: ["run", "--num-generations", "1"],
        ["--num-generations = 1", "must be at least 2"],
    ),
    "not a number": (lambda _: ["run", "--steps", "many"], ["--steps = 'many'", "a whole number"]),
    "negative": (lambda _: ["run", "--steps", "-3"], ["--steps = -3", "must be at least 1"]),
    "beta": (lambda _: ["run", "--beta", "nan"], ["--beta = nan", "must be a finite number"]),
    "start too high": (
        lambda _: ["run", "--start", "2.5"],
        ["--start = 2.5", "highest rung of ladder 'report' is 2"],
    ),
    "condition": (
        lambda _: ["run", "--when", "mean > 5 and safe >"],
        ["--when = 'mean > 5 and safe >'", "character"],
    ),
    "metric": (lambda _: ["run", "--when", "sfae > 90%"], ["sfae", "safe", "hallucination"]),
    "ladder": (
        lambda _: ["run", "--ladder", "cautious"],
        ["--ladder = 'cautious'", "did you mean 'caution'? valid: report, caution"],
    ),
    "preset": (lambda _: ["run", "--preset", "big"], ["--preset = 'big'", "valid: report"]),
    "option": (lambda _: ["run", "--stepps", "3"], ["--stepps", "--steps"]),
    "option without value": (lambda _: ["run", "--steps"], ["--steps"]),
    "argument": (lambda _: ["run", "gated"], ["gated"]),
    "set without =": (
        lambda _: ["run", "--set", "grpo.beta"],
        ["--set 'grpo.beta'", "must be KEY=VALUE"],
    ),
    "set unknown": (
        lambda _: ["run", "--set", "grpo.bta=1"],
        ["--set grpo.bta", "did you mean 'grpo.beta'", "valid: grpo.num_generations"],
    ),
    "set bad": (
        lambda _: ["run", "--set", "model.heads=x"],
        ["--set model.heads = 'x'", "must be a whole number"],
    ),
    "set together": (
        lambda _: ["run", "--set", "model.width=130"],
        ["width = 130 is not a multiple of heads = 4"],
    ),
    "gamma": (lambda _: ["run", "--set", "grpo.gamma=0.9"], ["grpo.gamma = 0.9", "must be 1.0"]),
    "mesh": (lambda _: ["run", "--mesh", "fsdp8"], ["mesh 'fsdp8'", "as in fsdp=8 or fsdp=4,tp=2"]),
    "model to plan": (
        lambda _: ["plan", "--model", "gemma3-2b"],
        ["--model = 'gemma3-2b': did you mean 'gemma3-27b'"],
    ),
    "topology": (
        lambda _: ["plan", "--model", "gemma3-1b", "--topology", "v5e:3x3"],
        ["topology 'v5e:3x3' is not known: local, v5e:{1x1,2x2,2x4"],
    ),
    "preset to plan": (
        lambda _: ["plan", "--model", "gemma3-1b", "--preset", "rep"],
        ["--preset = 'rep': did you mean 'report'"],
    ),
    "sizes to plan": (
        lambda _: ["plan", "--model", "gemma3-1b", "--num-generations", "1"],
        ["--num-generations = 1: must be at least 2"],
    ),
    "no such file": (
        lambda _: ["run", "--config", "gone.toml"],
        ["gone.toml: cannot be read: No such file or directory"],
    ),
    "unknown key in a file": (
        lambda here: ["run", "--config", toml(here, "[grpo]\nbta = 1.0\n")],
        ["mine.toml: grpo.bta: unknown key", "did you mean 'grpo.beta'"],
    ),
    "wrong type in a file": (
        lambda here: ["run", "--config", toml(here, "[grpo]\nbeta = '1'\n")],
        ["mine.toml: grpo.beta = '1'", "must be a number"],
    ),
    "broken file": (
        lambda here: ["run", "--config", toml(here, "steps ==\n")],
        ["mine.toml: is not valid TOML", "line 1"],
    ),
    "used directory": (
        lambda here: ["run", "--out", used(here)],
        ["used: already holds", "name a new or empty directory"],
    ),
    "file as directory": (
        lambda here: ["run", "--out", toml(here, "")],
        ["mine.toml: is a file, not a directory"],
    ),
    "below a file": (
        lambda here: ["run", "--out", toml(here, "") + "/a/b"],
        ["mine.toml: is a file, not a directory"],
    ),
}


def snapshot(here: Path) -> dict[str, bytes]:
    return {str(p.relative_to(here)): p.read_bytes() for p in here.rglob("*") if p.is_file()}


@pytest.mark.parametrize("name", REFUSALS)
def test_bad_input_is_refused_in_one_line_before_anything_is_made(
    name: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments, expected = REFUSALS[name]
    given = arguments(here)
    before = snapshot(here)
    assert cli.invoke(given) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("Error: ")
    assert err.count("\n") == 1
    assert "Traceback" not in err
    for part in expected:
        assert part in err
    assert snapshot(here) == before


def test_an_unwritable_place_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = unwritable_place(tmp_path)
    assert cli.invoke(["run", "--out", f"{place}/a"]) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"Error: {place}/a: cannot be written: ")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        [],
        ["--version"],
        ["run", "--help"],
        ["run", "--policy", "gatd"],
        ["run", "--num-generations", "1"],
        ["run", "--when", "mean >"],
        ["run", "--config", "gone.toml"],
        ["run", "--out", f"{sys.executable}/a"],
    ],
)
def test_help_and_refusals_come_without_loading_jax(arguments: list[str], tmp_path: Path) -> None:
    program = (
        "import sys; from dipg.app.cli.main import invoke; code = invoke(sys.argv[1:]); "
        "heavy = {'jax', 'numpy', 'flax', 'transformers', 'scipy', 'torch'} & set(sys.modules); "
        "print('loaded', sorted(heavy)); sys.exit(code)"
    )
    result = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, cwd=tmp_path
    )
    assert result.returncode == (2 if len(arguments) == 3 else 0)
    assert result.stdout.endswith("loaded []\n")
    assert list(tmp_path.iterdir()) == []


def test_a_refusal_as_a_person_sees_it(tmp_path: Path) -> None:
    command = Path(sys.executable).with_name("dipg-curriculum")
    result = subprocess.run(
        [command, "run", "--num-generations", "1", "--out", "A"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr == "Error: --num-generations = 1: must be at least 2\n"
    assert not (tmp_path / "A").exists()


def test_every_listed_command_is_there_and_says_what_it_does() -> None:
    with click.Context(cli.cli) as ctx:
        for name in cli.COMMANDS:
            command = cli.cli.get_command(ctx, name)
            assert command is not None
            assert command.name == name
            assert command.help


def test_the_options_of_run_are_settings_with_their_defaults(
    capsys: pytest.CaptureFixture[str],
) -> None:
    from dipg.app.cli.run import FLAGS

    cli.invoke(["run", "--help"])
    text = " ".join(capsys.readouterr().out.split())
    for key in FLAGS.values():
        assert f"[default: {settings_of(RunConfig)[key].default}]" in text


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    from curricula import __version__

    assert cli.invoke(["--version"]) == 0
    assert capsys.readouterr().out == f"dipg-curriculum, version {__version__}\n"


class Ours(ValueError):
    """An error that one of this project's modules would define."""

    __module__ = "dipg.somewhere"


def test_a_named_error_is_told_and_a_fault_of_the_program_keeps_its_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def command(error: Exception) -> click.Command:
        def callback() -> None:
            raise error

        return click.Command("run", callback=callback)

    monkeypatch.setattr(cli.cli, "get_command", lambda *_: command(Ours("a\nb")))
    assert cli.invoke(["run"]) == 2
    assert capsys.readouterr().err == "Error: a b\n"
    monkeypatch.setattr(cli.cli, "get_command", lambda *_: command(ValueError("a bug")))
    with pytest.raises(ValueError, match="a bug"):
        cli.invoke(["run"])
    monkeypatch.setattr(cli.cli, "get_command", lambda *_: command(KeyboardInterrupt()))
    assert cli.invoke(["run"]) == 130
    assert capsys.readouterr().err.strip() == "Interrupted."
    monkeypatch.setattr(cli.cli, "get_command", lambda *_: command(click.exceptions.Exit(130)))
    assert cli.invoke(["run"]) == 130


def interrupted(place: Path) -> Path:
    """A run directory with its settings and nothing done."""
    run = place / "run"
    run.mkdir()
    (run / "config.toml").write_text(to_toml(RunConfig(steps=3)))
    return run


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--steps", "9"], "--steps: cannot be changed by --resume, which goes on as begun"),
        (["--config", "a.toml"], "--config: cannot be changed by --resume"),
        (["--preset", "report"], "--preset: cannot be changed by --resume"),
        (["--set", "grpo.beta=1"], "--set: cannot be changed by --resume"),
        (["--out", "b"], "--out: cannot be changed by --resume"),
        (["--max-hours", "0"], "--max-hours = 0.0: must be a number above 0"),
        (["--max-hours", "nan"], "--max-hours = nan: must be a number above 0"),
    ],
)
def test_a_resume_goes_on_as_begun(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], said: str
) -> None:
    assert cli.invoke(["run", "--resume", str(interrupted(tmp_path)), *options]) == 2
    assert said in capsys.readouterr().err


def test_what_is_no_run_cannot_be_resumed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.invoke(["run", "--resume", str(tmp_path / "none")]) == 2
    assert "none: holds no run to resume: there is no config.toml" in capsys.readouterr().err


def test_a_run_in_the_way_says_how_to_go_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = interrupted(tmp_path)
    assert cli.invoke(["run", "--out", str(run)]) == 2
    err = capsys.readouterr().err
    assert f"to go on with it, dipg-curriculum run --resume {run}; for another, name a new" in err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is full")
def test_what_cannot_be_printed_is_told_in_one_line() -> None:
    with Path("/dev/full").open("w") as full:
        result = subprocess.run(
            [sys.executable, "-c", "from dipg.app.cli.main import main; main()", "policies"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert result.returncode == 1
    assert result.stderr == ("Error: what is printed cannot be written: No space left on device\n")
