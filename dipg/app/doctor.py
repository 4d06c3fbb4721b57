"""What is installed, which devices there are, and what is missing, without ever failing itself."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import re
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

PACKAGE = "dipg-curriculum"
PATIENCE = 60.0
"""Seconds that the devices may take to answer: a driver that hangs must not hang the doctor."""

_PROBE = """
import json, jax
print(json.dumps({"backend": jax.default_backend(), "devices": [
    {"kind": d.device_kind, "platform": d.platform, "id": d.id} for d in jax.devices()]}))
"""


@dataclass(frozen=True)
class Package:
    """A requirement and what is there. `found` is None where it is missing."""

    name: str
    wanted: str
    found: str | None
    fits: bool


@dataclass(frozen=True)
class Extra:
    """An extra: whether everything it asks for is there."""

    name: str
    packages: list[Package]

    @property
    def complete(self) -> bool:
        return all(p.fits for p in self.packages)


@dataclass(frozen=True)
class Diagnosis:
    """Everything the doctor found.

    Attributes:
        problems: what keeps this project from working, each with the way out.
    """

    python: str
    version: str
    system: str
    processors: int
    memory_gib: float | None
    disk_free_gib: float | None
    packages: list[Package]
    extras: list[Extra]
    devices: dict[str, Any]
    problems: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        extras = {
            e.name: {"complete": e.complete, "packages": [asdict(p) for p in e.packages]}
            for e in self.extras
        }
        return asdict(self) | {"extras": extras, "healthy": not self.problems}


def diagnose(devices: bool = True) -> Diagnosis:
    """Look at this environment.

    Args:
        devices: ask jax for them, in a process of its own.
    """
    requirements = _requirements()
    core = [_package(r) for extra, r in requirements if extra is None]
    names = dict.fromkeys(extra for extra, _ in requirements if extra is not None)
    extras = [
        Extra(name, [_package(r) for extra, r in requirements if extra == name]) for name in names
    ]
    problems = [
        f"{p.name} is {p.found or 'missing'}, {p.wanted or 'any version'} is needed:"
        f" pip install '{p.name}{p.wanted}'"
        for p in core
        if not p.fits
    ]
    if not requirements:
        problems.append(f"{PACKAGE} is not installed as a package: pip install -e .")
    seen = probe() if devices and not problems else {}
    if "error" in seen:
        problems.append(f"jax finds no device: {seen['error']}")
    return Diagnosis(
        python=platform.python_version(),
        version=_version(PACKAGE) or "unknown",
        system=f"{platform.system()} {platform.release()}, {platform.machine()}",
        processors=_processors(),
        memory_gib=_memory(),
        disk_free_gib=_disk(),
        packages=core,
        extras=extras,
        devices=seen,
        problems=problems,
    )


def probe(program: str = _PROBE, patience: float = PATIENCE) -> dict[str, Any]:
    """What a fresh process with jax finds; `{"error": ...}` where that goes wrong."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, timeout=patience
        )
    except subprocess.TimeoutExpired:
        return {"error": f"no answer within {patience:g} seconds"}
    except OSError as error:
        return {"error": str(error)}
    try:
        found = json.loads(done.stdout.splitlines()[-1])
        assert isinstance(found, dict)
        return found
    except (IndexError, ValueError, AssertionError):
        lines = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        return {"error": lines[-1][:300]}


def _requirements() -> list[tuple[str | None, str]]:
    """(extra or None, requirement) of this package, as it was installed."""
    try:
        lines = importlib.metadata.requires(PACKAGE) or []
    except importlib.metadata.PackageNotFoundError:
        return []
    found = []
    for line in lines:
        requirement, _, marker = line.partition(";")
        extra = re.search(r"extra\s*==\s*['\"]([^'\"]+)", marker)
        found.append((extra[1] if extra else None, requirement.strip()))
    return found


BEHIND = {"tpu": "libtpu", "cuda12": "jax-cuda12-plugin", "cuda13": "jax-cuda13-plugin"}
"""What an extra of jax brings that tells that it is there."""


def _package(requirement: str) -> Package:
    match = re.match(r"\s*([A-Za-z0-9._-]+)\s*(?:\[([^]]*)])?\s*(.*)", requirement)
    assert match is not None
    name, wanted = match[1], match[3].strip()
    if name == "jax" and match[2] in BEHIND:
        name, wanted = BEHIND[match[2]], ""
    found = _version(name)
    return Package(name, wanted, found, found is not None and fits(found, wanted))


def fits(version: str, wanted: str) -> bool:
    """Whether a version is within bounds such as `>=1.16,<1.17` or `==0.1.7`."""
    checks = {">=": lambda a, b: a >= b, "<=": lambda a, b: a <= b, "==": lambda a, b: a == b}
    checks |= {"<": lambda a, b: a < b, ">": lambda a, b: a > b, "!=": lambda a, b: a != b}
    for part in filter(None, (p.strip() for p in wanted.split(","))):
        match = re.fullmatch(r"(>=|<=|==|!=|<|>)\s*([0-9A-Za-z.+*!-]+)", part)
        if match is None:
            continue  # a bound of a kind that we do not use ourselves
        one, other = _numbers(version), _numbers(match[2])
        size = max(len(one), len(other))
        if not checks[match[1]](one + (0,) * (size - len(one)), other + (0,) * (size - len(other))):
            return False
    return True


def _numbers(version: str) -> tuple[int, ...]:
    match = re.match(r"\d+(?:\.\d+)*", version)
    return tuple(int(part) for part in match[0].split(".")) if match else (0,)


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _processors() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


def _memory() -> float | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    except (ValueError, OSError, AttributeError):
        return None


def _disk() -> float | None:
    try:
        return shutil.disk_usage(Path.cwd()).free / 2**30
    except OSError:
        return None
