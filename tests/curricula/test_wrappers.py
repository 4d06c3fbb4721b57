"""Controllers around controllers."""

import jax.numpy as jnp
import numpy as np
import pytest

from curricula.controller import ControllerError, CurriculumController, Decision
from curricula.controllers import blocks, constant, ramp
from curricula.hand import ControlFile, Hand
from curricula.offline.simulate import Simulator
from curricula.per_penalty import PerPenalty
from curricula.statistics import StatisticsError
from curricula.wrappers import Clip, Cooldown, Hysteresis, Patience, RateLimit, Shadow
from tests.curricula.lab import GATE, LADDER, NAMES, batch, curriculum, drive, exact, limits


class Scripted(CurriculumController):
    """Wishes what it is told to, step by step."""

    def __init__(self, wishes):
        self.wishes = np.asarray(wishes, np.float32)

    def init(self):
        return np.zeros((), np.int32)

    def update(self, state, statistics):
        return Decision(jnp.asarray(self.wishes)[state]), state + 1


def granted(wrap, wishes):
    stage = Simulator(wrap(Scripted(wishes)), NAMES, limits())
    return list(stage.run(exact(len(wishes)))[1].severity[0])


def test_patience_grants_a_wish_that_lasts():
    wishes = [0, 1, 0, 1, 1, 1, 1, 0, 1, 0, 0, 0]
    assert granted(lambda c: Patience(c, 3), wishes) == [0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 0]


def test_patience_starts_anew_when_the_direction_turns():
    wishes = [1, 1, 0, 2, 2, 0, 0]
    assert granted(lambda c: Patience(c, 2), wishes) == [0, 1, 1, 1, 2, 2, 0]


def test_cooldown_holds_after_a_move():
    assert granted(lambda c: Cooldown(c, 3), [1, 2, 2, 2, 2, 0, 0]) == [1, 1, 1, 1, 2, 2, 2]


def test_hysteresis_ignores_small_wishes():
    wishes = [0.1, 0.2, 0.3, 0.25, 0.4, 0.55, 0.0]
    expected = [0, 0, 0.3, 0.3, 0.3, 0.55, 0.0]
    np.testing.assert_allclose(granted(lambda c: Hysteresis(c, 0.24), wishes), expected)


def test_rate_limit_moves_step_by_step():
    found = granted(lambda c: RateLimit(c, 0.5), [2, 2, 2, 2, 0.8, 0.8, 0.8])
    np.testing.assert_allclose(found, [0.5, 1, 1.5, 2, 1.5, 1, 0.8], rtol=1e-6)


def test_clip_keeps_between_two_levels():
    assert granted(lambda c: Clip(c, 0.5, 1.5), [0, 1, 2]) == [0.5, 1, 1.5]
    assert Clip(constant(2.0), 0.5, 1.5).start() == 1.5


def test_shadow_records_and_does_nothing():
    shadowed = Shadow(GATE)
    stage = Simulator(shadowed, NAMES, limits(), window=8)
    feed, done = stage.run(exact(100))
    assert (done.severity == 0).all()
    would = drive(GATE, 100)[0]
    assert float(feed.controller.wish[0]) == would[-1] > 0
    told = shadowed.reasons.index("held: in the shadow, it would have moved")
    first = int(np.argmax(would > 0))
    assert done.reason[0, first] == told


def test_wrappers_pass_on_what_the_inner_controller_is():
    wrapped = Patience(Cooldown(GATE, 5), 2)
    assert wrapped.name == "patience(cooldown(gated))"
    assert wrapped.metrics == GATE.metrics
    assert wrapped.conditions == GATE.conditions
    assert wrapped.reasons[: len(GATE.reasons)] == GATE.reasons


@pytest.mark.parametrize(
    "make",
    [
        lambda: Patience(GATE, 0),
        lambda: Cooldown(GATE, 0),
        lambda: Hysteresis(GATE, 0.0),
        lambda: RateLimit(GATE, -1.0),
        lambda: Clip(GATE, 1.0, 0.5),
    ],
)
def test_limits_out_of_range_are_named(make):
    with pytest.raises(ControllerError, match="is out of range, got"):
        make()


def test_per_penalty_prices_each_term_at_its_own_severity():
    rule = PerPenalty(LADDER, {"wrong": ramp(1.0, 4), "rest": constant(0.0)})
    course, rng = curriculum(rule), np.random.default_rng(0)
    state = course.init(32, 8)
    for step in range(1, 5):
        assert course.penalties(state)["wrong"] == pytest.approx(-10 - 50 * (step - 1) / 4)
        assert course.penalties(state)["rest"] == -5
        receipt, state = course.step(state, batch(rng, 0.5))
        assert receipt.severity_to == pytest.approx(step / 4)
    assert course.penalties(state).to_mapping() == LADDER.at(1.0).to_mapping()


def test_per_penalty_refuses_a_term_that_has_no_price():
    with pytest.raises(ControllerError, match="no term 'wrnog' on the ladder; terms: format"):
        PerPenalty(LADDER, {"wrnog": constant()})
    with pytest.raises(ControllerError, match="at least one"):
        PerPenalty(LADDER, {})


GUIDED = Hand(GATE)


def by_hand(controller, commands):
    course, rng = curriculum(controller), np.random.default_rng(0)
    state, out = course.init(32, 8), []
    for command in commands:
        receipt, state = course.step(state, batch(rng, 0.5), command)
        out.append((receipt.severity_to, receipt.reason))
    return out


def test_a_hand_escalates_and_relaxes_one_rung():
    out = by_hand(GUIDED, [None, "escalate", "escalate", None, "relax", "relax"])
    assert [severity for severity, _ in out] == [0, 1, 1, 1, 0, 0]
    assert out[1][1] == "moved: escalated by hand"
    assert out[4][1] == "moved: relaxed by hand"
    assert out[3][1] == "held: the evidence is missing"  # the gate goes on from there


def test_a_hand_holds_until_release_and_time_stands_still():
    out = by_hand(Hand(blocks((0.0, 1.0), 2)), [None, "hold", None, None, "release", None])
    # The schedule has seen step 1 when it is held; step 2 comes with the release.
    assert [severity for severity, _ in out] == [0, 0, 0, 0, 1, 1]
    assert out[2][1] == "held: by hand"


def test_a_move_by_hand_begins_a_new_stint_of_the_gate():
    course, rng = curriculum(GUIDED), np.random.default_rng(0)
    state = course.init(32, 8)
    for command in (None, None, "escalate", None):
        receipt, state = course.step(state, batch(rng, 0.5), command)
    assert all(c.n_groups <= 8 for c in receipt.clauses)
    assert receipt.alpha == pytest.approx(0.05 * 6 / np.pi**2 / 4, rel=1e-5)


def test_an_unknown_command_is_refused():
    with pytest.raises(StatisticsError, match="unknown command 'stop'; commands: hold, escalate"):
        by_hand(GUIDED, ["stop"])


def test_the_control_file_is_read_line_by_line_and_once(tmp_path):
    path = tmp_path / "control"
    path.write_text("hold\n")
    commands = ControlFile(path)
    assert commands.poll() is None  # from an earlier run
    with path.open("a") as file:
        file.write("Escalate\nrelax\nrel")
    assert [commands.poll() for _ in range(3)] == ["escalate", "relax", None]
    with path.open("a") as file:
        file.write("ease\n\nstop\n")
    assert [commands.poll() for _ in range(1)] == ["release"]
    with pytest.raises(StatisticsError, match="unknown command 'stop'"):
        commands.poll()
    assert commands.poll() is None
    assert ControlFile(tmp_path / "none").poll() is None
