"""Imports run one way: each package is loaded in a fresh process, and what came with it is checked.

dipg.app -> {curricula, grpo_core, dipg}        dipg -> curricula.penalties
"""

from __future__ import annotations

import ast
import importlib.util
import json
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

HEAVY = {"jax", "jaxlib", "flax", "optax", "numpy", "scipy", "transformers", "torch", "orbax"}


def loaded_by(*modules: str) -> set[str]:
    """Names of all modules in a fresh process that has imported `modules`."""
    program = (
        "import importlib, json, sys\n"
        "for name in json.loads(sys.argv[1]): importlib.import_module(name)\n"
        "print(json.dumps(sorted(sys.modules)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", program, json.dumps(modules)],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(json.loads(result.stdout.splitlines()[-1]))


def modules_of(package: str, without: str | None = None) -> list[str]:
    """Every module of a package by name, found without importing more than packages."""
    spec = importlib.util.find_spec(package)
    assert spec is not None
    assert spec.submodule_search_locations is not None
    found = [package]
    for module in pkgutil.iter_modules(spec.submodule_search_locations, f"{package}."):
        if module.name == without:
            continue
        found += modules_of(module.name) if module.ispkg else [module.name]
    return found


def tops(names: set[str]) -> set[str]:
    return {name.partition(".")[0] for name in names}


def needs_an_extra(name: str) -> bool:
    """Whether a module exists to be used with a package that is an extra."""
    return name.startswith(("curricula.integrations.", "dipg.gym", "dipg.server"))


def test_curricula_knows_nothing_of_models_or_of_this_environment() -> None:
    names = [name for name in modules_of("curricula") if not needs_an_extra(name)]
    assert len(names) > 5
    unwelcome = {"flax", "optax", "transformers", "torch", "grpo_core", "dipg"}
    assert tops(loaded_by(*names)) & unwelcome == set()


def test_the_core_knows_nothing_of_curricula_or_of_this_environment() -> None:
    names = modules_of("grpo_core")
    assert len(names) > 5
    assert tops(loaded_by(*names)) & {"curricula", "dipg", "torch"} == set()


def test_the_environment_knows_only_the_prices() -> None:
    names = [n for n in modules_of("dipg", without="dipg.app") if not needs_an_extra(n)]
    assert len(names) > 5
    loaded = loaded_by(*names)
    assert "grpo_core" not in tops(loaded)
    assert not any(name.startswith("dipg.app") for name in loaded)
    assert of("curricula", loaded) <= of("curricula", loaded_by("curricula.penalties"))


def test_the_environment_names_only_the_prices() -> None:
    # What the prices themselves bring along is loaded, but is not for the environment to use.
    spec = importlib.util.find_spec("dipg")
    assert spec is not None
    assert spec.origin is not None
    home = Path(spec.origin).parent
    sources = [p for p in home.rglob("*.py") if p.relative_to(home).parts[0] != "app"]
    assert len(sources) > 5
    named = {name for path in sources for name in imported_by(ast.parse(path.read_text()))}
    assert of("curricula", named) <= {"curricula.penalties"}


def imported_by(module: ast.Module) -> Iterator[str]:
    """Names of the modules that a source imports, at its top or inside a function."""
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None and node.level == 0:
            yield node.module


def of(package: str, names: set[str]) -> set[str]:
    return {name for name in names if name.partition(".")[0] == package}


@pytest.mark.parametrize(
    "module",
    [
        "curricula",
        "curricula.conditions",
        "grpo_core",
        "dipg",
        "dipg.app.cli.main",
        "dipg.app.cli.run",
        "dipg.app.config",
        "dipg.app.policies",
        "dipg.app.run_directory",
    ],
)
def test_what_is_needed_to_refuse_bad_input_is_light(module: str) -> None:
    assert tops(loaded_by(module)) & HEAVY == set()
