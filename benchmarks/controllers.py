"""Speed of curricula: one decision, a sweep, and the window.

    python benchmarks/controllers.py            # all three, about a minute
    python benchmarks/controllers.py --json

Figures are lower quartiles over repeats, which other work on the machine disturbs least.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from curricula import Curriculum, Observation, Rate, Schema
from curricula import window as windows
from curricula.controllers import gated, gated_point
from curricula.offline.simulate import Simulator
from curricula.offline.streams import LIMITS as STREAM_LIMITS
from curricula.offline.streams import stream
from dipg.pricing import EVALUATION, LIMITS, REPORT, TERMS
from dipg.rubric import EVENTS

RATES = {
    "safe": Rate("safe"),
    "answer": Rate("answered", "answerable"),
    "correct": Rate("correct"),
    "hallucination": Rate("hallucinated"),
    "refusal": Rate("refused"),
    "consistency": Rate("consistent"),
    "format": Rate("well_formed"),
}


def usual_seconds(action: Callable[[], Any], repeats: int) -> float:
    """Lower quartile of the wall time of ``action``, whose result is waited for."""
    jax.block_until_ready(action())
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        jax.block_until_ready(action())
        times.append(time.perf_counter() - start)
    return float(np.quantile(times, 0.25))


def responses(rows: int, groups: int, seed: int = 0) -> Observation:
    """A step of the default run's shape: facts at random."""
    rng = np.random.default_rng(seed)
    terms = rng.integers(0, 2, (rows, len(TERMS))).astype(np.float32)
    terms[:, TERMS.index("hallucinated_trace") :] = 0  # rewards stay within their limits
    terms[:, TERMS.index("correct_abstention") :] = 0
    events = rng.integers(0, 2, (rows, len(EVENTS))).astype(np.float32)
    return Observation(
        terms, events, np.repeat(np.arange(groups), rows // groups), np.ones(rows, bool)
    )


def decision(window: int = 32, donate: bool = False, repeats: int = 300) -> float:
    """Seconds of one ``Curriculum.step`` of the default gate, receipt included: 64 responses."""
    schema = Schema(TERMS, EVENTS, RATES, attempt="answered")
    course = Curriculum(
        gated(), REPORT, EVALUATION, schema, window=window, limits=LIMITS, donate=donate
    )
    state, seen = course.init(64, 8), responses(64, 8)

    def decide() -> None:
        nonlocal state
        state = jax.block_until_ready(course.step(state, seen)[1])

    return usual_seconds(decide, repeats)


def sweep(controller: Any, runs: int = 2048, steps: int = 100, repeats: int = 5) -> float:
    """Controller updates per second in a vmapped sweep: eight groups a step."""
    names = tuple(dict.fromkeys(("mean", *controller.metrics)))
    limits = tuple(STREAM_LIMITS if n == "mean" else (0.0, 1.0) for n in names)
    simulator = Simulator(controller, names, limits)
    data = stream(names, {"safe": 0.9}, runs=runs, steps=steps)
    start = jax.tree.map(
        lambda x: np.broadcast_to(np.asarray(x), (runs, *np.shape(x))), simulator.init()
    )
    hits, trials = jax.device_put(data.hits), jax.device_put(data.trials)
    seconds = usual_seconds(lambda: simulator._scan(start, hits, trials), repeats)
    return runs * steps / seconds


def window_update(length: int, repeats: int = 200) -> float:
    """Seconds of one window update of 64 responses, the old window donated."""
    update = jax.jit(windows.update, donate_argnums=0)
    prices, seen = np.asarray(EVALUATION.weights), responses(64, 8)
    window = windows.init(length, 64, len(TERMS), len(EVENTS))
    times = []
    for _ in range(repeats + 5):
        window = jax.block_until_ready(windows.advance(window))
        start = time.perf_counter()
        window = jax.block_until_ready(update(window, seen, prices))
        times.append(time.perf_counter() - start)
    return float(np.quantile(times[5:], 0.25))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    lengths = (32, 256, 4096)
    figures = {
        "decision_ms": decision() * 1e3,
        **{f"decision_window_{n}_ms": decision(n, donate=True) * 1e3 for n in lengths},
        "gated_decisions_per_s": sweep(gated().lean()),
        "gated_with_shown_bounds_per_s": sweep(gated(), runs=256, repeats=2),
        "gated_point_decisions_per_s": sweep(gated_point()),
        **{f"window_update_{n}_us": window_update(n) * 1e6 for n in lengths},
    }
    if parser.parse_args().json:
        print(json.dumps({k: round(v, 3) for k, v in figures.items()}))
        return
    for name, value in figures.items():
        print(f"{name:40s} {value:14,.2f}")


if __name__ == "__main__":
    main()
