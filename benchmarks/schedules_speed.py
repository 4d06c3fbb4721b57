"""Speed and memory of the offline benchmark of schedules.

    python benchmarks/schedules_speed.py                  # 10 policies x 1,000 seeds x 900 steps
    python benchmarks/schedules_speed.py --seeds 100 --json

Every figure is of fresh processes, wall seconds beside the CPU seconds of all their threads: cold,
with nothing compiled before, and warm, with what the cold one left in the cache directory. Memory
is the peak of a process that runs 900 steps beside one that runs 3,600: it does not grow.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time

SCENARIO = "slow learner"
CLI = "from dipg.app.cli.main import main; main()"
COMMAND = "benchmark --policies gated,gated-point,blocks,constant,ramp,pid,break-even --seeds 64"


def timed(arguments: list[str], cache: str) -> tuple[float, float, str]:
    """Wall and CPU seconds of a process, and what it printed."""
    environment = {**os.environ, "DIPG_CURRICULUM_CACHE": cache}
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    found = subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, check=True, env=environment
    )
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, cpu, found.stdout


def cold_and_warm(name: str, arguments: list[str]) -> dict[str, float]:
    """The same command twice, the second time with the cache of the first."""
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as cache:
        for state in ("cold", "warm"):
            wall, cpu, _ = timed(arguments, cache)
            figures |= {f"{name}_{state}_wall_s": wall, f"{name}_{state}_cpu_s": cpu}
        if name == "sweep":
            figures |= json.loads(timed([*arguments, "--twice"], cache)[2])
    return figures


def peak_mib(seeds: int, steps: int) -> float:
    """Peak memory of a fresh process that runs `gated` alone."""
    program = (
        "from dipg.app.schedules import Job, run_job\n"
        f"run_job(Job('gated', {SCENARIO!r}, tuple(range({seeds})), {steps}))\n"
        "print(next(x for x in open('/proc/self/status') if x.startswith('VmHWM')).split()[1])"
    )
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return int(found.stdout) / 1024


def sweep(seeds: int, steps: int, twice: bool) -> None:
    """Ten policies in one scenario; twice: again with everything compiled, and the rate of that."""
    from dipg.app.policies import POLICY_NAMES
    from dipg.app.schedules import Job, in_threads, keep_compiled

    keep_compiled()
    left_out = ("plateau", "dual-ascent-log", "target-rate", "forecast-gated")
    policies = [name for name in POLICY_NAMES if name not in left_out]
    jobs = [Job(name, SCENARIO, tuple(range(seeds)), steps) for name in policies]
    in_threads(jobs)
    if twice:
        wall, cpu = time.perf_counter(), time.process_time()
        in_threads(jobs)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        updates = len(policies) * seeds * steps
        print(
            json.dumps({"updates_per_wall_s": updates / wall, "updates_per_cpu_s": updates / cpu})
        )


def measure(seeds: int, steps: int) -> dict[str, float]:
    """Every figure."""
    own = [__file__, "--sweep", "--seeds", str(seeds), "--steps", str(steps)]
    return {
        "load_before": os.getloadavg()[0],
        **cold_and_warm("command", ["-c", CLI, *COMMAND.split()]),
        **cold_and_warm("sweep", own),
        "peak_mib_steps": peak_mib(seeds, steps),
        "peak_mib_four_times_the_steps": peak_mib(seeds, 4 * steps),
        "load_after": os.getloadavg()[0],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=1000)
    parser.add_argument("--steps", type=int, default=900)
    parser.add_argument("--json", action="store_true")
    for hidden in ("--sweep", "--twice"):
        parser.add_argument(hidden, action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.sweep:
        sweep(given.seeds, given.steps, given.twice)
        return
    figures = measure(given.seeds, given.steps)
    if given.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:34s} {value:14,.1f}")


if __name__ == "__main__":
    main()
