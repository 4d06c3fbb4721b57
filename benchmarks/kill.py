"""Kills a run again and again, resumes it, and compares what is left with an uninterrupted run.

    python benchmarks/kill.py                     # 36 kills; prints instants, resumes, differences
    python benchmarks/kill.py --rounds 1 --seed 7

Every kill is a SIGKILL to the process of `dipg-curriculum run`. Its instant is drawn at random
within a stage of the run: the warm-up, an evaluation, the writing of a checkpoint, the moment
between a line of the log and its checkpoint, or anywhere. A round ends with the run; then every
line of every log, every evaluation and every array of the last checkpoint (parameters, optimizer,
window, evidence, controller) are compared with those of the run that nobody killed.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dipg.app.checkpointing import steps_in
from grpo_core.checkpoints import UNFINISHED, read_record

HERE = Path(__file__).resolve().parent.parent
STEPS = 60
SETTINGS = (
    *("--steps", str(STEPS), "--when", "mean > -20", "--learning-rate", "3e-3"),
    *("--num-generations", "4", "--prompts-per-step", "4", "--eval-count", "24"),
    *("--set", "model.width=32", "--set", "model.layers=2", "--set", "model.heads=2"),
    *("--set", "warmup.steps=150", "--set", "warmup.batch_size=16"),
    *("--set", "warmup.learning_rate=1e-2", "--set", "data.train_count=64"),
    *("--set", "evaluation.report_count=8", "--set", "evaluation.every=20"),
    *("--set", "curriculum.block_steps=15", "--set", "checkpoints.every=4"),
)
"""A small run in which much happens: rewards differ, weights move, the gate promotes twice."""

STAGES = ("warm-up", "anywhere", "checkpoint", "log line", "evaluation", "checkpoint")
"""Where the kills of a round fall, in this order."""

SPREAD = {"warm-up": 4.0, "anywhere": 6.0, "evaluation": 0.4, "checkpoint": 0.2, "log line": 0.1}
"""Seconds over which the instant of a kill is spread once its stage has come."""

COMPARED = ("metrics.jsonl", "decisions.jsonl", "observations.jsonl", "warnings.jsonl")
POLL = 0.001


@dataclass(frozen=True)
class Kill:
    """One kill: the stage it was meant for, seconds since the process began, what it left."""

    stage: str
    seconds: float
    left: str


@dataclass
class Round:
    """One run with its kills. differences: empty where it ended as the uninterrupted run did."""

    kills: list[Kill] = field(default_factory=list)
    resumes: int = 0
    differences: list[str] = field(default_factory=list)


class Runs:
    """Starts runs as processes of their own, below a directory.

    Args:
      place: takes runs and caches. settings: of every run, as options of the command.
      compiled: a compilation cache that is there already.
    """

    def __init__(
        self, place: Path, settings: Sequence[str] = SETTINGS, compiled: Path | None = None
    ) -> None:
        self.place, self.settings = place, tuple(settings)
        self.compiled = place / "compiled" if compiled is None else compiled

    def start(self, name: str, *, resume: bool) -> subprocess.Popen[bytes]:
        """The command in a new process; its output goes to `<name>.out`."""
        to = ("--resume", name) if resume else (*self.settings, "--out", name)
        program = "from dipg.app.cli.main import main; main()"
        environment = os.environ | {
            "PYTHONPATH": str(HERE),
            "PYTHONUNBUFFERED": "1",
            "DIPG_CURRICULUM_CACHE": str(self.place / f"cache-{name}"),
            # What one process has compiled, the next one loads: the same program, sooner.
            "JAX_COMPILATION_CACHE_DIR": str(self.compiled),
            "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
            "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
        }
        with self.output(name).open("wb") as out:
            return subprocess.Popen(
                [sys.executable, "-c", program, "run", *to, "--plain"],
                stdout=out,
                stderr=subprocess.STDOUT,
                cwd=self.place,
                env=environment,
            )

    def output(self, name: str) -> Path:
        """What the newest process of a run has printed."""
        return self.place / f"{name}.out"

    def finish(self, name: str, *, resume: bool) -> None:
        """Run to the end. Raises RuntimeError with the last words where it does not get there."""
        if self.start(name, resume=resume).wait() != 0:
            raise RuntimeError(self.output(name).read_text()[-2000:])

    def kill(self, name: str, stage: str, rng: random.Random, *, resume: bool) -> Kill | None:
        """Start a run and kill it within a stage; None where it was over before."""
        began = time.monotonic()
        process = self.start(name, resume=resume)
        try:
            seen = self._moment(name, stage, rng)
            delay = rng.uniform(0, SPREAD[stage])
            deadline = None
            while process.poll() is None:
                now = time.monotonic()
                if deadline is None and seen():
                    deadline = now + delay
                if deadline is not None and now >= deadline:
                    break
                time.sleep(POLL)
            else:
                if process.returncode != 0:
                    raise RuntimeError(self.output(name).read_text()[-2000:])
                return None
            process.send_signal(signal.SIGKILL)
            seconds = time.monotonic() - began
            process.wait()
            return Kill(stage, seconds, self.left(name))
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            process.wait()

    def _moment(self, name: str, stage: str, rng: random.Random) -> Callable[[], bool]:
        """Says when a stage has come that this process has not been through yet."""
        run = self.place / name
        if stage == "warm-up":
            return lambda: "warm-up: supervised" in self._said(name)
        if stage == "evaluation":
            # A resumed run has the first one behind it, a new one dies in any of them.
            return lambda: "evaluation: step" in self._said(name)
        if stage == "checkpoint":
            old = set((run / "checkpoints").glob(UNFINISHED)) if run.is_dir() else set()
            skip = rng.randrange(3)
            passed: set[str] = set()

            def writing() -> bool:
                found = {p.name for p in (run / "checkpoints").glob(UNFINISHED) if p not in old}
                passed.update(found)
                return bool(found) and len(passed) > skip

            return writing
        if stage == "log line":
            lines, wait = _lines(run), rng.randrange(1, 9)
            return lambda: _lines(run) >= lines + wait and "training" in self._said(name)
        return lambda: "warm-up" in self._said(name)

    def _said(self, name: str) -> str:
        return self.output(name).read_text()

    def left(self, name: str) -> str:
        """What a killed run has left, in a few words."""
        run = self.place / name
        checkpoints = steps_in(run / "checkpoints")
        unfinished = [p.name.partition(".")[0] for p in (run / "checkpoints").glob(UNFINISHED)]
        newest = f"grpo_{checkpoints[-1]}" if checkpoints else "no checkpoint"
        half = f", {unfinished[0]} half written" if unfinished else ""
        return f"{_lines(run)} steps logged, {newest}{half}"

    def differences(self, name: str, other: str) -> list[str]:
        """Where two finished runs differ."""
        a, b = self.place / name, self.place / other
        evaluations = sorted(p.name for run in (a, b) for p in run.glob("*_*.json*"))
        found = [
            f"{file} differs"
            for file in dict.fromkeys([*COMPARED, *evaluations])
            if _bytes(a / file) != _bytes(b / file)
        ]
        steps = [row["step"] for row in _rows(a / "timings.jsonl")]
        if steps != list(range(1, len(steps) + 1)) or len(steps) != _lines(b):
            found.append("timings.jsonl does not have every step once")
        last = steps_in(b / "checkpoints")[-1]
        records = [read_record(run / "checkpoints" / f"grpo_{last}") for run in (a, b)]
        for part in ("arrays", "state", "identity"):
            if records[0][part] != records[1][part]:
                found.append(f"{part} of grpo_{last} differ")
        return found


def run_rounds(place: Path, rounds: int, seed: int, stages: Sequence[str] = STAGES) -> list[Round]:
    """An uninterrupted run, then so many that are killed in every one of `stages`."""
    runs = Runs(place)
    runs.finish("whole", resume=False)
    found = []
    for number in range(1, rounds + 1):
        rng, current = random.Random(f"{seed}/{number}"), Round()
        name = f"killed-{number}"
        for stage in stages:
            resume = (place / name / "config.toml").is_file()
            current.resumes += resume
            kill = runs.kill(name, stage, rng, resume=resume)
            if kill is None:
                break  # it was quicker than the stage: the round is over
            current.kills.append(kill)
            tell(number, kill)
        current.resumes += 1
        runs.finish(name, resume=(place / name / "config.toml").is_file())
        current.differences = runs.differences(name, "whole")
        print(f"round {number}: finished; differences: {len(current.differences)}", flush=True)
        for difference in current.differences:
            print(f"  {difference}", flush=True)
        found.append(current)
    return found


def tell(number: int, kill: Kill) -> None:
    """One line for a kill."""
    print(f"round {number}: {kill.seconds:6.2f} s  {kill.stage:11}  left: {kill.left}", flush=True)


def _bytes(file: Path) -> bytes:
    return file.read_bytes() if file.is_file() else b""


def _lines(run: Path) -> int:
    return _bytes(run / "metrics.jsonl").count(b"\n")


def _rows(file: Path) -> list[dict[str, int]]:
    """Every line parsed: a half one raises."""
    return [json.loads(line) for line in _bytes(file).decode().splitlines()]


@contextlib.contextmanager
def _workplace(named: Path | None) -> Iterator[Path]:
    place = Path(tempfile.mkdtemp(prefix="kill-")) if named is None else named.absolute()
    place.mkdir(parents=True, exist_ok=True)
    try:
        yield place
    finally:
        if named is None:
            shutil.rmtree(place, ignore_errors=True)


def main() -> int:
    """Run the command; 1 where something differs."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=6, help="runs; each is killed up to 6 times")
    parser.add_argument("--seed", type=int, default=0, help="of the instants")
    parser.add_argument("--place", type=Path, help="keep everything in this new directory")
    given = parser.parse_args()
    began = time.monotonic()
    with _workplace(given.place) as place:
        rounds = run_rounds(place, given.rounds, given.seed)
    kills = [kill for r in rounds for kill in r.kills]
    wrong = sum(len(r.differences) for r in rounds)
    print(f"\n{len(kills)} kills, {sum(r.resumes for r in rounds)} resumes, {wrong} differences")
    for stage in dict.fromkeys(STAGES):
        print(f"  {stage:11} {sum(kill.stage == stage for kill in kills):3} kills")
    half = sum("half written" in kill.left for kill in kills)
    print(f"  {half} left a half-written checkpoint; {time.monotonic() - began:.0f} s in all")
    return min(wrong, 1)


if __name__ == "__main__":
    sys.exit(main())
