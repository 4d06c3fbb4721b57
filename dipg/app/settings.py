"""How a configuration is declared, checked, and named in an error.

A section of the configuration is a frozen dataclass derived from `Section`, whose fields are made
with `setting(default, check, help)`. This file reads such sections from plain values and says what
is wrong with one; `dipg.app.config` says which sections there are.
"""

from __future__ import annotations

import dataclasses
import difflib
import functools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple, TypeVar, get_type_hints

Check = Callable[[Any], None]
"""Raises ValueError saying what the value has to be, e.g. "must be at least 2"."""

S = TypeVar("S", bound="Section")


class ConfigError(ValueError):
    """A configuration cannot be used; one line says where, which value and what is valid."""


class Setting(NamedTuple):
    """One value of a configuration: its type, default, check and explanation."""

    kind: type
    default: Any
    check: Check | None
    help: str


class Given(NamedTuple):
    """A value that somebody gave: `where` names its source and key, e.g. "run.toml: grpo.beta"."""

    where: str
    key: str
    value: object


def setting(default: Any, help: str, check: Check | None = None) -> Any:
    """A field of a section: its default, one line of explanation and the check on its values."""
    return dataclasses.field(default=default, metadata={"check": check, "help": help})


@dataclasses.dataclass(frozen=True)
class Section:
    """Base of every section: its values are checked however it is made."""

    def __post_init__(self) -> None:
        table = f"[{type(self).__name__.removesuffix('Config').lower()}]"
        for key, spec in settings_of(type(self)).items():
            if "." not in key:
                value = accept(spec, getattr(self, key), f"{table}: {key}")
                object.__setattr__(self, key, value)
        try:
            self.check_together()
        except ValueError as error:
            raise ConfigError(f"{table}: {error}") from None

    def check_together(self) -> None:
        """Raise ValueError where values that are valid one by one do not fit together."""


# --- checks ---------------------------------------------------------------------------------------


def at_least(lowest: float) -> Check:
    """Values `>= lowest`."""

    def check(value: float) -> None:
        if value < lowest:
            raise ValueError(f"must be at least {lowest:g}")

    return check


def above(bound: float) -> Check:
    """Values `> bound`."""

    def check(value: float) -> None:
        if value <= bound:
            raise ValueError(f"must be more than {bound:g}")

    return check


def between(lowest: float, highest: float) -> Check:
    """Values in `[lowest, highest]`."""

    def check(value: float) -> None:
        if not lowest <= value <= highest:
            raise ValueError(f"must be between {lowest:g} and {highest:g}")

    return check


def one_of(*valid: str) -> Check:
    """Exactly these words."""

    def check(value: str) -> None:
        if value not in valid:
            raise ValueError(f"{did_you_mean(value, valid)}valid: {', '.join(valid)}")

    return check


# --- reading --------------------------------------------------------------------------------------


def settings_of(section: type[Section]) -> Mapping[str, Setting]:
    """Every value of a section and of the sections within it, by dotted key, in order."""
    hashable: Any = section
    return _settings_of(hashable)


@functools.cache
def _settings_of(section: Any) -> Mapping[str, Setting]:
    found: dict[str, Setting] = {}
    hints = get_type_hints(section)
    for field in dataclasses.fields(section):
        kind = hints[field.name]
        if issubclass(kind, Section):
            for key, spec in settings_of(kind).items():
                found[f"{field.name}.{key}"] = spec
        else:
            found[field.name] = Setting(kind, field.default, **field.metadata)
    return found


def accept(spec: Setting, value: object, where: str) -> object:
    """`value` as the type of its setting, checked; ConfigError names `where` and the value."""
    try:
        value = convert(spec.kind, value)
        if spec.check is not None:
            spec.check(value)
    except ValueError as error:
        raise ConfigError(f"{where} = {quote(value)}: {error}") from None
    return value


def convert(kind: type, value: object) -> object:
    """`value` as `kind`; ValueError says what kind of value belongs here.

    A whole number may stand for a number. Nothing else is converted; NaN and infinity are refused.
    """
    if kind is float and type(value) is int:
        # Beyond 2^53 a float would silently be another number than the one given.
        if abs(value) > 2**53:
            raise ValueError("must be a number of at most 15 digits")
        value = float(value)
    if type(value) is not kind:
        names = {int: "a whole number", float: "a number", str: "a text", bool: "true or false"}
        raise ValueError(f"must be {names[kind]}")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("must be a finite number")
    return value


def from_text(kind: type, text: str) -> object:
    """A value typed on the command line, as `kind` where it reads as one, else the text itself."""
    if kind is bool:
        return {"true": True, "false": False}.get(text.lower(), text)
    try:
        return kind(text)
    except ValueError:
        return text  # refused by `accept`, which says what belongs here


def build(section: type[S], given: Iterable[Given]) -> S:
    """A section from its defaults and the values given, the later ones first in rank.

    Raises ConfigError for the first key that does not exist and the first value that is not valid.
    """
    specs = settings_of(section)
    values: dict[str, object] = {}
    for where, key, value in given:
        if key not in specs:
            raise ConfigError(f"{where}: {unknown_key(key, section)}")
        values[key] = accept(specs[key], value, where)
    return _assemble(section, values)


def _assemble(section: type[S], values: Mapping[str, object]) -> S:
    arguments: dict[str, object] = {}
    for name, kind in get_type_hints(section).items():
        if issubclass(kind, Section):
            inner = {
                k.removeprefix(f"{name}."): v for k, v in values.items() if k.startswith(f"{name}.")
            }
            arguments[name] = _assemble(kind, inner)
        elif name in values:
            arguments[name] = values[name]
    return section(**arguments)


def flatten(table: Mapping[str, Any], section: type[Section], source: str) -> Iterator[Given]:
    """The values of nested tables, as TOML gives them.

    Raises ConfigError for a value where a table belongs and for a table where a value does.
    """
    sections = {key.rpartition(".")[0] for key in settings_of(section)} - {""}

    def walk(table: Mapping[str, Any], prefix: str) -> Iterator[Given]:
        for name, value in table.items():
            key = prefix + name
            shown = key if key.isprintable() and len(key) <= 80 else quote(key)
            if isinstance(value, Mapping):
                if key in settings_of(section):
                    raise ConfigError(f"{source}: {key}: is a value, not a table")
                if key not in sections:
                    raise ConfigError(f"{source}: [{shown}]: {unknown_key(key, section)}")
                yield from walk(value, f"{key}.")
            elif key in sections:
                raise ConfigError(f"{source}: {key} = {quote(value)}: is a table: [{key}]")
            else:
                yield Given(f"{source}: {shown}", key, value)

    return walk(table, "")


# --- naming ---------------------------------------------------------------------------------------


def unknown_key(key: str, section: type[Section]) -> str:
    """Why `key` is refused: the nearest key there is, and those that are valid in its place."""
    keys = list(settings_of(section))
    tops = list(dict.fromkeys(k.partition(".")[0] for k in keys))
    prefix = key.rpartition(".")[0]
    beside = [k for k in keys if prefix and k.rpartition(".")[0] == prefix] or tops
    return f"unknown key; {did_you_mean(key, [*keys, *tops])}valid: {', '.join(beside)}"


def did_you_mean(word: str, valid: Iterable[str]) -> str:
    """`"did you mean 'x'? "` where a valid word is close to `word`, else nothing."""
    close = difflib.get_close_matches(word, list(valid), n=1)
    return f"did you mean {close[0]!r}? " if close else ""


def quote(value: object) -> str:
    """A value as an error shows it: on one line and of bounded length."""
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
