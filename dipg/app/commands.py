"""What a person has told a run, kept so that a resumed run is told the same at the same steps."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from curricula.hand import ControlFile
from dipg.app.files import LineFile, read_lines


class Commands:
    """Reads `control`, and writes down in `commands.jsonl` what it takes from there and when.

    That file is only ever added to: what was told after the last checkpoint is in it too. Steps
    that are done again after a resume get their commands from it.
    """

    def __init__(self, path: Path, warn: Callable[[str], None]) -> None:
        self._warn = warn
        self._log = path / "commands.jsonl"
        told = read_lines(self._log)
        self._told = {row["step"]: row["command"] for row in told}
        self._control = ControlFile(path / "control", told[-1]["read"] if told else 0)

    def at(self, step: int) -> str | None:
        """The command for the decision after `step`; None for none."""
        if step in self._told:
            return str(self._told[step])
        if any(step < known for known in self._told):
            return None  # done again: nothing was told here the first time
        try:
            command = self._control.poll()
        except ValueError as error:
            # A slip of the pen must not end a training run.
            self._warn(f"{self._control.path}: {error}")
            return None
        if command is not None:
            self._write(step, command)
        return command

    def _write(self, step: int, command: str) -> None:
        file = LineFile(self._log)
        try:
            row = {"step": step, "command": command, "read": self._control.read}
            file.append(json.dumps(row, separators=(",", ":")))
            file.sync()
        finally:
            file.close()
        self._told[step] = command
