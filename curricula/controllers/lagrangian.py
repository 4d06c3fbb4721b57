"""Severity as the multiplier of a constraint: dual ascent and PID-Lagrangian."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp

from curricula.controller import CurriculumController, Decision
from curricula.controllers.shared import MOVES, check, hold_where_unknown, reason_of, smooth
from curricula.statistics import Statistics

__all__ = ["DualAscent", "DualState", "PIDLagrangian", "PIDState"]


class DualState(NamedTuple):
    """``multiplier`` [] (its logarithm in log space), ``step`` [] int32 seen."""

    multiplier: Any
    step: Any


class DualAscent(CurriculumController):
    """Raises the severity while a cost is over budget, lowers it while under.

    Plain: lambda <- [lambda + eta (c - d)]_+ (Altman 1999; Tessler, Mankowitz & Mannor 2019).
    Log space: ln lambda <- ln lambda + eta (c - d), as in the code of Safe-RLHF (Dai et al. 2024,
    arXiv 2310.12773); the update printed in that paper has a further factor lambda, which their
    code drops, and so do we. The multiplier is capped and its first updates are delayed,
    both of which Safe-RLHF added after blow-ups. The update is plain gradient ascent: Adam on a
    scalar would step by the learning rate whatever the error.

    The severity is the multiplier itself: 0 is the first rung, 1 the second.

    Args:
      metric: the cost c, read over the rolling window. budget: d, in the metric's units.
      rate: eta per step. log: multiply instead of adding.
      initial: lambda at the start; > 0 in log space. cap: its maximum; None for the top rung.
      delay: steps without updates at the start.

    Raises:
      ControllerError: a number out of its range.
    """

    reasons = MOVES

    def __init__(
        self,
        metric: str = "hallucination",
        budget: float = 0.10,
        *,
        rate: float = 0.1,
        log: bool = False,
        initial: float | None = None,
        cap: float | None = None,
        delay: int = 10,
    ) -> None:
        initial = (0.1 if log else 0.0) if initial is None else initial
        self._name = "dual-ascent-log" if log else "dual-ascent"
        check(
            self._name,
            rate=(rate, rate > 0),
            initial=(initial, initial > 0 if log else initial >= 0),
            cap=(cap, cap is None or cap > 0),
            delay=(delay, delay >= 0),
        )
        self.metric, self.budget, self.rate, self.log = metric, budget, rate, log
        self.initial, self.cap, self.delay = initial, cap, delay

    @property
    def name(self) -> str:
        return self._name

    @property
    def metrics(self) -> tuple[str, ...]:
        return (self.metric,)

    def init(self) -> DualState:
        start = jnp.asarray(self.initial, jnp.float32)
        return DualState(jnp.log(start) if self.log else start, jnp.zeros((), jnp.int32))

    def update(self, state: DualState, statistics: Statistics) -> tuple[Decision, DualState]:
        cost = statistics.point(self.metric)
        cap = statistics.top if self.cap is None else jnp.minimum(self.cap, statistics.top)
        moved = state.multiplier + self.rate * (cost - self.budget)
        # In log space a floor keeps a long time under budget from being unpayable afterwards.
        low, high = (jnp.log(0.01), jnp.log(cap)) if self.log else (0.0, cap)
        moved = hold_where_unknown(cost, jnp.clip(moved, low, high), state.multiplier)
        multiplier = jnp.where(state.step < self.delay, state.multiplier, moved)
        severity = jnp.exp(multiplier) if self.log else multiplier
        severity = jnp.clip(severity, 0.0, cap)
        after = DualState(multiplier, state.step + 1)
        return Decision(severity, reason_of(statistics.severity, severity)), after


class PIDState(NamedTuple):
    """``integral`` [], ``error`` [] and ``cost`` [] smoothed, ``last`` [] smoothed cost before,
    ``severity`` [] last sent, ``step`` [] int32."""

    integral: Any
    error: Any
    cost: Any
    last: Any
    severity: Any
    step: Any


class PIDLagrangian(CurriculumController):
    """A PID controller of a constraint (Stooke, Achiam & Abbeel 2020, arXiv 2007.03964, alg. 2).

        lambda = clip(kp e + I + kd [delta c]_+, 0, cap),   e = smoothed cost - budget

    We differ in two ways, both against wind-up: the integral is corrected by what the output could
    not follow, I += ki e + back (lambda sent - lambda wanted) (back-calculation, Astrom & Hagglund
    2006, *Advanced PID Control*), where the paper clamps it at zero only; and the output moves by
    at most ``slew`` a step, and that slewed output is what is fed back.

    Args:
      metric: the cost, this step's own. budget: in its units.
      kp, ki, kd: gains. decay: of the smoothing of error and cost.
      back: share of the unmet output taken back from the integral each step.
      slew: largest move of the severity per step. cap: largest severity; None for the top rung.
      delay: steps without moves at the start.

    Raises:
      ControllerError: a number out of its range.
    """

    reasons = MOVES

    def __init__(
        self,
        metric: str = "hallucination",
        budget: float = 0.10,
        *,
        kp: float = 1.0,
        ki: float = 0.05,
        kd: float = 1.0,
        decay: float = 0.9,
        back: float = 0.5,
        slew: float = 0.05,
        cap: float | None = None,
        delay: int = 10,
    ) -> None:
        check(
            "pid-lagrangian",
            kp=(kp, kp >= 0),
            ki=(ki, ki >= 0),
            kd=(kd, kd >= 0),
            decay=(decay, 0 <= decay < 1),
            back=(back, 0 <= back <= 1),
            slew=(slew, slew > 0),
            cap=(cap, cap is None or cap > 0),
            delay=(delay, delay >= 0),
        )
        self.metric, self.budget, self.kp, self.ki, self.kd = metric, budget, kp, ki, kd
        self.decay, self.back, self.slew, self.cap, self.delay = decay, back, slew, cap, delay

    @property
    def name(self) -> str:
        return "pid-lagrangian"

    @property
    def metrics(self) -> tuple[str, ...]:
        return (self.metric,)

    def init(self) -> PIDState:
        zero, nan = jnp.zeros((), jnp.float32), jnp.asarray(jnp.nan, jnp.float32)
        return PIDState(zero, nan, nan, nan, zero, jnp.zeros((), jnp.int32))

    def update(self, state: PIDState, statistics: Statistics) -> tuple[Decision, PIDState]:
        cost = statistics.now(self.metric)
        known = ~jnp.isnan(cost)
        error = smooth(state.error, cost - self.budget, self.decay)
        smoothed = smooth(state.cost, cost, self.decay)
        rise = jnp.nan_to_num(jnp.maximum(smoothed - state.last, 0.0))
        acting = known & (state.step >= self.delay)
        integral = state.integral + jnp.where(acting, self.ki * error, 0.0)
        wanted = self.kp * jnp.nan_to_num(error) + integral + self.kd * rise
        cap = statistics.top if self.cap is None else jnp.minimum(self.cap, statistics.top)
        reachable = jnp.clip(wanted, 0.0, cap)
        here = statistics.severity
        sent = here + jnp.clip(reachable - here, -self.slew, self.slew)
        sent = jnp.where(acting, sent, here)
        integral = integral + jnp.where(acting, self.back * (sent - wanted), 0.0)
        after = PIDState(integral, error, smoothed, smoothed, sent, state.step + 1)
        return Decision(sent, reason_of(here, sent)), after
