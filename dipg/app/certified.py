"""The error rates of the built-in policies, as measured before this version went out.

The file beside this module is written by ``python benchmarks/certificates.py``; reading it needs no
JAX, so that `dipg-curriculum policies` answers at once.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("certificates.json")

SHOWN = {
    "false_promotion": "too soon",
    "missed": "never",
    "false_alarm": "false alarm",
    "missed_drop": "drop missed",
}
"""The rates that people are shown, and the heading of each."""

EXPLAINED = (
    "too soon: harsher while the model stands exactly at a threshold (mean 5, or 90% safe).",
    "never: not harsher at all, though the model is 97% safe from the start.",
    "false alarm: softer at least once, though the model stays at 95% safe.",
    "drop missed: not softer, though safe fell from 97% to 60%.",
    "Schedules, and rules that do not ask whether the model is safe, claim none of these bounds.",
)


def certified() -> dict[str, Any]:
    """What the file holds: how it was measured, and under ``policies`` each one's figures."""
    found: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return found


def rows() -> list[list[str]]:
    """A row per policy: its name, then each of :data:`SHOWN` in %, with its 95% interval."""
    policies = certified()["policies"]
    return [[name, *(percent(rates[key]) for key in SHOWN)] for name, rates in policies.items()]


def percent(rate: dict[str, float]) -> str:
    """``1.2 [0.4, 2.9]`` of a share and its bounds, whole numbers from ten on."""
    shown = [100 * rate[key] for key in ("value", "lower", "upper")]
    value, low, high = (f"{round(x, 1):g}" if x < 10 else f"{x:.0f}" for x in shown)
    return f"{value} [{low}, {high}]"


def how() -> str:
    """How the figures were measured, in a line."""
    m = certified()
    runs = max(p["false_promotion"]["runs"] for p in m["policies"].values())
    return (
        f"Shares of {runs} simulated runs of {m['steps']} steps on the ladder {m['ladder']}, with"
        f" exact 95% intervals; version {m['version']} at {m['commit']}: {m['command']}"
    )
