"""A tokenizer from the vocabulary in a GGUF file, built with the `tokenizers` library.

Two kinds are known: byte-level BPE with its merges ("gpt2": Llama 3, SmolLM2, Qwen), and
SentencePiece BPE, whose merges follow from the scores of the pieces ("llama": Gemma).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers

from grpo_core.models.families import ModelError

CONTROL, USER_DEFINED = 3, 4
_WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{DIGITS}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def _byte_level(*, use_regex: bool) -> pre_tokenizers.PreTokenizer:
    return pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=use_regex)


def _smollm() -> pre_tokenizers.PreTokenizer:
    digits = pre_tokenizers.Digits(individual_digits=True)
    return pre_tokenizers.Sequence([digits, _byte_level(use_regex=True)])


def _split_words(digits: str) -> pre_tokenizers.PreTokenizer:
    words = Regex(_WORDS.replace("{DIGITS}", digits))
    split = pre_tokenizers.Split(words, behavior="isolated")
    return pre_tokenizers.Sequence([split, _byte_level(use_regex=False)])


PRE_TOKENIZERS: Mapping[str, Callable[[], pre_tokenizers.PreTokenizer]] = {
    "smollm": _smollm,
    "qwen2": lambda: _split_words(""),
    "llama-bpe": lambda: _split_words("{1,3}"),
    "gpt-2": lambda: _byte_level(use_regex=True),
}
"""How text is cut before BPE, by GGUF's `tokenizer.ggml.pre`."""


def tokenizer_of(metadata: Mapping[str, Any]) -> Tokenizer:
    """The tokenizer that a GGUF file describes. Raises ModelError for a kind that is not known."""
    kind = metadata.get("tokenizer.ggml.model")
    pieces = _all(metadata, "tokens", str)
    types = _all(metadata, "token_type", int)
    if len(pieces) != len(types):
        raise ModelError(f"{len(pieces)} tokens have {len(types)} types")
    vocabulary = {piece: i for i, piece in enumerate(pieces)}
    if kind == "gpt2":
        tokenizer = _byte_level_bpe(metadata, vocabulary)
    elif kind == "llama":
        tokenizer = _sentencepiece(metadata, pieces, vocabulary)
    else:
        raise ModelError(f"a vocabulary of kind {kind!r} is not known: gpt2 and llama are")
    named = [
        AddedToken(piece, special=kind == CONTROL, normalized=False)
        for piece, kind in zip(pieces, types, strict=True)
        if kind in (CONTROL, USER_DEFINED)
    ]
    tokenizer.add_tokens(named)
    return tokenizer


def _all(metadata: Mapping[str, Any], name: str, kind: type) -> list[Any]:
    """A list of the vocabulary whose values are all of a kind."""
    values = metadata.get(f"tokenizer.ggml.{name}")
    if not isinstance(values, list) or not values or not isinstance(values[0], kind):
        raise ModelError(f"tokenizer.ggml.{name} is missing or damaged")
    return values


def _byte_level_bpe(metadata: Mapping[str, Any], vocabulary: dict[str, int]) -> Tokenizer:
    merges = _all(metadata, "merges", str)
    pre = metadata.get("tokenizer.ggml.pre")
    if not isinstance(pre, str) or pre not in PRE_TOKENIZERS:
        raise ModelError(
            f"tokenizer.ggml.pre = {pre!r} is not known: {', '.join(PRE_TOKENIZERS)} are"
        )
    pairs = [(left, right) for left, _, right in (merge.partition(" ") for merge in merges)]
    tokenizer = Tokenizer(_bpe(vocabulary, pairs))
    if pre == "qwen2":
        tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = PRE_TOKENIZERS[pre]()
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def _sentencepiece(
    metadata: Mapping[str, Any], pieces: list[str], vocabulary: dict[str, int]
) -> Tokenizer:
    scores = _all(metadata, "scores", float)
    if len(scores) != len(pieces):
        raise ModelError(f"{len(pieces)} tokens have {len(scores)} scores")
    unknown = metadata.get("tokenizer.ggml.unknown_token_id", 0)
    if not isinstance(unknown, int) or not 0 <= unknown < len(pieces):
        raise ModelError(f"tokenizer.ggml.unknown_token_id = {unknown!r} is not in the vocabulary")
    merges = sorted(_merges(pieces, vocabulary, scores), key=lambda merge: -merge[0])
    pairs = [(left, right) for _, left, right in merges]
    tokenizer = Tokenizer(
        _bpe(vocabulary, pairs, unk_token=pieces[unknown], fuse_unk=True, byte_fallback=True)
    )
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    tokenizer.pre_tokenizer = pre_tokenizers.Split(" ", behavior="merged_with_previous")
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    )
    return tokenizer


def _merges(
    pieces: list[str], vocabulary: Mapping[str, int], scores: list[float]
) -> Iterator[tuple[float, str, str]]:
    """Score and halves of every way to join two pieces into a third, ties by the halves' rank."""
    for piece, score in zip(pieces, scores, strict=True):
        halves = ((piece[:i], piece[i:]) for i in range(1, len(piece)))
        found = [
            (vocabulary[left], vocabulary[right], left, right)
            for left, right in halves
            if left in vocabulary and right in vocabulary
        ]
        for _, _, left, right in sorted(found):
            yield score, left, right


def _bpe(vocabulary: dict[str, int], merges: list[tuple[str, str]], **options: Any) -> models.BPE:
    try:
        return models.BPE(vocabulary, merges, **options)
    except Exception as error:  # the library raises plain exceptions
        raise ModelError(f"the vocabulary cannot be used: {error}") from None
