"""How often, and how soon, rules of evidence promote: the table in docs/statistics.md.

    python benchmarks/controllers_evidence.py          # about ten seconds

"safe > 90%" is looked at after each of 300 steps of 8 groups of 8 completions with within-group
correlation 0.3; promotion is the first step at which a rule is satisfied.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from curricula import evidence
from curricula.offline.streams import stream

STEPS, RUNS, THRESHOLD, ALPHA = 300, 500, 0.90, 0.05
Rule = Callable[[np.ndarray], np.ndarray]


def betting(hits: np.ndarray, restarts: bool) -> np.ndarray:
    """``[N, T]`` whether the e-value reaches 1 / alpha, with or without restarts."""
    null = np.array([THRESHOLD], np.float32)

    def run(groups: jax.Array) -> jax.Array:
        def step(state: evidence.SequenceState, x: jax.Array) -> tuple:
            if restarts:
                state = evidence.sequence_update(state, null, x, jnp.ones_like(x))
                return state, evidence.sequence_log(state)[0]
            start = jnp.where(state.steps == 0, -math.log(len(evidence.BETS)), state.log_wealth)
            grown = start + evidence.log_growth(null, x, jnp.ones_like(x))
            total = jax.scipy.special.logsumexp(grown)
            return evidence.SequenceState(grown, state.steps + 1), total

        return jax.lax.scan(step, evidence.sequence_init(1), groups)[1]

    return np.asarray(jax.jit(jax.vmap(run))(hits)) >= -math.log(ALPHA)


def windowed(hits: np.ndarray, steps: int) -> np.ndarray:
    """``[N, T]`` rate over the last ``steps`` steps."""
    sums = np.cumsum(hits.mean(-1), axis=1)
    sums[:, steps:] -= sums[:, :-steps].copy()
    return sums / np.minimum(np.arange(1, STEPS + 1), steps)


def raw(hits: np.ndarray) -> np.ndarray:
    """The rate of the last 64 completions is above the threshold."""
    return windowed(hits, 1) > THRESHOLD


def peeked_wilson(hits: np.ndarray) -> np.ndarray:
    """The one-sided 95% Wilson bound of the last 512 completions is, looked at every step."""
    n, z = 64 * np.minimum(np.arange(1, STEPS + 1), 8), 1.6449
    p = windowed(hits, 8)
    half = z * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return (p + z * z / (2 * n) - half) / (1 + z * z / n) > THRESHOLD


RULES: dict[str, Rule] = {
    "raw rate, last 64": raw,
    "Wilson bound, last 512": peeked_wilson,
    "betting": lambda hits: betting(hits, restarts=False),
    "betting with restarts (ours)": lambda hits: betting(hits, restarts=True),
}
RISE = np.arange(STEPS) / 100
SCENARIOS = {
    "85% throughout": np.full(STEPS, 0.85),
    "90% throughout": np.full(STEPS, 0.90),
    "95% throughout": np.full(STEPS, 0.95),
    "30% to 93% by step 100": np.minimum(0.93, 0.3 + 0.63 * RISE),
    "30% to 97% by step 100": np.minimum(0.97, 0.3 + 0.67 * RISE),
}


def main() -> None:
    print("| true rate | " + " | ".join(RULES) + " |")
    print("| --- |" + " --- |" * len(RULES))
    for label, level in SCENARIOS.items():
        hits = stream(("safe",), {"safe": level}, runs=RUNS, steps=STEPS, seed=1).hits[:, :, 0]
        cells = []
        for rule in RULES.values():
            over = rule(hits)
            happened = over.any(1)
            first = np.median(np.where(happened, over.argmax(1) + 1, STEPS * 2))
            when = f", step {first:.0f}" if first <= STEPS else ""
            cells.append(f"{100 * happened.mean():.3g}%{when}")
        print(f"| {label} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
