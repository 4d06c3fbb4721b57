"""Runs controllers on streams of evidence: vmapped where they trace, in a plain loop where not."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from curricula.asking import ask, ask_plainly, traces
from curricula.controller import ControllerError, CurriculumController
from curricula.observations import Rate, Schema
from curricula.offline.reading import reads
from curricula.offline.streams import Stream
from curricula.statistics import Ledger, Metrics, Statistics

__all__ = ["Feed", "Simulator", "Trajectory"]


class Feed(NamedTuple):
    """What one simulated run remembers.

    Attributes:
      severity: [] in force. step, steps_in_rung: [] int32.
      hits, trials: ``[W, M]`` sums of the last W steps, a ring. ledger: evidence since the rung
        began, or () where the controller reads no bounds.
      controller: its state.
    """

    severity: Any
    step: Any
    steps_in_rung: Any
    hits: Any
    trials: Any
    ledger: Any
    controller: Any


class Trajectory(NamedTuple):
    """What a controller did, ``[N, T]`` each: ``severity`` wished after a step, ``reason``."""

    severity: Any
    reason: Any


@dataclasses.dataclass(frozen=True, eq=False)
class Simulator:
    """A controller on streams of evidence, without responses or a trainer.

    Re-pricing needs responses, so in a simulation every rung has the yardstick's mean and no group
    flips.

    Args:
      controller: to run. names: metrics of the streams. limits: of each.
      rungs: of the ladder. window: steps of the rolling window. alpha: of the bounds.
    """

    controller: CurriculumController
    names: tuple[str, ...]
    limits: tuple[tuple[float, float], ...]
    rungs: int = 3
    window: int = 32
    alpha: float = 0.05

    @functools.cached_property
    def _metrics(self) -> Metrics:
        rates = {n: Rate("event") for n in self.names if n != "mean"}
        return Metrics(Schema((), ("event",), rates), self.limits[self.names.index("mean")])

    @functools.cached_property
    def compiled(self) -> bool:
        """Whether the controller traces."""
        return traces(self._next, self.init(), self._nothing(), self._nothing())

    @functools.cached_property
    def bounded(self) -> bool:
        """Whether the controller reads the bounds in its statistics, which are dear to compute."""
        state = self.controller.init()
        seen = self._seen(self._start(0.0, state, ()), self._nothing(), self._nothing())
        return reads(self.controller, state, seen, ("lower", "upper", "n_groups"))

    def _nothing(self) -> np.ndarray:
        return np.zeros((len(self.names), 1), np.float32)

    def _start(self, severity: float, state: Any, ledger: Any) -> Feed:
        zero = jnp.zeros((), jnp.int32)
        ring = jnp.zeros((self.window, len(self.names)), jnp.float32)
        inner = jax.tree.map(jnp.asarray, state)
        return Feed(jnp.asarray(severity, jnp.float32), zero, zero, ring, ring, ledger, inner)

    def init(self, severity: float | None = None) -> Feed:
        """A run before its first step."""
        start = self.controller.start() if severity is None else severity
        ledger = self._metrics.init_ledger() if self.bounded else ()
        return self._start(start, self.controller.init(), ledger)

    def _seen(self, feed: Feed, hits: Any, trials: Any) -> Statistics:
        total = feed.trials.sum(0)
        low, high = np.asarray(self.limits, np.float32).T
        share = feed.hits.sum(0) / jnp.where(total > 0, total, jnp.nan)
        value = low + share * (high - low)
        nothing = jnp.full((len(self.names),), jnp.nan)
        lower, upper, groups = nothing, nothing, jnp.zeros((len(self.names),), jnp.int32)
        if isinstance(feed.ledger, Ledger):
            lower, upper = self._metrics.bounds(feed.ledger, self.alpha)
            lower, upper = jnp.fmin(lower, value), jnp.fmax(upper, value)
            groups = feed.ledger.groups
        mean = value[self.names.index("mean")]
        return Statistics(
            names=self.names,
            limits=self.limits,
            step=feed.step,
            steps_in_rung=feed.steps_in_rung,
            severity=feed.severity,
            top=jnp.asarray(self.rungs - 1, jnp.float32),
            value=value,
            lower=lower,
            upper=upper,
            n_responses=total.astype(jnp.int32),
            n_groups=groups,
            hits=hits,
            trials=trials,
            missing=jnp.zeros_like(hits),
            live_mean=mean,
            rung_means=jnp.broadcast_to(mean, (self.rungs,)),
            flip_share=jnp.zeros(()),
            command=jnp.zeros((), jnp.int32),
        )

    def _take(self, feed: Feed, hits: Any, trials: Any) -> Feed:
        slot = feed.step % self.window
        ledger = feed.ledger
        if isinstance(ledger, Ledger):
            ledger = self._metrics.update_ledger(ledger, hits, trials, jnp.zeros_like(hits))
        return feed._replace(
            hits=feed.hits.at[slot].set(hits.sum(-1)),
            trials=feed.trials.at[slot].set(trials.sum(-1)),
            step=feed.step + 1,
            steps_in_rung=feed.steps_in_rung + 1,
            ledger=ledger,
        )

    def _close(self, feed: Feed, severity: Any, inner: Any) -> Feed:
        changed = jnp.floor(severity + 1e-6) != jnp.floor(feed.severity + 1e-6)
        ledger = feed.ledger
        if isinstance(ledger, Ledger):
            fresh = self._metrics.init_ledger()
            ledger = jax.tree.map(lambda a, b: jnp.where(changed, a, b), fresh, ledger)
        rung = jnp.where(changed, 0, feed.steps_in_rung).astype(jnp.int32)
        return feed._replace(severity=severity, steps_in_rung=rung, ledger=ledger, controller=inner)

    def _next(self, feed: Feed, hits: Any, trials: Any) -> tuple[Feed, Trajectory]:
        feed = self._take(feed, hits, trials)
        decision, inner = ask(self.controller, feed.controller, self._seen(feed, hits, trials))
        reason = jnp.asarray(decision.reason, jnp.int32)
        return self._close(feed, decision.severity, inner), Trajectory(decision.severity, reason)

    @functools.cached_property
    def _scan(self) -> Any:
        def run(feed: Feed, hits: Any, trials: Any) -> tuple[Feed, Trajectory]:
            return jax.lax.scan(lambda f, x: self._next(f, *x), feed, (hits, trials))

        return jax.jit(jax.vmap(run, in_axes=(0, 0, 0)))

    @functools.cached_property
    def parts(self) -> tuple[Any, Any, Any]:
        """Compiled: take a step's groups in, what the controller sees, act on its decision."""
        return jax.jit(self._take), jax.jit(self._seen), jax.jit(self._close)

    def run(
        self, stream: Stream, start: float | None = None, feed: Feed | None = None
    ) -> tuple[Feed, Trajectory]:
        """All runs of a stream.

        Args:
          stream: of this simulator's metrics. start: severity; None asks the controller.
          feed: states of the runs to go on from, each leaf with a leading ``[N]``.

        Returns:
          The states after the last step, leading ``[N]``, and what was done.

        Raises:
          ControllerError: other metrics than the simulator's, or a severity off the ladder.
        """
        if stream.names != self.names:
            raise ControllerError(f"the stream has metrics {stream.names}, expected {self.names}")
        runs = len(stream.hits)
        if feed is None:
            one = self.init(start)
            feed = jax.tree.map(lambda x: jnp.broadcast_to(x, (runs, *jnp.shape(x))), one)
        if self.compiled:
            feed, done = self._scan(feed, stream.hits, stream.trials)
        else:
            pairs = [self._plain(feed, stream, n) for n in range(runs)]
            feed = jax.tree.map(lambda *x: jnp.stack(x), *(p[0] for p in pairs))
            done = Trajectory(*(np.stack(x) for x in zip(*(p[1] for p in pairs))))
        severity = np.asarray(done.severity)
        good = (severity >= 0) & (severity <= self.rungs - 1)
        if not good.all():
            wrong = severity[~good][0]
            name = self.controller.name
            raise ControllerError(
                f"{name}: severity {wrong:g} is off the ladder (0 to {self.rungs - 1})"
            )
        return feed, Trajectory(severity, np.asarray(done.reason))

    def _plain(self, feeds: Feed, stream: Stream, n: int) -> tuple[Feed, Trajectory]:
        take, see, close = self.parts
        feed = jax.tree.map(lambda x: x[n], feeds)
        severities, reasons = [], []
        for hits, trials in zip(stream.hits[n], stream.trials[n]):
            feed = take(feed, hits, trials)
            seen = see(feed, hits, trials)
            decision, inner = ask_plainly(self.controller, feed.controller, seen)
            feed = close(feed, decision.severity, inner)
            severities.append(float(decision.severity))
            reasons.append(int(decision.reason))
        return feed, Trajectory(np.asarray(severities, np.float32), np.asarray(reasons))
