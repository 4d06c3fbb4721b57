"""In CI a test that is skipped because an extra is missing fails: there, no extra is missing."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings

# The same examples on every machine and run; `--hypothesis-profile=explore` looks for new ones.
settings.register_profile("fixed", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("explore", deadline=None, max_examples=2_000, print_blob=True)
settings.load_profile("fixed")

MISSING = re.compile(r"could not import|no module named|not installed|extra|make models", re.I)
"""What the reason of a skip says when something is missing that CI has."""


def _in_ci() -> bool:
    return os.environ.get("CI", "").lower() in ("1", "true", "yes")


def _fail_if_missing(report: Any) -> None:
    if not (report.skipped and _in_ci() and isinstance(report.longrepr, tuple)):
        return
    reason = report.longrepr[2]
    if MISSING.search(reason):
        report.outcome = "failed"
        report.longrepr = f"skipped in CI, where nothing may be missing: {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: Any) -> Iterator[Any]:
    report = yield
    # An expected failure also reports "skipped"; it has run, so nothing was missing.
    if not hasattr(report, "wasxfail"):
        _fail_if_missing(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Iterator[Any]:
    report = yield
    # A whole file may be skipped where its tests would not run anyway: see tests/test_suite.py.
    if "not slow" not in collector.config.option.markexpr:
        _fail_if_missing(report)
    return report
