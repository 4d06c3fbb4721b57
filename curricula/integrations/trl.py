"""A curriculum in TRL's GRPOTrainer (tested against trl 1.16)::

    reward = CurriculumReward(curriculum, score, log="runs/mine")
    trainer = GRPOTrainer(
        model, reward_funcs=reward, callbacks=[CurriculumCallback(reward)], args=args, ...
    )
    trainer.train(resume_from_checkpoint=True)

The reward prices each rollout batch, the callback decides when the optimiser's step is over and
keeps the curriculum's state in the checkpoints.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from accelerate.utils import gather_object
from transformers import TrainerCallback
from transformers.trainer_callback import ExportableState

from curricula.curriculum import Curriculum
from curricula.integrations.facts import Facts, Scorer, facts_of
from curricula.session import Session, SessionError

__all__ = ["CurriculumCallback", "CurriculumReward"]


class CurriculumReward:
    """A reward function for ``GRPOTrainer`` whose prices a curriculum sets.

    While the model trains, completions are paid under the prices in force, and what happened is
    gathered from all ranks into the curriculum's window. While it is evaluated they are paid under
    the frozen yardstick prices, which may be compared across steps, and the window sees nothing.

    Args:
      curriculum: controller, ladder, window and schema.
      score: ``score(prompts, completions, **columns) -> (terms [B, K], events [B, E])``; columns
        are those of the data set and TRL's ``completion_ids``.
      log: directory for the receipts, written by the first rank; None writes none. See
        :class:`~curricula.session.Session`.

    Attributes:
      session: None until training begins.
    """

    def __init__(
        self, curriculum: Curriculum, score: Scorer, *, log: str | Path | None = None
    ) -> None:
        self.curriculum, self.score, self.log = curriculum, score, log
        self.session: Session | None = None
        self._model: Any = None
        self._generations = 0

    @property
    def __name__(self) -> str:
        return "curriculum"

    def __call__(
        self,
        prompts: Sequence[Any],
        completions: Sequence[Any],
        trainer_state: Any = None,
        log_extra: Callable[[str, list[Any]], None] | None = None,
        log_metric: Callable[[str, float], None] | None = None,
        **columns: Any,
    ) -> list[float | None]:
        """Rewards of one rank's share of a rollout batch; None where scoring failed.

        Raises:
          SessionError: no :class:`CurriculumCallback` with this reward is among the callbacks.
          ObservationError: the scorer's facts do not fit the schema.
        """
        if self._model is None:
            raise SessionError(
                "CurriculumReward needs its callback: GRPOTrainer(...,"
                " callbacks=[CurriculumCallback(reward)])"
            )
        scored = self.score(prompts=prompts, completions=completions, **columns)
        facts = facts_of(self.curriculum.schema, scored, len(completions))
        yardstick = self.curriculum.yardstick.rewards(facts.terms)
        if log_extra is not None:
            log_extra("yardstick", yardstick.tolist())
        if log_metric is not None:
            self._log(log_metric, facts, yardstick)
        if not self._model.training or self.session is None:
            return _plain(yardstick)
        rewards = self.session.penalties.rewards(facts.terms)
        self._observe(self.session, facts)
        return _plain(rewards)

    def bind(self, model: Any, generations: int) -> None:
        """Know the model, whose mode tells training from evaluation, and the size of a group."""
        self._model, self._generations = model, generations

    def _observe(self, session: Session, facts: Facts) -> None:
        # Ranks hold consecutive slices of the batch, so a group may lie across two of them.
        rows = gather_object(list(zip(facts.terms, facts.events, strict=True)))
        terms, events = (np.stack(column) for column in zip(*rows, strict=True))
        # Group numbers go on where an earlier rollout of the same optimiser step ended.
        first = session.pending // self._generations
        groups = first + np.arange(len(terms)) // self._generations
        session.observe(terms, events, groups, more=True)

    def _log(
        self, log_metric: Callable[[str, float], None], facts: Facts, yardstick: np.ndarray
    ) -> None:
        log_metric("yardstick/mean", _mean(yardstick))
        columns = dict(zip(self.curriculum.schema.events, facts.events.T, strict=True))
        for name, rate in self.curriculum.schema.rates.items():
            if not rate.conditions:  # a mean of shares over ranks is no share of the whole
                log_metric(f"{name}_rate", _mean(columns[rate.event]))
        if self._model.training and self.session is not None:
            log_metric("severity", self.session.severity)
            for name, weight in self.session.penalties.to_mapping().items():
                log_metric(f"penalties/{name}", weight)


class CurriculumCallback(TrainerCallback, ExportableState):
    """Decides after every optimiser step, and keeps the curriculum in the checkpoints.

    Its state is in ``trainer_state.json`` below ``stateful_callbacks`` and is restored in place
    when training begins. ``restore_callback_states_from_checkpoint`` must stay False: that way
    would leave the reward with a curriculum that nobody restores.

    Raises:
      SessionError: from the trainer's constructor or ``train``; see :class:`Session`.
    """

    def __init__(self, reward: CurriculumReward | None = None) -> None:
        self._reward = reward

    @property
    def reward(self) -> CurriculumReward:
        """The reward whose curriculum this decides for."""
        if self._reward is None:
            raise SessionError("CurriculumCallback needs its reward: CurriculumCallback(reward)")
        return self._reward

    def state(self) -> dict[str, Any]:
        """For the trainer's checkpoints."""
        session = self.reward.session
        saved = {} if session is None else {"session": session.state_dict()}
        return {"args": {}, "attributes": saved}

    def on_init_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Refuse what would fail later; tell the reward which model it is paid for."""
        if getattr(args, "restore_callback_states_from_checkpoint", False):
            raise SessionError(
                "restore_callback_states_from_checkpoint must be False: CurriculumCallback"
                " restores itself"
            )
        self.reward.bind(kwargs["model"], args.num_generations)

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Open the session, from the checkpoint where there is one."""
        reward = self.reward
        reward.bind(kwargs["model"], args.num_generations)
        saved = (state.stateful_callbacks or {}).get(type(self).__name__) or {}
        if isinstance(saved, list):
            raise SessionError("one CurriculumCallback per trainer, please")
        session_state = saved.get("attributes", {}).get("session")
        if state.global_step > 0 and session_state is None:
            warnings.warn("the checkpoint holds no curriculum: it starts anew", stacklevel=2)
        if state.stateful_callbacks is not None:
            state.stateful_callbacks.setdefault(type(self).__name__, {})
        if reward.session is None:
            rollouts = max(1, args.gradient_accumulation_steps // args.steps_per_generation)
            rows = args.generation_batch_size * rollouts
            reward.session = Session(
                reward.curriculum,
                rows,
                rows // args.num_generations,
                log=reward.log if state.is_world_process_zero else None,
                state=session_state,
            )
        elif session_state is not None:
            reward.session.load_state_dict(session_state)

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Decide, if this step saw new completions; the decision is in force from the next."""
        if self.reward.session is not None:
            self.reward.session.decide()


def _plain(rewards: np.ndarray) -> list[float | None]:
    return [None if np.isnan(reward) else float(reward) for reward in rewards]


def _mean(values: np.ndarray) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")
