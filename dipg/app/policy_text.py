"""Reads what a person types for a policy: a name, its options, and wrappers after bars.

    gated
    gated(dwell=20, alpha=0.01)
    gated | cooldown(50) | clip(0, 1)
    mine.py:MyPolicy | patience(3)

Each wrapper goes around what stands to its left, as in a shell. A typed tree, no eval; importing
this needs no JAX.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
import re
from collections.abc import Iterable, Mapping, Sequence

__all__ = ["OPTIONS", "WRAPPERS", "PolicyCall", "PolicyError", "example", "parse_policy"]

_GATE = ("dwell", "cooldown", "limit", "alpha", "run_length")
_DUAL = ("budget", "rate", "initial", "cap", "delay")
OPTIONS: Mapping[str, tuple[str, ...]] = {
    "constant": ("severity",),
    "blocks": ("length", "level"),
    "ramp": ("end", "steps", "start"),
    "gated": _GATE,
    "gated-point": _GATE,
    "forecast-gated": (*_GATE, "max_flips"),
    "break-even": ("goal", "margin", "rise", "span", "alpha"),
    "plateau": ("tolerance", "accumulate", "patience", "cooldown", "step"),
    "dual-ascent": _DUAL,
    "dual-ascent-log": _DUAL,
    "pid-lagrangian": (
        "budget", "kp", "ki", "kd", "decay", "back", "slew", "cap", "delay",
    ),
    "multiplicative": ("up", "down", "drop", "decay", "delay"),
    "target-rate": ("target", "step", "gain", "delay"),
    "bandit": ("scale", "hold", "rate", "explore", "share", "seed"),
}  # fmt: skip
"""Numbers that each built-in policy takes, by name."""

WRAPPERS: Mapping[str, tuple[str, ...]] = {
    "patience": ("steps",),
    "cooldown": ("steps",),
    "hysteresis": ("band",),
    "rate-limit": ("step",),
    "clip": ("lowest", "highest"),
    "shadow": (),
}
"""Wrappers and what each needs, in order."""

MAX_LENGTH = 1_000
"""Characters of what is typed for a policy; errors quote it."""

ALIASES = {"pid": "pid-lagrangian", "dual": "dual-ascent"}
_WHOLE = {
    "dwell", "cooldown", "limit", "length", "steps", "accumulate", "patience", "span", "delay",
    "hold", "seed",
}  # fmt: skip
_CALL = re.compile(r"(?P<name>[\w-]+)\s*(?:\((?P<arguments>[^()]*)\))?")


class PolicyError(ValueError):
    """A policy that stands for no controller; one line."""


@dataclasses.dataclass(frozen=True)
class PolicyCall:
    """A name with its numbers.

    Attributes:
      name: of a controller, or ``module:Class``. options: given by name.
      wrappers: around it, the innermost first.
    """

    name: str
    options: Mapping[str, float] = dataclasses.field(default_factory=dict)
    wrappers: tuple[PolicyCall, ...] = ()

    def __str__(self) -> str:
        given = ", ".join(f"{key}={value:g}" for key, value in self.options.items())
        return " | ".join(
            [f"{self.name}({given})" if given else self.name, *map(str, self.wrappers)]
        )


def parse_policy(text: str) -> PolicyCall:
    """The tree of what was typed. Names of controllers are not looked up, except for their options.

    Raises:
      PolicyError: what is malformed, an unknown wrapper or option, or a number that is none.
    """
    if not text.strip():
        raise PolicyError("the policy is empty; try gated")
    if len(text) > MAX_LENGTH:
        raise PolicyError(f"a policy of {len(text)} characters: {MAX_LENGTH} are the most")
    first, *rest = (part.strip() for part in text.split("|"))
    if not first:
        raise PolicyError(f"policy {text!r}: nothing stands before the bar, name a policy there")
    wrappers = tuple(_wrapper(text, part) for part in rest)
    if ":" in first:
        return PolicyCall(first, {}, wrappers)
    name, arguments = _call(text, first)
    name = ALIASES.get(name, name)
    known = OPTIONS.get(name, ())
    options = _options(text, name, known, arguments, positional=False) if arguments else {}
    return PolicyCall(name, options, wrappers)


def _wrapper(text: str, part: str) -> PolicyCall:
    name, arguments = _call(text, part)
    name = name.replace("_", "-")
    if name not in WRAPPERS:
        hint = _close(name, WRAPPERS)
        raise PolicyError(f"policy {text!r}: no wrapper {name!r}{hint}; wrappers: {_shown()}")
    needed = WRAPPERS[name]
    options = _options(text, name, needed, arguments, positional=True)
    missing = [key for key in needed if key not in options]
    if missing:
        raise PolicyError(f"policy {text!r}: {name} needs {missing[0]}, as in {example(name)}")
    return PolicyCall(name, options)


def _call(text: str, part: str) -> tuple[str, list[str]]:
    match = _CALL.fullmatch(part)
    if match is None:
        where = f"{part!r} is" if part else "what follows a bar is"
        raise PolicyError(f"policy {text!r}: {where} neither NAME nor NAME(OPTION=NUMBER, ...)")
    arguments = (match["arguments"] or "").strip()
    return match["name"], [a.strip() for a in arguments.split(",")] if arguments else []


def _options(
    text: str, name: str, known: Sequence[str], arguments: Iterable[str], *, positional: bool
) -> dict[str, float]:
    given: dict[str, float] = {}
    for place, argument in enumerate(arguments):
        key, equals, number = (x.strip() for x in argument.rpartition("="))
        if not equals:
            if not positional or place >= len(known):
                takes = ", ".join(known) or "nothing"
                raise PolicyError(
                    f"policy {text!r}: {name} takes {takes}, got {argument!r}"
                    + ("" if positional else "; write OPTION=NUMBER")
                )
            key = known[place]
        if key not in known:
            takes = ", ".join(known) or "none"
            raise PolicyError(
                f"policy {text!r}: {name} has no option {key!r}{_close(key, known)};"
                f" options: {takes}"
            )
        if key in given:
            raise PolicyError(f"policy {text!r}: {name} is given {key} twice")
        given[key] = _number(text, name, key, number)
    return given


def _number(text: str, name: str, key: str, number: str) -> float:
    try:
        value = int(number) if key in _WHOLE else float(number)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        kind = "a whole number" if key in _WHOLE else "a number"
        raise PolicyError(f"policy {text!r}: {key} of {name} must be {kind}, got {number!r}")
    return value


def _close(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), 1)
    return f" (did you mean {close[0]}?)" if close else ""


def _shown() -> str:
    return ", ".join(f"{n}({', '.join(keys)})" if keys else n for n, keys in WRAPPERS.items())


def example(name: str) -> str:
    """A wrapper as one would type it."""
    if not WRAPPERS[name]:
        return name
    numbers = {"steps": "20", "band": "0.1", "step": "0.05", "lowest": "0", "highest": "1"}
    return f"{name}({', '.join(numbers[key] for key in WRAPPERS[name])})"
