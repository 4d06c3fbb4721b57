"""A plan as a table to read."""

from __future__ import annotations

from rich.console import RenderableType
from rich.table import Table

from grpo_core.planning import Fits, Plan, Work

GIB = 2**30


def plan_table(
    model: str, where: str, plan: Plan, work: Work, fits: Fits
) -> tuple[RenderableType, ...]:
    """What is planned, its phases, and the verdict."""
    mesh = ",".join(f"{axis}={size}" for axis, size in plan.mesh.items() if size > 1) or "fsdp=1"
    what = f"LoRA {work.lora.rank}" if work.lora else "all weights"
    chip, measured = plan.chip, " (measured)" if plan.chip.measured else ""
    title = (
        f"{model}, {plan.parameters / 1e9:.2f} B parameters, {what} "
        f"({plan.trained / 1e6:,.0f} M trained), on {where}: {plan.chips} x {chip.name}, "
        f"{chip.memory / GIB:.0f} GiB, {chip.flops / 1e12:.3g} TFLOP/s, "
        f"{chip.bandwidth / 1e9:,.0f} GB/s{measured}; --mesh {mesh}"
    )
    sizes = (
        f"a step: {work.prompts} prompts x {work.group} completions, up to {work.prompt_length} + "
        f"{work.new_tokens} tokens, {work.how.dtype.__name__}, layers computed again"
    )
    return (title, sizes, _phases(plan), _verdict(plan, fits), "")


def _phases(plan: Plan) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("per chip, GiB", "arguments", "temporaries", "waiting", "peak"):
        table.add_column(heading, justify="left" if heading.startswith("per") else "right")
    for heading in ("TFLOP", "GB", "at least", "bound"):
        table.add_column(heading, justify="left" if heading == "bound" else "right")
    for p in plan.phases:
        memory = (p.arguments, p.temporaries, p.waiting, p.peak)
        load = (p.load.flops / plan.chips / 1e12, p.load.bytes / plan.chips / 1e9)
        table.add_row(
            p.name,
            *(f"{x / GIB:.2f}" for x in memory),
            *(f"{x:,.3g}" for x in load),
            _seconds(p.time),
            p.bound,
        )
    return table


def _verdict(plan: Plan, fits: Fits) -> str:
    said = "fits" if plan.fits else "DOES NOT FIT"
    text = (
        f"{said}: {plan.peak / GIB:.2f} of {plan.chip.memory / GIB:.0f} GiB; a step takes at least "
        f"{_seconds(plan.time)}."
    )
    if not plan.fits:
        return text
    return (
        f"{text} One at a time would fit (estimated): {fits.group} completions a prompt, "
        f"{fits.prompts} prompts a step, {fits.new_tokens:,} new tokens, or prompts of "
        f"{fits.prompt_length:,}."
    )


def _seconds(value: float) -> str:
    return f"{value * 1e3:,.1f} ms" if value < 1 else f"{value:,.1f} s"
