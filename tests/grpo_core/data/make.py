"""Make the fixtures beside this file: tiny random models of each family, and what transformers
says of them. Needs torch: python tests/grpo_core/data/make.py
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from transformers import AutoModelForCausalLM, Gemma3TextConfig, LlamaConfig, Qwen3Config

HERE = Path(__file__).parent
COMMON = {
    "vocab_size": 48,
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "max_position_embeddings": 64,
    "bos_token_id": 2,
    "eos_token_id": 1,
    "pad_token_id": 0,
}
CONFIGS = {
    # 7 layers: five sliding, a global, a sliding; a window of 5 is passed by 14 tokens.
    "gemma3": Gemma3TextConfig(
        **COMMON,
        num_hidden_layers=7,
        sliding_window=5,
        query_pre_attn_scalar=11,
        rope_parameters={
            "full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": 1e6},
            "sliding_attention": {"rope_type": "default", "rope_theta": 1e4},
        },
    ),
    "llama": LlamaConfig(
        **COMMON,
        num_hidden_layers=2,
        tie_word_embeddings=False,
        rope_parameters={
            "rope_type": "llama3",
            "rope_theta": 1e4,
            "factor": 8.0,
            "low_freq_factor": 1.0,
            "high_freq_factor": 4.0,
            "original_max_position_embeddings": 16,
        },
    ),
    "qwen3": Qwen3Config(**COMMON, num_hidden_layers=2, tie_word_embeddings=True),
}


def main() -> None:
    for name, config in CONFIGS.items():
        torch.manual_seed(0)
        model = AutoModelForCausalLM.from_config(config, dtype=torch.float32).eval()
        with torch.no_grad():
            for parameter in model.parameters():
                # Norms too, which start as constants and would hide a mistake.
                parameter.add_(0.3 * torch.randn_like(parameter))
            tokens = torch.randint(3, 48, (2, 14))
            logits = model(tokens).logits
        model.save_pretrained(HERE / name)
        np.savez(HERE / name / "logits.npz", tokens=tokens.numpy(), logits=logits.numpy())


if __name__ == "__main__":
    main()
