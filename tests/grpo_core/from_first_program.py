"""Run by test_distributed.py in two processes: writes what they tell each other to OUT.<number>."""

import json
import os
import sys
from pathlib import Path

from grpo_core import distributed


class Untravelled(Exception):
    """Cannot be made again from its text."""

    def __init__(self, one: str, two: str) -> None:
        super().__init__(one)
        self.two = two


def failing(error: Exception) -> str:
    def fail() -> None:
        raise error

    try:
        distributed.from_first(fail)
    except Exception as found:
        return f"{type(found).__name__}: {found}"
    return "nothing"


def main() -> None:
    distributed.start()
    number = int(os.environ["JAX_PROCESS_ID"])
    made = []

    def make() -> dict[str, object]:
        made.append(number)
        return {"of": number, "long": "x" * 100_000, "pair": (1, None)}

    value = distributed.from_first(make)
    try:
        distributed.check_equal("their numbers", str(number))
        unequal = "nothing"
    except distributed.DistributedError as error:
        unequal = str(error)
    distributed.check_equal("what they are", "the same")
    found = {
        "first": distributed.is_first(),
        "value": [value["of"], len(str(value["long"])), list(value["pair"])],
        "made": made,
        "error": failing(KeyError("gone")),
        "untravelled": failing(Untravelled("a", "b")),
        "highest": distributed.highest(10 - number),
        "unequal": unequal,
    }
    Path(f"{sys.argv[1]}.{number}").write_text(json.dumps(found))


if __name__ == "__main__":
    main()
