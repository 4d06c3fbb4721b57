"""What a session leaves: the decision, observation and metrics files of a run directory."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from curricula.receipts import Receipt
from curricula.session_state import SessionError

__all__ = ["SessionLog"]

FILES = ("decisions.jsonl", "observations.jsonl", "metrics.jsonl")


class SessionLog:
    """Appends a line per step to each file.

    Args:
      directory: made where missing.
      step: steps already decided; lines beyond it are removed.
      header: first line of the observation log.

    Raises:
      SessionError: there are decisions and ``step`` is 0, some up to ``step`` are missing, or the
        directory cannot be written.
    """

    def __init__(self, directory: str | Path, step: int, header: Mapping[str, Any]) -> None:
        self.directory = Path(directory)
        self._header = header
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            if step == 0 and self._lines("decisions.jsonl"):
                raise SessionError(
                    f"{self.directory}: already holds decisions; name another directory, or give"
                    " the state to go on from"
                )
            self.rewind(step)
        except OSError as error:
            raise SessionError(f"{self.directory}: {error.strerror or error}") from None

    def rewind(self, step: int) -> None:
        """Remove what was written of later steps."""
        kept = {name: self._up_to(name, step) for name in FILES}
        decided = len(kept["decisions.jsonl"])
        if decided and decided != step:
            raise SessionError(
                f"{self.directory}: holds {decided} decisions up to step {step}; some are missing"
            )
        kept["observations.jsonl"] = [_dumps(self._header), *kept["observations.jsonl"]]
        for name, lines in kept.items():
            spare = self.directory / f".{name}.new"
            spare.write_text("".join(line + "\n" for line in lines))
            os.replace(spare, self.directory / name)

    def write(
        self, receipt: Receipt, observation: Mapping[str, Any], metrics: Mapping[str, float]
    ) -> None:
        """A step's lines."""
        for name, row in zip(FILES, (receipt.to_json(), observation, metrics), strict=True):
            with (self.directory / name).open("a") as file:
                file.write(_dumps(row) + "\n")

    def _lines(self, name: str) -> list[str]:
        path = self.directory / name
        # What follows the last newline is the rest of a line that was never finished.
        return path.read_text().rpartition("\n")[0].splitlines() if path.is_file() else []

    def _up_to(self, name: str, step: int) -> list[str]:
        kept = []
        for number, line in enumerate(self._lines(name), 1):
            try:
                row = json.loads(line)
            except ValueError:
                raise SessionError(f"{self.directory / name}: line {number} is no JSON") from None
            if "schema" not in row and int(row.get("step", 0)) <= step:
                kept.append(line)
        return kept


def _dumps(row: Mapping[str, Any]) -> str:
    plain = {
        k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in row.items()
    }
    return json.dumps(plain, separators=(",", ":"), allow_nan=False)
