"""Known vulnerabilities of the pinned dependencies, through pip-audit. Says plainly what was not
audited: without a network pip-audit itself finds nothing and calls that good.

    python .ci/audit.py constraints.txt [--require]

Exits with 1 where a vulnerability is known, and with 2 where nothing could be audited and --require
was given.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any


def audit(file: str) -> list[dict[str, Any]]:
    """What pip-audit finds for each pin of a file; RuntimeError where it could not run."""
    options = ["-r", file, "--no-deps", "--disable-pip", "--progress-spinner", "off", "-f", "json"]
    done = subprocess.run(
        [sys.executable, "-m", "pip_audit", *options], capture_output=True, text=True, check=False
    )
    try:
        found: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        last = done.stderr.strip().splitlines() or ["no output"]
        raise RuntimeError(f"pip-audit could not run: {last[-1]}") from None
    return found


def reachable() -> str | None:
    """None where the audit service answers about a package that it must know, else why not.

    Asked first, since pip-audit asks about every pin in turn, and waits for each.
    """
    with tempfile.TemporaryDirectory() as folder:
        one = Path(folder, "one.txt")
        one.write_text("numpy==2.0.0\n", encoding="utf-8")
        return next((entry.get("skip_reason") for entry in audit(str(one))), "nothing was answered")


def main(file: str, require: bool) -> int:
    """Audit a file of pins."""
    try:
        reason = reachable()
        if reason is not None:
            raise RuntimeError(f"no dependency could be asked about: {reason}")
        found = audit(file)
    except RuntimeError as error:
        print(f"NOT AUDITED: {error}", file=sys.stderr)
        return 2 if require else 0
    skipped = [entry for entry in found if "skip_reason" in entry]
    bad = [entry for entry in found if entry.get("vulns")]
    for entry in bad:
        for vulnerability in entry["vulns"]:
            fixed = ", ".join(vulnerability.get("fix_versions", [])) or "no version"
            print(f"{entry['name']} {entry['version']}: {vulnerability['id']}, mended in {fixed}")
    audited = len(found) - len(skipped)
    print(f"{audited} of {len(found)} dependencies audited, {len(bad)} vulnerable")
    if skipped:
        reason = f"the first because: {skipped[0]['skip_reason']}"
        print(f"NOT AUDITED: {len(skipped)} dependencies, {reason}", file=sys.stderr)
    if bad:
        return 1
    return 2 if require and audited == 0 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], "--require" in sys.argv[2:]))
