"""A disk that fills up while a checkpoint is saved: what was saved before stays. The limit is the
system's own, on the size of any file of a process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import resource, signal, sys
from pathlib import Path
import numpy as np
from grpo_core import checkpoints

place = Path(sys.argv[1])
small = {"w": np.ones(4, np.float32)}
large = {"w": np.random.default_rng(0).random(200_000, np.float32)}
with checkpoints.Writer() as writer:
    writer.save(place / "grpo_1", small, {"step": 1})
    writer.wait()
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
    try:
        writer.save(place / "grpo_2", large, {"step": 2})
        writer.wait()
    except checkpoints.CheckpointError as error:
        print(error)
    writer.save(place / "grpo_3", small, {"step": 3})
    writer.wait()
print(sorted(p.name for p in place.iterdir()))
print(checkpoints.restore(place / "grpo_1", small)["w"].tolist())
"""


def test_a_checkpoint_that_cannot_be_written_leaves_the_others_and_no_remains(
    tmp_path: Path,
) -> None:
    here = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONPATH": str(here)},
    )
    error, names, values = done.stdout.splitlines()
    assert error == f"{tmp_path}/grpo_2: cannot be saved: File too large"
    assert names == "['grpo_1', 'grpo_3']"
    assert values == "[1.0, 1.0, 1.0, 1.0]"
