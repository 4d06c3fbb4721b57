"""How a person follows a run: one calm screen on a terminal, plain lines anywhere else.

Both are observers of a run (`dipg.app.experiment.Observer`) and context managers.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import IO, TYPE_CHECKING, Self

from rich.console import Console
from rich.live import Live

from dipg.app.figures import bounds, duration, number
from dipg.app.panels import screen
from dipg.app.run_state import WATCHED, RunState

if TYPE_CHECKING:
    from curricula.receipts import Receipt
    from curricula.statistics import Estimate
    from dipg.app.config import RunConfig
    from dipg.app.experiment import Outcome
    from dipg.evaluation import EvaluationSummary

REFRESHES_PER_SECOND = 4
LINES_PER_PHASE = 20


class View:
    """Follows a run and shows nothing; the views that do derive from it."""

    def __init__(self, config: RunConfig, clock: Callable[[], float] = time.monotonic) -> None:
        self.state = RunState(config, clock)

    def phase(self, name: str, detail: str, total: int | None) -> None:
        """A phase begins: "warm-up", "evaluation", "training", ..."""
        self.state.phase(name, detail, total)

    def progress(self, done: int, info: Mapping[str, float]) -> None:
        """So much of the phase is done."""
        self.state.progress(done, info)

    def step(
        self,
        metrics: Mapping[str, float],
        summary: Mapping[str, Estimate],
        timing: Mapping[str, float],
    ) -> None:
        """A GRPO step is done."""
        self.state.step(metrics, summary)

    def decision(self, receipt: Receipt) -> None:
        """The controller has decided."""
        if self.state.decision(receipt):
            self.told(receipt)

    def told(self, receipt: Receipt) -> None:
        """A decision that is worth a line of its own."""

    def warning(self, text: str) -> None:
        """Something that a person should know."""
        self.state.warning(text)

    def evaluation(self, step: int, summary: EvaluationSummary) -> None:
        """The model was evaluated."""

    def finish(self, outcome: Outcome) -> None:
        """The run is over."""
        self.state.phase("finished", f"{outcome.steps} steps in {duration(outcome.seconds)}", None)
        self.close()

    def close(self) -> None:
        """Leave the terminal as it is to stay. A second call does nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class LiveView(View):
    """One screen, redrawn in place a few times a second, whatever the steps' pace."""

    def __init__(
        self, config: RunConfig, console: Console, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(config, clock)
        self._live = Live(
            console=console,
            get_renderable=lambda: screen(self.state, fit=True),
            refresh_per_second=REFRESHES_PER_SECOND,
        )

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def close(self) -> None:
        self._live.stop()


class PlainView(View):
    """A line now and then, none of them ever changed: for pipes, logs and `--plain`."""

    def __init__(
        self, config: RunConfig, console: Console, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(config, clock)
        self._console = console

    def phase(self, name: str, detail: str, total: int | None) -> None:
        super().phase(name, detail, total)
        size = "" if total is None else f" ({total} steps)"
        self._line(f"{name}: {detail}{size}" if detail else f"{name}{size}")

    def progress(self, done: int, info: Mapping[str, float]) -> None:
        super().progress(done, info)
        if self._due():
            facts = "".join(f"  {name} {value:.3g}" for name, value in info.items())
            self._line(f"{self._place()}{facts}{self._pace()}")

    def step(
        self,
        metrics: Mapping[str, float],
        summary: Mapping[str, Estimate],
        timing: Mapping[str, float],
    ) -> None:
        super().step(metrics, summary, timing)
        if self._due():
            self._line(f"{self._place()}{step_facts(self.state)}{self._pace()}")

    def told(self, receipt: Receipt) -> None:
        self._line(f"step {receipt.step}: {receipt.sentence}")

    def warning(self, text: str) -> None:
        super().warning(text)
        self._line(f"warning: {text}")

    def evaluation(self, step: int, summary: EvaluationSummary) -> None:
        self._line(f"evaluation at step {step}: {evaluation_facts(summary)}")

    def _due(self) -> bool:
        done, total = self.state.done, self.state.total
        if total is None:
            return True
        every = max(1, total // LINES_PER_PHASE)
        return done in (1, total) or done % every == 0

    def _place(self) -> str:
        total = self.state.total
        of = "" if total is None else f"/{total}"
        return f"{self.state.phase_name} {self.state.done}{of}"

    def _pace(self) -> str:
        pace = self.state.pace
        if pace is None:
            return ""
        done = self.state.total is not None and self.state.done >= self.state.total
        left = "" if done else f"  {duration(self.state.seconds_left)} left"
        return f"  {pace:.1f} steps/s{left}"

    def _line(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)


def step_facts(state: RunState) -> str:
    """A step in one line: severity, rung, the watched metrics with their bounds, KL."""
    facts = [f"severity {state.severity:.2f} {state.rung}".rstrip()]
    for name in WATCHED:
        if name in state.summary:
            seen = state.summary[name]
            facts.append(f"{name} {number(name, seen.value)}")
            if seen.lower == seen.lower:
                facts[-1] += f" ({bounds(name, seen.lower, seen.upper)})"
    if "kl" in state.metrics:
        facts.append(f"KL {state.metrics['kl']:.4f}")
    return "".join(f"  {fact}" for fact in facts)


def evaluation_facts(summary: EvaluationSummary) -> str:
    """An evaluation in one line."""
    shown = {"mean": "mean", "safe_rate": "safe", "hallucination_rate": "hallucination"}
    shown |= {"correct_and_safe_rate": "correct and safe", "answer_rate": "answers"}
    return "  ".join(
        f"{label} {number(name, summary.figures[name].value)}"
        for name, label in shown.items()
        if name in summary.figures
    )


def choose_view(config: RunConfig, stream: IO[str], *, plain: bool, quiet: bool) -> View:
    """The view for a stream: live on a terminal, else plain lines; `quiet` shows nothing."""
    if quiet:
        return View(config)
    console = Console(file=stream)
    if plain or not console.is_terminal or console.is_dumb_terminal:
        return PlainView(config, console)
    return LiveView(config, console)
