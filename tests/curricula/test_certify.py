"""Certificates: every built-in keeps the protocol, and the error rates are what they are."""

from pathlib import Path

import numpy as np
import pytest

from curricula.certify import Measured, _median, _run_length, certify
from curricula.controller import CurriculumController, Decision
from curricula.controllers import gated, gated_point
from curricula.offline.simulate import Simulator, Trajectory
from curricula.offline.streams import of_quality, stream
from dipg.app.policies import POLICY_NAMES, controller_from_name
from dipg.pricing import LADDERS
from tests.curricula.lab import GATE, LADDER, NAMES, limits


@pytest.mark.parametrize("name", POLICY_NAMES)
def test_every_built_in_keeps_the_protocol(name):
    controller = controller_from_name(name, when=None, ladder=LADDER, total_steps=60)
    certificate = certify(controller, runs=6, steps=60, rungs=2)
    assert certificate.conforms, str(certificate)
    assert certificate.compiled
    assert certificate.controller == controller.name


def test_the_gate_keeps_its_error_bound_and_the_raw_rule_does_not():
    gate = certify(gated(resolution=0), runs=250, steps=300)
    assert gate.bounded == "holds", str(gate)
    assert gate.delay.value <= 20
    assert gate.improving_delay.value <= 30
    assert gate.drop_delay.value <= 6
    assert gate.run_length.value is None
    assert gate.run_length.lower > 1000
    assert gate.missed.value == gate.missed_drop.value == gate.false_alarm.value == 0.0
    assert gate.missed.upper == pytest.approx(1 - 0.025 ** (1 / 250))  # Clopper-Pearson at none
    raw = certify(gated_point(), runs=50, steps=300)
    assert raw.bounded == "fails"
    assert raw.false_promotion.value == 1.0
    assert (raw.missed.value, raw.missed_drop.value) == (0.0, 1.0)  # it never goes back


TABLE = Path(__file__).parents[2] / "docs" / "controllers.md"


@pytest.mark.slow
@pytest.mark.parametrize("name", POLICY_NAMES)
def test_the_table_in_the_docs_says_what_the_error_rates_are(name):
    """A quarter of the table's runs: every verdict on the error bound, and every rate within it."""
    controller = controller_from_name(name, when=None, ladder=LADDERS["caution"], total_steps=300)
    found = certify(controller, runs=100, steps=300, rungs=len(LADDERS["caution"]))
    [row] = [x for x in TABLE.read_text().splitlines() if x.startswith(f"| {name} | keeps |")]
    rate, verdict = row.split(" | ")[2:4]
    assert found.bounded in (verdict, "open"), str(found)
    low, high = (float(x) / 100 for x in rate.split("[")[1].strip("] ").split(", "))
    measured = found.false_promotion
    assert measured.lower <= high
    assert measured.upper >= low


class Leaky(CurriculumController):
    """Remembers outside its state."""

    def __init__(self):
        self.calls = 0

    def init(self):
        return np.zeros((), np.float32)

    def update(self, state, statistics):
        self.calls += 1
        return Decision(float(self.calls % 2)), state


class Scribbler(CurriculumController):
    """Writes into the state it was given, and branches on a value."""

    def init(self):
        return np.zeros((2,), np.float32)

    def update(self, state, statistics):
        if statistics.step > 0:
            state[0] += 1
        return Decision(0.0), state


class Climber(CurriculumController):
    """Plain Python that keeps the protocol."""

    def init(self):
        return ()

    def update(self, state, statistics):
        return Decision(min(float(statistics.severity) + 1.0, 1.0)), state


def checks(controller):
    found = certify(controller, runs=5, steps=12, rungs=2).checks
    return {check.name.split(":")[0]: check.holds for check in found}


def test_controllers_that_break_the_protocol_are_found_out():
    assert not checks(Leaky())["pure"]
    assert all(checks(Climber()).values())


def test_a_state_cannot_be_changed_in_place():
    with pytest.raises(TypeError, match="immutable"):
        certify(Scribbler(), runs=5, steps=30)


def test_bounds_are_computed_only_for_controllers_that_read_them():
    class Reads(Climber):
        def update(self, state, statistics):
            return Decision((statistics["safe"].lower > 0.5) * 1.0), state

    assert not Simulator(GATE, NAMES, limits()).bounded
    assert Simulator(Reads(), NAMES, limits()).bounded


def test_streams_stand_at_their_levels_with_the_stated_correlation():
    data = stream(("mean", "safe", "answer"), {"safe": 0.8}, runs=200, steps=50, correlation=0.3)
    assert data.hits[:, :, 1].mean() == pytest.approx(0.8, abs=5e-3)
    low, high = data.limits[0]
    assert low + (high - low) * data.hits[:, :, 0].mean() == pytest.approx(15.0, abs=0.3)
    assert data.trials[:, :, 2].mean() == pytest.approx(0.6, abs=5e-3)
    # Variance of a group's share: p (1 - p) (1 + 7 rho) / 8.
    expected = 0.8 * 0.2 * (1 + 7 * 0.3) / 8
    assert data.hits[:, :, 1].var() == pytest.approx(expected, rel=0.05)
    half = of_quality(0.5)
    assert half["safe"] == pytest.approx(0.635)
    with pytest.raises(ValueError, match="correlation must be in"):
        stream(("mean",), runs=1, steps=1, correlation=0.0)
    with pytest.raises(ValueError, match="level of 'mean' is out of range"):
        stream(("mean",), {"mean": 99.0}, runs=1, steps=1)


def test_medians_and_run_lengths_have_exact_intervals():
    waits = np.arange(1.0, 101.0)
    found = _median("m", waits)
    assert (found.value, found.lower, found.upper) == (50.0, 40.0, 61.0)
    assert _median("m", np.full(9, np.inf)).value is None
    down = np.array([[1.0, 1, 0, 0, 1, 0]])
    found = _run_length(Trajectory(down, down))
    assert found.value == 3.0  # six looks, two moves back
    # Garwood: two events have a 95% interval of 0.2422 to 7.2247.
    assert found.lower == pytest.approx(6 / 7.2247, rel=1e-4)
    assert found.upper == pytest.approx(6 / 0.2422, rel=1e-3)


def test_figures_are_shown_for_people():
    assert Measured("f", 0.005, 0.0001, 0.0278, 200).show(percent=True) == "0.5% [0.01, 2.78]"
    assert Measured("d", 12.0, 11.0, None, 200).show() == "12 [11, ...]"
    assert Measured("d", None, None, None, 200).show() == "never"
    assert Measured("d", None, 32530.6, None, 200).show() == "never [32,531, ...]"
    assert Measured("d", -84.0, -84.0, -84.0, 200).show() == "84 too early"
