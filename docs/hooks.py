"""What mkdocs needs to know of these pages: links that leave them are named instead."""

from __future__ import annotations

import re
from typing import Any

OUTSIDE = re.compile(r"\[([^\]]+)\]\(\.\./([^)#]+)[^)]*\)")


def on_page_markdown(markdown: str, **_: Any) -> str:
    """`[config](../grpo_core/config.py)` -> "config (`grpo_core/config.py`)"."""
    return OUTSIDE.sub(r"\1 (`\2`)", markdown)
