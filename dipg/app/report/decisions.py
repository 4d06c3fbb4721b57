"""Decisions, with their receipts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from curricula.receipts import DROP, Clause, Receipt
from dipg.app.figures import NOTHING, bounds, number
from dipg.app.report.blocks import Block, Heading, Table, Text
from dipg.app.report.record import RunRecord

MOVES_SHOWN = 40
RECEIPTS_SHOWN = 6


def decisions(run: RunRecord) -> Iterator[Block]:
    """Every move, the first receipts in full, and what the run waits for."""
    yield Heading("5. Decisions")
    if not run.receipts:
        yield Text("No decisions are recorded.", "note")
        return
    moves = run.moves
    if moves:
        shown = moves[:MOVES_SHOWN]
        rows = [
            [f"{m.step}", f"{m.rung_from} → {m.rung_to}", m.reason, _spent(m.spent)] for m in shown
        ]
        more = f" The first {len(shown)} of {len(moves)}." if len(moves) > len(shown) else ""
        yield Table(
            ["after step", "move", "reason", "error budget spent"], rows,
            "A decision is in force from the next step." + more, numeric=False,
        )  # fmt: skip
        for move in shown[:RECEIPTS_SHOWN]:
            yield Heading(f"Receipt of step {move.step}", 3)
            yield Text(move.sentence)
            yield from _clauses(move)
    else:
        yield Text(f"The penalties did not move in {int(run.steps[-1])} steps.")
    reasons = Counter(r.reason or "no reason given" for r in run.receipts)
    yield Heading("All decisions by reason", 3)
    yield Table(["reason", "decisions"], [[r, f"{n}"] for r, n in reasons.most_common()])
    if not run.receipts[-1].moved:
        yield Heading(f"What it waits for, after step {run.receipts[-1].step}", 3)
        yield Text(run.receipts[-1].sentence)
        yield from _clauses(run.receipts[-1])


def _spent(value: float | None) -> str:
    return NOTHING if value is None else f"{100 * value:.2g}%"


def _clauses(receipt: Receipt) -> Iterator[Block]:
    if receipt.clauses:
        yield Table(
            ["clause", "verdict", "value", "bounds", "groups"],
            [
                [c.text, _verdict(c), number(c.metric, c.value),
                 bounds(c.metric, c.lower, c.upper), f"{c.n_groups}"]
                for c in receipt.clauses
            ],
        )  # fmt: skip
    flips = receipt.forecast.get("flip_share")
    if receipt.moved and flips is not None:
        yield Text(
            f"Forecast: {100 * flips:.0f}% of the window's groups would rather not answer under the"
            " new prices."
        )


def _verdict(clause: Clause) -> str:
    if clause.kind == DROP:
        return {"pass": "dropped", "fail": "no drop"}.get(clause.verdict, "baseline unknown")
    return clause.verdict
