"""Evidence that may be looked at after every step: betting, confidence sequences, detectors.

The unit of evidence is the prompt group. A group brings ``hits`` and ``trials`` in [0, 1], both
divided by the group's size: for the mean reward ``hits`` is the group's mean reward mapped to
[0, 1] by its declared limits and ``trials`` is 1; for a rate ``hits`` is the share of responses
with event and condition, ``trials`` the share with the condition. The claim "the rate is at most
m" is E[hits - m trials] <= 0, also for conditional rates. An absent group is hits = trials = 0.

**Betting** (Waudby-Smith & Ramdas 2024, *Estimating means of bounded random variables by betting*,
JRSS-B 86(1), sec. 4): against the null m, the gambler's wealth

    K_t(m) = prod_i (1 + (f/m) (hits_i - m trials_i)),   0 < f < 1,

is a nonnegative supermartingale if every conditional mean was <= m, whatever the dependence
between steps; so is its mixture over the bets f. By Ville's inequality P(exists t: K_t >= 1/alpha)
<= alpha: valid at every peek, under a model that drifts.

**Restarts.** A model that starts bad and becomes good loses its wealth early and would need as many
good steps to win it back. So wealth is spread over starting times with a spending prior gamma_j:

    E_t = sum_{j<=t} gamma_j K_{j..t} + sum_{j>t} gamma_j,   sum_j gamma_j = 1,

a mixture of e-processes, hence an e-process (Shin, Ramdas & Rinaldo 2024, *E-detectors*, NEJSDS
2(2), with weights in place of their gamma_j = 1, which only bounds the average run
length). Half of the wealth starts at once, the rest by a heavy tail without a horizon.

The **lower bound** at level alpha is the largest m whose null is rejected. While the model drifts,
it bounds the best conditional mean since the evidence was last reset; for a model that stands
still it is an ordinary anytime-valid confidence bound.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import logsumexp, xlogy

__all__ = [
    "BETS",
    "RESTART_SCALE",
    "DetectorState",
    "SequenceState",
    "chernoff_lower",
    "clopper_pearson",
    "detector_init",
    "detector_log",
    "detector_update",
    "log_growth",
    "lower_bound",
    "rung_alpha",
    "sequence_init",
    "sequence_log",
    "sequence_update",
    "spent_alpha",
    "upper_bound",
    "wilson",
]

# Fractions of the largest safe bet; log-spaced, because the best bet for a small margin is small.
BETS = np.array([0.03, 0.06, 0.12, 0.2, 0.35, 0.5, 0.7, 0.9], np.float32)
RESTART_SCALE = 100.0  # steps; half of the restart wealth has been invested by then
_CHUNK = 8  # factors per logarithm: 1e-8 to 5e31 for nulls of at least 1e-4, within float32
# Wealth that a detector keeps at most, in multiples of its threshold, so that alarms can end.
DETECTOR_CAP = 10.0


def rung_alpha(alpha: Any, stint: Any) -> Any:
    """Error budget of the k-th stint on a rung, 6 alpha / (pi^2 k^2), k = 1, 2, ...

    Sums to alpha over all stints (Basel series), however often a rung is left and tried again.
    """
    return 6.0 * alpha / (jnp.pi**2 * jnp.square(jnp.asarray(stint, jnp.float32)))


def spent_alpha(alpha: Any, stint: Any) -> Any:
    """Budget spent by stints 1..k together; closed form through the trigamma function."""
    k = jnp.asarray(stint, jnp.float32)
    return alpha * (1.0 - 6.0 / jnp.pi**2 * jax.scipy.special.polygamma(1, k + 1.0))


def log_growth(null: Any, hits: Any, trials: Any) -> Any:
    """Log factor by which each bet's wealth grows: sum over groups of log(1 + f (hits/m - trials)).

    Args:
      null: ``[J]`` hypothesised upper bounds m of the mean, in (0, 1).
      hits: ``[g]``, trials: ``[g]``, with 0 <= hits <= trials <= 1; zeros where there is no group.

    Returns:
      ``[J, D]`` log growth per null and bet.
    """
    gain = hits / null[:, None] - trials  # [J, g]
    factors = 1.0 + BETS[:, None] * gain[:, None, :]  # [J, D, g], each in [0.1, 1 + 0.9/m]
    # Multiplying a few factors before each logarithm is eight times cheaper and cannot overflow.
    spare = -factors.shape[-1] % _CHUNK
    factors = jnp.pad(factors, ((0, 0), (0, 0), (0, spare)), constant_values=1.0)
    return jnp.log(factors.reshape(*factors.shape[:2], -1, _CHUNK).prod(-1)).sum(-1)


class SequenceState(NamedTuple):
    """Log wealth of the started bets.

    Attributes:
      log_wealth: ``[J, D]`` log of (prior mass times wealth) per null and bet.
      steps: [] int32, steps seen.
    """

    log_wealth: Any
    steps: Any


def sequence_init(nulls: int) -> SequenceState:
    """No step seen, nothing invested."""
    return SequenceState(
        jnp.full((nulls, len(BETS)), -jnp.inf, jnp.float32), jnp.zeros((), jnp.int32)
    )


def _restart_mass(steps: Any) -> tuple[Any, Any]:
    """Prior mass that starts at step number ``steps`` (from 0), and what is left after it."""
    t = jnp.asarray(steps, jnp.float32)
    scale = RESTART_SCALE
    later = 0.5 * scale / (t + scale)
    earlier = jnp.where(t == 0, 1.0, 0.5 * scale / (t - 1.0 + scale))
    return earlier - later, later


def sequence_update(state: SequenceState, null: Any, hits: Any, trials: Any) -> SequenceState:
    """One step of betting against "mean <= null"; shapes as in :func:`log_growth`.

    For the other side, pass ``1 - null`` and ``trials - hits`` (misses).
    """
    start, _ = _restart_mass(state.steps)
    invested = jnp.logaddexp(state.log_wealth, jnp.log(start / len(BETS)))
    return SequenceState(invested + log_growth(null, hits, trials), state.steps + 1)


def sequence_log(state: SequenceState) -> Any:
    """``[J]`` log e-value against each null, the wealth not yet invested included."""
    _, rest = _restart_mass(jnp.maximum(state.steps - 1, 0))
    rest = jnp.where(state.steps == 0, 1.0, rest)
    return jnp.logaddexp(logsumexp(state.log_wealth, axis=-1), jnp.log(rest))


def lower_bound(log_evidence: Any, null: Any, alpha: Any) -> Any:
    """Largest rejected null: "the mean is above this" with confidence 1 - alpha; 0 where none is.

    Args:
      log_evidence: ``[J]`` from :func:`sequence_log`.
      null: ``[J]``, in any order.
      alpha: error probability over all peeks together.
    """
    return jnp.max(jnp.where(log_evidence >= -jnp.log(alpha), null, 0.0))


def upper_bound(log_evidence: Any, null: Any, alpha: Any) -> Any:
    """As :func:`lower_bound` for evidence from bets on misses against ``1 - null``."""
    return jnp.min(jnp.where(log_evidence >= -jnp.log(alpha), null, 1.0))


def chernoff_lower(hits: Any, trials: Any, alpha: float) -> Any:
    """Lower bound of a bounded mean for ONE look, from sums alone; 0 where there are no trials.

    The m below the observed share p with n kl(p, m) = log(1 / alpha) (Hoeffding 1963, *JASA* 58,
    thm. 1), n being the sum of trials; by bisection, to 2^-12.

    Args:
      hits: [] sum over groups. trials: [] sum over groups.
      alpha: error probability.
    """
    share = hits / jnp.where(trials > 0, trials, 1.0)
    low, high = jnp.zeros_like(share), share
    for _ in range(12):
        middle = (low + high) / 2
        gap = xlogy(share, share / jnp.maximum(middle, 1e-12))
        gap += xlogy(1 - share, (1 - share) / jnp.maximum(1 - middle, 1e-12))
        far = trials * gap >= -np.log(alpha)
        low, high = jnp.where(far, middle, low), jnp.where(far, high, middle)
    return jnp.where(trials > 0, low, 0.0)


class DetectorState(NamedTuple):
    """Shiryaev-Roberts e-detector: ``log_wealth [D]``, log of the sum over starting times."""

    log_wealth: Any


def detector_init() -> DetectorState:
    """No step seen."""
    return DetectorState(jnp.full((len(BETS),), -jnp.inf, jnp.float32))


def detector_update(
    state: DetectorState, floor: Any, misses: Any, trials: Any, run_length: Any
) -> DetectorState:
    """One step of watching for a drop below ``floor``.

    M_t = (M_{t-1} + 1) x growth, the Shiryaev-Roberts recursion with betting factors, averaged
    over bets (Shin, Ramdas & Rinaldo 2024, mixtures of SR e-detectors). By their bound for any
    e-detector, the alarm at M_t >= c has an average run length of at least c steps while every
    conditional mean stays >= floor. M is capped at ten times c, which only lowers it, so that an
    alarm ends once the model has recovered.

    Args:
      state: wealth so far.
      floor: [] the level that the mean should keep, in (0, 1).
      misses: ``[g]`` trials - hits of each group.
      trials: ``[g]``.
      run_length: c.
    """
    invested = jnp.logaddexp(state.log_wealth, 0.0)
    growth = log_growth(jnp.reshape(1.0 - floor, (1,)), misses, trials)[0]
    cap = jnp.log(DETECTOR_CAP * run_length)
    return DetectorState(jnp.minimum(invested + growth, cap))


def detector_log(state: DetectorState) -> Any:
    """[] log of the detector's value M_t; alarm where it reaches the log of the run length."""
    return logsumexp(state.log_wealth) - np.log(len(BETS))


def wilson(successes: float, n: float, confidence: float = 0.95) -> tuple[float, float]:
    """Two-sided Wilson (1927) score interval for a binomial rate; for ONE look at the data.

    Returns (0, 1) for n = 0.
    """
    from scipy.stats import norm

    if n <= 0:
        return 0.0, 1.0
    z = float(norm.ppf(0.5 + confidence / 2))
    p = successes / n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * float(np.sqrt(p * (1 - p) / n + z * z / (4 * n * n)))
    return max(0.0, centre - half), min(1.0, centre + half)


def clopper_pearson(
    successes: float, n: float, confidence: float = 0.95, *, sided: int = 2
) -> tuple[float, float]:
    """Exact binomial interval (Clopper & Pearson 1934); for ONE look at the data.

    Args:
      successes: count of events.
      n: count of independent trials; 0 gives (0, 1).
      confidence: coverage of the interval, or of each bound where ``sided`` is 1.
      sided: 2 splits the error over both bounds; 1 gives each bound all of it.
    """
    from scipy.stats import beta

    tail = (1 - confidence) / sided
    lower = 0.0 if successes <= 0 else float(beta.ppf(tail, successes, n - successes + 1))
    upper = 1.0 if successes >= n else float(beta.ppf(1 - tail, successes + 1, n - successes))
    return lower, upper
