"""A controller, a ladder and a rolling window, joined: what a trainer talks to."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from curricula import running
from curricula import window as windows
from curricula.asking import ask, ask_plainly, traces
from curricula.conditions import Comparison, ConditionError, Drop
from curricula.controller import ControllerError, CurriculumController, Decision
from curricula.observations import Observation, ObservationError, Schema
from curricula.penalties import PenaltyConfig, PenaltyError, PenaltyLadder
from curricula.receipts import Receipt
from curricula.statistics import Estimate, Ledger, Metrics, Statistics, command_code
from curricula.writing import Digest, digest_of, write_receipt

__all__ = ["Curriculum", "CurriculumState"]


class CurriculumState(NamedTuple):
    """Everything a curriculum remembers; a pytree of arrays, so it checkpoints.

    Attributes:
      step: [] int32 steps decided. severity: [] float32 in force for the next batch.
      steps_in_rung: [] int32 since the rung was entered.
      prices: ``[K]`` float32, the weights in force for the next batch.
      window: responses of the last steps. sums, flips: what is summed over them.
      ledger: evidence since the rung began.
      slots: ``[g]`` bool, prompt groups that the newest step had.
      controller: the controller's own state.
    """

    step: Any
    severity: Any
    steps_in_rung: Any
    prices: Any
    window: windows.Window
    sums: Any
    flips: running.Flips
    ledger: Ledger
    slots: Any
    controller: Any


class Curriculum:
    """Feeds a controller and prices the next batch::

        state = curriculum.init(batch_size=64, groups=8)
        rewards = curriculum.penalties(state).rewards(terms)
        receipt, state = curriculum.step(state, observation)

    Args:
      controller: decides.
      ladder: turns severity into prices.
      yardstick: frozen reference prices; the only ones compared across steps.
      schema: names of the observed columns.
      window: steps that the rolling window remembers.
      limits: (lowest, highest) possible yardstick reward; None derives the loosest provable ones
        from the price list. Tighter true limits make evidence faster. A reward outside is refused.
      alpha: error level of the bounds in :meth:`summary` and ``Statistics``.
      start: severity of the first step; None asks the controller, else 0.
      donate: a state given to :meth:`step` or :meth:`observe` is used up, as in ``jax.jit``'s
        ``donate_argnums``, which spares a copy of the window: with it a decision costs the same
        whatever the window's length. Controllers in plain Python are not affected.

    Raises:
      ControllerError, ConditionError, PenaltyError, StatisticsError: parts that do not fit.
    """

    def __init__(
        self,
        controller: CurriculumController,
        ladder: PenaltyLadder,
        yardstick: PenaltyConfig,
        schema: Schema,
        window: int = 32,
        *,
        limits: tuple[float, float] | None = None,
        alpha: float = 0.05,
        start: float | None = None,
        donate: bool = False,
    ) -> None:
        for what, names in (
            (f"ladder {ladder.name!r}", ladder.names),
            ("yardstick", yardstick.names),
        ):
            if names != schema.terms:
                raise PenaltyError(f"{what} prices {names}, the schema's terms are {schema.terms}")
        if not isinstance(window, int | np.integer):
            raise ControllerError(f"window must be a whole number of steps, got {window!r}")
        if window < 1:
            raise ControllerError(f"window must be at least 1 step, got {window!r}")
        if not 0 < alpha < 1:
            raise ControllerError(f"alpha must be between 0 and 1, got {alpha!r}")
        self.controller, self.ladder, self.yardstick = controller, ladder, yardstick
        self.schema, self.window, self.alpha = schema, int(window), float(alpha)
        self.metrics = Metrics(schema, limits or yardstick.limits(), tuple(controller.metrics))
        _check_clauses(controller, self.metrics)
        self.start = float(controller.start() if start is None else start)
        ladder.at(self.start)
        self._weights = np.asarray(yardstick.weights, np.float32)
        used_up = (0,) if donate else ()
        self._observe = jax.jit(self._observe_core, donate_argnums=used_up)
        self._step = jax.jit(self._step_core, donate_argnums=used_up)
        self._before, self._after = jax.jit(self._read_core), jax.jit(self._close_core)
        self._summarise = jax.jit(self._summary_core)
        self._eager: bool | None = None

    def init(self, batch_size: int, groups: int | None = None) -> CurriculumState:
        """The state before the first step.

        Args:
          batch_size: most responses in a step.
          groups: most prompt groups in a step; None allows as many as responses (slower).
        """
        count = len(self.schema.terms)
        state = CurriculumState(
            jnp.zeros((), jnp.int32),
            jnp.asarray(self.start, jnp.float32),
            jnp.zeros((), jnp.int32),
            jnp.asarray(self.ladder.at(self.start).weights, jnp.float32),
            windows.init(self.window, batch_size, count, len(self.schema.events)),
            running.init_sums(self.window, len(self.metrics.names), count),
            running.init_flips(self.window, count),
            self.metrics.init_ledger(),
            jnp.zeros((min(groups or batch_size, batch_size),), bool),
            self.controller.init(),
        )
        return jax.tree.map(jnp.array, state)  # a buffer each, so that they can be donated

    def severity(self, state: CurriculumState) -> float:
        """Severity in force for the next batch."""
        return float(state.severity)

    def rung(self, state: CurriculumState) -> str:
        """Its name on the ladder."""
        return self.ladder.rung_name(float(state.severity))

    def penalties(self, state: CurriculumState) -> PenaltyConfig:
        """Prices in force for the next batch."""
        return PenaltyConfig(self.ladder.names, np.asarray(state.prices))

    def observe(self, state: CurriculumState, observation: Observation) -> CurriculumState:
        """Take in part of a step; :meth:`step` takes in the rest and decides.

        Raises:
          ObservationError: rows, columns, values or rewards that do not fit.
        """
        checked = self._check(state, observation)
        after = self._observe(state, checked)
        if int(after.window.lost[after.window.cursor]) > 0:
            room = after.window.mask.shape[1]
            raise ObservationError(f"more than {room} responses in one step")
        return after

    def step(
        self, state: CurriculumState, observation: Observation, command: str | None = None
    ) -> tuple[Receipt, CurriculumState]:
        """Take in a step's responses and decide; the decision is in force from the next step.

        Args:
          state: as it was.
          observation: the step's responses.
          command: a person's, for a controller that takes them; see
            :class:`~curricula.hand.Hand`.

        Raises:
          ObservationError: as :meth:`observe`.
          ControllerError: the controller returned what cannot be acted on.
        """
        checked = self._check(state, observation)
        code = command_code(command)
        if self._eager is None:
            self._eager = not traces(self._step_core, state, checked, code)
        if self._eager:
            seen, opened = self._before(state, checked, code)
            decision, inner = ask_plainly(self.controller, opened.controller, seen)
            after, shown = self._after(opened, decision, inner), digest_of(seen, opened.window)
        else:
            decision, shown, after = self._step(state, checked, code)
        digest, decision = jax.device_get((shown, decision))
        if digest.lost:
            room = after.window.mask.shape[1]
            raise ObservationError(f"{room + digest.lost} responses in a step, room for {room}")
        return write_receipt(self.controller, self.ladder, digest, decision), after

    def summary(self, state: CurriculumState) -> dict[str, Estimate]:
        """Every metric of the rolling window on the yardstick, and "live_mean".

        Bounds are anytime-valid, from the evidence since the rung began.
        """
        figures, live, count = jax.device_get(self._summarise(state))
        out = {
            name: Estimate(*(f[i].item() for f in figures))
            for i, name in enumerate(self.metrics.names)
        }
        groups = out["mean"].n_groups
        out["live_mean"] = Estimate(live.item(), np.nan, np.nan, count.item(), groups)
        return out

    def describe(self, state: CurriculumState, prices: PenaltyConfig | None = None) -> Any:
        """Mean, median, std, quantiles ... of the window under any prices (default: yardstick)."""
        weights = self._weights if prices is None else np.asarray(prices.weights)
        return jax.device_get(windows.describe(state.window, weights))

    # The traced core.

    def _observe_core(self, state: CurriculumState, observation: Observation) -> CurriculumState:
        window = windows.update(state.window, observation, state.prices)
        sums = running.update_sums(state.sums, window, self.metrics, self._weights)
        return state._replace(window=window, sums=sums)

    def _read_core(
        self, state: CurriculumState, observation: Observation, command: Any
    ) -> tuple[Statistics, CurriculumState]:
        state = self._observe_core(state, observation)
        facts = self.metrics.group_facts(state.window, self._weights, len(state.slots))
        ledger = self.metrics.update_ledger(state.ledger, *facts)
        state = state._replace(
            ledger=ledger,
            slots=facts[1][0] > 0,  # every response of a group counts towards the mean
            step=state.step + 1,
            steps_in_rung=state.steps_in_rung + 1,
        )
        flips = jnp.asarray(jnp.nan)
        if self.schema.attempt is not None:
            column = self.schema.events.index(self.schema.attempt)
            then = self.ladder.at(jnp.minimum(jnp.floor(state.severity) + 1, self.ladder.top))
            flips, kept = running.flip_share(
                state.flips, state.window, column, state.prices, then.weights
            )
            state = state._replace(flips=kept)
        return self._statistics(state, facts, flips, command), state

    def _sums(self, state: CurriculumState) -> running.Sums:
        return running.read_sums(state.sums, len(self.metrics.names))

    def _estimates(self, state: CurriculumState) -> tuple[Any, ...]:
        value, responses = self.metrics.values(self._sums(state))
        lower, upper = self.metrics.bounds(state.ledger, self.alpha)
        # A bound from the whole rung must not outrun what the window shows now.
        lower, upper = jnp.fmin(lower, value), jnp.fmax(upper, value)
        return value, lower, upper, responses, state.ledger.groups

    def _means(self, state: CurriculumState) -> tuple[Any, Any]:
        """Mean of the window as it was priced [], and under each rung ``[R]``."""
        sums = self._sums(state)
        known = jnp.where((sums.valid > 0) & (sums.lost == 0), sums.valid, jnp.nan)
        return sums.live / known, (sums.terms * self.ladder.weights).sum(-1) / known

    def _statistics(
        self, state: CurriculumState, facts: tuple[Any, ...], flips: Any, command: Any
    ) -> Statistics:
        value, lower, upper, responses, groups = self._estimates(state)
        live, rungs = self._means(state)
        hits, trials, missing = facts
        return Statistics(
            names=self.metrics.names,
            limits=self.metrics.ranges,
            step=state.step,
            steps_in_rung=state.steps_in_rung,
            severity=state.severity,
            top=jnp.asarray(self.ladder.top, jnp.float32),
            value=value,
            lower=lower,
            upper=upper,
            n_responses=responses,
            n_groups=groups,
            hits=hits,
            trials=trials,
            missing=missing,
            live_mean=live,
            rung_means=rungs,
            flip_share=flips,
            command=command,
        )

    def _close_core(
        self, state: CurriculumState, decision: Decision, inner: Any
    ) -> CurriculumState:
        severity = jnp.asarray(decision.severity, jnp.float32)
        changed = jnp.floor(severity + 1e-6) != jnp.floor(state.severity + 1e-6)
        fresh = self.metrics.init_ledger()
        ledger = jax.tree.map(lambda a, b: jnp.where(changed, a, b), fresh, state.ledger)
        prices = decision.prices
        if isinstance(prices, tuple):
            # Clipped only to keep the gather in range: off the ladder is refused on the host.
            prices = self.ladder.at(jnp.clip(severity, 0.0, self.ladder.top)).weights
        return state._replace(
            severity=severity,
            steps_in_rung=jnp.where(changed, 0, state.steps_in_rung).astype(jnp.int32),
            prices=jnp.asarray(prices, jnp.float32),
            window=windows.advance(state.window),
            ledger=ledger,
            controller=inner,
        )

    def _step_core(
        self, state: CurriculumState, observation: Observation, command: Any
    ) -> tuple[Decision, Digest, CurriculumState]:
        seen, state = self._read_core(state, observation, command)
        decision, inner = ask(self.controller, state.controller, seen)
        return decision, digest_of(seen, state.window), self._close_core(state, decision, inner)

    def _summary_core(self, state: CurriculumState) -> tuple[Any, ...]:
        count = self._sums(state).valid.astype(jnp.int32)
        return self._estimates(state), self._means(state)[0], count

    # The edges.

    def _check(self, state: CurriculumState, observation: Observation) -> Observation:
        """Fits, and padded to the size of a step, so that ragged steps are not compiled anew."""
        if isinstance(state.step, jax.Array) and state.step.is_deleted():
            raise ControllerError("this state was used up by an earlier step (donate=True)")
        observation = Observation.build(self.schema, *observation)
        observation = observation.pad(state.window.mask.shape[1])
        mask = observation.mask
        groups = len(np.unique(observation.groups[mask]))
        if groups > len(state.slots):
            raise ObservationError(f"{groups} prompt groups in a step, room for {len(state.slots)}")
        reward = (observation.terms * self._weights).sum(-1)[mask]
        low, high = self.metrics.limits
        outside = reward[(reward < low - 1e-4) | (reward > high + 1e-4)]
        if outside.size:
            raise ObservationError(
                f"yardstick reward {outside[0]:g} is outside the limits {low:g} to {high:g}"
            )
        return observation


def _check_clauses(controller: CurriculumController, metrics: Metrics) -> None:
    """Refuse thresholds on the mean that no window can reach."""
    low, high = metrics.limits
    for condition in controller.conditions:
        for leaf in condition.leaves():
            if leaf.metric != "mean":
                continue
            level = leaf.below if isinstance(leaf, Drop) else leaf.threshold
            if level is not None and not low <= level <= high:
                raise ConditionError(
                    f"{leaf} is impossible: yardstick rewards lie between {low:g} and {high:g}"
                )
            if isinstance(leaf, Comparison):
                leaf.check_provable(low, high)
