"""Rules that the test suite itself keeps."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
pytest_plugins = ("pytester",)


def _skips_on_import(module: ast.Module) -> bool:
    """Whether the file as a whole is skipped where an import fails."""
    return any(
        isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr == "importorskip"
        for statement in module.body
        if isinstance(statement, ast.Assign | ast.Expr)
        for call in ast.walk(statement)
    )


def _is_slow(module: ast.Module) -> bool:
    """Whether the file says `pytestmark = pytest.mark.slow`, alone or in a list."""
    return any(
        isinstance(statement, ast.Assign)
        and any(isinstance(t, ast.Name) and t.id == "pytestmark" for t in statement.targets)
        and "mark.slow" in ast.unparse(statement.value)
        for statement in module.body
    )


def test_a_file_that_needs_an_extra_runs_with_the_extras() -> None:
    # Otherwise its tests would be skipped by `make test` and deselected by `make test-slow`.
    lost = [
        str(path.relative_to(TESTS))
        for path in sorted(TESTS.rglob("test_*.py"))
        if _skips_on_import(module := ast.parse(path.read_text())) and not _is_slow(module)
    ]
    assert lost == []


INNER = """
import pytest

def test_needs_an_extra():
    pytest.importorskip("no_such_package", reason="needs the trl extra")

def test_is_for_another_system():
    pytest.skip("only on Windows")

@pytest.mark.xfail(reason="could not import is only a text here")
def test_is_expected_to_fail():
    assert False
"""


@pytest.mark.parametrize(("ci", "failed", "skipped"), [("", 0, 2), ("true", 1, 1)])
def test_a_missing_extra_fails_in_ci_and_only_there(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, ci: str, failed: int, skipped: int
) -> None:
    monkeypatch.setenv("CI", ci)
    pytester.makeconftest((TESTS / "conftest.py").read_text())
    pytester.makepyfile(INNER)
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider")
    result.assert_outcomes(failed=failed, skipped=skipped, xfailed=1)


@pytest.mark.parametrize(("select", "errors"), [("not slow", 0), ("slow", 1)])
def test_a_file_skipped_on_import_fails_in_ci_where_its_tests_would_run(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, select: str, errors: int
) -> None:
    monkeypatch.setenv("CI", "true")
    pytester.makeini("[pytest]\nmarkers = slow: slow")
    pytester.makeconftest((TESTS / "conftest.py").read_text())
    pytester.makepyfile("import pytest\npytest.importorskip('no_such_package')\n")
    result = pytester.runpytest_inprocess("-m", select, "-p", "no:cacheprovider")
    result.assert_outcomes(errors=errors, skipped=1 - errors)
