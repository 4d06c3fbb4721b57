"""Speed and memory of the offline benchmark of schedules.

    python benchmarks/schedules_speed.py                  # 10 policies x 1,000 seeds x 900 steps
    python benchmarks/schedules_speed.py --seeds 100 --json

Reports seconds with and without compiling, learner-and-controller steps a second, and the peak
memory of a process that runs 900 steps beside one that runs 3,600: it does not grow with the steps.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time

from dipg.app.policies import POLICY_NAMES
from dipg.app.schedules import Job, in_threads

POLICIES = [name for name in POLICY_NAMES if name not in
            ("plateau", "dual-ascent-log", "target-rate", "forecast-gated")]  # fmt: skip
SCENARIO = "slow learner"


def seconds(seeds: int, steps: int) -> float:
    """Wall time of all policies in one scenario, on all cores."""
    jobs = [Job(name, SCENARIO, tuple(range(seeds)), steps) for name in POLICIES]
    start = time.perf_counter()
    in_threads(jobs)
    return time.perf_counter() - start


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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=1000)
    parser.add_argument("--steps", type=int, default=900)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    first, second = seconds(given.seeds, given.steps), seconds(given.seeds, given.steps)
    figures = {
        "policies": len(POLICIES),
        "seeds": given.seeds,
        "steps": given.steps,
        "seconds_with_compiling": first,
        "seconds": second,
        "steps_per_second": len(POLICIES) * given.seeds * given.steps / second,
        "peak_mib_of_this_process": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "peak_mib_steps": peak_mib(given.seeds, given.steps),
        "peak_mib_four_times_the_steps": peak_mib(given.seeds, 4 * given.steps),
    }
    if given.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:34s} {value:14,.1f}")


if __name__ == "__main__":
    main()
