"""A curriculum in Tunix's GRPOLearner (tested against google-tunix 0.1.7)::

    hook = TunixCurriculum(rl_cluster, curriculum, prompts_per_step=8, log="runs/mine")
    learner = GRPOLearner(
        rl_cluster, GRPOConfig(reward_manager=hook.name, ...), reward_fns=score
    )
    learner.train(dataset)
    hook.finish()

The learner's one reward function is the scorer: it returns facts, and the registered reward manager
prices them. The step is the cluster's; what is rolled out in one step, in however many parts and
threads, is decided on once, when the next step's first part arrives.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tunix.rl import function_registry

from curricula.curriculum import Curriculum
from curricula.integrations.facts import Scorer, facts_of
from curricula.session import Session, SessionError

__all__ = ["TunixCurriculum"]

METADATA = "curriculum"


class TunixCurriculum:
    """Registers a reward manager for one cluster, and keeps its curriculum in the checkpoints.

    Make it before the learner: if the cluster's trainer was restored from a checkpoint, the
    curriculum goes on from the state in that checkpoint's metadata.

    Args:
      rl_cluster: a ``tunix.rl.rl_cluster.RLCluster``.
      curriculum: controller, ladder, window and schema.
      prompts_per_step: most prompts in one step of the cluster (the data set's batch size).
      log: directory for the receipts; see :class:`~curricula.session.Session`.
      name: under which the manager is registered, for ``GRPOConfig(reward_manager=...)``.

    Attributes:
      session: None until the learner is built.
    """

    def __init__(
        self,
        rl_cluster: Any,
        curriculum: Curriculum,
        prompts_per_step: int,
        *,
        log: str | Path | None = None,
        name: str = "curriculum",
    ) -> None:
        self.cluster, self.curriculum, self.name = rl_cluster, curriculum, name
        self.prompts_per_step, self.log = prompts_per_step, log
        self.session: Session | None = None
        self.lock = threading.Lock()
        self.pending_step: int | None = None
        function_registry.register_reward_manager(name)(self._manager)
        trainer = rl_cluster.actor_trainer
        self._saved = getattr(trainer, "_restored_custom_metadata", {}).get(METADATA)
        if self._saved is None and trainer.train_steps > 0:
            warnings.warn("the checkpoint holds no curriculum: it starts anew", stacklevel=2)
        inner = trainer.custom_checkpoint_metadata_fn
        trainer.custom_checkpoint_metadata_fn = lambda: inner() | self._metadata()

    def finish(self) -> None:
        """Decide on the last step; nothing where that is done."""
        with self.lock:
            self._decide()

    def take_in(self, terms: Any, events: Any, generations: int) -> np.ndarray:
        """Price a part of the present step, ``[B]``, and let the curriculum see it."""
        with self.lock:
            session = self._session()
            step = int(self.cluster.global_steps)
            if self.pending_step != step:
                self._decide()
            self.pending_step = step
            rewards = np.asarray(session.penalties.rewards(terms))
            first = session.pending // generations
            groups = first + np.arange(len(terms)) // generations
            session.observe(terms, events, groups, more=True)
            return rewards

    def figures(self) -> dict[str, float]:
        """Severity and prices in force."""
        session = self._session()
        prices = session.penalties.to_mapping()
        return {"severity": session.severity} | {f"penalties/{n}": w for n, w in prices.items()}

    def _decide(self) -> None:
        if self.session is not None:
            self.session.decide()

    def _session(self) -> Session:
        if self.session is None:
            raise SessionError("TunixCurriculum opens its session when the learner is built")
        return self.session

    def _manager(self, reward_fns: Any, algo_config: Any, **_: Any) -> _RewardManager:
        """What the learner builds: called with its reward functions and configuration."""
        scorers = list(reward_fns) if isinstance(reward_fns, Sequence) else [reward_fns]
        if len(scorers) != 1:
            raise SessionError(
                f"a curriculum takes one scorer as reward_fns, got {len(scorers)}: let it return"
                " all facts"
            )
        generations = int(algo_config.num_generations)
        self.session = Session(
            self.curriculum,
            self.prompts_per_step * generations,
            self.prompts_per_step,
            log=self.log,
            state=None if self._saved is None else self._saved["session"],
        )
        if self._saved is not None:
            self.pending_step = self._saved["pending_step"]
        return _RewardManager(self, scorers[0], generations)

    def _metadata(self) -> dict[str, Any]:
        with self.lock:
            if self.session is None:
                return {}
            state = {"session": self.session.state_dict(), "pending_step": self.pending_step}
            return {METADATA: state}


class _RewardManager:
    """Calls the scorer and prices its facts; the yardstick's prices while evaluating."""

    def __init__(self, hook: TunixCurriculum, score: Scorer, generations: int) -> None:
        self.hook, self.score, self.generations = hook, score, generations

    def __call__(
        self,
        prompts: Sequence[str],
        completions: Sequence[str],
        mode: str = "train",
        **columns: Any,
    ) -> dict[str, Any]:
        """``{"rewards": [B], "log_metrics": {name: (value, aggregation)}}``."""
        schema, yardstick = self.hook.curriculum.schema, self.hook.curriculum.yardstick
        scored = self.score(prompts=prompts, completions=completions, **columns)
        facts = facts_of(schema, scored, len(completions))
        reference = np.asarray(yardstick.rewards(facts.terms))
        figures: dict[str, float] = {"yardstick/mean": _mean(reference)}
        if str(mode) == "eval":
            rewards = reference
        else:
            rewards = self.hook.take_in(facts.terms, facts.events, self.generations)
            figures |= self.hook.figures()
        figures["reward"] = _mean(rewards)
        average: Callable[[Any], Any] = np.mean
        return {
            "rewards": _filled(rewards, self.generations),
            "log_metrics": {name: (value, average) for name, value in figures.items()},
        }


def _filled(rewards: np.ndarray, generations: int) -> np.ndarray:
    """Tunix has no word for "not scored": such a response is paid the mean of its group, so that
    its advantage is zero."""
    groups = rewards.reshape(-1, generations)
    known = ~np.isnan(groups)
    means = np.where(known, groups, 0).sum(1) / np.maximum(known.sum(1), 1)
    return np.where(known, groups, means[:, None]).reshape(-1)


def _mean(values: np.ndarray) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")
