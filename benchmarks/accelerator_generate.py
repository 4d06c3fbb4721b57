"""`generate` of transformers on the shape of a Gemma 3 with random weights, for a comparison.

    PYTHONPATH=. python benchmarks/accelerator_generate.py --model 270m --batches 8,64

needs torch and transformers. bfloat16, scaled dot product attention, sampling at temperature 1
from the whole vocabulary, no end before the last token: as TRL samples where it has no vLLM.
Prints one line of JSON for each batch. `benchmarks/accelerator.py` runs this as a process of its
own.
"""

from __future__ import annotations

import argparse
import json
import time
from typing import Any

from benchmarks.accelerator_shapes import SHAPES
from grpo_core.models.config import DecoderConfig


def build(c: DecoderConfig, device: str) -> Any:
    """The model of transformers with that shape."""
    import torch
    from transformers import Gemma3ForCausalLM, Gemma3TextConfig

    config = Gemma3TextConfig(
        vocab_size=c.vocab_size,
        hidden_size=c.width,
        intermediate_size=c.mlp_width,
        num_hidden_layers=c.num_layers,
        num_attention_heads=c.num_heads,
        num_key_value_heads=c.num_kv_heads,
        head_dim=c.head_dim,
        sliding_window=c.sliding_window,
        layer_types=[
            "sliding_attention" if c.is_sliding(i) else "full_attention"
            for i in range(c.num_layers)
        ],
        eos_token_id=None,
        pad_token_id=0,
        attn_implementation="sdpa",
    )
    torch.manual_seed(0)
    torch.set_default_dtype(torch.bfloat16)
    with torch.device(device):
        model = Gemma3ForCausalLM(config).eval()
    found = sum(p.numel() for p in model.parameters())
    if abs(found / c.num_parameters - 1) > 1e-3:
        raise ValueError(f"{found} weights instead of {c.num_parameters}")
    model.generation_config.eos_token_id = None
    return model


def measure(model: Any, batch: int, prompt: int, new: int, repeats: int) -> dict[str, Any]:
    """Seconds of a call, the shortest of `repeats` after a short one, and tokens/s."""
    import torch

    device = next(model.parameters()).device
    tokens = torch.randint(3, model.config.vocab_size, (batch, prompt), device=device)
    mask = torch.ones_like(tokens)

    def sample(count: int) -> float:
        began = time.perf_counter()
        with torch.inference_mode():
            out = model.generate(
                input_ids=tokens, attention_mask=mask, max_new_tokens=count, do_sample=True,
                temperature=1.0, top_k=0, top_p=1.0, pad_token_id=0,
            )  # fmt: skip
        if device.type == "cuda":
            torch.cuda.synchronize()
        if out.shape[1] != prompt + count:
            raise ValueError(f"{out.shape[1] - prompt} tokens instead of {count}")
        return time.perf_counter() - began

    sample(min(new, 8))
    seconds = min(sample(new) for _ in range(repeats))
    return {"batch": batch, "seconds": seconds, "tokens_per_s": batch * new / seconds}


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--model", default="270m", choices=sorted(SHAPES))
    parser.add_argument("--batches", default="8,64", help="comma-separated")
    parser.add_argument("--prompt", type=int, default=256)
    parser.add_argument("--new", type=int, default=256)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--device", default="cuda")
    given = parser.parse_args()
    import torch
    import transformers

    if given.device == "cuda" and not torch.cuda.is_available():
        raise SystemExit("torch finds no CUDA device")
    model = build(SHAPES[given.model](), given.device)
    versions = {"torch": torch.__version__, "transformers": transformers.__version__}
    for batch in map(int, given.batches.split(",")):
        found = measure(model, batch, given.prompt, given.new, given.repeats)
        print(json.dumps({"model": given.model} | found | versions), flush=True)


if __name__ == "__main__":
    main()
