"""What --json is on every command: one JSON document on stdout, and nothing else there."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import click

from dipg.app.files import clean


def json_option(what: str = "The same as one JSON object.") -> Callable[..., Any]:
    """The option --json, as the parameter `as_json`; `what` is its help."""
    return click.option("--json", "as_json", is_flag=True, help=what)


def tell(document: Mapping[str, Any]) -> None:
    """Print `document` as JSON. What is no number (NaN, infinity) is null, as JSON has neither."""
    click.echo(json.dumps(clean(document), indent=2, allow_nan=False))
