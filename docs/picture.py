"""Runs `dipg-curriculum run` and draws its real last screen and its result as docs/images/run.svg.

python docs/picture.py                              the default run
python docs/picture.py --policy blocks --steps 60   any arguments of `run` that are settings
"""

from __future__ import annotations

import io
import re
import sys
import tempfile
from pathlib import Path

from rich.console import Console, RenderableType
from rich.terminal_theme import MONOKAI
from rich.text import Text

from dipg.app import experiment
from dipg.app.cli.run import run as command
from dipg.app.cli.run import settings_given
from dipg.app.panels import screen
from dipg.app.run_directory import RunDirectory
from dipg.app.tables import comparison, moves
from dipg.app.view import View

WIDTH = 88


class Snapshot(View):
    """Keeps the screen as it stood at the last step, before the evaluation that ends a run."""

    frame: RenderableType = ""

    def phase(self, name: str, detail: str, total: int | None) -> None:
        if self.state.phase_name == "training":
            self.frame = screen(self.state)
        super().phase(name, detail, total)


TARGET = Path(__file__).parent / "images" / "run.svg"


def main(arguments: list[str]) -> None:
    """Run, then draw."""
    with command.make_context("run", list(arguments)) as ctx:
        config = settings_given(ctx.params)
    view = Snapshot(config)
    with (
        tempfile.TemporaryDirectory() as place,
        RunDirectory.create(Path(place) / "run", config) as directory,
    ):
        outcome = experiment.run(config, directory, view)
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    console.print(Text(f"$ dipg-curriculum run {' '.join(arguments)}".rstrip(), "bold"))
    console.print(view.frame)
    larger = len(outcome.after.larger.rewards)
    title = f"{larger} held-out vignettes, sampled"
    console.print(Text())
    console.print(comparison(title, outcome.before.larger.figures, outcome.after.larger.figures))
    console.print(Text())
    console.print(moves(outcome.moves, outcome.steps))
    TARGET.parent.mkdir(exist_ok=True)
    svg = console.export_svg(title="dipg-curriculum", theme=MONOKAI)
    # The picture stands alone: no font is fetched from a network.
    TARGET.write_text(re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.S), encoding="utf-8")
    print(TARGET)


if __name__ == "__main__":
    main(sys.argv[1:] or ["--policy", "gated"])
