"""A run directory written without a model: simulated responses, everything else the real thing."""

import json
from pathlib import Path

import numpy as np

from curricula import Curriculum, Rate, Schema, Session
from curricula.controllers import blocks
from dipg.app.config import RunConfig, to_toml
from dipg.app.metrics import RATES
from dipg.app.samples import as_lines, samples
from dipg.environment import score_batch
from dipg.evaluation import summarise
from dipg.pricing import EVALUATION, LADDERS, LIMITS, TERMS
from dipg.rubric import EVENTS
from dipg.vignettes import generate

STEPS, PROMPTS, GROUP = 12, 4, 4
SCHEMA = Schema(
    TERMS, EVENTS, {n: Rate(e, given) for n, (e, given) in RATES.items()}, attempt="answered"
)
FOREIGN = (
    "<think>Known.</think><proof>A quotation that nobody wrote down.</proof>"
    "<answer>The drug is dordaviprone.</answer>"
)


def curriculum() -> Curriculum:
    return Curriculum(
        blocks((0.0, 1.0, 0.0), 4), LADDERS["report"], EVALUATION, SCHEMA, window=3, limits=LIMITS
    )


def texts(vignettes, rng, share):
    """The gold response to a share of the vignettes, a fabricated quotation to the others."""
    return [v.gold if rng.random() < share else FOREIGN for v in vignettes]


def write_run(place: Path, seed: int = 0, share: float = 0.5) -> Path:
    """Twelve steps in three blocks, two evaluations with samples."""
    rng = np.random.default_rng(seed)
    session = Session(curriculum(), PROMPTS * GROUP, PROMPTS, log=place)
    training = generate("short", split="train", count=PROMPTS * STEPS, seed=0)
    for step in range(STEPS):
        part = training[step * PROMPTS : (step + 1) * PROMPTS]
        repeated = [v for v in part for _ in range(GROUP)]
        terms, events = score_batch(repeated, texts(repeated, rng, share))
        session.observe(terms, events, np.repeat(np.arange(PROMPTS), GROUP))
    (place / "config.toml").write_text(to_toml(RunConfig(steps=STEPS)))
    (place / "checkpoints").mkdir()
    for step in (4, 12):
        (place / "checkpoints" / f"grpo_{step}").mkdir()
    evaluate(place, 0, rng, 0.3)
    evaluate(place, STEPS, rng, share)
    return place


def evaluate(place: Path, step: int, rng, share: float, count: int = 30) -> None:
    """`evaluation_<step>.json` and its samples."""
    held_out = generate("short", split="evaluation", count=count, seed=0)
    said = texts(held_out, rng, share)
    terms, events = score_batch(held_out, said)
    found = summarise(terms, events).to_json()
    content = {"step": step} | found | {"larger": found}
    (place / f"evaluation_{step}.json").write_text(json.dumps(content))
    kept = as_lines(samples(held_out, said, terms, events))
    (place / f"samples_{step}.jsonl").write_text(kept)
