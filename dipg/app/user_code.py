"""Code of the user's own, in a module or a file.

Nothing here imports jax.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import traceback
from pathlib import Path
from types import ModuleType


class UserCodeError(ValueError):
    """A module cannot be loaded; one line says why."""


def load_module(named: str) -> ModuleType:
    """The module `package.module` or `file.py`. Raises UserCodeError, whatever it does when it is
    loaded."""
    try:
        if named.endswith(".py"):
            path = Path(named)
            # Under a name of its own: a file called json.py must not stand in for the library.
            name = f"_user_{path.stem}"
            spec = importlib.util.spec_from_file_location(name, path)
            assert spec is not None
            assert spec.loader is not None
            module = importlib.util.module_from_spec(spec)
            sys.modules[name] = module
            spec.loader.exec_module(module)
            return module
        if "" not in sys.path:  # a module beside the user, as `python -m` would find it
            sys.path.insert(0, "")
        return importlib.import_module(named)
    except Exception as error:  # it is not our code that runs
        raise UserCodeError(f"cannot import {named!r}: {told(error)}") from error


def told(error: Exception) -> str:
    """An error in one line, with its type and where it comes from."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" ({frames[-1].filename}, line {frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {' '.join(str(error).split())}{where}"
