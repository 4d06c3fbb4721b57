"""What a checkpoint costs: how long the loop waits, when it is on disk, how long a restore takes.

python benchmarks/checkpoints.py [--parameters 0.6,20,100]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import jax
import jax.numpy as jnp

from grpo_core import checkpoints


def measure(count: int) -> tuple[float, float, float]:
    """Seconds until `save` returns, until it is on disk, and of a verified restore."""
    tree = {name: jnp.full(count, 0.1) for name in ("params", "mu", "nu")}
    jax.block_until_ready(tree)
    with tempfile.TemporaryDirectory() as place, checkpoints.Writer() as writer:
        writer.save(Path(place) / "first", tree, {})
        writer.wait()
        began = time.perf_counter()
        writer.save(Path(place) / "a", tree, {})
        waited = time.perf_counter() - began
        writer.wait()
        written = time.perf_counter() - began
        began = time.perf_counter()
        checkpoints.restore(Path(place) / "a", tree)
        return waited, written, time.perf_counter() - began


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--parameters", default="0.6,20,100", help="millions, comma-separated")
    given = parser.parse_args()
    print("| parameters | state | loop waits | on disk after | restored and verified in |")
    print("|---|---|---|---|---|")
    for millions in map(float, given.parameters.split(",")):
        waited, written, read = measure(round(millions * 1e6))
        times = " | ".join(f"{1e3 * seconds:.0f} ms" for seconds in (waited, written, read))
        print(f"| {millions:g} M | {12 * millions:.0f} MB | {times} |")


if __name__ == "__main__":
    main()
