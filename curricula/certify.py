"""Certifies controllers: does it keep the protocol, and how often is it wrong?

    print(certify(gated()))

Conformance is checked exactly; error rates and delays are measured on simulated streams of prompt
groups (eight of eight completions, within-group correlation 0.3), with intervals.
"""

from __future__ import annotations

import dataclasses
import io
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from curricula.asking import ask
from curricula.conditions import Comparison
from curricula.controller import CurriculumController
from curricula.evidence import clopper_pearson
from curricula.offline.simulate import Feed, Simulator, Trajectory
from curricula.offline.streams import LIMITS, Stream, of_quality, stream

__all__ = ["Certificate", "Check", "Measured", "certify"]

ALWAYS = ("mean", "safe", "answer")
THRESHOLDS = {"mean": 5.0, "safe": 0.90}  # claims of a controller that states none
ERROR_BOUND = 0.05
CHECKED = 20  # runs on which conformance is checked, exactly
IMPROVES_UNTIL = 100  # steps from 30% safe to fit, in the improving scenario


@dataclasses.dataclass(frozen=True)
class Check:
    """A requirement, whether it holds, and what was found where it does not."""

    name: str
    holds: bool
    detail: str = ""


@dataclasses.dataclass(frozen=True)
class Measured:
    """A figure with its 95% interval; None for what never happened in the runs."""

    name: str
    value: float | None
    lower: float | None
    upper: float | None
    runs: int

    def show(self, percent: bool = False) -> str:
        """``0.5% [0.0, 2.8]``, ``12 [12, 13]``, or ``never [32,531, ...]`` with a lower limit."""
        if self.value is None:
            return "never" if self.lower is None else f"never [{self.lower:,.0f}, ...]"
        if self.value < 0:
            return f"{-self.value:.3g} too early"
        scale = 100.0 if percent else 1.0
        low, value, high = (
            "..." if x is None else f"{x * scale:.3g}" for x in (self.lower, self.value, self.upper)
        )
        return f"{value}{'%' if percent else ''} [{low}, {high}]"


@dataclasses.dataclass(frozen=True)
class Certificate:
    """What is known about a controller.

    Attributes:
      controller: its name. checks: conformance to the protocol.
      false_promotion: probability of leaving the first rung within the run, for a model that stands
        exactly at a threshold (the worse of the claims).
      error_bound: what that should not exceed.
      delay: steps until it promotes a fit model, median over runs.
      missed: share of runs in which a fit model stays on the first rung to the end.
      improving_delay: the same as `delay`, for a model that improves from 30% safe, from the step
        on which it is fit.
      drop_delay: steps from a drop of safe to 60% until it goes back, median over runs.
      missed_drop: share of runs in which it never goes back after that drop.
      run_length: steps between moves back of a fit model, mean.
      false_alarm: share of runs in which a model at 95% safe is taken back at all.
      compiled: whether it traces.
    """

    controller: str
    checks: tuple[Check, ...]
    false_promotion: Measured
    error_bound: float
    delay: Measured
    missed: Measured
    improving_delay: Measured
    drop_delay: Measured
    missed_drop: Measured
    run_length: Measured
    false_alarm: Measured
    compiled: bool

    @property
    def conforms(self) -> bool:
        """Every check holds."""
        return all(check.holds for check in self.checks)

    @property
    def bounded(self) -> str:
        """``holds``, ``fails`` or ``open``: what the runs say about the error bound."""
        low, high = self.false_promotion.lower or 0.0, self.false_promotion.upper
        if low > self.error_bound:
            return "fails"
        return "holds" if high is not None and high <= self.error_bound else "open"

    HEADER = (
        "controller",
        "protocol",
        "false promotion",
        f"bound {ERROR_BOUND:.0%}",
        "promotes a fit model after",
        "an improving one",
        "goes back after a drop",
        "steps between false moves back",
    )

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        verdicts = {"conforms": self.conforms, "error_bound_verdict": self.bounded}
        return {**dataclasses.asdict(self), **verdicts}

    def row(self) -> list[str]:
        """Cells under :attr:`HEADER`."""
        return [
            self.controller,
            "keeps" if self.conforms else "breaks",
            self.false_promotion.show(percent=True),
            self.bounded,
            self.delay.show(),
            self.improving_delay.show(),
            self.drop_delay.show(),
            self.run_length.show(),
        ]

    def __str__(self) -> str:
        lines = [f"{self.controller} ({'compiled' if self.compiled else 'plain Python'})"]
        for check in self.checks:
            mark = "yes" if check.holds else "NO "
            lines.append(f"  {mark}  {check.name}" + (f": {check.detail}" if check.detail else ""))
        for head, cell in list(zip(self.HEADER, self.row()))[2:]:
            lines.append(f"  {head}: {cell}")
        return "\n".join(lines)


def certify(
    controller: CurriculumController,
    *,
    runs: int = 200,
    steps: int = 300,
    rungs: int = 3,
    seed: int = 0,
    error_bound: float = ERROR_BOUND,
) -> Certificate:
    """Check and measure a controller, also a user's.

    Args:
      controller: to certify. Its conditions' rising clauses are the claims that are put to the
        test; without conditions, the claims are mean > 5 and safe > 90%.
      runs: simulated runs per scenario; a controller in plain Python gets a tenth of them.
      steps: per run, each a look at the evidence.
      rungs: of the ladder. seed: of the streams.
      error_bound: what the false promotion rate should not exceed.

    Raises:
      ControllerError: the controller cannot be run at all.
    """
    names = tuple(dict.fromkeys((*ALWAYS, *controller.metrics)))
    limits = tuple(LIMITS if name == "mean" else (0.0, 1.0) for name in names)
    whole = Simulator(controller, names, limits, rungs=rungs)
    lean = controller.lean()
    simulator = whole if lean is controller else Simulator(lean, names, limits, rungs=rungs)
    if not whole.compiled:
        runs = max(runs // 10, 5)

    def streams(rates: dict[str, Any] | None = None, offset: int = 0) -> Stream:
        return stream(names, rates, runs=runs, steps=steps, seed=seed + offset)

    fit = streams()
    few = Stream(fit.names, fit.limits, fit.hits[:CHECKED], fit.trials[:CHECKED])
    checks = _conformance(whole, few)
    if lean is not controller:
        same = _same(whole.run(few)[1].severity, simulator.run(few)[1].severity)
        checks = (*checks, Check("the lean one decides the same", same))
    false = [
        simulator.run(streams({m: x}, i + 1))[1] for i, (m, x) in enumerate(_claims(controller))
    ]
    rise = np.minimum(np.arange(steps) / IMPROVES_UNTIL, 1.0)
    improving = simulator.run(streams(of_quality(rise), 9))[1]
    before = steps // 3
    fall = np.where(np.arange(steps) < before, 1.0, 0.45)
    broken = simulator.run(streams(of_quality(fall), 10), start=1.0)[1]
    settled = simulator.run(streams({"safe": 0.95}, 11), start=1.0)[1]
    worst = max((_promotions(done) for done in false), key=lambda p: float(np.isfinite(p).mean()))
    promoted, returned = _promotions(simulator.run(fit)[1]), _returns(broken, before)
    return Certificate(
        controller=controller.name,
        checks=checks,
        false_promotion=_share("false promotion", np.isfinite(worst)),
        error_bound=error_bound,
        delay=_median("delay", promoted),
        missed=_share("missed", np.isinf(promoted)),
        improving_delay=_median("improving", _promotions(improving) - IMPROVES_UNTIL),
        drop_delay=_median("drop", returned),
        missed_drop=_share("missed drop", np.isinf(returned)),
        run_length=_run_length(settled),
        false_alarm=_share("false alarm", np.any(_steps_back(settled), axis=1)),
        compiled=whole.compiled,
    )


def _claims(controller: CurriculumController) -> list[tuple[str, float]]:
    """Thresholds that a promotion claims to have passed."""
    found = {}
    for condition in controller.conditions[:1]:
        for leaf in condition.leaves():
            if isinstance(leaf, Comparison) and leaf.rising:
                found[leaf.metric] = leaf.threshold
    return list((found or THRESHOLDS).items())


def _promotions(done: Trajectory) -> np.ndarray:
    """``[N]`` step (from 1) after which each run first was a rung up; infinity for never."""
    up = np.asarray(done.severity) >= 1.0
    return np.where(up.any(1), up.argmax(1) + 1.0, np.inf)


def _returns(done: Trajectory, drop: int) -> np.ndarray:
    """``[N]`` steps from the drop until the severity is half a rung lower than at the drop."""
    severity = np.asarray(done.severity)
    back = severity[:, drop:] <= severity[:, drop - 1 : drop] - 0.5
    return np.where(back.any(1), back.argmax(1) + 1.0, np.inf)


def _share(name: str, happened: np.ndarray) -> Measured:
    low, high = clopper_pearson(int(happened.sum()), len(happened))
    return Measured(name, float(happened.mean()), low, high, len(happened))


def _median(name: str, waits: np.ndarray) -> Measured:
    """Median with the binomial interval of its order statistics; infinite waits are "never"."""
    from scipy.stats import binom

    ordered = np.sort(waits)
    n = len(ordered)
    low = int(max(binom.ppf(0.025, n, 0.5) - 1, 0))
    high = int(min(binom.ppf(0.975, n, 0.5), n - 1))
    middle, lower, upper = (
        float(x) if np.isfinite(x) else None for x in ordered[[(n - 1) // 2, low, high]]
    )
    return Measured(name, middle, lower, upper, n)


def _run_length(done: Trajectory) -> Measured:
    """Mean steps between moves back, with the exact Poisson interval (Garwood 1936)."""
    from scipy.stats import chi2

    alarms, looks = int(_steps_back(done).sum()), np.asarray(done.severity).size
    shortest = looks / (float(chi2.ppf(0.975, 2 * alarms + 2)) / 2)
    if alarms == 0:
        return Measured("run length", None, shortest, None, len(done.severity))
    longest = looks / (float(chi2.ppf(0.025, 2 * alarms)) / 2)
    return Measured("run length", looks / alarms, shortest, longest, len(done.severity))


def _steps_back(done: Trajectory) -> np.ndarray:
    """``[N, T - 1]`` whether the severity fell by half a rung or more."""
    return np.diff(np.asarray(done.severity), axis=1) <= -0.5


# Conformance.


def _conformance(simulator: Simulator, fit: Stream) -> tuple[Check, ...]:
    feed, done = simulator.run(fit)
    checks = [
        _pure(simulator, fit),
        Check("deterministic", _same((feed, done), simulator.run(fit))),
        _apart(simulator, fit, done),
        _resumes(simulator, fit, feed),
    ]
    if simulator.compiled:
        checks.insert(2, _eager(simulator, fit, done))
    return tuple(checks)


def _same(one: Any, other: Any, tolerance: float = 0.0) -> bool:
    pairs = zip(jax.tree.leaves(one), jax.tree.leaves(other))
    return all(
        np.allclose(np.asarray(a), np.asarray(b), rtol=tolerance, atol=tolerance, equal_nan=True)
        for a, b in pairs
    )


def _pure(simulator: Simulator, few: Stream) -> Check:
    """The same arguments give the same answer, and are left as they were."""
    controller = simulator.controller
    feed = simulator._take(simulator.init(), few.hits[0, 0], few.trials[0, 0])
    seen = simulator._seen(feed, few.hits[0, 0], few.trials[0, 0])
    state = jax.tree.map(jnp.asarray, controller.init())
    if not simulator.compiled:  # plain Python could change numpy arrays in place
        seen, state = jax.tree.map(np.array, (seen, state))
    kept = jax.tree.map(np.array, state)
    first, second = ask(controller, state, seen), ask(controller, state, seen)
    same = _same(first, second) and _same(controller.init(), controller.init())
    return Check("pure: same arguments, same answer, nothing changed", same and _same(state, kept))


def _apart(simulator: Simulator, few: Stream, whole: Trajectory) -> Check:
    """A run does the same whatever else is in its batch."""
    turned = Stream(few.names, few.limits, few.hits[::-1], few.trials[::-1])
    _, done = simulator.run(turned)
    same = _same(done, Trajectory(whole.severity[::-1], whole.reason[::-1]))
    return Check("a run does the same in any batch", same)


def _eager(simulator: Simulator, few: Stream, whole: Trajectory, steps: int = 6) -> Check:
    """The compiled, vmapped run and ``update`` run operation by operation agree."""
    take, see, close = simulator.parts
    feed, agree = simulator.init(), True
    for t in range(steps):
        hits, trials = few.hits[0, t], few.trials[0, t]
        feed = take(feed, hits, trials)
        seen = see(feed, hits, trials)
        decision, inner = ask(simulator.controller, feed.controller, seen)
        feed = close(feed, decision.severity, inner)
        agree &= bool(np.isclose(decision.severity, whole.severity[0, t], atol=1e-5))
        agree &= int(decision.reason) == int(whole.reason[0, t])
    return Check("compiled and vmapped agrees with eager", agree)


def _resumes(simulator: Simulator, few: Stream, middle: Feed) -> Check:
    """Going on from a state that went through a file equals going on without interruption."""
    name = "state survives a file, resume equals uninterrupted"
    try:
        restored = _through_file(middle)
    except (TypeError, ValueError) as error:
        return Check(name, False, str(error))
    return Check(name, _same(simulator.run(few, feed=middle), simulator.run(few, feed=restored)))


def _through_file(state: Any) -> Any:
    leaves, structure = jax.tree.flatten(state)
    buffer = io.BytesIO()
    np.savez(buffer, *[np.asarray(leaf) for leaf in leaves])
    buffer.seek(0)
    with np.load(buffer) as saved:
        return jax.tree.unflatten(structure, [saved[f"arr_{i}"] for i in range(len(leaves))])
