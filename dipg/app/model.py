"""A model as a run uses it, wherever it came from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from flax import nnx

from dipg.prompts import render_compact
from dipg.vignettes.types import Vignette
from grpo_core.mesh import arranged
from grpo_core.padding import Tokenizer
from grpo_core.passes import NOTHING, PLAIN, Pass


class Reference(NamedTuple):
    """The frozen model that the KL divergence is measured from."""

    graph: nnx.GraphDef
    params: nnx.State
    frozen: nnx.State = NOTHING


class Model(NamedTuple):
    """A model split for pure functions, its tokenizer, and what it is shown.

    params are trained; frozen are the base under adapters, none in full fine-tuning. reference is
    None where it is the model itself before training. render makes a prompt of a vignette, padded
    to `prompt_tokens` or, where that is None, to the longest. source is the configuration that the
    model was loaded with, None for the built-in one.
    """

    graph: nnx.GraphDef
    params: nnx.State
    tokenizer: Tokenizer
    frozen: nnx.State = NOTHING
    how: Pass = PLAIN
    reference: Reference | None = None
    render: Callable[[Vignette], str] = render_compact
    prompt_tokens: int | None = None
    source: Mapping[str, Any] | None = None

    def arranged(self) -> Model:
        """The model on the mesh in force, if any."""
        reference = self.reference and Reference(
            self.reference.graph,
            arranged(self.reference.params),
            arranged(self.reference.frozen),
        )
        params, frozen = arranged(self.params), arranged(self.frozen)
        return self._replace(params=params, frozen=frozen, reference=reference)

    @property
    def start(self) -> Reference:
        """What the KL divergence is measured from; of a model that has not been trained."""
        return self.reference or Reference(self.graph, self.params, self.frozen)
