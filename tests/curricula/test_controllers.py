"""Each family of controllers does what its paper says."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from curricula.controller import ControllerError
from curricula.controllers import (
    Bandit,
    BreakEven,
    DualAscent,
    Multiplicative,
    PIDLagrangian,
    Plateau,
    Ramp,
    TargetRate,
    blocks,
    constant,
    ramp,
)
from curricula.offline.simulate import Simulator
from curricula.penalties import PenaltyConfig, PenaltyLadder
from tests.curricula.lab import LADDER, NAMES, OUTCOMES, SOFT, drive, exact, limits


def test_constant_never_moves():
    severity, _ = drive(constant(1.5), 50)
    assert set(severity) == {1.5}
    assert constant(1.5).start() == 1.5


def test_blocks_are_the_reports_schedule():
    severity, reasons = drive(blocks((0, 1, 0), 30), 100)
    # The decision after step t is in force from t + 1: block two is steps 31 to 60.
    assert list(severity[:29]) == [0.0] * 29
    assert list(severity[29:59]) == [1.0] * 30
    assert list(severity[59:]) == [0.0] * 41
    assert [i + 1 for i, r in enumerate(reasons) if r == "the schedule moves"] == [30, 60]


def test_ramps_take_any_optax_schedule_on_severity_or_on_break_even():
    severity, _ = drive(ramp(2.0, 40), 60)
    np.testing.assert_allclose(severity, np.minimum(np.arange(1, 61) / 20, 2.0), rtol=1e-5)
    cosine = optax.cosine_decay_schedule(1.0, 50)
    severity, _ = drive(Ramp(cosine), 60)
    np.testing.assert_allclose(severity, [float(cosine(t)) for t in range(1, 61)], atol=1e-6)
    levels = (0.1, 0.3, 0.9)
    severity, _ = drive(Ramp(optax.linear_schedule(0.1, 0.6, 50), levels), 50)
    u = 0.1 + 0.5 * np.arange(1, 51) / 50
    np.testing.assert_allclose(severity, np.interp(u, levels, [0, 1, 2]), rtol=1e-4)


def test_plateau_escalates_on_a_stall_and_never_takes_a_constant_loss_for_progress():
    rule = Plateau(accumulate=2, patience=3, cooldown=2, tolerance=0.5)
    severity, _ = drive(rule, 40, mean=-5.0)
    # The first average (step 2) is the best; three stale ones follow: steps 4, 6, 8.
    assert list(severity[:8]) == [0.0] * 7 + [1.0]
    # Two averages of cooldown (steps 10, 12), then three stale ones: step 18.
    assert [i + 2 for i in np.flatnonzero(np.diff(severity))] == [8, 18]
    improving, _ = drive(rule, 40, mean=-15.0 + np.arange(40))
    assert improving.max() == 0


def test_plateau_skips_steps_without_a_figure():
    level = np.where(np.arange(40) % 2 == 0, np.nan, -5.0)
    severity, _ = drive(Plateau(accumulate=2, patience=3), 40, mean=level)
    assert int(np.argmax(severity > 0)) + 1 == 16


def test_dual_ascent_integrates_the_excess():
    severity, _ = drive(DualAscent(budget=0.1, rate=0.2, delay=3), 20, hallucination=0.3)
    expected = np.maximum(np.arange(20) - 2, 0) * 0.2 * 0.2
    np.testing.assert_allclose(severity, expected, rtol=1e-4, atol=1e-6)


def test_dual_ascent_in_log_space_multiplies():
    rule = DualAscent(budget=0.1, rate=0.5, log=True, initial=0.2, delay=0)
    severity, _ = drive(rule, 10, hallucination=0.3)
    np.testing.assert_allclose(severity, 0.2 * np.exp(0.5 * 0.2 * np.arange(1, 11)), rtol=1e-4)


@pytest.mark.parametrize("log", [False, True])
def test_dual_ascent_is_capped_falls_again_and_holds_on_nan(log):
    cost = np.concatenate([np.full(100, 0.9), np.zeros(100), np.full(20, np.nan)])
    severity, _ = drive(DualAscent(rate=0.3, log=log, delay=0, cap=1.5), 220, hallucination=cost)
    assert severity.max() == pytest.approx(1.5)
    assert severity[199] < 0.2
    held = severity[210:]
    assert (held == held[0]).all()


def test_pid_lagrangian_follows_the_law_while_nothing_limits_it():
    rule = PIDLagrangian(budget=0.1, kp=1.0, ki=0.1, kd=0.0, decay=0.0, delay=0, slew=10.0)
    severity, _ = drive(rule, 10, hallucination=0.3)
    steps = np.arange(1, 11)
    np.testing.assert_allclose(severity, 0.2 + 0.1 * 0.2 * steps, rtol=1e-4)


def test_pid_lagrangian_does_not_wind_up_where_the_papers_integral_does():
    """After a long time out of reach it lets go at once when the cost falls."""
    cost = np.concatenate([np.full(150, 0.9), np.zeros(50)])
    gains = {"kp": 0.5, "ki": 0.1, "kd": 0.0, "decay": 0.0, "delay": 0, "slew": 0.5, "cap": 1.0}
    with_back, _ = drive(PIDLagrangian(back=0.5, **gains), 200, hallucination=cost)
    without, _ = drive(PIDLagrangian(back=0.0, **gains), 200, hallucination=cost)
    assert with_back[149] == without[149] == pytest.approx(1.0)
    assert with_back[152] < 0.9
    assert without[199] == pytest.approx(1.0)


def test_pid_lagrangian_moves_by_at_most_its_slew():
    severity, _ = drive(PIDLagrangian(slew=0.03, delay=0), 60, hallucination=0.9)
    assert np.abs(np.diff(severity)).max() <= 0.03 + 1e-6
    assert severity[-1] > 1


def test_multiplicative_is_slow_up_and_fast_down():
    correct = np.where(np.arange(150) < 120, 0.7, 0.3)
    rule = Multiplicative(up=1.01, down=0.9, decay=0.5, delay=0)
    severity, _ = drive(rule, 150, correct=correct)
    np.testing.assert_allclose(severity[:60], 1.01 ** np.arange(1, 61) - 1, rtol=1e-3)
    assert severity[119] > 1
    assert severity[124] < 0.9 * severity[119]


def test_target_rate_settles_where_the_rate_meets_the_target():
    rule = TargetRate(target=0.5, step=0.05, gain=2.0, delay=0)
    up, _ = drive(rule, 60, correct=0.8)
    np.testing.assert_allclose(up[:20], 0.05 * math.tanh(0.6) * np.arange(1, 21), rtol=1e-4)
    still, _ = drive(rule, 60, start=1.0, correct=0.5)
    np.testing.assert_allclose(still, 1.0, atol=1e-5)
    down, _ = drive(rule, 100, start=1.0, correct=0.2)
    assert down[-1] == 0.0


THREE = PenaltyLadder(
    "three",
    [(n, PenaltyConfig.from_mapping({**SOFT, "wrong": w})) for n, w in
     (("a", -15.0), ("b", -25.0), ("c", -60.0))],
    OUTCOMES,
)  # fmt: skip


def test_break_even_stays_below_the_proven_competence():
    # u of the rungs: (5 + 5) / (30 + 5), (5 + 15) / 45, (5 + 50) / 80.
    rule = BreakEven(THREE, margin=0.05, rise=0.02)
    np.testing.assert_allclose(rule.levels, [10 / 35, 20 / 45, 55 / 80], rtol=1e-6)
    able, _ = drive(rule, 200, competence=0.95)
    assert able[-1] == 2.0
    assert (np.diff(np.interp(able, [0, 1, 2], rule.levels)) <= 0.02 + 1e-5).all()
    for competence in (0.45, 0.6):
        severity, _ = drive(rule, 200, competence=competence)
        u = np.interp(severity, [0, 1, 2], rule.levels)
        assert u.max() <= competence - 0.05 + 1e-5
        assert severity[-1] > 0


def test_break_even_lets_go_when_competence_falls():
    competence = np.where(np.arange(300) < 150, 0.95, 0.3)
    severity, reasons = drive(BreakEven(THREE), 300, competence=competence)
    assert severity[149] == 2.0
    assert severity[165] == 0.0
    assert "softer: competence is not proven" in reasons


def test_break_even_refuses_a_ladder_that_does_not_move_it():
    flat = [("a", PenaltyConfig.from_mapping(SOFT)), ("b", PenaltyConfig.from_mapping(SOFT) * 2)]
    with pytest.raises(ControllerError, match=r"u must rise .* got 0.17, 0.17; try the caution"):
        BreakEven(PenaltyLadder("flat", flat, OUTCOMES))
    with pytest.raises(ControllerError, match=r"break-even must rise with every rung, got 0.3"):
        Ramp(optax.constant_schedule(1.0), levels=(0.3, 0.2))


def test_the_bandit_plays_the_rung_on_which_the_model_learns():
    """Only while rung 1 is played does the mean rise within a play."""
    rule, plays = Bandit(3, hold=4, rate=0.5, scale=2.0), []
    stage = Simulator(rule, NAMES, limits())
    feed = stage.init()
    step = jax.jit(stage._next)
    for t in range(1200):
        inside = t % 4
        mean = 5.0 * (inside >= 2) if float(feed.severity) == 1.0 else 0.0
        data = exact(1, mean=mean)
        feed, _ = step(feed, data.hits[0, 0], data.trials[0, 0])
        if inside == 3:
            plays.append(float(feed.severity))
    late = np.array(plays[150:])
    assert (late == 1.0).mean() > 0.7
    assert set(plays) == {0.0, 1.0, 2.0}  # and it goes on exploring


def test_the_bandits_draws_are_its_seeds():
    one, again, other = (drive(Bandit(3, seed=s), 200)[0] for s in (0, 0, 1))
    np.testing.assert_array_equal(one, again)
    assert (one != other).any()


@pytest.mark.parametrize(
    "make",
    [
        lambda: blocks(()),
        lambda: blocks((0.0,), 0),
        lambda: blocks((-1.0,)),
        lambda: ramp(1.0, 0),
        lambda: Plateau(patience=0),
        lambda: DualAscent(rate=0),
        lambda: DualAscent(log=True, initial=0.0),
        lambda: PIDLagrangian(slew=0),
        lambda: Multiplicative(down=1.5),
        lambda: TargetRate(step=0),
        lambda: BreakEven(LADDER, goal=2.0),
        lambda: Bandit(0),
    ],
)
def test_options_out_of_range_are_named(make):
    with pytest.raises(ControllerError, match=r"\w+: .*(must|out of range|needs)"):
        make()


def test_states_are_arrays():
    for rule in (Plateau(), DualAscent(), PIDLagrangian(), BreakEven(LADDER), Bandit(2)):
        assert all(isinstance(leaf, jnp.ndarray) for leaf in jax.tree.leaves(rule.init()))
