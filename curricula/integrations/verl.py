"""A curriculum in verl's driver (written against verl 0.9.1, whose modules it need not import).

Workers score single responses without knowing the step, so they return facts; the driver prices
them, because there is one of it and it knows the whole batch. In the reward file that
``custom_reward_function.path`` names::

    compute_score = facts_for_verl(SCHEMA, YARDSTICK, score)

and in the driver, before ``trainer.fit()``::

    hook = VerlCurriculum(curriculum, batch_size=1024, groups=128, log="runs/mine")
    ray_trainer.compute_advantage = hook.before(ray_trainer.compute_advantage)

verl does not checkpoint what it does not know: save with ``hook.save(folder)`` in an overridden
``_save_checkpoint`` and restore with ``hook.load(folder)`` after ``_load_checkpoint``.
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
        paid = np.asarray(told["score"], np.float32)
        token_rewards, mask = data.batch["token_level_rewards"], data.batch["response_mask"]
        last = (mask.sum(-1).long() - 1).clamp(min=0)
        # A response without a score has no reward of its own; what the workers paid was NaN too.
        change = np.where(np.isnan(rewards), 0, rewards) - np.where(np.isnan(paid), 0, paid)
        changed = token_rewards.nan_to_num(nan=0.0)
        rows = np.arange(len(rewards))
        changed[rows, last] = changed[rows, last] + changed.new_tensor(change)
        data.batch["token_level_rewards"] = changed
        groups = np.unique(np.asarray(told["uid"], str), return_inverse=True)[1]
        self.session.observe(terms, events, groups)
        return rewards

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


def _columns(told: Mapping[str, Any], prefix: str, names: tuple[str, ...]) -> np.ndarray:
    missing = [name for name in names if prefix + name not in told]
    if missing:
        raise ObservationError(
            f"the batch has no {prefix + missing[0]!r}: let compute_score be facts_for_verl(...)"
        )
    columns = [np.asarray(told[prefix + name], np.float32) for name in names]
    return np.stack(columns, 1) if columns else np.zeros((len(told["score"]), 0), np.float32)
