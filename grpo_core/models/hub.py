"""Models from, and to, directories as Hugging Face lays them out."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from flax import nnx

from grpo_core.errors import one_line
from grpo_core.models.families import ModelError, config_of
from grpo_core.models.weights import Place, Split, fill, flat_params, from_file, places, to_file

PATTERNS = ("*.json", "*.safetensors", "tokenizer.model", "*.jinja")
"""Files of a repository that a model needs. Pickled weights are never read."""

SHARD_BYTES = 5_000_000_000


def locate(name: str) -> Path:
    """The directory of a model: `name` itself where it is one, else fetched from the hub.

    Raises ModelError where it is neither there nor to be had.
    """
    path = Path(name).expanduser()
    if path.is_dir():
        return path
    try:
        from huggingface_hub import snapshot_download

        return Path(snapshot_download(name, allow_patterns=list(PATTERNS)))
    except Exception as error:  # the hub's client raises many kinds, of several packages
        raise ModelError(
            f"model {name!r}: is no directory here and cannot be fetched from the hub: "
            f"{one_line(error)}"
        ) from None


def read_source(directory: Path) -> dict[str, Any]:
    """The configuration in `config.json`, with its family's defaults filled in by transformers."""
    from transformers import AutoConfig

    if not (directory / "config.json").is_file():
        raise ModelError(f"{directory}: has no config.json")
    try:
        source: dict[str, Any] = AutoConfig.from_pretrained(
            directory, trust_remote_code=False, local_files_only=True
        ).to_dict()
    except Exception as error:  # whatever a hostile file provokes inside the library
        file = directory / "config.json"
        raise ModelError(f"{file}: cannot be used: {one_line(error)}") from None
    return _text_of(source)


def _text_of(source: dict[str, Any]) -> dict[str, Any]:
    """The text model's part of a configuration that also has images."""
    inner = source.get("text_config")
    if source.get("model_type") == "gemma3" and isinstance(inner, Mapping):
        return {**inner, "model_type": "gemma3_text"}
    return source


def load_directory(directory: Path, dtype: Any = np.float32) -> tuple[Split, dict[str, Any]]:
    """A model and its configuration from safetensors files, one or several.

    Raises ModelError for what is missing, damaged or of another shape.
    """
    source = read_source(directory)
    try:
        config = config_of(source)
        files = _weight_map(directory)
        readers = {}
        for place in places(config, source["model_type"]):
            found = [key for key in _spellings(place.hub) if key in files]
            if not found:  # before anything of that many layers is built
                raise ModelError(f"tensor {place.hub} is missing")
            readers[place.path] = partial(_read, directory / files[found[0]], found[0], place)
        return fill(config, readers, dtype), source
    except ModelError as error:
        raise ModelError(f"{directory}: {error}") from None


def _weight_map(directory: Path) -> dict[str, str]:
    """Which file holds each tensor, by its name without the prefixes that wrappers add."""
    from safetensors import SafetensorError, safe_open

    names = sorted(path.name for path in directory.glob("*.safetensors"))
    index = directory / "model.safetensors.index.json"
    if index.is_file():
        try:
            listed = json.loads(index.read_text(encoding="utf-8"))["weight_map"]
            wanted = sorted({str(name) for name in listed.values()})
        except (ValueError, KeyError, AttributeError, TypeError, OSError):
            raise ModelError(f"{index.name} cannot be read as an index of weights") from None
        lost = [name for name in wanted if name not in names]  # a name with a path is not in it
        if lost:
            raise ModelError(f"{index.name} names {lost[0]!r}, which is not there")
        names = wanted
    if not names:
        raise ModelError("has no *.safetensors file")
    found: dict[str, str] = {}
    for name in names:
        try:
            with safe_open(directory / name, framework="numpy") as file:
                found |= {key: name for key in file.keys()}  # noqa: SIM118
        except (SafetensorError, OSError) as error:
            raise ModelError(f"{name} is damaged: {error}") from None
    return found


def _read(file: Path, key: str, place: Place) -> np.ndarray:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(file, framework="numpy") as opened:
            return from_file(place, opened.get_tensor(key), shift=True)
    except (SafetensorError, OSError) as error:
        raise ModelError(f"{file.name} is damaged: {error}") from None


def _spellings(name: str) -> Iterator[str]:
    """A tensor's name, alone and inside a model that also has images."""
    yield name
    yield f"language_model.{name}"
    yield name.replace("model.", "model.language_model.", 1)


def save_directory(
    path: Path,
    params: nnx.State,
    source: Mapping[str, Any],
    *,
    shard_bytes: int = SHARD_BYTES,
    beside: Callable[[Path], object] | None = None,
) -> None:
    """Write a model so that transformers loads it; whole or not at all.

    source is the configuration that it was loaded with; `beside` writes further files, such as the
    tokenizer's, into a directory. Raises FileExistsError where `path` exists.
    """
    from safetensors.numpy import save_file

    if path.exists():
        raise FileExistsError(f"{path}: already exists, models are never overwritten")
    path.parent.mkdir(parents=True, exist_ok=True)
    spare = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
    try:
        config = config_of(source)
        flat = flat_params(params)
        dtype = np.dtype(flat["embedding",].dtype)
        shards: list[dict[str, np.ndarray]] = [{}]
        size = 0
        for place in places(config, source["model_type"]):
            array = to_file(place, np.asarray(flat[place.path]), dtype)
            if size and size + array.nbytes > shard_bytes:
                shards.append({})
                size = 0
            shards[-1][place.hub] = array
            size += array.nbytes
        names = _shard_names(len(shards))
        for name, shard in zip(names, shards, strict=True):
            save_file(shard, spare / name, metadata={"format": "pt"})
        if len(shards) > 1:
            total = sum(a.nbytes for shard in shards for a in shard.values())
            where = {k: n for n, shard in zip(names, shards, strict=True) for k in shard}
            index = {"metadata": {"total_size": total}, "weight_map": where}
            (spare / "model.safetensors.index.json").write_text(json.dumps(index, indent=2))
        written = _written(source, str(dtype))
        (spare / "config.json").write_text(json.dumps(written, indent=2, sort_keys=True) + "\n")
        if beside is not None:
            beside(spare)
        spare.chmod(0o755)
        spare.rename(path)
    except BaseException:
        shutil.rmtree(spare, ignore_errors=True)
        raise


def _shard_names(count: int) -> list[str]:
    if count == 1:
        return ["model.safetensors"]
    return [f"model-{i:05d}-of-{count:05d}.safetensors" for i in range(1, count + 1)]


ARCHITECTURES = {
    "gemma3_text": "Gemma3ForCausalLM",
    "llama": "LlamaForCausalLM",
    "qwen3": "Qwen3ForCausalLM",
}


def _written(source: Mapping[str, Any], dtype: str) -> dict[str, Any]:
    """The configuration as it is written: what JSON can hold, and the type of the weights."""
    kept = {k: v for k, v in source.items() if _is_json(v) and not k.startswith("_")}
    return kept | {
        "architectures": [ARCHITECTURES[source["model_type"]]],
        "dtype": dtype,
        "torch_dtype": dtype,
    }


def _is_json(value: Any) -> bool:
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        return False
    return True
