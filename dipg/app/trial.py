"""The changing parts of a run: one step, one evaluation, and what they leave."""

from __future__ import annotations

import json
import time
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from curricula import Observation
from curricula.observations import ObservationError, encode, header
from curricula.receipts import Receipt
from dipg.app.checkpointing import Checkpoints, digest
from dipg.app.commands import Commands
from dipg.app.config import RunConfig
from dipg.app.curriculum import SCHEMA, curriculum_of, is_regression
from dipg.app.data import load_data, prompt_rows
from dipg.app.files import read_lines
from dipg.app.guards import Guards
from dipg.app.model import Model
from dipg.app.observer import Observer
from dipg.app.outcome import Evaluations, Facts
from dipg.app.rollout import EVALUATION_STEP, Rollout, Score, roll_out, select
from dipg.app.run_directory import RunDirectory
from dipg.app.samples import as_lines, samples
from dipg.app.step_metrics import plain, response_metrics, reward_metrics, window_metrics
from dipg.app.together import scored_once
from dipg.app.training_state import Arrays, TrainingState
from dipg.app.update import make_update
from grpo_core.checkpoints import CheckpointError
from grpo_core.distributed import check_equal, from_first
from grpo_core.mesh import arranged
from grpo_core.sampling import Sampling, Temperature, greedy
from grpo_core.trainer import ActorState, init_actor


class Trial:
    """A run from its newest checkpoint on, or from its start. Close it at the end.

    Raises ResumeError where the checkpoints are of another run.
    """

    def __init__(
        self,
        config: RunConfig,
        directory: RunDirectory,
        observer: Observer,
        model: Model,
        score: Score,
    ) -> None:
        self.config, self.directory, self.observer = config, directory, observer
        self.curriculum = curriculum_of(config)
        start = digest((model.params, model.start.params, model.start.frozen))
        check_equal("the model they start from", start)
        self.model, self.score = model.arranged(), scored_once(score)
        self.train, self.held_out = load_data(config, self.model)
        self.update = make_update(config.grpo, self.model)
        self.checkpoints = Checkpoints(directory, config, start, observer.warning)
        self.state = self.checkpoints.newest(self._start())
        if self.state.step == 0:
            directory.append_observation(header(SCHEMA, *self._sizes))
        decisions = from_first(lambda: read_lines(directory.path / "decisions.jsonl"))
        self.moves = [Receipt.from_json(row) for row in decisions if row["moved"]]
        self.commands = Commands(directory.path, observer.warning)
        self._yardstick_lower = float("nan")

    @property
    def step(self) -> int:
        """Steps done."""
        return self.state.step

    @property
    def _sizes(self) -> tuple[int, int]:
        grpo = self.config.grpo
        return grpo.prompts_per_step * grpo.num_generations, grpo.prompts_per_step

    def _start(self) -> TrainingState:
        params = jax.tree.map(jnp.copy, self.model.params)
        actor = arranged(init_actor(params, self.update.optimizer))
        arrays = Arrays(actor, self.curriculum.init(*self._sizes))
        return TrainingState(arrays, Guards(self.config.guards))

    def advance(self) -> None:
        """One more step: sample, score, price, update, observe, decide.

        Raises ScoreError, with everything as it was after the step before, and GuardError.
        """
        marks = [time.monotonic()]
        grpo, state, step = self.config.grpo, self.state, self.step + 1
        rows = prompt_rows(len(self.train.vignettes), grpo.prompts_per_step, self.config.seed, step)
        penalties = self.curriculum.penalties(state.curriculum)
        severity = self.curriculum.severity(state.curriculum)
        rollout = self._roll_out(rows, step)
        marks.append(time.monotonic())
        rewards = np.asarray(penalties.rewards(rollout.terms), np.float32)
        rewards = rewards.reshape(len(rows), grpo.num_generations)
        actor, learned = self.update(state.actor, rollout, rewards, step)
        marks.append(time.monotonic())
        groups = np.repeat(np.arange(len(rows)), grpo.num_generations)
        observation = Observation.build(SCHEMA, rollout.terms, rollout.events, groups)
        command = from_first(lambda: self.commands.at(step))
        receipt, curriculum = self.curriculum.step(state.curriculum, observation, command)
        summary = self.curriculum.summary(curriculum)
        self._yardstick_lower = summary["mean"].lower
        figures: dict[str, float] = {"step": step} | learned | reward_metrics(rewards)
        figures |= response_metrics(rollout, self.model.tokenizer.stop_ids)
        figures |= {"severity": severity}
        figures |= {f"penalties/{n}": w for n, w in penalties.to_mapping().items()}
        figures |= window_metrics(summary)
        metrics = {name: plain(value) for name, value in figures.items()}
        actor, decision = self._moved(receipt, actor)
        ids = [self.train.vignettes[i].id for i in rows]
        self.directory.append_observation(encode(step, observation, ids, command))
        self.directory.append_decision(decision)
        self.directory.append_metrics(metrics)
        state.advance(step, actor, curriculum)
        marks.append(time.monotonic())
        spans = dict(zip(("sample", "update", "decide"), np.diff(marks).tolist(), strict=True))
        timing = {"step": step, "step_time": marks[-1] - marks[0], **spans}
        self.directory.append_timing({k: round(v, 4) for k, v in timing.items()})
        self.observer.step(metrics, summary, timing)
        self.observer.decision(receipt)
        for name, text in state.guards.watch(metrics).items():
            self.directory.append_warning({"step": step, "warning": name, "text": text})
            self.observer.warning(text)

    def _roll_out(self, rows: np.ndarray, step: int) -> Rollout:
        grpo = self.config.grpo
        return roll_out(
            self.model._replace(params=self.state.actor.params),
            select(self.train.prompts, rows),
            [self.train.vignettes[i] for i in rows],
            rows,
            seed=self.config.seed,
            step=step,
            group=grpo.num_generations,
            sampling=Temperature(grpo.temperature),
            max_length=grpo.max_completion_length,
            score=self.score,
        )

    def _moved(self, receipt: Receipt, actor: ActorState) -> tuple[ActorState, dict[str, Any]]:
        """The actor to go on with after a decision, and the decision as it is written down."""
        decision = receipt.to_json()
        if receipt.moved:
            self.moves.append(receipt)
        if self.config.curriculum.restore != "weights" or not receipt.moved:
            return actor, decision
        good = self.state.good
        if receipt.severity_to > receipt.severity_from:
            good.append(receipt.step)
            return actor, decision
        restored = None
        if is_regression(receipt):
            actor, restored = self._take_back(actor)
            self.observer.warning(f"step {receipt.step}: {told(receipt, restored)}")
        if good:
            good.pop()
        return actor, decision | {"restored": what_was_restored(restored)}

    def _take_back(self, actor: ActorState) -> tuple[ActorState, int | None]:
        """The actor of the newest good checkpoint that can be read, and its step."""
        good = self.state.good
        while good:
            try:
                return self.checkpoints.actor(good[-1], actor), good[-1]
            except CheckpointError as error:
                self.observer.warning(str(error))
                good.pop()
        return actor, None

    def due(self) -> bool:
        """Whether the state is to be saved now: at an interval, a block's end or a promotion."""
        return self.checkpoints.due(self.step) or self.step in self.state.good

    def save(self) -> None:
        """Begin to save the state as checkpoint `grpo_<step>`."""
        if self.step > 0:
            self.checkpoints.save(self.state, self._yardstick_lower)

    def evaluate(self) -> Evaluations:
        """The actor on the held-out vignettes, written to the run directory."""
        return self._evaluate(self.step, self.state.actor.params)

    def evaluate_start(self) -> Evaluations:
        """The same of the model before training."""
        return self._evaluate(0, self.model.params)

    def _evaluate(self, step: int, params: Any) -> Evaluations:
        kept = from_first(lambda: self._evaluated_before(step))
        if kept is not None:
            return self._read(kept)
        self.observer.phase("evaluation", f"step {step}", None)
        config = self.config.evaluation
        sampled = self._respond(params, Temperature(self.config.grpo.temperature))
        best = self._respond(params, greedy)
        found = Evaluations.of(
            Facts(sampled.terms, sampled.events),
            Facts(best.terms, best.events),
            config.report_count,
            config.count,
        )
        shown = samples(self.held_out.vignettes, sampled.texts, sampled.terms, sampled.events)
        self.directory.write_text(f"samples_{step}.jsonl", as_lines(shown))
        # Last: where it is there, the evaluation is over.
        self.directory.write_evaluation(step, {"step": step} | found.to_json())
        self.observer.evaluation(step, found.larger)
        return found

    def _evaluated_before(self, step: int) -> Any:
        """What an interrupted process found, if it can be read: later evaluations than its
        checkpoint are gone."""
        try:
            kept = json.loads((self.directory.path / f"evaluation_{step}.json").read_bytes())
            self._read(kept)
        except (OSError, ObservationError, json.JSONDecodeError, UnicodeDecodeError):
            return None
        return kept

    def _read(self, kept: Any) -> Evaluations:
        config = self.config.evaluation
        return Evaluations.from_json(kept, config.report_count, config.count)

    def _respond(self, params: Any, sampling: Sampling) -> Rollout:
        return roll_out(
            self.model._replace(params=params),
            self.held_out.prompts,
            self.held_out.vignettes,
            np.arange(len(self.held_out.vignettes)),
            # The same draws at every evaluation of every run: before and after are paired.
            seed=0,
            step=EVALUATION_STEP,
            group=1,
            sampling=sampling,
            max_length=self.config.grpo.max_completion_length,
            score=self.score,
            at_once=self.config.evaluation.at_once,
        )

    def close(self) -> None:
        """Wait for a checkpoint that is being written."""
        self.checkpoints.close()


def what_was_restored(step: int | None) -> dict[str, Any]:
    """What a rollback has taken back, for its receipt."""
    if step is None:
        return {"penalties": True, "weights": None}
    return {"penalties": True, "weights": f"grpo_{step}", "optimizer": f"grpo_{step}"}


def told(receipt: Receipt, restored: int | None) -> str:
    """A rollback in one sentence."""
    if restored is None:
        return f"back to {receipt.rung_to}; no good checkpoint of its weights is there"
    return f"back to {receipt.rung_to} with the weights of grpo_{restored}"
