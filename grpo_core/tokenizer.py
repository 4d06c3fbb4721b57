"""Text to tokens and back.

`WordTokenizer` splits text into words with their leading space, single digits, tags and marks, so
that decoding is concatenation and numbers are composed of digits that the model has seen.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

PAD, END, UNKNOWN = "<pad>", "<end>", "<unk>"
_PIECES = r"</?[a-z]+>| ?\p{L}+| ?\p{N}|\s|[^\s\p{L}\p{N}]"


class WordTokenizer:
    """A word-level tokenizer, lossless on text whose pieces are in its vocabulary."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self.pad_id = _special(tokenizer, PAD)
        self.end_id = _special(tokenizer, END)
        self.stop_ids: tuple[int, ...] = (self.end_id,)

    @classmethod
    def train(cls, texts: Iterable[str], max_size: int = 4096) -> "WordTokenizer":
        """The vocabulary of `texts`. The order of equally frequent words is alphabetic: no
        dependence on hashing."""
        tokenizer = Tokenizer(models.WordLevel(unk_token=UNKNOWN))
        tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(_PIECES), behavior="isolated")
        tokenizer.decoder = decoders.Fuse()
        trainer = trainers.WordLevelTrainer(
            vocab_size=max_size, special_tokens=[PAD, END, UNKNOWN], show_progress=False
        )
        tokenizer.train_from_iterator(texts, trainer)
        return cls(tokenizer)

    @classmethod
    def load(cls, path: Path) -> "WordTokenizer":
        """Read what `save` wrote."""
        return cls(Tokenizer.from_file(str(path)))

    def save(self, path: Path) -> None:
        """Write the tokenizer as one JSON file in the `tokenizers` format."""
        self._tokenizer.save(str(path))

    def __len__(self) -> int:
        return int(self._tokenizer.get_vocab_size())

    def encode(self, text: str) -> list[int]:
        """Token ids of a text, without an end token."""
        return list(self._tokenizer.encode(text).ids)

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of several texts."""
        return [list(e.ids) for e in self._tokenizer.encode_batch(list(texts))]

    def decode(self, ids: Sequence[int]) -> str:
        """The text of token ids; padding and end tokens leave no trace."""
        return str(self._tokenizer.decode(list(ids), skip_special_tokens=True))

    def decode_batch(self, rows: Sequence[Sequence[int]]) -> list[str]:
        """The texts of several rows."""
        return list(self._tokenizer.decode_batch([list(r) for r in rows], skip_special_tokens=True))


def _special(tokenizer: Tokenizer, token: str) -> int:
    found = tokenizer.token_to_id(token)
    if found is None:
        raise ValueError(f"the tokenizer has no {token} token: only WordTokenizer.train makes one")
    return int(found)
