"""Judges conditions on evidence: pass, fail or inconclusive, with the figures behind it."""

from __future__ import annotations

import dataclasses
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from curricula import evidence
from curricula.conditions import PROVABLE, And, Comparison, Condition, Drop, Not, Or, Sustained
from curricula.statistics import Statistics

__all__ = ["FAIL", "INCONCLUSIVE", "PASS", "ClauseReport", "Judge", "JudgeState"]

PASS, INCONCLUSIVE, FAIL = 1, 0, -1
_EDGE = PROVABLE  # nulls stay this far from 0 and 1, where no finite bet exists
_PACE = 0.98  # decay per group of the growth of evidence, for "about 12 more groups"


class ClauseReport(NamedTuple):
    """Why clauses were judged as they were; each field ``[C]``, natural units.

    Attributes:
      verdict: int32, PASS, INCONCLUSIVE or FAIL.
      value: point estimate over the window.
      lower, upper: anytime-valid bounds at this clause's error level; a clause that asks for proof
        passes exactly when the bound on the far side reaches the threshold.
      n_responses: in the window. n_groups: of evidence since the rung began.
      threshold: the level compared with (for a drop: the level watched).
      alpha: error level of a bound; for a drop the inverse of its average run length.
      groups_needed: groups still to come at the present pace; NaN where there is none.
    """

    verdict: Any
    value: Any
    lower: Any
    upper: Any
    n_responses: Any
    n_groups: Any
    threshold: Any
    alpha: Any
    groups_needed: Any


class ProofState(NamedTuple):
    """Evidence of one comparison.

    Attributes:
      above: wealth against "at most", below: against "at least"; () for a side that nothing reads.
      groups: [] int32 that counted.
      pace: ``[D]`` smoothed log growth per group of each bet against the threshold's null, weight
        not yet reached included; () where no bounds are shown.
    """

    above: Any
    below: Any
    groups: Any
    pace: Any


class DropState(NamedTuple):
    """A detector, and the baseline it watches (unit scale).

    Attributes:
      detector: wealth.
      hits, trials: [] sums over the first steps of the rung, which tell where the metric stood.
      steps: [] int32 since the rung began. groups: [] int32 that counted.
    """

    detector: evidence.DetectorState
    hits: Any
    trials: Any
    steps: Any
    groups: Any


class JudgeState(NamedTuple):
    """Evidence per clause, and the run of passes per ``sustained``."""

    leaves: tuple[Any, ...]
    streaks: tuple[Any, ...]


@dataclasses.dataclass(frozen=True)
class Judge:
    """A condition with the evidence it needs: a pure pair ``init``/``update``.

    ``and`` needs no correction (intersection-union test, Berger 1982); ``or`` splits the error
    level over its parts; ``not`` swaps the two sides.

    Attributes:
      condition: what to judge.
      run_length: average run length of all drops of the condition together, in steps.
      baseline_steps: steps that tell where a metric stood when the rung began.
      baseline_alpha: error level of that baseline, a lower bound.
      resolution: nulls between 0 and 1 for the bounds that receipts show. 0 keeps the threshold
        alone, and only the side that can pass: the same passes, many times as fast, for sweeps.
      min_groups: fewer groups than this are inconclusive.
    """

    condition: Condition
    run_length: float = 1000.0
    baseline_steps: int = 10
    baseline_alpha: float = 0.05
    resolution: int = 99
    min_groups: int = 2

    @property
    def texts(self) -> tuple[str, ...]:
        """The clauses, as text."""
        return tuple(str(leaf) for leaf in self.condition.leaves())

    @property
    def _drops(self) -> int:
        return sum(isinstance(leaf, Drop) for leaf in self.condition.leaves())

    def _grid(self) -> np.ndarray:
        steps = np.arange(1, self.resolution + 1, dtype=np.float32)
        return np.asarray(steps / (self.resolution + 1), np.float32)

    def init(self) -> JudgeState:
        """No evidence."""
        return JudgeState(
            tuple(self._leaf_init(leaf) for leaf in self.condition.leaves()),
            tuple(jnp.zeros((), jnp.int32) for _ in _sustained(self.condition)),
        )

    def _leaf_init(self, leaf: Comparison | Drop) -> Any:
        zero = jnp.zeros((), jnp.int32)
        none = jnp.zeros((), jnp.float32)
        if isinstance(leaf, Drop):
            return DropState(evidence.detector_init(), none, none, zero, zero)
        if leaf.kind == "point":
            return zero
        sequence = evidence.sequence_init(self.resolution + 1)
        above, below = self._sides(leaf)
        pace = jnp.zeros((len(evidence.BETS),), jnp.float32) if self.resolution > 0 else ()
        return ProofState(sequence if above else (), sequence if below else (), zero, pace)

    def _sides(self, leaf: Comparison) -> tuple[bool, bool]:
        """Which bounds are kept, lower and upper."""
        if self.resolution > 0 or leaf.kind != "proof" or _negated(self.condition):
            return True, True
        return leaf.rising, not leaf.rising

    def update(
        self, state: JudgeState, statistics: Statistics, alpha: Any
    ) -> tuple[Any, ClauseReport, JudgeState]:
        """Judge one more step at error level ``alpha``.

        Returns:
          The verdict [] int32, a report per clause and the new state.
        """
        shares = list(_shares(self.condition, 1.0, 1.0))
        reports: list[ClauseReport] = []
        leaves: list[Any] = []
        for leaf, old, share in zip(self.condition.leaves(), state.leaves, shares):
            report, new = self._judge(leaf, old, statistics, alpha, share)
            reports.append(report)
            leaves.append(new)
        verdict, streaks = _combine(
            self.condition, iter([r.verdict for r in reports]), iter(state.streaks)
        )
        stacked = jax.tree.map(lambda *rows: jnp.stack(rows), *reports)
        return verdict, stacked, JudgeState(tuple(leaves), tuple(streaks))

    def _judge(
        self, leaf: Comparison | Drop, old: Any, seen: Statistics, alpha: Any, share: Any
    ) -> tuple[ClauseReport, Any]:
        if isinstance(leaf, Drop):
            return self._judge_drop(leaf, old, seen)
        if leaf.kind == "point":
            return self._judge_point(leaf, old, seen)
        return self._judge_proof(leaf, old, seen, alpha, share)

    def _judge_point(self, leaf: Comparison, groups: Any, seen: Statistics) -> tuple[Any, Any]:
        i = seen.index(leaf.metric)
        groups = groups + (seen.trials[i] > 0).sum().astype(jnp.int32)
        value = seen.value[i]
        compare = {">": value > leaf.threshold, ">=": value >= leaf.threshold}
        compare |= {"<": value < leaf.threshold, "<=": value <= leaf.threshold}
        known = (seen.n_responses[i] > 0) & (groups >= self.min_groups) & ~jnp.isnan(value)
        verdict = jnp.where(known, jnp.where(compare[leaf.op], PASS, FAIL), INCONCLUSIVE)
        nan = jnp.nan
        return _report(verdict, value, nan, nan, seen, i, groups, leaf.threshold, nan, nan), groups

    def _judge_proof(
        self, leaf: Comparison, old: ProofState, seen: Statistics, alpha: Any, share: Any
    ) -> tuple[ClauseReport, ProofState]:
        i = seen.index(leaf.metric)
        hits, trials, missing = seen.hits[i], seen.trials[i], seen.missing[i]
        level = np.float32(seen.to_unit(leaf.metric, leaf.threshold))
        mark = np.clip(level, _EDGE, 1 - _EDGE)
        nulls = np.append(self._grid(), mark)
        above, below, unknown = old.above, old.below, jnp.full((len(nulls),), -jnp.inf)
        for_above = for_below = unknown
        keeps_above, keeps_below = self._sides(leaf)
        if keeps_above:
            above = evidence.sequence_update(above, nulls, hits, trials)
            for_above = evidence.sequence_log(above)
        if keeps_below:
            below = evidence.sequence_update(below, 1 - nulls, trials - hits - missing, trials)
            for_below = evidence.sequence_log(below)
        arrived = (trials > 0).sum().astype(jnp.int32)
        groups = old.groups + arrived
        pass_alpha, fail_alpha = alpha * share[0], alpha * share[1]
        alphas = (pass_alpha, fail_alpha) if leaf.rising else (fail_alpha, pass_alpha)
        value = seen.value[i]
        known = (groups >= self.min_groups) & ~jnp.isnan(value)

        def natural(position: Any) -> Any:
            # The threshold itself comes back as typed, so that what is shown decides.
            exact = leaf.threshold if level == mark else seen.from_unit(leaf.metric, mark)
            return jnp.where(position == mark, exact, seen.from_unit(leaf.metric, position))

        # A bound from the whole rung must not outrun what the window shows now.
        lower = jnp.minimum(natural(evidence.lower_bound(for_above, nulls, alphas[0])), value)
        upper = jnp.maximum(natural(evidence.upper_bound(for_below, nulls, alphas[1])), value)
        lower, upper = jnp.where(known, lower, jnp.nan), jnp.where(known, upper, jnp.nan)
        verdict = jnp.where(known, _compare(leaf, lower, upper), INCONCLUSIVE)
        pace, needed = old.pace, jnp.asarray(jnp.nan)
        if self.resolution > 0:
            # The side that could pass the clause: misses against 1 - m where it falls.
            null, wins = (mark, hits) if leaf.rising else (1 - mark, trials - hits - missing)
            growth = evidence.log_growth(np.reshape(null, 1), wins, trials)[0]
            logs = (for_above if leaf.rising else for_below)[-1]
            pace, needed = _pace(pace, growth, arrived, old.groups, -jnp.log(pass_alpha) - logs)
        report = _report(
            verdict, value, lower, upper, seen, i, groups, leaf.threshold, pass_alpha,
            jnp.where(verdict == PASS, 0.0, needed),
        )  # fmt: skip
        return report, ProofState(above, below, groups, pace)

    def _judge_drop(
        self, leaf: Drop, old: DropState, seen: Statistics
    ) -> tuple[ClauseReport, DropState]:
        i = seen.index(leaf.metric)
        hits, trials, missing = seen.hits[i], seen.trials[i], seen.missing[i]
        misses = trials - hits - missing  # unknown outcomes never raise an alarm
        run_length = self.run_length * self._drops
        steps, known_hits, known_trials = old.steps + 1, old.hits, old.trials
        if leaf.below is None:
            learning = steps <= self.baseline_steps
            known_hits = known_hits + jnp.where(learning, hits.sum(), 0.0)
            known_trials = known_trials + jnp.where(learning, trials.sum(), 0.0)
            level = evidence.chernoff_lower(known_hits, known_trials, self.baseline_alpha)
            watching = ~learning & (level > 0)
        else:
            level = jnp.asarray(seen.to_unit(leaf.metric, leaf.below), jnp.float32)
            watching = jnp.asarray(True)
        floor = jnp.clip(level, _EDGE, 1 - _EDGE)
        watched = evidence.detector_update(old.detector, floor, misses, trials, run_length)
        detector = jax.tree.map(lambda a, b: jnp.where(watching, a, b), watched, old.detector)
        groups = old.groups + (trials > 0).sum().astype(jnp.int32)
        alarm = watching & (evidence.detector_log(detector) >= np.log(run_length))
        verdict = jnp.where(alarm, PASS, jnp.where(watching, FAIL, INCONCLUSIVE))
        nan = jnp.nan
        shown = jnp.where(watching, seen.from_unit(leaf.metric, level), nan)
        report = _report(
            verdict, seen.value[i], nan, nan, seen, i, groups, shown, 1 / run_length, nan
        )
        return report, DropState(detector, known_hits, known_trials, steps, groups)


def _compare(leaf: Comparison, lower: Any, upper: Any) -> Any:
    """The verdict that follows from the bounds shown."""
    above, below = lower >= leaf.threshold, upper <= leaf.threshold
    passes, fails = (above, below) if leaf.rising else (below, above)
    if leaf.kind != "proof":
        bound = lower if leaf.kind == "lcb" else upper
        passes = bound >= leaf.threshold if leaf.rising else bound <= leaf.threshold
        fails = ~passes
    return jnp.where(passes, PASS, jnp.where(fails, FAIL, INCONCLUSIVE))


def _pace(pace: Any, growth: Any, arrived: Any, before: Any, deficit: Any) -> tuple[Any, Any]:
    """Smoothed log growth per bet and group, and the groups still needed at the best bet's pace."""
    kept = _PACE**arrived
    pace = kept * pace + (1 - kept) * growth / jnp.maximum(arrived, 1)
    seen = 1 - _PACE ** (before + arrived)  # weight that the smoothing has reached
    best = pace.max() / jnp.maximum(seen, 1e-6)
    needed = jnp.where(best > 1e-6, deficit / jnp.maximum(best, 1e-6), jnp.nan)
    return pace, jnp.where(deficit > 0, needed, 0.0)


def _negated(condition: Condition) -> bool:
    return isinstance(condition, Not) or any(_negated(c) for c in condition.children())


def _report(
    verdict: Any, value: Any, lower: Any, upper: Any, seen: Statistics, i: int, groups: Any,
    threshold: Any, alpha: Any, needed: Any,
) -> ClauseReport:  # fmt: skip
    def real(x: Any) -> Any:
        return jnp.asarray(x, jnp.float32)

    return ClauseReport(
        jnp.asarray(verdict, jnp.int32), real(value), real(lower), real(upper),
        seen.n_responses[i], groups, real(threshold), real(alpha), real(needed),
    )  # fmt: skip


def _sustained(condition: Condition) -> list[Sustained]:
    """Every ``sustained`` of a condition, inner ones before outer ones."""
    found = [s for child in condition.children() for s in _sustained(child)]
    return [*found, condition] if isinstance(condition, Sustained) else found


def _shares(condition: Condition, passing: float, failing: float) -> list[tuple[float, float]]:
    """Share of the error level that each clause may spend on a wrong pass and a wrong fail."""
    if not condition.children():
        return [(passing, failing)]
    if isinstance(condition, Not):
        passing, failing = failing, passing
    parts = len(condition.children())
    if isinstance(condition, Or):
        passing /= parts
    if isinstance(condition, And):
        failing /= parts
    return [s for child in condition.children() for s in _shares(child, passing, failing)]


def _combine(condition: Condition, verdicts: Any, streaks: Any) -> tuple[Any, list[Any]]:
    """Kleene's three-valued logic over the tree; consumes leaf verdicts and streaks in order."""
    if not condition.children():
        return next(verdicts), []
    parts, kept = [], []
    for child in condition.children():
        verdict, inner = _combine(child, verdicts, streaks)
        parts.append(verdict)
        kept += inner
    if isinstance(condition, Not):
        return -parts[0], kept
    if isinstance(condition, Sustained):
        streak = jnp.where(parts[0] == PASS, next(streaks) + 1, 0)
        waiting = jnp.where(parts[0] == PASS, INCONCLUSIVE, parts[0])
        verdict = jnp.where(streak >= condition.steps, PASS, waiting)
        return verdict.astype(jnp.int32), [*kept, streak.astype(jnp.int32)]
    fold = jnp.minimum if isinstance(condition, And) else jnp.maximum
    result = parts[0]
    for part in parts[1:]:
        result = fold(result, part)
    return result, kept
