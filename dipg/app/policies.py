"""Names on the command line, and the controllers they stand for. Importing this needs no JAX."""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from curricula.conditions import Condition
    from curricula.controller import CurriculumController
    from curricula.penalties import PenaltyLadder

__all__ = ["POLICY_NAMES", "PolicyError", "check_policy_name", "controller_from_name"]

POLICY_NAMES = ("constant", "blocks", "ramp", "gated", "gated-point")
ENTRY_POINTS = "dipg_curriculum.controllers"


class PolicyError(ValueError):
    """A policy name that stands for no controller; one line."""


def check_policy_name(name: str) -> str:
    """The name itself, if it is a built-in, an entry point or looks like ``module:Class``.

    Raises:
      PolicyError: naming the value and the valid ones.
    """
    module, colon, attribute = name.rpartition(":")
    if colon and module and attribute.isidentifier():
        if module.endswith(".py") and not Path(module).is_file():
            raise PolicyError(f"policy {name!r}: there is no file {module!r}")
        return name
    if name in POLICY_NAMES or name in _entry_points():
        return name
    known = (*POLICY_NAMES, *_entry_points())
    close = difflib.get_close_matches(name, known, 1)
    hint = f" (did you mean {close[0]}?)" if close else ""
    raise PolicyError(
        f"unknown policy {name!r}{hint}; valid: {', '.join(known)}, module:Class or file.py:Class"
    )


def _entry_points() -> dict[str, str]:
    from importlib.metadata import entry_points

    return {point.name: point.value for point in entry_points(group=ENTRY_POINTS)}


def controller_from_name(
    name: str,
    *,
    when: Condition | None,
    ladder: PenaltyLadder,
    total_steps: int,
    block_steps: int = 300,
) -> CurriculumController:
    """The controller that a name stands for.

    Args:
      name: built-in, entry point, ``module:Class`` or ``path/to/file.py:Class``.
      when: promotion condition of the gated ones; None for ``mean > 5 and safe > 90%``.
      ladder: prices, for controllers that need its break-even.
      total_steps: length of the run. block_steps: steps per block.

    Raises:
      PolicyError: no such controller, or it cannot be built.
    """
    check_policy_name(name)
    if ":" in name or name not in POLICY_NAMES:
        return _build(name, _load(_entry_points().get(name, name)))
    return _builtins(when, ladder, total_steps, block_steps)[name]()


def _builtins(
    when: Condition | None, ladder: PenaltyLadder, total_steps: int, block_steps: int
) -> dict[str, Callable[[], CurriculumController]]:
    from curricula import controllers

    promotion = () if when is None else (when,)
    middle = min(1.0, ladder.top)
    return {
        "constant": lambda: controllers.constant(),
        "blocks": lambda: controllers.blocks((0.0, middle, 0.0), block_steps),
        "ramp": lambda: controllers.ramp(ladder.top, total_steps),
        "gated": lambda: controllers.gated(*promotion),
        "gated-point": lambda: controllers.gated_point(*promotion),
    }


def _load(target: str) -> object:
    """The object at ``module:attribute`` or ``file.py:attribute``."""
    module_name, _, attribute = target.rpartition(":")
    try:
        if module_name.endswith(".py"):
            path = Path(module_name)
            spec = importlib.util.spec_from_file_location(path.stem, path)
            if spec is None or spec.loader is None:
                raise PolicyError(f"policy {target!r}: {module_name!r} cannot be read as Python")
            module = importlib.util.module_from_spec(spec)
            sys.modules.setdefault(path.stem, module)
            spec.loader.exec_module(module)
        else:
            module = importlib.import_module(module_name)
    except (ImportError, OSError, SyntaxError) as error:
        raise PolicyError(f"policy {target!r}: cannot import {module_name!r}: {error}") from error
    if not hasattr(module, attribute):
        raise PolicyError(f"policy {target!r}: {module_name!r} has no {attribute!r}")
    return getattr(module, attribute)


def _build(name: str, found: object) -> CurriculumController:
    from curricula.controller import CurriculumController

    if callable(found) and not isinstance(found, CurriculumController):
        try:
            found = found()
        except TypeError as error:
            raise PolicyError(
                f"policy {name!r}: cannot be built without arguments: {error}"
            ) from error
    if not isinstance(found, CurriculumController):
        raise PolicyError(
            f"policy {name!r} is a {type(found).__name__}, not a CurriculumController"
        )
    return found
