"""Ten thousand damaged inputs: what reads them returns, or raises a named error of ours in one
line. Never another error, never for long, never much memory.

The inputs are mutations of whole ones by a seeded generator: the same everywhere.
"""

from __future__ import annotations

import ast
import json
import random
import resource
import shutil
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from curricula.conditions import parse
from dipg.app.cli.refusals import is_refusal
from dipg.app.config import RunConfig, load, to_toml
from dipg.app.files import read_lines
from dipg.app.metrics import METRICS
from dipg.app.outcome import Evaluations, Facts
from dipg.app.policies import check_policy_name
from dipg.app.report.record import read_run
from dipg.environment import score_batch
from dipg.vignettes import files as vignette_files
from dipg.vignettes import generate
from grpo_core import checkpoints
from grpo_core.models.gguf_header import read_header
from grpo_core.models.hub import load_directory
from tests.grpo_core.fixtures import DATA

VIGNETTES = generate("short", split="train", count=6, seed=0)
RESPONSE = "<think>The record says so.</think><proof>Dose: 54 Gy</proof><answer>54 Gy</answer>"
SPICE = (
    *(b"\x00", b"\xff\xfe", b"\xed\xa0\x80", b"\n", b"\r\n", b'"', b"\\", b"{", b"}", b"[" * 3_000),
    *(b"]", b"<", b"</think>", b"<answer>", b"null", b"NaN", b"-1e999", b"1e400", b"9" * 400),
    *(b"true", b"../../../etc/passwd", b"__import__('os').system('true')", b"!!python/object:os"),
    *(b"\xe2\x80\xae", b"\xd9\xa3", b" = ", b"[a.b]", b"(", b")", b" and ", b"|", b"%", b"2" * 20),
)
"""What breaks readers."""
MOST_MEMORY = 400_000  # kilobytes more than before


def damaged(rng: random.Random, whole: bytes) -> bytes:
    """One to four changes: bytes flipped, pieces cut, doubled or replaced by spice."""
    data = bytearray(whole)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(data) + 1)
        to = min(len(data), at + rng.choice((0, 1, 4, 30, 400)))
        kind = rng.randrange(5)
        if kind == 0 and at < len(data):
            data[at] ^= rng.randrange(1, 256)
        elif kind == 1:
            del data[at:to]
        elif kind == 2:
            data[at:at] = data[at:to]
        elif kind == 3:
            data[at:to] = rng.choice(SPICE)
        else:
            data[at:to] = rng.randbytes(to - at)
    return bytes(data[:200_000])


def text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


class Surface(NamedTuple):
    """Something that reads input: a whole one, how it is read, how many damaged ones it gets."""

    whole: bytes
    read: Callable[[bytes], Any]
    count: int


def written(path: Path, read: Callable[[Path], Any]) -> Callable[[bytes], Any]:
    """Reads from a file of that name."""

    def through_file(data: bytes) -> Any:
        path.write_bytes(data)
        return read(path)

    return through_file


@pytest.fixture(scope="module")
def surfaces(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Surface]:
    place = tmp_path_factory.mktemp("hostile")
    lines = place / "whole.jsonl"
    vignette_files.dump(VIGNETTES[:3], lines)
    vignettes = lines.read_bytes()
    answered = b"".join(
        json.dumps(vignette_files.to_record(v) | {"response": RESPONSE}).encode() + b"\n"
        for v in VIGNETTES[:3]
    )
    terms, events = score_batch(VIGNETTES, [RESPONSE] * 6)
    facts = Facts(terms, events)
    evaluation = json.dumps(Evaluations.of(facts, facts, 3, 6).to_json()).encode()
    saved = place / "checkpoint"
    checkpoints.save(saved, {"w": np.ones(3, np.float32)}, {"step": 3})
    model = Path(shutil.copytree(DATA / "qwen3", place / "model"))
    weights = next(model.glob("*.safetensors"))
    run = place / "run"
    run.mkdir()
    metrics = b"".join(b'{"step":%d,"reward":1.5,"kl":null}\n' % i for i in range(1, 5))
    return {
        "responses": Surface(
            RESPONSE.encode(), lambda d: score_batch(VIGNETTES[:2], [text(d)] * 2), 2_000
        ),
        "configurations": Surface(
            to_toml(RunConfig()).encode(), written(place / "c.toml", lambda p: load(file=p)), 1_500
        ),
        "conditions": Surface(
            b"mean > 5 and (safe > 90% or not hallucination < 0.1)",
            lambda d: parse(text(d), METRICS),
            700,
        ),
        "policies": Surface(
            b"gated(dwell=20, alpha=0.01) | cooldown(50) | clip(0, 1)",
            lambda d: check_policy_name(text(d)),
            700,
        ),
        "vignettes": Surface(vignettes, written(place / "v.jsonl", vignette_files.load), 1_100),
        "responses in files": Surface(
            answered, written(place / "a.jsonl", vignette_files.load_responses), 500
        ),
        "logs": Surface(metrics, written(place / "metrics.jsonl", read_lines), 500),
        "run logs": Surface(
            metrics, written(run / "metrics.jsonl", lambda p: read_run(p.parent)), 500
        ),
        "evaluations": Surface(evaluation, lambda d: evaluation_of(d), 500),
        "checkpoint records": Surface(
            (saved / "record" / "metadata").read_bytes(),
            written(saved / "record" / "metadata", lambda p: checkpoints.read_record(saved)),
            700,
        ),
        "GGUF headers": Surface(gguf_file(), written(place / "m.gguf", read_header), 900),
        "safetensors headers": Surface(
            weights.read_bytes()[:4_000],
            written(weights, lambda p: load_directory(p.parent)),
            400,
        ),
    }


def gguf_file() -> bytes:
    """A small GGUF file: version 3, four entries of metadata, two tensors."""

    def string(value: str) -> bytes:
        return struct.pack("<Q", len(value)) + value.encode()

    entries = [
        string("general.architecture") + struct.pack("<I", 8) + string("llama"),
        string("llama.block_count") + struct.pack("<II", 4, 1),
        string("llama.rope.freq_base") + struct.pack("<If", 6, 10_000.0),
        string("tokenizer.ggml.tokens")
        + struct.pack("<IIQ", 9, 8, 3)
        + b"".join(map(string, ("<s>", "a", "b"))),
    ]
    tensors = [
        string("token_embd.weight") + struct.pack("<IQQIQ", 2, 4, 3, 0, 0),
        string("output_norm.weight") + struct.pack("<IQIQ", 1, 4, 0, 64),
    ]
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(entries))
    head += b"".join(entries) + b"".join(tensors)
    return head + bytes(-len(head) % 32) + bytes(96)


def evaluation_of(data: bytes) -> Any:
    """As a resumed run reads it: what is not JSON was cut off, and is made again."""
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return Evaluations.from_json(found, 3, 6)


def refusal(read: Callable[[bytes], Any], data: bytes) -> ValueError | None:
    """What is said against some input; any other kind of error is not caught."""
    try:
        read(data)
    except ValueError as error:
        return error
    return None


NAMES = (
    "responses", "configurations", "conditions", "policies", "vignettes", "responses in files",
    "logs", "run logs", "evaluations", "checkpoint records", "GGUF headers", "safetensors headers",
)  # fmt: skip


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", NAMES)
def test_damaged_input_is_read_or_refused_in_one_line(
    surfaces: dict[str, Surface], name: str
) -> None:
    whole, read, count = surfaces[name]
    rng = random.Random(name)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    refused = 0
    for number in range(count):
        data = damaged(rng, whole)
        error = refusal(read, data)
        if error is not None:
            refused += 1
            named = is_refusal(error) and "\n" not in str(error) and len(str(error)) < 5_000
            assert named, f"{name} {number}: {type(error)}: {str(error)[:300]}"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MOST_MEMORY
    assert refused > 0 or name == "responses"


def test_they_are_ten_thousand(surfaces: dict[str, Surface]) -> None:
    assert tuple(surfaces) == NAMES
    assert sum(surface.count for surface in surfaces.values()) == 10_000


def called(tree: ast.AST) -> Iterator[str]:
    """Names of what a source calls: `eval`, `yaml.load`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func)
            yield from (f"{word.arg}={ast.unparse(word.value)}" for word in node.keywords)


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]


def test_nothing_that_is_read_can_be_run() -> None:
    here = Path(__file__).resolve().parents[2]
    sources = [
        p for package in ("curricula", "grpo_core", "dipg") for p in here.glob(f"{package}/**/*.py")
    ]
    assert len(sources) > 100
    for path in sources:
        tree = ast.parse(path.read_text())
        assert not {"pickle", "dill", "marshal", "shelve", "joblib"} & set(imported(tree)), path
        refused = {"eval", "exec", "compile", "yaml.load", "os.system", "trust_remote_code=True"}
        assert not (refused | {"shell=True", "allow_pickle=True"}) & set(called(tree)), path
