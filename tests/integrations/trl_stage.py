"""A real GRPOTrainer around a tiny random Llama; also a program for torchrun."""

import json
import sys
from pathlib import Path

import torch
from datasets import Dataset
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
from trl import GRPOConfig, GRPOTrainer

from curricula.integrations.trl import CurriculumCallback, CurriculumReward
from tests.integrations.words import PROMPTS, WORDS, course, score


def tokenizer():
    inner = Tokenizer(models.WordLevel({w: i for i, w in enumerate(WORDS)}, unk_token="<unk>"))
    inner.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(
        tokenizer_object=inner, pad_token="<pad>", eos_token="<eos>", unk_token="<unk>"
    )


def model():
    torch.manual_seed(0)
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(WORDS),
            hidden_size=16,
            intermediate_size=32,
            num_hidden_layers=1,
            num_attention_heads=2,
            num_key_value_heads=1,
            max_position_embeddings=64,
            pad_token_id=0,
            eos_token_id=1,
            bos_token_id=1,
        )
    )


def trainer(out: Path, steps: int, log: Path | None = None, scorer=score, **settings):
    """A trainer of 4 prompts x 4 completions a step, its reward and its callback in place."""
    options = dict(
        output_dir=str(out),
        max_steps=steps,
        per_device_train_batch_size=8,
        gradient_accumulation_steps=2,
        num_generations=4,
        max_completion_length=6,
        learning_rate=3e-2,
        logging_steps=1,
        save_strategy="no",
        report_to="none",
        use_cpu=True,
        bf16=False,
        seed=3,
        disable_tqdm=True,
        generation_kwargs={"min_new_tokens": 6},
    )
    reward = CurriculumReward(course(), scorer, log=log)
    made = GRPOTrainer(
        model(),
        reward_funcs=reward,
        args=GRPOConfig(**(options | settings)),
        # One epoch: in a later one TRL 1.16 does not shuffle as the run it resumes would have.
        train_dataset=Dataset.from_dict({"prompt": PROMPTS * 3}),
        eval_dataset=Dataset.from_dict({"prompt": PROMPTS[:4]}),
        processing_class=tokenizer(),
        callbacks=[CurriculumCallback(reward)],
    )
    return made, reward


if __name__ == "__main__":  # torchrun: one of several ranks
    place = Path(sys.argv[1])
    made, reward = trainer(
        place / "out", 4, place / "log", per_device_train_batch_size=4,
        ddp_backend="gloo", save_strategy="steps", save_steps=2,
    )  # fmt: skip
    made.train()
    told = {"state": reward.session.state_dict(), "rows": made.accelerator.num_processes}
    (place / f"rank{made.accelerator.process_index}.json").write_text(json.dumps(told))
