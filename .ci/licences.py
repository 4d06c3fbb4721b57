"""The licences of the pinned dependencies, as their own metadata in this environment say.

    python .ci/licences.py constraints.txt

Exits with 1 where one asks for more than naming its authors and keeping its files open (GPL and
AGPL; the LGPL of a library used as a library does not). Unknown ones are listed to be looked at.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from importlib import metadata
from pathlib import Path

REFUSED = re.compile(r"\b(?:A?GPL|GNU (?:Affero )?General Public)", re.I)
LESSER = re.compile(r"\bL(?:esser )?GPL|Lesser General", re.I)


def licence_of(name: str) -> str:
    """The licence that a distribution declares, in a few words; "" where it declares none."""
    facts = metadata.metadata(name)
    if facts.get("License-Expression"):
        return str(facts["License-Expression"])
    said = {c.rpartition(" :: ")[2] for c in facts.get_all("Classifier") or [] if "License ::" in c}
    if said:
        return ", ".join(sorted(said))
    files = [f for f in metadata.files(name) or [] if re.search(r"licen[cs]e", f.name, re.I)]
    texts = [facts.get("License") or "", *(f.read_text() for f in files[:1])]
    lines = [line.strip() for text in texts for line in text.splitlines() if line.strip()]
    return lines[0][:60] if lines else ""


def main(file: str) -> int:
    """List the licences of a file of pins."""
    pins = re.findall(r"^([A-Za-z0-9][\w.-]*)==", Path(file).read_text(), re.M)
    by_licence: defaultdict[str, list[str]] = defaultdict(list)
    absent = []
    for name in pins:
        try:
            by_licence[licence_of(name) or "unknown"].append(name)
        except metadata.PackageNotFoundError:
            absent.append(name)
    for licence, names in sorted(by_licence.items(), key=lambda item: (-len(item[1]), item[0])):
        print(f"{licence}: {', '.join(names)}")
    if absent:
        print(f"not installed here, so not read: {', '.join(absent)}", file=sys.stderr)
    wrong = [
        f"{name}: {licence}"
        for licence, names in by_licence.items()
        for name in names
        if REFUSED.search(licence) and not LESSER.search(licence)
    ]
    for line in wrong:
        print(f"REFUSED: {line}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
