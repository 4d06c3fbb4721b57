"""Vignettes and responses in files: JSONL of our own, and the `messages` layout of published data.

Whatever is wrong with a file is said with file, line and field. A bad line stops the reading
unless bad lines are to be skipped, and then each is reported.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from dipg.vignettes.types import KINDS, Expected, Kind, Vignette, VignetteError

T = TypeVar("T")
Report = Callable[[str], None]

MAX_LINE = 2_000_000
"""Characters of one line; a longer one is refused rather than read into memory whole."""


@dataclass(frozen=True, slots=True)
class Answered:
    """A vignette with a response to it."""

    vignette: Vignette
    response: str


def load(
    path: str | Path, *, skip_bad: bool = False, report: Report | None = None
) -> list[Vignette]:
    """Read vignettes from a JSONL file (ours or `messages`), or from a hub data set by name.

    Args:
      path: a file, or `owner/name` on the hub where there is no such file.
      skip_bad: leave bad lines out, reporting each, instead of stopping at the first.
      report: is told each line that was left out.

    Raises:
      VignetteError: no such file or data set, or a bad line; one line with file, line and field.
    """
    named = re.fullmatch(r"[\w.-]+/[\w.-]+", str(path))
    if named and not Path(path).exists() and Path(path).suffix not in (".jsonl", ".json", ".txt"):
        return _load_hub(str(path), skip_bad, report)
    seen: dict[str, int] = {}

    def read(record: dict[str, Any], default_id: str, line: int) -> Vignette:
        vignette = vignette_from_record(record, default_id)
        if vignette.id in seen:
            raise VignetteError(f"id: {vignette.id!r} is that of line {seen[vignette.id]} too")
        seen[vignette.id] = line
        return vignette

    return _read_all(path, read, skip_bad, report)


def load_responses(
    path: str | Path, *, skip_bad: bool = False, report: Report | None = None
) -> list[Answered]:
    """Read vignettes with responses: our JSONL with a `response` in each line.

    Raises:
      VignetteError: as of `load`.
    """

    def read(record: dict[str, Any], default_id: str, line: int) -> Answered:
        response = record.get("response")
        if not isinstance(response, str):
            raise _bad("response", "text", response)
        return Answered(vignette_from_record(record, default_id), response)

    return _read_all(path, read, skip_bad, report)


def dump(vignettes: Iterable[Vignette], path: str | Path) -> int:
    """Write vignettes as JSONL that `load` reads back; returns how many."""
    count = 0
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        for vignette in vignettes:
            file.write(json.dumps(to_record(vignette), ensure_ascii=False) + "\n")
            count += 1
    return count


def to_record(vignette: Vignette) -> dict[str, Any]:
    """A vignette as a JSON object."""
    e = vignette.expected
    expected: dict[str, Any] = {"kind": e.kind, "answer": e.answer, "aliases": list(e.aliases)}
    if e.value is not None:
        expected |= {"value": e.value, "unit": e.unit}
    record: dict[str, Any] = {
        "id": vignette.id,
        "context": vignette.context,
        "question": vignette.question,
        "expected": expected,
    }
    if vignette.gold:
        record["gold"] = vignette.gold
    if vignette.source:
        record["source"] = vignette.source
    return record


def _read_all(
    path: str | Path,
    read: Callable[[dict[str, Any], str, int], T],
    skip_bad: bool,
    report: Report | None,
) -> list[T]:
    found: list[T] = []
    bad = 0
    for number, line in _lines(path):
        try:
            found.append(read(_object(line), f"{Path(path).stem}-{number:05d}", number))
        except VignetteError as error:
            message = f"{path}, line {number}: {error}"
            if not skip_bad:
                raise VignetteError(f"{message} (--skip-bad leaves such lines out)") from None
            bad += 1
            if report is not None:
                report(f"skipped {message}")
    if not found:
        raise VignetteError(f"{path}: no usable line" + (f", {bad} bad" if bad else ""))
    return found


def _lines(path: str | Path) -> Iterator[tuple[int, str]]:
    try:
        with open(path, encoding="utf-8-sig", errors="surrogateescape") as file:
            number = 0
            while line := file.readline(MAX_LINE + 1):
                number += 1
                if len(line) > MAX_LINE:
                    raise VignetteError(f"{path}, line {number}: longer than {MAX_LINE} characters")
                if line.strip():
                    yield number, line
    except OSError as error:
        raise VignetteError(f"{path}: {error.strerror or error}") from None


def _object(line: str) -> dict[str, Any]:
    try:
        line.encode("utf-8")
    except UnicodeEncodeError as error:
        raise VignetteError(f"not UTF-8 at column {error.start + 1}") from None
    try:
        record = json.loads(line)
    except json.JSONDecodeError as error:
        raise VignetteError(f"not JSON at column {error.colno}: {error.msg}") from None
    except (ValueError, RecursionError) as error:
        raise VignetteError(f"not JSON that can be read: {error}") from None
    if not isinstance(record, dict):
        raise VignetteError(f"must be a JSON object, got {type(record).__name__}")
    return record


def vignette_from_record(record: dict[str, Any], default_id: str = "") -> Vignette:
    """A vignette from a JSON object: our layout, or `messages`.

    `expected` may be an object, or text whose answer channel counts; the kind is then `kind` of the
    record, or inferred from the text.

    Raises:
      VignetteError: a field is missing, of the wrong type or empty; names it.
    """
    if "messages" in record and "context" not in record:
        return _from_messages(record, default_id)
    identity = record.get("id", default_id)
    if not isinstance(identity, str | int) or isinstance(identity, bool):
        raise _bad("id", "text", identity)
    identity = _text({"id": str(identity)}, "id")
    gold = record.get("gold", "")
    source = record.get("source", "")
    if not isinstance(gold, str):
        raise _bad("gold", "text", gold)
    return Vignette(
        id=identity,
        context=_text(record, "context"),
        question=_text(record, "question"),
        expected=_expected(record.get("expected"), record.get("kind")),
        gold=gold,
        source=source if isinstance(source, str) else "",
    )


def _text(record: dict[str, Any], field: str, where: str = "") -> str:
    value = record.get(field)
    if not isinstance(value, str):
        raise _bad(where + field, "text", value)
    if not value.strip():
        raise VignetteError(f"{where}{field}: is empty")
    if any("\ud800" <= c <= "\udfff" for c in value if c > "\ud7ff"):
        raise VignetteError(f"{where}{field}: holds half a character (a lone surrogate)")
    return value


def _bad(field: str, wanted: str, got: object) -> VignetteError:
    if got is None:
        return VignetteError(f"{field}: is missing")
    return VignetteError(f"{field}: must be {wanted}, got {type(got).__name__}")


def _expected(value: object, kind: object) -> Expected:
    if kind is not None and kind not in KINDS:
        raise VignetteError(f"kind: must be one of {', '.join(KINDS)}, got {kind!r}")
    if isinstance(value, str):
        return expected_from_text(value, kind)
    if not isinstance(value, dict):
        raise _bad("expected", "an object or text", value)
    if "kind" not in value and kind is None:
        return expected_from_text(_text(value, "answer", "expected."), None)
    own = value.get("kind", kind)
    if own not in KINDS:
        raise VignetteError(f"expected.kind: must be one of {', '.join(KINDS)}, got {own!r}")
    aliases = value.get("aliases") or []
    if not isinstance(aliases, list) or not all(isinstance(a, str) for a in aliases):
        raise _bad("expected.aliases", "a list of text", aliases)
    number, unit = value.get("value"), value.get("unit")
    if number is not None and (isinstance(number, bool) or not isinstance(number, int | float)):
        raise _bad("expected.value", "a number", number)
    if number is not None and not (abs(number) < 1e15):
        raise VignetteError(f"expected.value: must be a finite number below 1e15, got {number}")
    if unit is not None and not isinstance(unit, str):
        raise _bad("expected.unit", "text", unit)
    answer = value.get("answer")
    if answer is None and number is not None:
        answer = f"{number:g} {unit or ''}".strip()
    if isinstance(answer, int | float) and not isinstance(answer, bool):
        answer = f"{answer:g}"
    if not isinstance(answer, str):
        raise _bad("expected.answer", "text", answer)
    return Expected(
        own,
        answer_channel(answer),
        tuple(aliases),
        None if number is None else float(number),
        unit,
    )


_ANSWER = re.compile(r"<answer>(.*?)(?:</answer>|$)", re.IGNORECASE | re.DOTALL)


def answer_channel(text: str) -> str:
    """The answer of a free-text gold: its answer channel where it has one, else all of it."""
    found = _ANSWER.search(text)
    return (found[1] if found else text).strip()


def expected_from_text(text: str, kind: Kind | None = None) -> Expected:
    """What is expected, from a free-text gold; the kind is inferred unless given."""
    answer = answer_channel(text)
    if not answer:
        raise VignetteError("expected: the answer is empty")
    return Expected(kind or infer_kind(answer), answer)


def infer_kind(answer: str) -> Kind:
    """What a gold answer does: report a conflict, abstain, or answer."""
    from dipg.rubric.absence import statements_of_absence
    from dipg.rubric.claims import read_answer
    from dipg.rubric.matter import matter_of
    from dipg.rubric.reading import read
    from dipg.rubric.stance import take_stance

    said = read_answer(answer)
    told = read(said.text)  # whatever it says is taken as given
    matter = matter_of(told, read(""), told.raws)
    stance = take_stance(said, statements_of_absence(said.text), matter)
    if stance.abstains or stance.declines:
        return "abstain"
    return "conflict" if stance.flags_conflict else "answer"


_CONTEXTS = (
    re.compile(r"\*\*CONTEXT:\*\*\s*(.*?)\s*\*\*REQUEST:\*\*", re.DOTALL),
    re.compile(r"<context>\s*(.*?)\s*</context>", re.DOTALL),
)
_QUESTIONS = (
    re.compile(
        r"\*\*REQUEST:\*\*\s*(.*?)\s*(?:\*\*REASONING STEPS:\*\*|\*\*[A-Z ]+:\*\*|$)", re.DOTALL
    ),
    re.compile(r"<question>\s*(.*?)\s*</question>", re.DOTALL),
)


def _from_messages(record: dict[str, Any], default_id: str) -> Vignette:
    messages = record["messages"]
    if not isinstance(messages, list):
        raise _bad("messages", "a list", messages)
    said: dict[str, str] = {}
    for i, message in enumerate(messages):
        if not isinstance(message, dict) or not isinstance(message.get("content"), str):
            raise VignetteError(f"messages[{i}].content: must be text")
        role = message.get("role", ("user", "assistant")[min(i, 1)])
        said.setdefault(str(role), message["content"])
    for role in ("user", "assistant"):
        if role not in said:
            raise VignetteError(f"messages: no message of the {role}")
    context = next((m[1] for p in _CONTEXTS if (m := p.search(said["user"]))), "")
    question = next((m[1] for p in _QUESTIONS if (m := p.search(said["user"]))), "")
    for field, value in (("context", context), ("question", question)):
        if not value.strip():
            raise VignetteError(f"messages: no {field} in the message of the user")
    return Vignette(
        id=str(record.get("id", default_id)),
        context=context,
        question=question,
        expected=expected_from_text(said["assistant"], record.get("kind")),
        gold=said["assistant"] if "<answer>" in said["assistant"].lower() else "",
        source="messages",
    )


def _load_hub(name: str, skip_bad: bool, report: Report | None) -> list[Vignette]:
    """A data set of the hub: every JSONL file of its repository, in the order of their names."""
    from huggingface_hub import snapshot_download

    try:
        folder = snapshot_download(name, repo_type="dataset", allow_patterns="*.jsonl")
    except Exception as error:  # what the network and its client may raise
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise VignetteError(
            f"{name}: no such file, and not to be had from the hub: {reason}"
        ) from None
    paths = sorted(Path(folder).rglob("*.jsonl"))
    if not paths:
        raise VignetteError(f"{name}: the data set has no .jsonl file")
    return [v for path in paths for v in load(path, skip_bad=skip_bad, report=report)]
