"""What mkdocs needs to know of these pages: links that leave them are named instead."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

OUTSIDE = re.compile(r"\[([^\]]+)\]\(\.\./([^)#]+)[^)]*\)")


def on_page_markdown(markdown: str, **_: Any) -> str:
    """`[config](../grpo_core/config.py)` -> "config (`grpo_core/config.py`)"."""
    return OUTSIDE.sub(r"\1 (`\2`)", markdown)


def on_config(config: Any) -> Any:
    """Pages that the navigation does not name are found under "More"."""
    listed = set(re.findall(r"[\w-]+\.md", str(config["nav"])))
    pages = sorted(path.name for path in Path(config["docs_dir"]).glob("*.md"))
    rest = [page for page in pages if page not in listed]
    if rest:
        config["nav"].append({"More": rest})
    return config
