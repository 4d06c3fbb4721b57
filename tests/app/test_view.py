"""What a person sees of a run: figures, pace, what is worth telling, one screen, plain lines."""

from __future__ import annotations

import dataclasses
import io
import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console, RenderableType

from dipg.app.config import CurriculumConfig, RunConfig
from dipg.app.figures import BLOCKS, bounds, duration, number, sparkline, trend
from dipg.app.panels import decision_line, screen
from dipg.app.run_state import RunState
from dipg.app.view import LiveView, PlainView, View, choose_view
from tests.app.reports import clause, receipt, step_report

CONFIG = RunConfig(steps=300, curriculum=CurriculumConfig(block_steps=100, window=50))


class Clock:
    """Seconds that pass when told."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def lines_of(renderable: RenderableType, width: int = 80) -> list[str]:
    console = Console(width=width, height=24, file=io.StringIO(), record=True)
    console.print(renderable)
    return console.export_text().rstrip("\n").split("\n")


def in_training(steps: int = 187, seconds_per_step: float = 0.5) -> RunState:
    clock = Clock()
    state = RunState(CONFIG, clock)
    state.phase("training", "300 steps of 8 x 8", 300)
    for step in range(1, steps + 1):
        clock.now += seconds_per_step
        state.step(*step_report(step, mean=step / 20, safe=0.4 + step / 1000))
    return state


# --- figures --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (number("safe", 0.7125), "71.2%"),
        (number("safe", 0.0), "0.0%"),
        (number("mean", -1.664), "-1.66"),
        (number("safe", math.nan), "–"),
        (number("mean", None), "–"),
        (bounds("safe", 0.66, 0.758), "66.0 .. 75.8%"),
        (bounds("mean", -2, 3), "-2.00 .. 3.00"),
        (bounds("mean", -2, math.nan), "–"),
        (bounds("mean", None, 3), "–"),
        (duration(0), "0:00"),
        (duration(59.6), "1:00"),
        (duration(725), "12:05"),
        (duration(11400), "3:10:00"),
        (duration(None), "–"),
        (duration(math.inf), "–"),
    ],
)
def test_figures(shown: str, expected: str) -> None:
    assert shown == expected


def test_a_sparkline_by_hand() -> None:
    assert sparkline([0, 1, 2, 3, 4, 5, 6, 7], 8, 0, 8) == BLOCKS
    assert sparkline([0, 1, 2, 3, 4, 5, 6, 7], 4, 0, 8) == "▁▃▅▇"  # means 0.5, 2.5, 4.5, 6.5
    assert sparkline([8, 100, -3], 3, 0, 8) == "██▁"
    assert sparkline([], 5, 0, 1) == ""


def test_small_changes_look_small() -> None:
    assert trend("safe", [0.50, 0.51], 5) == "▄▅"  # a point of 100 within 20
    assert trend("safe", [0.1, 0.9], 5) == "▁█"
    assert trend("mean", [3.0, 3.0], 5) == "▅▅"
    assert trend("safe", [0.0, 0.0], 5) == "▁▁"
    assert trend("safe", [1.0, 1.0], 5) == "██"


@given(
    values=st.lists(st.floats(-1e6, 1e6), max_size=200),
    width=st.integers(1, 40),
    metric=st.sampled_from(["mean", "safe"]),
)
def test_a_trend_fits_its_place(values: list[float], width: int, metric: str) -> None:
    line = trend(metric, values, width)
    assert len(line) <= width
    assert set(line) <= set(BLOCKS)
    assert bool(line) == bool(values)


# --- state ----------------------------------------------------------------------------------------


def test_pace_and_time_left() -> None:
    state = in_training(steps=100, seconds_per_step=0.5)
    assert state.pace == pytest.approx(2.0)
    assert state.seconds_left == pytest.approx(200 / 2.0)
    assert state.seconds == 50.0


def test_pace_is_of_the_last_steps_and_of_this_phase() -> None:
    clock = Clock()
    state = RunState(CONFIG, clock)
    state.phase("training", "", 300)
    clock.now = 60.0  # compilation
    for step in range(1, 101):
        clock.now += 0.1
        state.step(*step_report(step, 1.0, 0.5))
    assert state.pace == pytest.approx(10.0)
    state.phase("evaluation", "", 50)
    assert (state.done, state.pace, state.seconds_left) == (0, None, None)
    state.phase("training", "", 300)
    assert state.done == 100
    for step in (101, 102):
        clock.now += 0.5
        state.step(*step_report(step, 1.0, 0.5))
    assert state.pace == pytest.approx(2.0)


def test_which_decisions_are_worth_a_line() -> None:
    state = RunState(CONFIG)
    unsure = clause("safe > 90%", "inconclusive", 0.7)
    failing = clause("safe > 90%", "fail", 0.7)
    passing = clause("safe > 90%", "pass", 0.95)
    assert state.decision(receipt(1, unsure))  # the first reason
    assert not state.decision(receipt(2, unsure))
    assert not state.decision(receipt(3, clause("safe > 90%", "inconclusive", 0.8)))
    assert state.decision(receipt(4, failing))  # another reason
    assert not state.decision(receipt(99, failing))
    assert state.decision(receipt(100, failing))  # the end of a block
    assert state.decision(receipt(101, passing, to=(1.0, "medium")))  # a move
    assert [r.step for r in state.moves] == [101]
    assert [r.step for r in state.told] == [1, 4, 100, 101]
    assert (state.severity, state.rung) == (1.0, "medium")


def test_severity_before_the_first_decision_is_the_start() -> None:
    state = RunState(RunConfig(curriculum=CurriculumConfig(start=1.5)))
    assert (state.severity, state.rung) == (1.5, "")


# --- the screen -----------------------------------------------------------------------------------


def full_state() -> RunState:
    state = in_training()
    clauses = [
        clause("mean > 5", "pass", 9.35),
        clause("safe > 90%", "inconclusive", 0.712, groups_needed=120.4),
        clause("drop(answer)", "fail", 0.8),
    ]
    for step in (100, 120, 140, 160, 187):
        state.decision(receipt(step, *clauses))
        clauses.append(clause(f"rate(reward >= {step}) > 50%", "fail", 0.1))
    return state


def test_the_screen_says_everything_without_colour() -> None:
    text = " ".join("\n".join(lines_of(screen(full_state()))).split())  # columns aside
    for fact in (
        "dipg-curriculum · gated",
        "training 300 steps of 8 x 8",
        "187/300 2.0 steps/s 0:56 left",  # 113 steps left, half a second each
        "last 50 steps",
        "yardstick mean",
        "9.35 8.35 .. 10.35",  # 187 / 20
        "58.7% 53.7 .. 63.7%",
        "42.5%",
        "hallucination",
        "answers (answerable)",
        "80.0% –",
        "severity 0.00 soft",
        "KL 0.0125",
        "u [soft 20%] medium 18% hard 23%",
        "pass ████ mean > 5",
        "open ███░ safe > 90%",
        "71.2% (66.2 .. 76.2%), 400 of ~520",
        "fail ░░░░ rate(reward >= 1",
        "and 1 more",
        "187 held at soft: safe > 90% not shown yet",
    ):
        assert fact in text


@pytest.mark.parametrize("width", [40, 80, 120])
def test_the_screen_fits_the_terminal(width: int) -> None:
    state = full_state()
    state.phase_detail = "x" * 200
    state.told.append(receipt(188, clause("safe > 90%", "pass", 0.95), to=(1.0, "m" * 100)))
    lines = lines_of(screen(state), width)
    assert len(lines) <= 24
    assert max(map(len, lines)) <= width
    text = "\n".join(lines)
    assert re.search(r"yardstick mean +9\.35 ", text)
    assert re.search(r"open +███░ +safe > 90%", text)
    assert ("bounds" in text) == (width > 40)


@pytest.mark.parametrize(
    ("height", "there", "gone"),
    [
        (24, ["yardstick", "pass   ████", "KL", "[soft 20%]", "    187  held"], []),
        (18, ["yardstick", "pass   ████", "[soft 20%]"], ["KL", "    187  held"]),
        (15, ["yardstick", "[soft 20%]", "KL"], ["pass   ████", "    187  held"]),
        (12, ["yardstick", "[soft 20%]"], ["KL", "pass   ████", "    187  held"]),
        (10, ["[soft 20%]", "KL", "    187  held"], ["yardstick", "pass   ████"]),
        (7, ["[soft 20%]", "KL"], ["yardstick", "    187  held"]),
        (3, ["training"], ["[soft 20%]"]),
    ],
)
def test_a_short_terminal_shows_what_matters_most(
    height: int, there: list[str], gone: list[str]
) -> None:
    console = Console(width=80, height=height, record=True, file=io.StringIO(), force_terminal=True)
    console.print(screen(full_state(), fit=True))
    text = console.export_text()
    assert len(text.splitlines()) <= max(height, 4)  # what goes on is always said
    assert text.splitlines()[-1].startswith("╰")
    assert not re.search(r"│ +│\n╰", text)  # no gap that parts nothing
    assert [fact in text for fact in there] == [True] * len(there)
    assert [fact in text for fact in gone] == [False] * len(gone)


@pytest.mark.parametrize(
    ("verdict", "shown"), [("pass", "DROP"), ("fail", "watch"), ("inconclusive", "learn")]
)
def test_a_watch_for_drops_is_shown_where_there_is_a_way_down(verdict: str, shown: str) -> None:
    watch = clause("drop(answer)", verdict, 0.8)
    at_soft = receipt(1, clause("safe > 90%", "fail", 0.5), watch)
    at_medium = dataclasses.replace(at_soft, severity_from=1.0, severity_to=1.0)
    for decided, expected in ((at_soft, False), (at_medium, True)):
        state = in_training()
        state.decision(decided)
        text = " ".join("\n".join(lines_of(screen(state))).split())
        assert (f"{shown} drop(answer) 80.0%" in text) == expected


def test_a_phase_of_unknown_length_shows_how_long_it_takes() -> None:
    clock = Clock()
    state = RunState(CONFIG, clock)
    clock.now = 60.0
    state.phase("starting", "loading jax", None)
    clock.now = 63.0
    text = "\n".join(lines_of(screen(state)))
    assert "starting  loading jax" in text
    assert " 0:03 " in text
    assert "━" not in text


def test_warm_up_shows_its_figures() -> None:
    state = RunState(CONFIG)
    state.phase("warm-up", "supervised", 1600)
    state.progress(400, {"loss": 0.5234})
    text = "\n".join(lines_of(screen(state)))
    assert "warm-up  supervised  loss 0.523" in text
    assert "400/1600" in text


def test_a_move_is_told_with_its_whole_sentence() -> None:
    move = receipt(9, clause("safe > 90%", "pass", 0.95), to=(1.0, "medium"))
    assert decision_line(move) == move.sentence
    assert move.sentence.startswith("moved from soft to medium (evidence is complete): safe 95%")


# --- views ----------------------------------------------------------------------------------------


def follow(view: View) -> None:
    """A short run, told to a view."""
    unsure = clause("safe > 90%", "inconclusive", 0.7)
    with view:
        view.phase("warm-up", "", 40)
        for done in range(1, 41):
            view.progress(done, {"loss": 1.0})
        view.phase("training", "40 steps of 8 x 8", 40)
        for step in range(1, 41):
            view.step(*step_report(step, 1.5, 0.5), {})
            view.decision(receipt(step, unsure))
        view.decision(receipt(41, clause("safe > 90%", "pass", 0.95), to=(1.0, "medium")))


def test_plain_lines_are_few_whole_and_without_control_characters() -> None:
    file = io.StringIO()
    follow(PlainView(CONFIG, Console(file=file, width=80), Clock()))
    text = file.getvalue()
    assert "\x1b" not in text
    assert "\r" not in text
    lines = text.splitlines()
    warm_up = [line for line in lines if line.startswith("warm-up ")]
    assert len(warm_up) == 1 + 20 + 1  # its beginning, step 1 and every second one
    assert warm_up[-1] == "warm-up 40/40  loss 1"
    training = [line for line in lines if line.startswith("training ")]
    assert training[-1] == (
        "training 40/40  severity 0.00 soft  mean 1.50 (0.50 .. 2.50)  safe 50.0% (45.0 .. 55.0%)"
        "  correct 42.5% (37.5 .. 47.5%)  hallucination 30.0% (25.0 .. 35.0%)  answer 80.0%"
        "  KL 0.0125"
    )
    decisions = [line for line in lines if line.startswith("step ")]
    assert [line.split(":")[0] for line in decisions] == ["step 1", "step 41"]
    assert "moved from soft to medium (evidence is complete)" in decisions[-1]


def test_the_live_view_gives_the_terminal_back() -> None:
    file = io.StringIO()
    view = LiveView(CONFIG, Console(file=file, width=80, height=24, force_terminal=True), Clock())
    follow(view)
    view.close()
    text = file.getvalue()
    assert text.count("\x1b[?25l") == text.count("\x1b[?25h") == 1  # cursor hidden, shown again
    assert "moved from soft to medium" in text
    assert text.endswith("\n\x1b[?25h")


def test_the_view_suits_the_stream() -> None:
    pipe = io.StringIO()
    assert type(choose_view(CONFIG, pipe, plain=False, quiet=False)) is PlainView
    assert type(choose_view(CONFIG, pipe, plain=False, quiet=True)) is View


@pytest.mark.parametrize(
    ("term", "plain", "kind"),
    [("xterm-256color", False, LiveView), ("xterm", True, PlainView), ("dumb", False, PlainView)],
)
def test_the_view_suits_the_terminal(
    monkeypatch: pytest.MonkeyPatch, term: str, plain: bool, kind: type
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("TERM", term)
    assert type(choose_view(CONFIG, Terminal(), plain=plain, quiet=False)) is kind


def test_quiet_shows_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    follow(View(CONFIG))
    assert capsys.readouterr() == ("", "")
