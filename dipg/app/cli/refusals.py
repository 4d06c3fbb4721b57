"""Which errors are told in one line, and which are faults of the program."""

from __future__ import annotations


def is_refusal(error: ValueError) -> bool:
    """Whether an error is about what the user gave (to be told in one line) or about the program.

    Named errors of ours are about input: ConfigError, DirectoryError, ConditionError, PolicyError
    and their like. A bare ValueError out of some library is not, and keeps its traceback.
    """
    return type(error).__module__.partition(".")[0] in ("curricula", "grpo_core", "dipg")
