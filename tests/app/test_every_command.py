"""What holds for every command: examples in --help, one JSON document with --json, and refusals
with exit code 2, a line on stderr and nothing on stdout."""

from __future__ import annotations

import io
import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

import click
import pytest

from dipg.app.cli.main import COMMANDS, cli, invoke
from dipg.vignettes import generate
from dipg.vignettes.files import to_record
from tests.app.pretrained_model import write_model
from tests.app.report.stage import write_run
from tests.app.test_pretrained import SMALL


class Outcome(NamedTuple):
    """How a command ended, and what it said where."""

    code: int
    out: str
    err: str


class Place(NamedTuple):
    """What commands are given: a folder with a run's directory, responses and an evaluation, and
    the directory of a very small model."""

    here: Path
    run: Path
    model: Path


def call(*arguments: str) -> Outcome:
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = invoke(list(arguments))
    return Outcome(code, out.getvalue(), err.getvalue())


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    here = tmp_path_factory.mktemp("place")
    vignettes = generate("short", split="evaluation", count=4)
    lines = [json.dumps({**to_record(v), "response": v.gold}) + "\n" for v in vignettes]
    (here / "responses.jsonl").write_text("".join(lines))
    (here / "evaluation.json").write_text(json.dumps({"rewards": [1.0, 31.0], "mean_reward": 16.0}))
    return Place(here, write_run(here / "run"), write_model(here / "model"))


WORKS: dict[str, Callable[[Place], list[str]]] = {
    "watch": lambda p: [str(p.run)],
    "report": lambda p: [str(p.run), "--out", str(p.here / "report")],
    "policies": lambda _: [],
    "ladder": lambda _: ["caution"],
    "certify": lambda _: ["constant", "ramp", "--runs", "5", "--steps", "30"],
    "new-policy": lambda p: ["mine", "--into", str(p.here)],
    "replay": lambda _: ["report", "--policy", "constant", "--limits=-50,36"],
    "score": lambda p: [str(p.here / "responses.jsonl")],
    "evaluate": lambda p: [str(p.here / "evaluation.json")],
    "vignettes": lambda _: ["--count", "3"],
    "doctor": lambda _: ["--no-devices"],
    "completion": lambda _: ["bash"],
}
"""Commands that answer in a second."""

SLOW: dict[str, Callable[[Place], list[str]]] = {
    "run": lambda p: [
        "--model",
        str(p.model),
        "--steps",
        "1",
        "--out",
        str(p.here / "trained"),
        *SET,
    ],
    "export": lambda p: [str(p.here / "trained"), "--out", str(p.here / "exported")],
    "benchmark": lambda _: [
        *("--policies", "constant,ramp", "--scenarios", "cliff"),
        *("--seeds", "4", "--steps", "30"),
    ],
    "plan": lambda p: [
        *("--model", str(p.model), "--prompts", "1", "--num-generations", "2"),
        *("--prompt-length", "8", "--new-tokens", "4", "--lora-rank", "0"),
    ],
}
"""Commands that compile programs; `serve` has a test of its own."""

SET = [part for key, value in SMALL.items() for part in ("--set", f"{key}={value}")]

HOLDS: dict[str, Callable[[dict[str, Any]], bool]] = {
    "run": lambda told: told["steps"] == 1,
    "watch": lambda told: told["finished"] is True and told["step"] == 12,
    "report": lambda told: Path(told["html"]).is_file() and told["summary"] != {},
    "policies": lambda told: set(told["certified"]["policies"]) == set(told["built_in"]),
    "ladder": lambda told: [round(u, 2) for u in told["break_even"]] == [0.10, 0.25, 0.40, 0.55],
    "certify": lambda told: list(told["policies"]) == ["constant", "ramp"],
    "new-policy": lambda told: all(Path(file).is_file() for file in told["files"]),
    "benchmark": lambda told: told["seeds"] == 4 and told["reference"] == "constant",
    "replay": lambda told: told["policies"][0]["policy"] == "constant",
    "score": lambda told: (
        len(told["responses"]) == 4 and told["figures"]["safe_rate"]["value"] == 1
    ),
    "evaluate": lambda told: told["figures"] == {"mean_reward": {"value": 16.0}},
    "export": lambda told: {"config.json", "model.safetensors"} <= set(told["files"]),
    "vignettes": lambda told: sum(told["kinds"].values()) == len(told["vignettes"]) == 3,
    "plan": lambda told: [plan["topology"] for plan in told["plans"]] == ["local"],
    "doctor": lambda told: "packages" in told,
    "completion": lambda told: told["shell"] == "bash" and "complete" in told["script"],
}
"""Something that the document of each says."""

REFUSED = {
    "run": ["--policy", "gatd"],
    "watch": ["nowhere"],
    "report": ["nowhere"],
    "policies": ["gated"],
    "ladder": ["cautious"],
    "certify": ["gatd"],
    "new-policy": ["2fast"],
    "benchmark": ["--scenarios", "clif"],
    "replay": ["nowhere"],
    "score": ["nowhere.jsonl"],
    "evaluate": ["nowhere.json"],
    "export": ["nowhere", "--out", "there"],
    "vignettes": ["--shares", "1,2"],
    "plan": ["--model", "gemma3-2b"],
    "serve": ["--prices", "harsh"],
    "doctor": ["all"],
    "completion": ["tcsh"],
}


def test_every_command_is_tried_here() -> None:
    assert set(REFUSED) == set(COMMANDS)
    assert {"serve", *WORKS, *SLOW} == set(COMMANDS) == {"serve", *HOLDS}


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_examples_and_the_option_json(name: str) -> None:
    help_ = call(name, "--help")
    assert help_.code == 0
    examples = help_.out.partition("\n  Examples:\n")[2].partition("\n\n")[0].splitlines()
    assert any(re.search(rf"\bdipg-curriculum {name}\b", line) for line in examples)
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    (option,) = [p for p in command.params if "--json" in p.opts]
    assert isinstance(option, click.Option)
    assert option.is_flag
    assert option.help


@pytest.mark.parametrize("name", [*WORKS, *(pytest.param(n, marks=pytest.mark.slow) for n in SLOW)])
def test_with_json_stdout_is_one_document(name: str, place: Place) -> None:
    done = call(name, "--json", *(WORKS | SLOW)[name](place))
    assert done.code == 0, done.err
    told = json.loads(done.out, parse_constant=lambda x: pytest.fail(f"{x} is no JSON"))
    assert isinstance(told, dict)
    assert HOLDS[name](told), done.out
    assert done.out.endswith("}\n")


@pytest.mark.parametrize("form", [[], ["--json"]], ids=["", "json"])
@pytest.mark.parametrize("name", REFUSED)
def test_a_refusal_is_one_line_on_stderr(
    name: str, form: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = call(name, *form, *REFUSED[name])
    assert (done.code, done.out) == (2, "")
    assert re.fullmatch(r"Error: [^\n]+\n", done.err)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_serve_says_where_it_listens_and_then_nothing() -> None:
    pytest.importorskip("openenv", reason="needs the extra serve")
    from urllib.request import urlopen

    code = "from dipg.app.cli.main import main; main()"
    arguments = ["serve", "--json", "--port", "0", "--count", "2"]
    with subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as server:  # fmt: skip
        assert server.stdout is not None
        lines = list(iter(server.stdout.readline, "}\n"))
        told = json.loads("".join([*lines, "}\n"]))
        assert told["vignettes"] == 2
        with urlopen(told["url"], timeout=60) as answer:
            assert "Not for clinical use" in json.load(answer)["notice"]
        taken = ["serve", "--json", "--port", str(told["port"]), "--count", "2"]
        refused = call(*taken)
        server.send_signal(signal.SIGINT)
        rest, _ = server.communicate(timeout=60)
    assert rest == ""
    assert server.returncode == 130
    assert (refused.code, refused.out) == (2, "")
    assert re.fullmatch(r"Error: cannot listen on [^\n]+ in use[^\n]*\n", refused.err)
