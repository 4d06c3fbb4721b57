"""A run elsewhere, followed by its files: the same state, screen and lines as in the run itself."""

from __future__ import annotations

import io
import json
import os
import shutil
import socket
from pathlib import Path

import pytest
from rich.console import Console

from dipg.app.cli import watch
from dipg.app.cli.main import invoke
from dipg.app.follow import Follow, summary_of
from dipg.app.run_directory import DirectoryError
from tests.app.report.stage import STEPS, write_run
from tests.test_imports import HEAVY, loaded_by, tops


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_run(tmp_path_factory.mktemp("runs") / "one")


@pytest.fixture
def copy(place: Path, tmp_path: Path) -> Path:
    """The same run, with seconds, without its last evaluation: as if still on its last step."""
    run = Path(shutil.copytree(place, tmp_path / "run"))
    (run / f"evaluation_{STEPS}.json").unlink()
    rows = [json.dumps({"step": i, "step_time": 0.5}) for i in range(1, STEPS + 1)]
    (run / "timings.jsonl").write_text("\n".join(rows) + "\n")
    return run


def keep(run: Path, steps: int, torn: str = "") -> dict[str, list[str]]:
    """Cut the line files after a step; what was cut off."""
    rest = {}
    for name in ("metrics.jsonl", "decisions.jsonl", "timings.jsonl"):
        lines = (run / name).read_text().splitlines(keepends=True)
        (run / name).write_text("".join(lines[:steps]) + torn)
        rest[name] = lines[steps:]
    return rest


def test_a_run_is_followed_as_its_lines_come(copy: Path) -> None:
    rest = keep(copy, 3)
    follow = Follow(copy)
    assert follow.look()
    assert (follow.state.done, follow.state.rung, len(follow.state.moves)) == (3, "soft", 0)
    assert follow.state.pace == pytest.approx(2.0)
    assert not follow.look()
    for name, lines in rest.items():
        with (copy / name).open("a") as file:
            file.writelines(lines[:2])
    assert follow.look()
    assert (follow.state.done, follow.state.rung, len(follow.state.moves)) == (5, "medium", 1)
    assert [receipt.step for receipt in follow.told if receipt.moved] == [4]
    assert follow.state.seconds_left == pytest.approx((STEPS - 5) * 0.5)


def test_half_a_line_waits_for_its_other_half(copy: Path) -> None:
    rest = keep(copy, 2, torn='{"step":3,')
    follow = Follow(copy)
    follow.look()
    assert follow.state.done == 2
    whole = rest["metrics.jsonl"][0].removeprefix('{"step":3,')
    with (copy / "metrics.jsonl").open("a") as file:
        file.write(whole)
    follow.look()
    assert follow.state.done == 3


def test_a_run_that_went_back_to_a_checkpoint_is_read_anew(copy: Path) -> None:
    follow = Follow(copy)
    follow.look()
    assert follow.state.done == STEPS
    assert len(follow.state.moves) == 2
    keep(copy, 4)
    follow.look()
    assert follow.state.done == 4
    assert len(follow.state.moves) == 1


def test_the_figures_are_those_of_the_runs_own_window(copy: Path) -> None:
    follow = Follow(copy)
    follow.look()
    last = json.loads((copy / "metrics.jsonl").read_text().splitlines()[-1])
    assert follow.state.summary["safe"].value == last["window/safe"]
    assert follow.state.summary["safe"].lower == last["window/safe_lower"]
    assert set(summary_of({"window/a": 1.0, "window/a_lower": 0.0, "kl": 2.0})) == {"a"}


def test_it_ends_with_the_last_evaluation(copy: Path) -> None:
    follow = Follow(copy)
    follow.look()
    assert not follow.finished
    (copy / f"evaluation_{STEPS}.json").write_text("{}")
    follow.look()
    assert follow.finished
    assert follow.state.phase_name == "finished"


def test_it_knows_whether_somebody_writes(copy: Path) -> None:
    follow = Follow(copy)
    follow.look()
    assert not follow.writing
    assert "nobody is writing" in follow.state.phase_detail
    owner = {"pid": os.getpid(), "host": socket.gethostname()}
    (copy / "lock").write_text(json.dumps(owner))
    assert follow.writing
    (copy / "lock").write_text(json.dumps(owner | {"pid": 2**22 + 1}))  # beyond any process
    assert not follow.writing
    (copy / "lock").write_text(json.dumps(owner | {"host": "another", "pid": 1}))
    assert follow.writing
    (copy / "lock").write_text("torn")
    assert not follow.writing


def test_the_log_of_another_trainer_is_followed_too(copy: Path) -> None:
    (copy / "config.toml").unlink()
    follow = Follow(copy)
    follow.look()
    receipt = json.loads((copy / "decisions.jsonl").read_text().splitlines()[0])
    assert follow.state.config.curriculum.policy == receipt["controller"]
    assert (follow.state.done, follow.state.total, follow.finished) == (STEPS, None, False)


def test_strange_lines_are_passed_over(copy: Path) -> None:
    for name in ("metrics.jsonl", "decisions.jsonl", "timings.jsonl"):
        with (copy / name).open("ab") as file:
            file.write(b'\xff\xfe\n[]\n{"step": "x"}\n{}\n' + b"[" * 100_000 + b"\n")
            file.write(b'{"step": 99, "kl": "<b>", "step_time": []}\n{"step": 1e999}\n')
    follow = Follow(copy)
    follow.look()
    assert follow.state.done == STEPS


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DirectoryError, match="no such run"):
        Follow(tmp_path / "none")
    with pytest.raises(DirectoryError, match="so it is no run"):
        Follow(tmp_path)


# The command.


def test_the_screen_once(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["watch", str(copy), "--once"]) == 0
    shown = capsys.readouterr().out
    for fact in ("yardstick mean", "12/12", "u  [soft 20%]", "severity 0.00 soft"):
        assert fact in shown


def test_as_data(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["watch", str(copy), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["step"], told["steps"], told["rung"], told["moves"]) == (STEPS, STEPS, "soft", 2)


def test_a_finished_run_in_plain_lines(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["watch", str(place), "--plain"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("step 1: held at soft")
    assert any(line.startswith("step 4: moved from soft to medium") for line in lines)
    assert lines[-1].startswith("finished 12/12  severity 0.00 soft")


def test_bad_input_is_refused_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for arguments, says in (
        ([], "there is no run yet"),
        (["none"], "no such run"),
        (["none", "--every", "0"], "more than 0"),
        (["none", "--every", "nan"], "more than 0"),
    ):
        assert invoke(["watch", *arguments]) == 2
        assert says in capsys.readouterr().err
    assert tops(loaded_by("dipg.app.cli.watch")) & HEAVY == set()


def test_lines_come_now_and_then_and_for_every_move(copy: Path) -> None:
    rest = keep(copy, 0)
    file = io.StringIO()
    follow = Follow(copy)
    follow.look()

    def write_two_steps() -> None:
        for name, lines in rest.items():
            with (copy / name).open("a") as out:
                out.writelines(lines[:2])
            del lines[:2]
        if not rest["metrics.jsonl"]:
            (copy / f"evaluation_{STEPS}.json").write_text("{}")

    watch.say_lines(follow, Console(file=file, width=80), write_two_steps)
    lines = file.getvalue().splitlines()
    assert [line.split("  ")[0] for line in lines if "/12" in line] == [
        "starting 0/12", "training 2/12", "training 4/12", "training 6/12", "training 8/12",
        "training 10/12", "finished 12/12",
    ]  # fmt: skip
    assert [line.split(":")[0] for line in lines if ": moved" in line] == ["step 4", "step 8"]
