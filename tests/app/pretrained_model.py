"""A very small model in Hugging Face's layout, with a tokenizer of single bytes."""

from pathlib import Path

import jax
from flax import nnx
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast, Qwen3Config

from grpo_core.models.decoder import Decoder
from grpo_core.models.families import config_of
from grpo_core.models.hub import save_directory

TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}"
    "<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def write_model(path: Path) -> Path:
    """Write the model with random weights; equal calls give equal files."""
    pieces = [*sorted(pre_tokenizers.ByteLevel.alphabet()), "<|im_start|>", "<|im_end|>", "<pad>"]
    inner = Tokenizer(models.BPE({piece: i for i, piece in enumerate(pieces)}, []))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=inner, eos_token="<|im_end|>", pad_token="<pad>", chat_template=TEMPLATE
    )
    tokenizer.add_special_tokens({"additional_special_tokens": ["<|im_start|>"]})
    source = Qwen3Config(
        vocab_size=len(pieces),
        hidden_size=16,
        intermediate_size=24,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=8,
        tie_word_embeddings=True,
    ).to_dict()
    _, params = nnx.split(Decoder(config_of(source), nnx.Rngs(0)), nnx.Param)
    save_directory(path, jax.device_get(params), source, beside=tokenizer.save_pretrained)
    return path
