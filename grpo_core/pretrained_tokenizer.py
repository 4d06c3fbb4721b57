"""The tokenizer of a pretrained model, with its chat template."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grpo_core.errors import one_line
from grpo_core.models.families import ModelError
from grpo_core.models.gguf_vocabulary import tokenizer_of

if TYPE_CHECKING:  # transformers imports torch where it finds it
    from transformers import PreTrainedTokenizerBase

TURN_ENDS = ("<end_of_turn>", "<|im_end|>", "<|eot_id|>")
"""Tokens that end a turn in the families' chat formats, beside the end of text itself."""


class PretrainedTokenizer:
    """A transformers tokenizer as the core uses it.

    Texts are encoded as they are: whatever a model expects around them comes from `prompt`.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, ends: Iterable[int] = ()) -> None:
        """`ends` are further tokens that end a completion, as a model's configuration names them.

        Raises ModelError where no token ends a completion.
        """
        self.inner = tokenizer
        vocabulary = tokenizer.get_vocab()
        known = [vocabulary[t] for t in TURN_ENDS if t in vocabulary]
        own = [] if tokenizer.eos_token_id is None else [int(tokenizer.eos_token_id)]
        found = list(dict.fromkeys([*own, *ends, *known]))
        if not found:
            raise ModelError("the tokenizer has no token that ends a text")
        self.stop_ids: tuple[int, ...] = tuple(found)
        self.end_id = known[0] if tokenizer.chat_template and known else found[0]
        # Padding is masked out everywhere; any token will do.
        self.pad_id = self.end_id if tokenizer.pad_token_id is None else int(tokenizer.pad_token_id)

    def __len__(self) -> int:
        return len(self.inner)

    def prompt(self, text: str) -> str:
        """A user's message as the model was taught to see one, ready for its answer.

        A model without a chat template gets the text itself, after its beginning token if any.
        """
        if self.inner.chat_template:
            message = [{"role": "user", "content": text}]
            made = self.inner.apply_chat_template(
                message, tokenize=False, add_generation_prompt=True
            )
            return str(made)
        return f"{self.inner.bos_token or ''}{text}"

    def encode(self, text: str) -> list[int]:
        """Token ids of a text, nothing added."""
        return list(self.inner.encode(text, add_special_tokens=False))

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of several texts, nothing added."""
        return [list(ids) for ids in self.inner(list(texts), add_special_tokens=False)["input_ids"]]

    def decode(self, ids: Sequence[int]) -> str:
        """The text of token ids; special tokens leave no trace."""
        return str(self.inner.decode(list(ids), skip_special_tokens=True))

    def decode_batch(self, rows: Sequence[Sequence[int]]) -> list[str]:
        """The texts of several rows."""
        return [self.decode(row) for row in rows]

    def save(self, path: Path) -> None:
        """Write the tokenizer's files into a directory, as transformers reads them."""
        self.inner.save_pretrained(path)


def load_tokenizer(directory: Path) -> PretrainedTokenizer:
    """The tokenizer in a model's directory. Raises ModelError where there is none to be read."""
    from transformers import AutoTokenizer

    try:
        inner = AutoTokenizer.from_pretrained(
            directory, trust_remote_code=False, local_files_only=True
        )
    except Exception as error:  # whatever a damaged file provokes inside the library
        reason = one_line(error)
        raise ModelError(f"{directory}: has no tokenizer that can be read: {reason}") from None
    return PretrainedTokenizer(inner, _generation_ends(directory))


def _generation_ends(directory: Path) -> list[int]:
    """End tokens that `generation_config.json` names."""
    try:
        text = (directory / "generation_config.json").read_text(encoding="utf-8")
        named = json.loads(text).get("eos_token_id")
    except (OSError, ValueError, AttributeError):
        return []
    ids = named if isinstance(named, list) else [named]
    return [i for i in ids if isinstance(i, int) and not isinstance(i, bool) and i >= 0]


def gguf_tokenizer(metadata: Mapping[str, Any]) -> PretrainedTokenizer:
    """The tokenizer in a GGUF file's metadata. Raises ModelError where it cannot be built."""
    from transformers import PreTrainedTokenizerFast

    pieces = metadata.get("tokenizer.ggml.tokens", [])

    def named(role: str) -> dict[str, str]:
        i = metadata.get(f"tokenizer.ggml.{role}_token_id")
        known = isinstance(i, int) and 0 <= i < len(pieces)
        return {_ROLES[role]: pieces[i]} if known else {}

    special = {k: v for role in _ROLES for k, v in named(role).items()}
    inner = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer_of(metadata), clean_up_tokenization_spaces=False, **special
    )
    template = metadata.get("tokenizer.chat_template")
    inner.chat_template = template if isinstance(template, str) else None
    return PretrainedTokenizer(inner)


_ROLES = {"bos": "bos_token", "eos": "eos_token", "unknown": "unk_token", "padding": "pad_token"}
