"""What several controllers need: checks of options, and moving figures."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from curricula.controller import ControllerError

__all__ = ["check", "hold_where_unknown", "reason_of", "smooth"]

MOVES = ("held", "harsher", "softer")


def check(name: str, **options: tuple[Any, bool]) -> None:
    """Raise for the first option that is out of range; ``option=(value, is it good)``.

    Raises:
      ControllerError: naming the controller, the option and its value.
    """
    for key, (value, good) in options.items():
        if not good:
            raise ControllerError(f"{name}: {key} is out of range, got {value!r}")


def reason_of(before: Any, after: Any) -> Any:
    """Index into :data:`MOVES`."""
    return jnp.where(after > before, 1, jnp.where(after < before, 2, 0)).astype(jnp.int32)


def hold_where_unknown(figure: Any, after: Any, before: Any) -> Any:
    """``after`` where the figure is known, ``before`` where it is NaN."""
    return jnp.where(jnp.isnan(figure), before, after)


def smooth(average: Any, figure: Any, decay: float) -> Any:
    """Exponential moving average that starts at the first known figure and skips NaN."""
    started = jnp.where(jnp.isnan(average), figure, decay * average + (1 - decay) * figure)
    return jnp.where(jnp.isnan(figure), average, started)
