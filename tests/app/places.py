"""Places on a disk that tests need."""

from __future__ import annotations

import os
from pathlib import Path


def unwritable_place(tmp_path: Path) -> Path:
    """A directory in which nothing can be made, by root neither."""
    if os.geteuid() == 0:
        return Path("/proc/self")
    place = tmp_path / "locked"
    place.mkdir(mode=0o500)
    return place
