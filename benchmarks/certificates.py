"""Measures the error rates that `dipg-curriculum policies` shows, and writes them for it.

    python benchmarks/certificates.py        about five minutes on two cores

The figures are those of `dipg-curriculum certify --all --runs 400 --json`, less its checks, with
the commit of the code that was measured.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
INTO = ROOT / "dipg" / "app" / "certificates.json"
COMMAND = ("dipg-curriculum", "certify", "--all", "--runs", "400", "--json")
MEASURED = (
    "false_promotion", "delay", "missed", "improving_delay", "drop_delay", "missed_drop",
    "run_length", "false_alarm",
)  # fmt: skip


def commit() -> str:
    """Of the working tree; ``-dirty`` where it holds changes of the packages."""
    changed = _said("git", "status", "--porcelain", "--", "curricula", "dipg")
    return _said("git", "rev-parse", "--short=12", "HEAD") + ("-dirty" if changed else "")


def _said(*command: str) -> str:
    return subprocess.run(
        command, cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.strip()


def small(certificate: dict[str, Any]) -> dict[str, Any]:
    """Value, bounds and runs of each figure."""
    kept = {name: {k: v for k, v in certificate[name].items() if k != "name"} for name in MEASURED}
    return {"conforms": certificate["conforms"], **kept}


def main() -> None:
    """Measure and write."""
    measured = commit()
    code = "from dipg.app.cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, *COMMAND[1:]], check=True, stdout=subprocess.PIPE, text=True
    )
    found = json.loads(done.stdout)
    head = {"made_by": "python benchmarks/certificates.py", "command": " ".join(COMMAND)}
    head |= {"commit": measured} | {k: v for k, v in found.items() if k != "policies"}
    policies = {name: small(certificate) for name, certificate in found["policies"].items()}
    INTO.write_text(json.dumps(head | {"policies": policies}, indent=1) + "\n", encoding="utf-8")
    print(f"{INTO.relative_to(ROOT)}: {len(policies)} policies at {measured}")


if __name__ == "__main__":
    main()
