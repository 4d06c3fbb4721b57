"""A ladder in numbers and words, and what it would fail to do."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from curricula.outcomes import PenaltyError

if TYPE_CHECKING:
    from curricula.penalties import PenaltyLadder

__all__ = ["Explanation", "explain", "lint"]

SMALLEST_MOVE = 0.05  # of break-even u; less than this from rung to rung is hardly a curriculum


@dataclasses.dataclass(frozen=True)
class Explanation:
    """What a ladder pays, rung by rung.

    Attributes:
      ladder: its name. rungs: their names.
      payoffs: per rung, ``{outcome: reward}`` with "right" and "abstention" first.
      mix: share of each failure. failed: per rung, the mean payoff of a failed try.
      break_even: per rung, u = (A - L) / (R - L).
      warnings: what the ladder will not do; empty for a sound one.
    """

    ladder: str
    rungs: tuple[str, ...]
    payoffs: tuple[Mapping[str, float], ...]
    mix: Mapping[str, float]
    failed: tuple[float, ...]
    break_even: tuple[float, ...]
    warnings: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        data = dataclasses.asdict(self)
        data["payoffs"] = {r: dict(p) for r, p in zip(self.rungs, self.payoffs)}
        return data

    def rows(self) -> list[list[str]]:
        """Cells of the table, header first."""
        table = [["", *self.rungs]]
        for outcome in self.payoffs[0]:
            share = self.mix.get(outcome)
            label = outcome if share is None else f"{outcome} ({100 * share:.0f}% of failures)"
            table.append([label, *(f"{p[outcome]:.4g}" for p in self.payoffs)])
        table.append(["a failed try, on average", *(f"{x:.4g}" for x in self.failed)])
        table.append(["break-even u", *(f"{u:.2f}" for u in self.break_even)])
        return table

    def table(self) -> str:
        """The table as aligned text."""
        rows = self.rows()
        widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
        lines = []
        for row in rows:
            cells = [row[0].ljust(widths[0])]
            cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:])]
            lines.append("  ".join(cells).rstrip())
        return "\n".join(lines)

    def words(self) -> str:
        """The same for a reader in a hurry."""
        lines = []
        for rung, u in zip(self.rungs, self.break_even):
            if u <= 0:
                lines.append(f"{rung}: trying always pays.")
            elif u >= 1:
                lines.append(f"{rung}: trying never pays.")
            else:
                lines.append(
                    f"{rung}: trying pays where the chance of being right is over {u:.0%}."
                )
        return "\n".join([*lines, *(f"warning: {w}" for w in self.warnings)])

    def __str__(self) -> str:
        return f"ladder {self.ladder!r}\n{self.table()}\n\n{self.words()}"


def explain(ladder: PenaltyLadder, mix: Mapping[str, float] | None = None) -> Explanation:
    """See :meth:`curricula.penalties.PenaltyLadder.explain`."""
    if ladder.outcomes is None:
        raise PenaltyError(f"ladder {ladder.name!r} has no outcomes, so it cannot be explained")
    shares = ladder.outcomes.shares(mix)
    payoffs = tuple(ladder.outcomes.payoffs(config) for config in ladder.configs)
    return Explanation(
        ladder=ladder.name,
        rungs=ladder.rung_names,
        payoffs=payoffs,
        mix=shares,
        failed=tuple(_failed(p, shares) for p in payoffs),
        break_even=tuple(ladder.outcomes.break_even(c, mix) for c in ladder.configs),
        warnings=tuple(lint(ladder, mix)),
    )


def _failed(payoffs: Mapping[str, float], shares: Mapping[str, float]) -> float:
    return sum(share * payoffs[name] for name, share in shares.items())


def lint(ladder: PenaltyLadder, mix: Mapping[str, float] | None = None) -> list[str]:
    """Rungs that will not change what the model does, each in one sentence.

    Group-normalised advantages are unchanged when every payoff is scaled or shifted alike
    (the normalisation is that of DeepSeekMath, arXiv 2402.03300), so a rung acts only by what it
    does to *relative* prices, of which break-even is the one that decides between trying and not
    trying.
    """
    if ladder.outcomes is None:
        return [f"ladder {ladder.name!r} has no outcomes: whether its rungs act cannot be told"]
    shares = ladder.outcomes.shares(mix)
    found = []
    for low in range(len(ladder) - 1):
        before, after = (ladder.outcomes.payoffs(ladder.configs[i]) for i in (low, low + 1))
        pair = f"{ladder.rung_names[low]} to {ladder.rung_names[low + 1]}"
        u = [ladder.outcomes.break_even(ladder.configs[i], mix) for i in (low, low + 1)]
        moved = f"(break-even {u[0]:.2f} to {u[1]:.2f})"
        if _rescaled(list(before.values()), list(after.values())):
            found.append(
                f"{pair} only rescales or shifts prices; the model will not notice {moved}"
            )
        elif abs(u[1] - u[0]) < SMALLEST_MOVE - 1e-9:
            tries = f"a failed try {_failed(before, shares):g} to {_failed(after, shares):g}"
            rests = f"not trying {before['abstention']:g} to {after['abstention']:g}"
            found.append(f"{pair} hardly moves break-even {moved}: {tries}, and with it {rests}")
        elif u[1] < u[0]:
            found.append(f"{pair} makes trying more attractive, not less {moved}")
    return found


def _rescaled(before: list[float], after: list[float]) -> bool:
    """Whether ``after = scale * before + shift`` with scale > 0, and the rungs differ."""
    x, y = np.asarray(before), np.asarray(after)
    if np.ptp(x) == 0:
        return bool(np.ptp(y) == 0)
    scale = np.ptp(y) / np.ptp(x)
    fitted = scale * (x - x.min()) + y.min()
    return bool(scale > 0 and np.allclose(fitted, y))
