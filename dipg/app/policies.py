"""Names on the command line, and the controllers they stand for. Importing this needs no JAX."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dipg.app.policy_text import PolicyCall, PolicyError, parse_policy
from dipg.app.user_code import UserCodeError, load_module

if TYPE_CHECKING:
    from curricula.conditions import Condition
    from curricula.controller import CurriculumController
    from curricula.penalties import PenaltyLadder

__all__ = [
    "POLICIES",
    "POLICY_NAMES",
    "PolicyError",
    "check_policy_name",
    "controller_from_name",
    "entry_points",
]

POLICIES = {
    "constant": "never moves: the control of every comparison",
    "blocks": "the report's schedule, soft, medium, soft, whatever the model does",
    "ramp": "a straight line to the last rung over the run, whatever the model does",
    "gated": "one rung up on proof that --when holds, one back on a certified regression",
    "gated-point": "the same rule on raw estimates, as the report has it: the negative control",
    "forecast-gated": "gated, and waits while the next rung would silence too many answers",
    "break-even": "raises the chance of being right at which trying pays, never above the proven",
    "plateau": "one rung up when the mean has stalled",
    "dual-ascent": "a Lagrange multiplier on hallucination over budget",
    "dual-ascent-log": "the same in log space, as Safe-RLHF has it",
    "pid-lagrangian": "a PID controller of hallucination, with anti-windup and slew",
    "multiplicative": "slowly harsher while correct holds, fast softer when it falls",
    "target-rate": "keeps the rate of correct answers near a half",
    "bandit": "plays the rung on which the yardstick rises fastest",
}
"""Built-in policies, each with one line on what it does."""

POLICY_NAMES = tuple(POLICIES)
ENTRY_POINTS = "dipg_curriculum.controllers"


def check_policy_name(name: str) -> str:
    """The text itself, if it reads as a policy that can be found: a built-in, an entry point or
    ``module:Class``, with options and wrappers as :mod:`dipg.app.policy_text` reads them.

    Raises:
      PolicyError: naming the value and the valid ones.
    """
    _check_found(parse_policy(name))
    return name


def _check_found(call: PolicyCall) -> None:
    name = call.name
    module, colon, attribute = name.rpartition(":")
    if colon and module and attribute.isidentifier():
        if module.endswith(".py") and not Path(module).is_file():
            raise PolicyError(f"policy {name!r}: there is no file {module!r}")
        return
    known = (*POLICY_NAMES, *entry_points())
    if name in known:
        return
    close = difflib.get_close_matches(name, known, 1)
    hint = f" (did you mean {close[0]}?)" if close else ""
    raise PolicyError(
        f"unknown policy {name!r}{hint}; valid: {', '.join(known)}, module:Class or file.py:Class"
    )


def may_certify_regressions(name: str) -> bool:
    """Whether a policy may go back on evidence: the gates do, and a policy of one's own may."""
    call = parse_policy(name)
    return call.name not in POLICY_NAMES or call.name in ("gated", "forecast-gated")


def entry_points() -> dict[str, str]:
    """Policies that other packages install under the group :data:`ENTRY_POINTS`."""
    from importlib import metadata

    return {point.name: point.value for point in metadata.entry_points(group=ENTRY_POINTS)}


def controller_from_name(
    name: str,
    *,
    when: Condition | None,
    ladder: PenaltyLadder,
    total_steps: int,
    block_steps: int = 300,
    metrics: Sequence[str] | None = None,
) -> CurriculumController:
    """The controller that a name stands for.

    Args:
      name: built-in, entry point, ``module:Class`` or ``path/to/file.py:Class``; options and
        wrappers as in ``gated(dwell=20) | cooldown(50)``.
      when: promotion condition of the gated ones; None for ``mean > 5 and safe > 90%``.
      ladder: prices, for controllers that need its break-even.
      total_steps: length of the run. block_steps: steps per block.
      metrics: that are observed; None for all. What is not cannot be guarded.

    Raises:
      PolicyError: no such controller, or it cannot be built.
    """
    call = parse_policy(name)
    _check_found(call)
    if call.name not in POLICY_NAMES:
        controller = _build(call.name, _load(entry_points().get(call.name, call.name)))
    else:
        made = _builtins(when, ladder, total_steps, block_steps, metrics)[call.name]
        controller = made(**call.options)
    return _wrapped(controller, call.wrappers)


def _wrapped(
    controller: CurriculumController, calls: tuple[PolicyCall, ...]
) -> CurriculumController:
    from curricula import wrappers

    for call in calls:
        kind = getattr(wrappers, "".join(part.capitalize() for part in call.name.split("-")))
        controller = kind(controller, **call.options)
    return controller


def _builtins(
    when: Condition | None,
    ladder: PenaltyLadder,
    total_steps: int,
    block_steps: int,
    metrics: Sequence[str] | None,
) -> dict[str, Callable[..., CurriculumController]]:
    from curricula import controllers

    promotion = () if when is None else (when,)
    guarded: dict[str, Any] = {} if metrics is None else {"guard": _guard(when, metrics)}
    middle = min(1.0, ladder.top)

    def ramp(end: float = ladder.top, steps: int = total_steps, start: float = 0.0) -> Any:
        return controllers.ramp(end, steps, start)

    return {
        "constant": controllers.constant,
        "blocks": lambda length=block_steps, level=middle: controllers.blocks(
            (0.0, level, 0.0), length
        ),
        "ramp": ramp,
        "gated": lambda **o: controllers.gated(*promotion, **(guarded | o)),
        "gated-point": lambda **o: controllers.gated_point(*promotion, **o),
        "forecast-gated": lambda **o: controllers.forecast_gated(*promotion, **(guarded | o)),
        "break-even": lambda **o: controllers.BreakEven(ladder, **o),
        "plateau": controllers.Plateau,
        "dual-ascent": controllers.DualAscent,
        "dual-ascent-log": lambda **o: controllers.DualAscent(log=True, **o),
        "pid-lagrangian": controllers.PIDLagrangian,
        "multiplicative": controllers.Multiplicative,
        "target-rate": controllers.TargetRate,
        "bandit": lambda **o: controllers.Bandit(len(ladder), **o),
    }


def _guard(when: Condition | None, metrics: Sequence[str]) -> Condition | None:
    """The default guard as far as it can be observed."""
    from curricula.controllers.gated import READY, default_guard

    return default_guard(READY if when is None else when, metrics=metrics)


def _load(target: str) -> object:
    """The object at ``module:attribute`` or ``file.py:attribute``."""
    module_name, _, attribute = target.rpartition(":")
    try:
        module = load_module(module_name)
    except UserCodeError as error:
        raise PolicyError(f"policy {target!r}: {error}") from error
    if not hasattr(module, attribute):
        raise PolicyError(f"policy {target!r}: {module_name!r} has no {attribute!r}")
    found: object = getattr(module, attribute)
    return found


def _build(name: str, found: object) -> CurriculumController:
    from curricula.controller import CurriculumController

    if callable(found) and not isinstance(found, CurriculumController):
        try:
            found = found()
        except TypeError as error:
            raise PolicyError(f"policy {name!r}: needs arguments to be built: {error}") from error
    if not isinstance(found, CurriculumController):
        kind = type(found).__name__
        raise PolicyError(f"policy {name!r} is a {kind}, not a CurriculumController")
    return found
