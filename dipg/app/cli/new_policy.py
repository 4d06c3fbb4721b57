"""`dipg-curriculum new-policy`."""

from __future__ import annotations

import keyword
from pathlib import Path

import click

from dipg.app.cli.telling import json_option, tell

CONTROLLER = '''"""A curriculum policy of one's own.

    dipg-curriculum certify {file}:{cls}
    dipg-curriculum run --policy {file}:{cls}
"""

from curricula import CurriculumController, Decision


class {cls}(CurriculumController):
    """One rung harsher once safe > 90% and mean > 5 are proven; one softer once safe is lost."""

    metrics = ("mean", "safe")
    reasons = ("held: not proven yet", "harsher: proven", "softer: safety is lost")

    def init(self):
        # All memory of the controller: arrays, or a tuple of them. Here, none.
        return ()

    def update(self, state, statistics):
        safe, mean = statistics["safe"], statistics["mean"]
        here, top = statistics.severity, statistics.top
        # lower and upper are anytime-valid bounds from the evidence since the rung began.
        if safe.lower > 0.90 and mean.lower > 5:
            return Decision(min(here + 1, top), reason=1), state
        if safe.upper < 0.85 and here > 0:
            return Decision(max(here - 1, 0), reason=2), state
        return Decision(here), state
'''

TEST = '''"""Run with: pytest {test}"""

from curricula.certify import certify
from {module} import {cls}


def test_keeps_the_protocol_and_seldom_promotes_a_model_at_the_threshold():
    certificate = certify({cls}(), runs=50, steps=40, rungs=2)
    assert certificate.conforms, certificate
    assert certificate.false_promotion.value <= 0.2, certificate
'''


def class_name(name: str) -> str:
    """``my-policy`` as ``MyPolicy``."""
    return "".join(part.capitalize() for part in name.replace("-", "_").split("_"))


@click.command("new-policy")
@click.argument("name")
@click.option("--into", default=".", metavar="DIR", help="Where. [default: here]")
@json_option("The files and the policy's name, as one JSON object.")
def new_policy(name: str, into: str, as_json: bool) -> None:
    """Write NAME.py, a working policy, and test_NAME.py, its test.

    \b
    Examples:
      dipg-curriculum new-policy cautious
      dipg-curriculum new-policy cautious --into policies --json
      dipg-curriculum run --policy cautious.py:Cautious
    """
    module = name.replace("-", "_")
    if not module.isidentifier() or keyword.iskeyword(module):
        raise click.UsageError(f"a policy's name is a Python name, got {name!r}")
    folder = Path(into)
    if not folder.is_dir():
        raise click.UsageError(f"no directory {into!r}")
    file, test = folder / f"{module}.py", folder / f"test_{module}.py"
    for path in (file, test):
        if path.exists():
            raise click.UsageError(f"{str(path)!r} exists already")
    words = {"cls": class_name(name), "file": file, "test": test, "module": module}
    file.write_text(CONTROLLER.format(**words))
    test.write_text(TEST.format(**words))
    policy = f"{file}:{words['cls']}"
    if as_json:
        tell({"policy": policy, "files": [str(file), str(test)]})
    else:
        click.echo(f"wrote {file} and {test}\n  dipg-curriculum certify {policy}")
