"""Responses: what a model wrote, taken apart into thinking, proof and answer."""

import re
from typing import Literal, NamedTuple

from dipg.text import is_blank

Format = Literal["xml", "json", "yaml"]
FORMATS: tuple[Format, ...] = ("xml", "json", "yaml")

_TAG = re.compile(r"(</?(?:think|proof|answer)>)", re.IGNORECASE)
_ORDER = ["<think>", "</think>", "<proof>", "</proof>", "<answer>", "</answer>"]
_MAX_STRUCTURED = 100_000
_MAX_DEPTH = 2  # an object, and in it a list of quotations


class Response(NamedTuple):
    """A parsed response.

    Attributes:
      well_formed: three channels, each once, closed, in order, nothing outside, the answer not
      empty.
      think, proof, answer: the channels' text; all empty where the response is not well-formed.
      fault: what is wrong with the form, "" where nothing is.
    """

    well_formed: bool
    think: str = ""
    proof: str = ""
    answer: str = ""
    fault: str = ""


def parse(text: str, expect: Format = "xml") -> Response:
    """Take a response apart. Linear in its length; never raises on what a model wrote.

    Canonical is `<think>…</think><proof>…</proof><answer>…</answer>`, tags in any letter case,
    nothing but white space outside. JSON and YAML objects with the same three keys are read only
    where the run asks for that format.
    """
    if expect == "xml":
        return _parse_tags(text)
    if len(text) > _MAX_STRUCTURED:
        return Response(False, fault=f"longer than {_MAX_STRUCTURED} characters")
    return _channels(_load_json(text) if expect == "json" else _load_yaml(text))


def _parse_tags(text: str) -> Response:
    parts = _TAG.split(text, maxsplit=len(_ORDER) + 1)
    tags = parts[1::2]
    if tags != _ORDER:  # not as most write them: a letter case of its own, or worse
        tags = [tag.lower() for tag in tags]
        if tags != _ORDER:
            missing = [tag for tag in _ORDER if tag not in tags]
            fault = f"no {missing[0]}" if missing else "tags repeated or nested"
            return Response(False, fault=fault)
    before, think, between, proof, after, answer, end = parts[::2]
    for outside in (before, between, after, end):
        if outside and not outside.isspace() and not is_blank(outside):
            return Response(False, fault="text outside the tags")
    return _finish(think, proof, answer)


def _finish(think: str, proof: str, answer: str) -> Response:
    if is_blank(answer):
        return Response(False, fault="empty answer")
    return Response(True, think.strip(), "" if is_blank(proof) else proof.strip(), answer.strip())


def _load_json(text: str) -> object:
    import json

    try:
        return json.loads(text, object_pairs_hook=_without_repeats)
    except (ValueError, RecursionError):
        return None


def _without_repeats(pairs: list[tuple[str, object]]) -> dict[str, object] | None:
    """An object, or nothing where a key comes twice: each channel comes once."""
    found = dict(pairs)
    return found if len(found) == len(pairs) else None


def _load_yaml(text: str) -> object:
    """YAML by the safe loader. Aliases, which can grow without end, and nesting deeper than a
    response has, which the scanner reads in quadratic time, are refused at the first."""
    import yaml  # type: ignore[import-untyped]

    depth = 0
    try:
        for event in yaml.parse(text, yaml.SafeLoader):
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            if depth > _MAX_DEPTH or isinstance(event, yaml.AliasEvent):
                return None
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError):
        return None


def _channels(loaded: object) -> Response:
    """An object with exactly the keys think, proof and answer; a proof may be a list of
    quotations."""
    if not isinstance(loaded, dict):
        return Response(False, fault="not an object")
    if set(loaded) != {"think", "proof", "answer"}:
        return Response(False, fault="keys must be think, proof and answer")
    proof = loaded["proof"]
    if isinstance(proof, list) and all(isinstance(p, str) for p in proof):
        proof = "\n".join(proof)
    think, answer = loaded["think"], loaded["answer"]
    if not (isinstance(think, str) and isinstance(proof, str) and isinstance(answer, str)):
        return Response(False, fault="think, proof and answer must be text")
    return _finish(think, proof, answer)
