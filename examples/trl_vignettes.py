"""TRL's GRPOTrainer on the clinical vignettes, under a gate.

    pip install 'dipg-curriculum[trl]'
    python examples/trl_vignettes.py MODEL DIRECTORY [STEPS]

MODEL is a directory or a name that transformers can load. The receipts are in DIRECTORY/curriculum,
and `dipg-curriculum report DIRECTORY/curriculum` tells the story. Call it again to go on.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from transformers.trainer_utils import get_last_checkpoint
from trl import GRPOConfig, GRPOTrainer

from curricula import Curriculum, Rate, Schema
from curricula.conditions import parse
from curricula.controllers import gated
from curricula.integrations.trl import CurriculumCallback, CurriculumReward
from dipg.app.metrics import METRICS, RATES
from dipg.environment import score_batch
from dipg.pricing import EVALUATION, LADDERS, LIMITS, TERMS
from dipg.prompts import render_compact
from dipg.rubric import EVENTS
from dipg.vignettes import generate

VIGNETTES = {v.id: v for v in generate("short", split="train", count=512, seed=0)}
SCHEMA = Schema(
    TERMS, EVENTS, {n: Rate(e, given) for n, (e, given) in RATES.items()}, attempt="answered"
)


def score(prompts: Sequence[str], completions: Sequence[str], id: Sequence[str], **_: Any) -> Any:
    """What happened in each response; `id` is a column of the data set."""
    return score_batch([VIGNETTES[i] for i in id], list(completions))


def main(model: str, place: Path, steps: int = 100) -> None:
    """Train, from the last checkpoint where there is one."""
    gate = gated(parse("mean > 5 and safe > 90% and answer > 70%", METRICS))
    curriculum = Curriculum(gate, LADDERS["caution"], EVALUATION, SCHEMA, limits=LIMITS)
    reward = CurriculumReward(curriculum, score, log=place / "curriculum")
    rows = [{"prompt": render_compact(v), "id": v.id} for v in VIGNETTES.values()]
    trainer = GRPOTrainer(
        model,
        reward_funcs=reward,
        callbacks=[CurriculumCallback(reward)],
        args=GRPOConfig(
            output_dir=str(place),
            max_steps=steps,
            num_generations=4,
            per_device_train_batch_size=8,
            max_completion_length=64,
            save_steps=20,
            logging_steps=1,
            report_to="none",
            use_cpu=not torch.cuda.is_available(),
            bf16=torch.cuda.is_available(),
        ),
        train_dataset=Dataset.from_list(rows),
    )
    last = get_last_checkpoint(str(place)) if place.is_dir() else None
    trainer.train(resume_from_checkpoint=last)
    assert reward.session is not None
    assert reward.session.receipt is not None
    print(reward.session.receipt.sentence)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), *map(int, sys.argv[3:4]))
