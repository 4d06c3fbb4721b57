"""When a run stops, with a clock that only the test turns."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

from dipg.app.stopping import MARGIN, Stop


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def worked(stop: Stop, clock: Clock, work: str, seconds: float) -> None:
    with stop.timed(work):
        clock.now += seconds


def test_without_limit_and_signal_it_goes_on() -> None:
    assert Stop().reason("step", "evaluation") is None


def test_it_stops_before_the_next_work_would_go_over_the_limit() -> None:
    clock = Clock()
    stop = Stop(1.0, clock)
    worked(stop, clock, "step", 100)
    worked(stop, clock, "save", 20)
    worked(stop, clock, "step", 60)
    clock.now = 100 + 3600 - MARGIN * 120 - 1
    assert stop.reason("step", "save") is None
    clock.now += 1
    assert stop.reason("step", "save") == "--max-hours"
    assert stop.reason("save") is None  # the longest save took 20 s
    assert stop.reason("evaluation") is None  # none was seen yet


def test_the_first_signal_is_a_wish_and_handlers_are_given_back() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    for number in (signal.SIGTERM, signal.SIGINT):
        stop = Stop()
        with stop.on_signals():
            assert stop.reason() is None
            os.kill(os.getpid(), number)
            assert stop.reason() == number.name
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)] == before


TWICE = """
import os, signal, sys
from dipg.app.stopping import Stop
number = getattr(signal, sys.argv[1])
try:
    with Stop().on_signals():
        os.kill(os.getpid(), number)
        print("one", flush=True)
        os.kill(os.getpid(), number)
        print("two", flush=True)
finally:
    print("cleaned up", flush=True)
"""


def test_the_second_signal_ends_the_process_at_once() -> None:
    for name, code in (("SIGINT", 130), ("SIGTERM", 143)):
        done = subprocess.run(
            [sys.executable, "-c", TWICE, name], capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stdout) == (code, "one\n")
        assert f"{name}: finishing the step and saving; once more ends it at once." in done.stderr
