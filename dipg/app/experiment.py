"""Where controller, core and environment meet: one run from warm-up to the last evaluation."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from typing import Any, Protocol

import jax
import jax.numpy as jnp
import numpy as np

from curricula import Curriculum, Observation, Rate, Schema
from curricula.conditions import parse
from curricula.curriculum import CurriculumState
from curricula.hand import ControlFile, Hand
from curricula.observations import encode, header
from curricula.receipts import Receipt
from curricula.statistics import Estimate
from dipg.app.builtin_model import PROMPT_TOKENS, Model, load_or_teach, shares_of
from dipg.app.config import RunConfig
from dipg.app.metrics import METRICS, RATES
from dipg.app.objectives import advantages_of, leave_out, loss_of, scalars_of
from dipg.app.outcome import Evaluations, Outcome
from dipg.app.policies import controller_from_name
from dipg.app.rollout import EVALUATION_STEP, Rollout, roll_out, select
from dipg.app.run_directory import RunDirectory
from dipg.app.samples import as_lines, samples
from dipg.app.step_metrics import plain, response_metrics, reward_metrics, window_metrics
from dipg.evaluation import EvaluationSummary, summarise
from dipg.pricing import EVALUATION, LADDERS, LIMITS, TERMS
from dipg.prompts import render_compact
from dipg.rubric import EVENTS
from dipg.vignettes import generate
from grpo_core import checkpoints
from grpo_core.batch import Prompts
from grpo_core.padding import pad_prompts
from grpo_core.sampler import as_batch
from grpo_core.sampling import Sampling, Temperature, greedy
from grpo_core.trainer import (
    ActorState,
    GrpoTargets,
    grpo_step,
    init_actor,
    logps_of,
    make_optimizer,
)

SCHEMA = Schema(
    terms=TERMS,
    events=EVENTS,
    rates={name: Rate(event, given) for name, (event, given) in RATES.items()},
    attempt="answered",
)


class Observer(Protocol):
    """Who follows a run. Everything told is plain Python or numpy."""

    def phase(self, name: str, detail: str, total: int | None) -> None: ...
    def progress(self, done: int, info: Mapping[str, float]) -> None: ...
    def step(
        self,
        metrics: Mapping[str, float],
        summary: Mapping[str, Estimate],
        timing: Mapping[str, float],
    ) -> None: ...
    def decision(self, receipt: Receipt) -> None: ...
    def evaluation(self, step: int, summary: EvaluationSummary) -> None: ...
    def finish(self, outcome: Outcome) -> None: ...


def curriculum_of(config: RunConfig) -> Curriculum:
    """The configured controller on its ladder. Raises ValueError where the parts do not fit."""
    chosen = config.curriculum
    ladder = LADDERS[chosen.ladder]
    controller = controller_from_name(
        chosen.policy,
        when=parse(chosen.when, METRICS),
        ladder=ladder,
        total_steps=config.steps,
        block_steps=chosen.block_steps,
    )
    return Curriculum(
        Hand(controller),
        ladder,
        EVALUATION,
        SCHEMA,
        window=chosen.window,
        limits=LIMITS,
        start=chosen.start,
    )


def check(config: RunConfig) -> None:
    """Raise ValueError, before anything is created, where a run with this configuration could not
    start."""
    curriculum_of(config)


def run(config: RunConfig, directory: RunDirectory, observer: Observer) -> Outcome:
    """Warm up, evaluate, train with the curriculum deciding after every step, evaluate again."""
    began = time.monotonic()
    observer.phase("warm-up", "", None)
    model = load_or_teach(
        config, lambda detail, total: observer.phase("warm-up", detail, total), observer.progress
    )
    trial = _Trial(config, directory, observer, model)
    before = trial.evaluate(0)
    observer.phase("training", "", config.steps)
    after = before
    for step in range(1, config.steps + 1):
        trial.step(step)
        if step % config.evaluation.every == 0 or step == config.steps:
            trial.save(step)
            after = trial.evaluate(step)
            if step < config.steps:
                observer.phase("training", "", config.steps)
    outcome = Outcome(
        before,
        after,
        directory.path,
        config.steps,
        trial.curriculum.rung(trial.state),
        trial.curriculum.severity(trial.state),
        tuple(trial.moves),
        time.monotonic() - began,
    )
    observer.finish(outcome)
    return outcome


class _Trial:
    """The changing parts of a run: the actor, the state of the curriculum, and what they leave."""

    def __init__(
        self, config: RunConfig, directory: RunDirectory, observer: Observer, model: Model
    ) -> None:
        self.config, self.directory, self.observer = config, directory, observer
        self.curriculum = curriculum_of(config)
        grpo, data = config.grpo, config.data
        self.state: CurriculumState = self.curriculum.init(
            grpo.prompts_per_step * grpo.num_generations, grpo.prompts_per_step
        )
        self.model = model
        self.reference = jax.tree.map(jnp.copy, model.params)
        self.optimizer = make_optimizer(max_grad_norm=grpo.max_grad_norm)
        self.actor: ActorState = init_actor(jax.tree.map(jnp.copy, model.params), self.optimizer)
        shares = shares_of(data)
        self.train = generate(
            "short", split="train", count=data.train_count, seed=data.seed, shares=shares
        )
        held_out = max(config.evaluation.count, config.evaluation.report_count)
        self.held_out = generate(
            "short", split="evaluation", count=held_out, seed=data.seed, shares=shares
        )
        self.train_prompts, self.held_out_prompts = self._padded()
        self.moves: list[Receipt] = []
        self.control = ControlFile(directory.path / "control")
        self.directory.append_observation(
            header(SCHEMA, grpo.prompts_per_step * grpo.num_generations, grpo.prompts_per_step)
        )

    def _padded(self) -> tuple[Prompts, Prompts]:
        """All prompts in one shape, so that nothing compiles twice."""
        training, held_out = (
            pad_prompts(self.model.tokenizer, [render_compact(v) for v in split], PROMPT_TOKENS)
            for split in (self.train, self.held_out)
        )
        return training, held_out

    def step(self, step: int) -> None:
        """Sample, score, price, update, observe, decide."""
        marks = [time.monotonic()]
        grpo = self.config.grpo
        rows = prompt_rows(len(self.train), grpo.prompts_per_step, self.config.seed, step)
        penalties = self.curriculum.penalties(self.state)
        severity = self.curriculum.severity(self.state)
        rollout = roll_out(
            self.model._replace(params=self.actor.params),
            select(self.train_prompts, rows),
            [self.train[i] for i in rows],
            rows,
            seed=self.config.seed,
            step=step,
            group=grpo.num_generations,
            sampling=Temperature(grpo.temperature),
            max_length=grpo.max_completion_length,
        )
        marks.append(time.monotonic())
        rewards = np.asarray(penalties.rewards(rollout.terms), np.float32)
        rewards = rewards.reshape(len(rows), grpo.num_generations)
        learned = self._update(rollout, rewards, step)
        marks.append(time.monotonic())
        groups = np.repeat(np.arange(len(rows)), grpo.num_generations)
        observation = Observation.build(SCHEMA, rollout.terms, rollout.events, groups)
        command = self._command()
        receipt, self.state = self.curriculum.step(self.state, observation, command)
        summary = self.curriculum.summary(self.state)
        metrics = {"step": step} | learned | reward_metrics(rewards)
        metrics |= response_metrics(rollout, self.model.tokenizer.end_id)
        metrics |= {"severity": severity} | {
            f"penalties/{n}": w for n, w in penalties.to_mapping().items()
        }
        metrics |= window_metrics(summary)
        metrics = {name: plain(value) for name, value in metrics.items()}
        self._log(
            step,
            metrics,
            receipt,
            encode(step, observation, [self.train[i].id for i in rows], command),
        )
        marks.append(time.monotonic())
        spans = dict(zip(("sample", "update", "decide"), np.diff(marks).tolist(), strict=True))
        timing = {"step": step, "step_time": marks[-1] - marks[0], **spans}
        self.directory.append_timing({k: round(v, 4) for k, v in timing.items()})
        self.observer.step(metrics, summary, timing)
        self.observer.decision(receipt)

    def _command(self) -> str | None:
        """What a person has put into the run's control file since the last step."""
        try:
            return self.control.poll()
        except ValueError as error:
            # A slip of the pen must not end a training run.
            logging.getLogger(__name__).warning("%s: %s", self.control.path, error)
            return None

    def _log(
        self, step: int, metrics: dict[str, Any], receipt: Receipt, seen: dict[str, Any]
    ) -> None:
        if receipt.moved:
            self.moves.append(receipt)
        self.directory.append_observation(seen)
        self.directory.append_decision(receipt.to_json())
        self.directory.append_metrics(metrics)

    def _update(self, rollout: Rollout, rewards: np.ndarray, step: int) -> dict[str, float]:
        """One batch's GRPO updates; metrics of the last."""
        grpo = self.config.grpo
        batch = as_batch(rollout.prompts, rollout.completions)
        temperature = jnp.float32(grpo.temperature)
        reference = logps_of(self.model.graph, self.reference, batch, temperature).logps
        old = None
        if grpo.updates_per_batch > 1:
            old = logps_of(self.model.graph, self.actor.params, batch, temperature).logps
        advantages = advantages_of(grpo)(jnp.asarray(rewards))
        batch = leave_out(grpo, batch, self.model.tokenizer.end_id, advantages)
        targets = GrpoTargets(advantages, reference, old, rollout.completions.logps)
        rate = grpo.learning_rate * min(1.0, step / max(grpo.warmup_steps, 1))
        for _ in range(grpo.updates_per_batch):
            self.actor, metrics = grpo_step(
                self.model.graph,
                self.optimizer,
                self.actor,
                batch,
                targets,
                scalars_of(grpo),
                temperature,
                jnp.float32(rate),
                loss_of(grpo),
            )
        return {"learning_rate": rate} | {k: float(v) for k, v in metrics.items()}

    def evaluate(self, step: int) -> Evaluations:
        """The actor on the held-out vignettes, written to the run directory."""
        self.observer.phase("evaluation", f"step {step}", None)
        sampled = self._respond(Temperature(self.config.grpo.temperature))
        found = Evaluations(
            self._summary(sampled, self.config.evaluation.report_count),
            self._summary(sampled, self.config.evaluation.count),
            self._summary(self._respond(greedy), self.config.evaluation.count),
        )
        self.directory.write_evaluation(step, {"step": step} | found.to_json())
        kept = samples(self.held_out, sampled.texts, sampled.terms, sampled.events)
        self.directory.write_text(f"samples_{step}.jsonl", as_lines(kept))
        self.observer.evaluation(step, found.larger)
        return found

    def _respond(self, sampling: Sampling) -> Rollout:
        return roll_out(
            self.model._replace(params=self.actor.params),
            self.held_out_prompts,
            self.held_out,
            np.arange(len(self.held_out)),
            # The same draws at every evaluation of every run: before and after are paired.
            seed=0,
            step=EVALUATION_STEP,
            group=1,
            sampling=sampling,
            max_length=self.config.grpo.max_completion_length,
        )

    def _summary(self, rollout: Rollout, count: int) -> EvaluationSummary:
        return summarise(rollout.terms[:count], rollout.events[:count])

    def save(self, step: int) -> None:
        """The actor as checkpoint `grpo_<step>`, as the report names them."""
        checkpoints.save(self.directory.checkpoints / f"grpo_{step}", self.actor.params)


def prompt_rows(count: int, per_step: int, seed: int, step: int) -> np.ndarray:
    """Which prompts step `step` (from 1) trains on: epochs of shuffled prompts, a function of the
    step alone.

    Within a step no prompt comes twice as long as there are enough of them.
    """
    per_epoch = max(count // per_step, 1)
    epoch, position = divmod(step - 1, per_epoch)
    order = np.random.default_rng([seed, epoch]).permutation(count)
    return np.resize(order[position * per_step : (position + 1) * per_step], per_step)
