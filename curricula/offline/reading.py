"""What a controller looks at, so that simulations compute no more than that."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import jax

from curricula.controller import CurriculumController
from curricula.statistics import Statistics

__all__ = ["reads"]


def reads(
    controller: CurriculumController, state: Any, seen: Statistics, fields: Collection[str]
) -> bool:
    """Whether ``update`` uses any of these fields of the statistics; True where it cannot be told.

    Args:
      controller: to ask. state: of it. seen: statistics of the right shapes.
      fields: names of attributes of ``Statistics``.
    """
    try:
        jaxpr = jax.make_jaxpr(lambda s, x: controller.update(s, x))(state, seen)
    except Exception:  # a controller that does not trace may read anything
        return True
    paths = [path for path, _ in jax.tree_util.tree_flatten_with_path((state, seen))[0]]
    used = {id(v) for eqn in jaxpr.eqns for v in eqn.invars}
    used |= {id(v) for v in jaxpr.jaxpr.outvars}
    return any(
        id(v) in used and path[0].idx == 1 and str(path[-1]).strip(".") in fields
        for path, v in zip(paths, jaxpr.jaxpr.invars)
    )
