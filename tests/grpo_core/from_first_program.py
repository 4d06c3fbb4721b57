"""Run by test_distributed.py in two processes: writes what they tell each other to OUT.<number>."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from grpo_core import distributed


def failing(make: Callable[[], Any]) -> str:
    try:
        distributed.from_first(make, KeyError, OSError)
    except Exception as found:
        return f"{type(found).__name__}: {found}"
    return "nothing"


def gone() -> None:
    raise FileNotFoundError("gone")


def zero() -> float:
    return 1 / 0


def main() -> None:
    distributed.start()
    number = int(os.environ["JAX_PROCESS_ID"])
    made = []
    array = np.array([[0.1, float("nan")], [-2.0, 3.0]], np.float32)

    def make() -> dict[str, Any]:
        made.append(number)
        return {"of": number, "long": "x" * 100_000, "pair": (1, None), "array": array}

    value = distributed.from_first(make)
    try:
        distributed.check_equal("their numbers", str(number))
        unequal = "nothing"
    except distributed.DistributedError as error:
        unequal = str(error)
    distributed.check_equal("what they are", "the same")
    found = {
        "first": distributed.is_first(),
        "value": [value["of"], len(value["long"]), list(value["pair"])],
        "same array": value["array"].tobytes() == array.tobytes(),
        "made": made,
        "known": failing(gone),
        "unknown": failing(zero),
        "untold": failing(lambda: {1, 2}),
        "highest": distributed.highest(10 - number),
        "unequal": unequal,
    }
    Path(f"{sys.argv[1]}.{number}").write_text(json.dumps(found))


if __name__ == "__main__":
    main()
