"""A curriculum in verl's driver (written against verl 0.9.1, whose modules it need not import).

Workers score single responses without knowing the step, so they return facts; the driver prices
them, because there is one of it and it knows the whole batch. In the reward file that
``reward.custom_reward_function.path`` names::

    compute_score = facts_for_verl(SCHEMA, YARDSTICK, score)

and in the driver, in a module that ``VERL_USE_EXTERNAL_MODULES`` names::

    hook = VerlCurriculum(curriculum, batch_size=1024, groups=128, log="runs/mine")
    hook.attach(PPOTrainer, transfer_queue)

or, for the older trainer of ``trainer.use_v1=False``, before its ``fit()``::

    ray_trainer.compute_advantage = hook.before(ray_trainer.compute_advantage)
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from curricula.curriculum import Curriculum
from curricula.integrations.facts import Scorer, facts_of
from curricula.observations import ObservationError, Schema
from curricula.penalties import PenaltyConfig
from curricula.session import Session, SessionError

__all__ = ["VerlCurriculum", "facts_for_verl"]

FILE = "curriculum.json"
HOOKED = ("_compute_advantage", "_save_checkpoint", "_load_checkpoint")


def facts_for_verl(
    schema: Schema, yardstick: PenaltyConfig, score: Scorer
) -> Callable[..., dict[str, float]]:
    """verl's ``compute_score(data_source, solution_str, ground_truth, extra_info)``.

    Its ``"score"`` is the reward under the yardstick, which validation reports; ``"term/<name>"``
    and ``"event/<name>"`` travel to the driver as extra information.

    Args:
      schema, yardstick: as in the curriculum.
      score: ``score(prompts, completions, ground_truths) -> (terms [1, K], events [1, E])``; the
        prompt is ``extra_info["prompt"]`` where the data set has one, else "".
    """

    def compute_score(
        data_source: str,
        solution_str: str,
        ground_truth: Any,
        extra_info: Mapping[str, Any] | None = None,
        **_: Any,
    ) -> dict[str, float]:
        prompt = (extra_info or {}).get("prompt", "")
        scored = score(prompts=[prompt], completions=[solution_str], ground_truths=[ground_truth])
        facts = facts_of(schema, scored, 1)
        found = {"score": float(yardstick.rewards(facts.terms)[0])}
        found |= {f"term/{n}": float(x) for n, x in zip(schema.terms, facts.terms[0])}
        return found | {f"event/{n}": float(x) for n, x in zip(schema.events, facts.events[0])}

    return compute_score


class VerlCurriculum:
    """The curriculum of a verl driver: prices every training batch, then decides.

    Args:
      curriculum: controller, ladder, window and schema.
      batch_size: responses in a step (``train_batch_size * rollout.n``).
      groups: prompts in a step (``train_batch_size``).
      log: directory for the receipts; see :class:`~curricula.session.Session`.
    """

    def __init__(
        self,
        curriculum: Curriculum,
        batch_size: int,
        groups: int,
        *,
        log: str | Path | None = None,
    ) -> None:
        self._made = (curriculum, batch_size, groups, log)
        self._session: Session | None = None

    @property
    def session(self) -> Session:
        """Opened when first used, or by :meth:`load`."""
        if self._session is None:
            curriculum, batch_size, groups, log = self._made
            self._session = Session(curriculum, batch_size, groups, log=log)
        return self._session

    def before(self, compute_advantage: Callable[..., Any]) -> Callable[..., Any]:
        """The same function of a batch, which prices the batch first."""

        def priced(data: Any, *args: Any, **kwargs: Any) -> Any:
            self.price(data)
            return compute_advantage(data, *args, **kwargs)

        return priced

    def price(self, data: Any) -> np.ndarray:
        """Pay a training batch under the prices in force, let the curriculum see it, decide.

        What the workers paid is taken off the last token's reward and the price put on, so that a
        KL penalty within the reward stays.

        Args:
          data: a ``verl.DataProto`` with ``token_level_rewards`` and ``response_mask`` ``[B, T]``,
            and ``uid``, ``score``, ``term/*`` and ``event/*`` in ``non_tensor_batch``.

        Returns:
          Rewards ``[B]``.

        Raises:
          ObservationError: the workers did not return the schema's facts.
        """
        schema = self.session.curriculum.schema
        told = data.non_tensor_batch
        terms = _columns(told, "term/", schema.terms)
        events = _columns(told, "event/", schema.events)
        rewards = np.asarray(self.session.penalties.rewards(terms), np.float32)
        token_rewards, mask = data.batch["token_level_rewards"], data.batch["response_mask"]
        last = (mask.sum(-1).long() - 1).clamp(min=0)
        change = _change(rewards, told["score"])
        changed = token_rewards.nan_to_num(nan=0.0)
        rows = np.arange(len(rewards))
        changed[rows, last] = changed[rows, last] + changed.new_tensor(change)
        data.batch["token_level_rewards"] = changed
        groups = np.unique(np.asarray(told["uid"], str), return_inverse=True)[1]
        self.session.observe(terms, events, groups)
        return rewards

    def attach(self, trainer: Any, queue: Any) -> None:
        """Make a trainer class on the TransferQueue train under the curriculum, and checkpoint it.

        Its ``_compute_advantage`` prices the batch first, its ``_save_checkpoint`` writes the state
        beside the model, its ``_load_checkpoint`` goes on from there.

        Args:
          trainer: ``verl.trainer.ppo.v1.PPOTrainer``; the methods are replaced in the class, since
            verl tells its trainers apart by name and a new name would change how it samples.
          queue: the module ``transfer_queue``.
        """
        advantage, save, load = (getattr(trainer, name) for name in HOOKED)

        def priced(self_: Any, batch: Any, *args: Any, **kwargs: Any) -> Any:
            self.price_queued(batch, queue)
            return advantage(self_, batch, *args, **kwargs)

        def saved(self_: Any) -> None:
            save(self_)
            self.save(_folder(self_))

        def loaded(self_: Any) -> None:
            load(self_)
            if self_.global_steps:
                self.load(_folder(self_, self_.config.trainer.resume_mode == "resume_path"))

        for name, method in zip(HOOKED, (priced, saved, loaded)):
            setattr(trainer, name, method)

    def price_queued(self, batch: Any, queue: Any) -> np.ndarray:
        """:meth:`price` for a batch that is in a TransferQueue.

        Rows that verl adds to fill a batch are left alone. Where an agent's session has several
        outputs, each is paid, and the last one is observed.

        Args:
          batch: ``transfer_queue.KVBatchMeta``; its ``rm_scores`` are changed in the queue.
          queue: the module ``transfer_queue``.

        Returns:
          Rewards ``[B]`` of the rows that are observed.

        Raises:
          ObservationError: the workers did not return the schema's facts.
        """
        import torch
        from tensordict import TensorDict

        fields = ["uid", "rm_scores", "extra_fields"]
        data = queue.kv_batch_get(
            keys=batch.keys, partition_id=batch.partition_id, select_fields=fields
        )
        real = [i for i, tag in enumerate(batch.tags) if not tag.get("is_padding", False)]
        extra = _plain(data["extra_fields"])
        told = _table([extra[i].get("reward_extra_info", {}) for i in real])
        schema = self.session.curriculum.schema
        terms = _columns(told, "term/", schema.terms)
        events = _columns(told, "event/", schema.events)
        rewards = np.asarray(self.session.penalties.rewards(terms), np.float32)
        change = _change(rewards, told["score"])
        scores = [row.nan_to_num(nan=0.0) for row in data["rm_scores"].unbind()]
        for i, more in zip(real, change):
            scores[i][-1] += float(more)
        nested = torch.nested.as_nested_tensor(scores, layout=torch.jagged)
        queue.kv_batch_put(
            keys=batch.keys,
            partition_id=batch.partition_id,
            fields=TensorDict({"rm_scores": nested}, batch_size=len(scores)),
        )
        last = _last_outputs([batch.keys[i] for i in real])
        uids = np.asarray([str(uid) for uid in _plain(data["uid"])])[real][last]
        groups = np.unique(uids, return_inverse=True)[1]
        self.session.observe(terms[last], events[last], groups)
        return rewards[last]

    def save(self, folder: str | Path) -> None:
        """Write the state beside a checkpoint, as ``curriculum.json``."""
        target = Path(folder) / FILE
        spare = target.with_suffix(".new")
        spare.write_text(json.dumps(self.session.state_dict()))
        spare.replace(target)

    def load(self, folder: str | Path) -> None:
        """Go on from the state beside a checkpoint.

        Raises:
          SessionError: there is none, or it is of another curriculum.
        """
        path = Path(folder) / FILE
        try:
            saved = json.loads(path.read_text())
        except (OSError, ValueError) as error:
            raise SessionError(f"{path}: cannot be read: {error}") from None
        curriculum, batch_size, groups, log = self._made
        self._session = Session(curriculum, batch_size, groups, log=log, state=saved)


def _change(rewards: np.ndarray, paid: Any) -> np.ndarray:
    """What is to be added to each reward. A response without a score has no reward of its own; what
    the workers paid it was NaN too."""
    return np.nan_to_num(rewards, nan=0.0) - np.nan_to_num(np.asarray(paid, np.float32), nan=0.0)


def _plain(column: Any) -> list[Any]:
    """What a column of the queue holds that is no tensor."""
    return [getattr(value, "data", value) for value in column]


def _table(rows: list[Mapping[str, float]]) -> dict[str, np.ndarray]:
    """Columns of the facts that all rows have."""
    shared = set.intersection(*(set(row) for row in rows)) if rows else set()
    return {name: np.asarray([row[name] for row in rows], object) for name in shared}


def _last_outputs(keys: list[str]) -> np.ndarray:
    """Rows of each session's last output; verl's keys are ``<uid>_<session>_<output>``."""
    last: dict[str, tuple[int, int]] = {}
    for row, key in enumerate(keys):
        session, output = key.rsplit("_", 1)
        last[session] = max(last.get(session, (-1, -1)), (int(output), row))
    return np.asarray([row for _, row in last.values()], int)


def _folder(trainer: Any, named: bool = False) -> Path:
    """Where a trainer keeps its present step's checkpoint, or has the one it was told to resume."""
    if named:
        return Path(trainer.config.trainer.resume_from_path)
    return Path(trainer.config.trainer.default_local_dir) / f"global_step_{trainer.global_steps}"


def _columns(told: Mapping[str, Any], prefix: str, names: tuple[str, ...]) -> np.ndarray:
    missing = [name for name in names if prefix + name not in told]
    if missing:
        raise ObservationError(
            f"the batch has no {prefix + missing[0]!r}: let compute_score be facts_for_verl(...)"
        )
    columns = [np.asarray(told[prefix + name], np.float32) for name in names]
    return np.stack(columns, 1) if columns else np.zeros((len(told["score"]), 0), np.float32)
