"""Asks a controller, compiled or plainly, and refuses answers that cannot be acted on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from curricula.controller import ControllerError, CurriculumController, Decision
from curricula.statistics import Statistics

__all__ = ["ask", "ask_plainly", "traces"]

_UNTRACEABLE = (
    jax.errors.ConcretizationTypeError,
    jax.errors.TracerArrayConversionError,
    jax.errors.TracerBoolConversionError,
    jax.errors.TracerIntegerConversionError,
)


def traces(function: Callable[..., Any], *arguments: Any) -> bool:
    """Whether ``function`` can be compiled: no Python branch depends on a traced value."""
    try:
        jax.eval_shape(function, *arguments)
    except _UNTRACEABLE:
        return False
    return True


def ask(controller: CurriculumController, inner: Any, seen: Statistics) -> tuple[Decision, Any]:
    """One ``update``, its answer checked as far as shapes go. Traces where the controller does.

    A bare number is taken for a decision with that severity.

    Raises:
      ControllerError: no state, a state unlike ``init``'s, or a severity that is no scalar.
    """
    name = controller.name
    answer = controller.update(inner, seen)
    if type(answer) is not tuple or len(answer) != 2:
        raise ControllerError(
            f"{name}: update must return (decision, state), got {type(answer).__name__}"
        )
    decision, after = answer
    if not isinstance(decision, Decision):
        decision = Decision(decision)
    try:
        severity = jnp.asarray(decision.severity, jnp.float32)
    except (TypeError, ValueError):
        kind = type(decision.severity).__name__
        raise ControllerError(f"{name}: severity must be a number, got {kind}") from None
    if severity.shape != ():
        raise ControllerError(f"{name}: severity must be a scalar, got shape {severity.shape}")
    before, now = jax.tree.structure(inner), jax.tree.structure(after)
    if str(before) != str(now):
        raise ControllerError(
            f"{name}: update must return a state like init's, {before}, got {now}"
        )
    return decision._replace(severity=severity), after


def ask_plainly(
    controller: CurriculumController, inner: Any, seen: Statistics
) -> tuple[Decision, Any]:
    """:func:`ask` with concrete numpy figures, for controllers with plain Python branches."""
    decision, after = ask(controller, inner, jax.tree.map(np.asarray, seen))
    return jax.tree.map(jnp.asarray, (decision, after))
