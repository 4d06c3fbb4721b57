"""The doctor never fails itself; every command has examples, and a shell can complete them."""

from __future__ import annotations

import importlib.metadata
import json
import re
import subprocess
import sys

import pytest
from click.testing import CliRunner
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from dipg.app import doctor
from dipg.app.cli.main import COMMANDS, cli, invoke
from tests.test_imports import HEAVY, loaded_by, tops


def test_it_says_what_is_installed(capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["doctor", "--no-devices"]) == 0
    told = capsys.readouterr().out
    assert f"jax {importlib.metadata.version('jax')}" in told
    assert "Nothing is missing." in told


def test_it_says_which_devices_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["doctor", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["healthy"]
    assert told["devices"]["backend"] in {"cpu", "gpu", "tpu"}
    assert told["devices"]["devices"][0]["platform"]


def test_a_missing_package_is_named_with_its_way_out(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted = ["jax>=9999", "no-such-package>=1", 'nor-this==1; extra == "more"']
    monkeypatch.setattr(importlib.metadata, "requires", lambda name: wanted)
    assert invoke(["doctor"]) == 1
    told = capsys.readouterr().out
    assert "pip install 'jax>=9999'" in told
    assert "no-such-package is missing" in told
    assert "pip install 'dipg-curriculum[more]'" in told


def test_extras_of_jax_are_told_by_what_they_bring(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = ['jax[tpu]>=0.8; extra == "tpu"', 'jax[cuda12]>=0.8 ; extra == "cuda"']
    monkeypatch.setattr(importlib.metadata, "requires", lambda name: wanted)
    names = [p.name for e in doctor.diagnose(devices=False).extras for p in e.packages]
    assert names == ["libtpu", "jax-cuda12-plugin"]


def test_it_works_where_the_package_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> list[str]:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "requires", missing)
    assert "not installed as a package" in doctor.diagnose(devices=False).problems[0]


@pytest.mark.parametrize(
    ("program", "says"),
    [
        ("import time; time.sleep(60)", "no answer within 0.5 seconds"),
        ("raise RuntimeError('no chip')", "RuntimeError: no chip"),
        ("import os; os._exit(3)", "exit status 3"),
        ("print('[1]')", "exit status 0"),
    ],
)
def test_devices_that_do_not_answer_are_told_in_one_line(program: str, says: str) -> None:
    patience = 0.5 if "sleep" in program else 30.0
    assert doctor.probe(program, patience) == {"error": says}


@pytest.mark.parametrize(
    ("version", "wanted"),
    [
        ("1.16.0", ">=1.16,<1.17"), ("1.17.0", ">=1.16,<1.17"), ("0.1.7", "==0.1.7"),
        ("2.13.0+cpu", ">=2.13"), ("3", ">=3.0.0"), ("2.9", ">=2.10"), ("1.0", "!=1.0"), ("5", ""),
    ],
)  # fmt: skip
def test_bounds_are_read_as_pip_reads_them(version: str, wanted: str) -> None:
    assert doctor.fits(version, wanted) == (Version(version) in SpecifierSet(wanted))


def test_it_is_light() -> None:
    assert tops(loaded_by("dipg.app.cli.doctor", "dipg.app.doctor")) & HEAVY == set()


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_has_examples_of_itself(name: str) -> None:
    help_text = CliRunner().invoke(cli, [name, "--help"]).output
    assert "Examples:" in help_text
    assert f"dipg-curriculum {name}" in help_text.split("Examples:")[1]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_learns_to_complete(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert f"_DIPG_CURRICULUM_COMPLETE={shell}_complete" in script


def test_what_a_shell_asks_is_answered() -> None:
    code = "from dipg.app.cli.main import main; main()"
    environment = {
        "_DIPG_CURRICULUM_COMPLETE": "bash_complete",
        "COMP_WORDS": "dipg-curriculum re",
        "COMP_CWORD": "1",
    }
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    found = set(re.findall(r"plain,(\S+)", done.stdout))
    assert found == {name for name in COMMANDS if name.startswith("re")}


def test_policies_as_data(capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["policies", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert "gated" in told["built_in"]
    assert "dwell" in told["options"]["gated"]
