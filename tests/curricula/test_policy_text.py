"""Policies as they are typed."""

import inspect

import pytest

from dipg.app.policies import POLICY_NAMES, PolicyError, check_policy_name, controller_from_name
from dipg.app.policy_text import OPTIONS, WRAPPERS, PolicyCall, example, parse_policy
from tests.curricula.lab import LADDER


def built(text):
    return controller_from_name(text, when=None, ladder=LADDER, total_steps=300)


def test_a_policy_with_options_and_wrappers_is_read_from_the_inside_out():
    text = "gated(dwell=20, alpha=0.01) | cooldown(50) | clip(0, highest=1)"
    call = parse_policy(text)
    assert call == PolicyCall(
        "gated",
        {"dwell": 20, "alpha": 0.01},
        (
            PolicyCall("cooldown", {"steps": 50}),
            PolicyCall("clip", {"lowest": 0.0, "highest": 1.0}),
        ),
    )
    assert str(call) == (
        "gated(dwell=20, alpha=0.01) | cooldown(steps=50) | clip(lowest=0, highest=1)"
    )
    assert parse_policy(str(call)) == call


def test_what_is_typed_is_what_is_built():
    controller = built("gated(dwell=20, alpha=0.01)|cooldown(50)|rate_limit(0.5)")
    assert controller.name == "rate-limit(cooldown(gated))"
    assert (controller.step, controller.inner.steps) == (0.5, 50)
    gate = controller.inner.inner
    assert (gate.dwell, gate.alpha, gate.cooldown) == (20, 0.01, 20)
    assert built("pid").name == "pid-lagrangian"
    assert built("blocks(length=7) | shadow").inner.length == 7


def test_a_policy_of_ones_own_takes_wrappers_too(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("from curricula.controllers import constant\nmine = constant(1.0)\n")
    assert built(f"{path}:mine | patience(3)").name == "patience(constant)"


@pytest.mark.parametrize("name", POLICY_NAMES)
def test_every_option_is_one_of_the_controllers_own(name):
    controller = built(name)
    kind = type(controller)
    makers = {
        "constant": ("severity",),
        "blocks": ("length", "level"),
        "ramp": ("end", "steps", "start"),
    }
    known = makers.get(name, tuple(inspect.signature(kind.__init__).parameters))
    assert set(OPTIONS[name]) <= set(known)


@pytest.mark.parametrize("name", WRAPPERS)
def test_every_wrapper_can_be_built_from_its_example(name):
    assert built(f"constant | {example(name)}").name == f"{name}(constant)"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "the policy is empty"),
        ("| clip(0, 1)", "nothing stands before the bar"),
        ("gated |", "what follows a bar is neither NAME nor"),
        ("gated((", r"'gated\(\(' is neither NAME nor NAME\(OPTION=NUMBER, ...\)"),
        ("gated | cooldwn(5)", r"no wrapper 'cooldwn' \(did you mean cooldown\?\); wrappers: pat"),
        ("gated | cooldown", r"cooldown needs steps, as in cooldown\(20\)"),
        ("gated | clip(0, 1, 2)", "clip takes lowest, highest, got '2'"),
        ("gated | clip(0, lowest=1)", "clip is given lowest twice"),
        ("gated(3)", "gated takes dwell, .*, got '3'; write OPTION=NUMBER"),
        ("gated(dwel=3)", r"gated has no option 'dwel' \(did you mean dwell\?\); options: dwell"),
        ("gated(dwell=3.5)", "dwell of gated must be a whole number, got '3.5'"),
        ("plateau(step=nan)", "step of plateau must be a number, got 'nan'"),
        ("nobody(x=1)", "nobody has no option 'x'; options: none"),
        ("gatde | shadow", r"unknown policy 'gatde' \(did you mean gated\?\)"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_one_line(text, told):
    with pytest.raises(PolicyError, match=told) as caught:
        check_policy_name(text)
    assert "\n" not in str(caught.value)
