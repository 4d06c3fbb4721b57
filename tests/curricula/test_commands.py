"""The commands that explain, certify and start policies."""

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from curricula.conditions import parse
from dipg.app.cli.certify import certify
from dipg.app.cli.ladder import ladder
from dipg.app.cli.new_policy import new_policy
from dipg.app.cli.policies import policies
from dipg.app.policies import (
    POLICIES,
    POLICY_NAMES,
    PolicyError,
    check_policy_name,
    controller_from_name,
)
from tests.curricula.lab import LADDER


def run(command, *arguments):
    return CliRunner().invoke(command, arguments)


def built(name, **options):
    settings = {"when": None, "ladder": LADDER, "total_steps": 300, **options}
    return controller_from_name(name, **settings)


def test_the_report_ladder_trips_the_lint_and_the_caution_ladder_does_not():
    told = run(ladder, "report")
    assert told.exit_code == 0
    assert "break-even u                         0.20    0.18  0.23" in told.output
    assert (
        "warning: soft to medium hardly moves break-even (break-even 0.20 to 0.18)" in told.output
    )
    quiet = run(ladder, "caution")
    assert "warning" not in quiet.output
    row = next(r for r in quiet.output.splitlines() if r.startswith("break-even u"))
    assert row.split()[2:] == ["0.10", "0.25", "0.40", "0.55"]


def test_a_ladder_as_json_and_under_a_measured_mix():
    data = json.loads(run(ladder, "report", "--json").output)
    assert [round(u, 2) for u in data["break_even"]] == [0.20, 0.18, 0.23]
    assert len(data["warnings"]) == 2
    mixed = json.loads(run(ladder, "report", "--json", "--mix", "no proof=1").output)
    assert mixed["failed"] == [5.0, 0.0, -5.0]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("harsh",), "no ladder 'harsh'; valid: report, caution"),
        (("report", "--mix", "x"), "--mix takes FAILURE=SHARE, got 'x'"),
    ],
)
def test_ladders_that_are_not_there_are_refused(arguments, told):
    result = run(ladder, *arguments)
    assert result.exit_code == 2
    assert told in result.output


def test_policies_are_listed_with_what_they_do():
    output = run(policies).output
    for name, summary in POLICIES.items():
        assert f"  {name} " in output
        assert summary in output


def test_every_name_builds_a_controller():
    for name in POLICY_NAMES:
        assert built(name).name == name
    gate = built("gated", when=parse("mean > 7"))
    assert str(gate.promote.condition) == "mean > 7"
    assert list(built("blocks", block_steps=5).severities) == [0, 1, 0]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("gatde", r"unknown policy 'gatde' \(did you mean gated\?\); valid: constant, blocks"),
        ("none.py:Mine", "policy 'none.py:Mine': there is no file 'none.py'"),
        ("no_such_module_here:Mine", "cannot import 'no_such_module_here'"),
        ("json:Mine", "'json' has no 'Mine'"),
        ("json:dumps", "needs arguments to be built"),
        ("json:JSONDecoder", "is a JSONDecoder, not a CurriculumController"),
    ],
)
def test_policies_that_are_not_there_are_refused_in_one_line(name, told):
    with pytest.raises(PolicyError, match=told) as caught:
        built(name)
    assert "\n" not in str(caught.value)


def test_a_file_that_cannot_be_read_is_refused(tmp_path):
    path = tmp_path / "broken.py"
    path.write_text("class Mine(:\n")
    with pytest.raises(PolicyError, match="cannot import"):
        built(f"{path}:Mine")


def test_a_file_that_raises_is_told_in_one_line(tmp_path):
    path = tmp_path / "raising.py"
    path.write_text("x = 1\nraise RuntimeError('two\\nlines')\n")
    with pytest.raises(PolicyError) as caught:
        built(f"{path}:Mine")
    said = f"cannot import {str(path)!r}: RuntimeError: two lines ({path}, line 2)"
    assert str(caught.value) == f"policy '{path}:Mine': {said}"


def test_a_policy_of_an_installed_package_is_found(tmp_path, monkeypatch):
    package = tmp_path / "their_policies-1.0.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: their-policies\nVersion: 1.0\n")
    (package / "entry_points.txt").write_text(
        "[dipg_curriculum.controllers]\ntheirs = their_policies:make\n"
    )
    (tmp_path / "their_policies.py").write_text(
        "from curricula.controllers import constant\ndef make():\n    return constant(1.0)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    assert check_policy_name("theirs") == "theirs"
    assert built("theirs").start() == 1.0
    assert "theirs" in run(policies).output


def test_a_new_policy_works_and_so_does_its_test(tmp_path):
    result = run(new_policy, "my-rule", "--into", str(tmp_path))
    assert result.exit_code == 0
    controller = built(f"{tmp_path / 'my_rule.py'}:MyRule")
    assert controller.name == "MyRule"
    tested = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_my_rule.py"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert tested.returncode == 0, tested.stdout
    again = run(new_policy, "my-rule", "--into", str(tmp_path))
    assert again.exit_code == 2
    assert "exists already" in again.output


@pytest.mark.parametrize(
    ("arguments", "told"),
    [(("2fast",), "a policy's name is a Python name, got '2fast'"),
     (("class",), "got 'class'"),
     (("mine", "--into", "/no/such/place"), "no directory '/no/such/place'")],
)  # fmt: skip
def test_new_policies_that_cannot_be_written_are_refused(arguments, told):
    result = run(new_policy, *arguments)
    assert result.exit_code == 2
    assert told in result.output


def test_certify_prints_a_certificate_or_a_row():
    arguments = ("constant", "--runs", "5", "--steps", "30")
    result = run(certify, *arguments)
    assert "constant (compiled)" in result.output
    assert "NO " not in result.output
    table = run(certify, *arguments, "--markdown").output.splitlines()
    assert table[0].startswith("| controller | protocol | false promotion")
    assert table[2].startswith("| constant | keeps | 0% [0, 52.2] | open | never")
    data = json.loads(run(certify, *arguments, "--json").output)
    assert (data["runs"], data["steps"], data["ladder"]) == (5, 30, "caution")
    measured = data["policies"]["constant"]
    assert measured["conforms"] is True
    assert measured["false_promotion"]["value"] == 0.0
    assert measured["missed"]["value"] == measured["missed_drop"]["value"] == 1.0


@pytest.mark.parametrize(
    ("arguments", "told"),
    [((), "name a policy, or --all"),
     (("gated", "--ladder", "x"), "no ladder 'x'; valid: report, caution"),
     (("gated", "--runs", "2"), "2 is not in the range x>=5")],
)  # fmt: skip
def test_certify_refuses_what_it_cannot_do(arguments, told):
    result = run(certify, *arguments)
    assert result.exit_code == 2
    assert told in result.output
