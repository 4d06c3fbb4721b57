"""What a vignette is: a context, a question, and what a right response says."""

from dataclasses import dataclass
from typing import Literal, get_args

Kind = Literal["answer", "abstain", "conflict"]
KINDS: tuple[Kind, ...] = get_args(Kind)


class VignetteError(ValueError):
    """A vignette, or a file of them, that cannot be used; one line says where and why."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What a right response says.

    Attributes:
      kind: `answer` if the context settles the question, `abstain` if it is silent on it,
        `conflict` if its sources disagree.
      answer: the answer in words; for the other kinds, the sentence that says so.
      aliases: other wordings that are as good.
      value: the answer as a number, in units of `unit`; None where it is not a number.
      unit: as written, e.g. "Gy" or "mg/m2".
    """

    kind: Kind
    answer: str
    aliases: tuple[str, ...] = ()
    value: float | None = None
    unit: str | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise VignetteError(f"kind must be one of {', '.join(KINDS)}, got {self.kind!r}")
        if not self.answer.strip():
            raise VignetteError("expected.answer is empty")


@dataclass(frozen=True, slots=True)
class Vignette:
    """One task.

    Attributes:
      id: unique in its data set.
      context: what the model may rely on.
      question: what it is asked.
      expected: what a right response says.
      gold: a whole response that earns the full reward; "" where a data set has none.
      source: template or attribute it was made from, for splits and analysis.
    """

    id: str
    context: str
    question: str
    expected: Expected
    gold: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Shares:
    """Shares of the kinds in a data set; they sum to 1."""

    answer: float = 0.60
    abstain: float = 0.25
    conflict: float = 0.15

    def __post_init__(self) -> None:
        values = (self.answer, self.abstain, self.conflict)
        if min(values) < 0 or abs(sum(values) - 1) > 1e-6:
            raise VignetteError(f"shares of kinds must be >= 0 and sum to 1, got {values}")
