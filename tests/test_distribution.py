"""What is uploaded: a wheel and an sdist without tests that work where nothing else is."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from curricula import __version__

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[1]
PACKAGES = {"curricula", "dipg", "grpo_core"}


def run(*command: str, cwd: Path = ROOT) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the wheel and the sdist."""
    pytest.importorskip("build", reason="needs the dev extra")
    place = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--outdir", str(place))
    return place


def test_the_wheel_holds_the_packages_and_nothing_else(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    assert f"-{__version__}-" in wheel.name
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    tops = {name.partition("/")[0] for name in names}
    assert tops == PACKAGES | {f"dipg_curriculum-{__version__}.dist-info"}
    assert {f"{package}/py.typed" for package in PACKAGES} <= set(names)


def test_the_sdist_holds_no_tests(built: Path) -> None:
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = [name.partition("/")[2] for name in archive.getnames()]
    tops = {name.partition("/")[0] for name in names if name}
    assert "tests" not in tops
    assert tops >= PACKAGES | {"README.md", "LICENSE", "pyproject.toml"}


@pytest.mark.timeout(900)
def test_it_works_in_an_empty_environment(built: Path, tmp_path: Path) -> None:
    run(sys.executable, "-m", "venv", str(tmp_path / "venv"))
    python = str(tmp_path / "venv" / "bin" / "python")
    (wheel,) = built.glob("*.whl")
    constraints = str(ROOT / "constraints.txt")
    run(python, "-m", "pip", "install", "-q", "--constraint", constraints, str(wheel))
    command = str(tmp_path / "venv" / "bin" / "dipg-curriculum")
    assert run(command, "--version", cwd=tmp_path).split()[-1] == __version__
    assert "Nothing is missing." in run(command, "doctor", cwd=tmp_path)
    assert "break-even u" in run(command, "ladder", "caution", cwd=tmp_path)
    assert "drop missed" in run(command, "policies", cwd=tmp_path)  # the figures are in the wheel
    vignettes = run(command, "vignettes", "--count", "2", "--json", cwd=tmp_path)
    assert json.loads(vignettes)["count"] == 2
