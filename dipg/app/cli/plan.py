"""`dipg-curriculum plan`."""

from __future__ import annotations

import dataclasses
import os
from typing import TYPE_CHECKING, Any

import click

from dipg.app.cli.telling import json_option, tell
from dipg.app.settings import ConfigError, did_you_mean, quote
from dipg.app.shapes import check_shape, shape_of
from grpo_core.hardware import SLICES, check_topology

if TYPE_CHECKING:
    from grpo_core.planning import Plan, Work

PRESETS = {
    # The training report, section 1.2: its lengths and groups, adapters and all weights.
    "report": {"group": 4, "prompt_length": 1024, "new_tokens": 512, "lora_rank": (64, 0)},
}


@click.command()
@click.option("--model", required=True, metavar="NAME", help="As gemma3-1b, or a directory.")
@click.option(
    "--topology",
    default="local",
    metavar="WHERE",
    help="A TPU slice such as v5e:2x4; v5e for the smallest that holds it; local (the default).",
)
@click.option("--preset", metavar="NAME", help=f"Sizes by name: {', '.join(PRESETS)}.")
@click.option("--prompts", type=int, metavar="N", help="Prompts a step. [default: one a chip]")
@click.option("--num-generations", "group", type=int, metavar="G", help="[default: 4]")
@click.option("--prompt-length", type=int, metavar="P", help="In tokens. [default: 1024]")
@click.option("--new-tokens", type=int, metavar="T", help="Of a completion. [default: 512]")
@click.option("--lora-rank", type=int, metavar="R", help="0: all weights. [default: 64, and 0]")
@click.option("--tp", type=int, metavar="N", help="Chips that share a model. [default: 1]")
@click.option("--beta", type=float, metavar="X", help="0: no reference. [default: 0.08]")
@click.option("--exact", is_flag=True, help="Compile all layers, not a few of each kind (minutes).")
@json_option("The plan as one JSON object.")
def plan(model: str, topology: str, preset: str | None, as_json: bool, **given: Any) -> None:
    """Say whether a model's training fits, and how long a step takes at least.

    The sampler and the training step are compiled ahead of time for the chips, which need not be
    there: for TPUs, pip install 'dipg-curriculum[tpu]'.

    \b
    Examples:
      dipg-curriculum plan --model gemma3-1b --topology v5e:2x4 --preset report
      dipg-curriculum plan --model gemma3-27b --topology v5e --lora-rank 64
      dipg-curriculum plan --model smollm2-135m --prompts 4 --prompt-length 220 --new-tokens 64
    """
    check_shape(model)
    if topology != "local":
        check_topology(topology)
    sizes = _sizes(preset, given)
    found = []
    for rank in sizes.pop("lora_rank"):
        work = _work(sizes, rank, local=topology == "local")
        found.append(_planned(model, topology, work, sizes))
    if as_json:
        tell({"model": model, "plans": [_told(*f) for f in found]})
        return
    for one in found:
        _show(model, *one)


def _sizes(preset: str | None, given: dict[str, Any]) -> dict[str, Any]:
    """What is planned for; raises ConfigError."""
    if preset is not None and preset not in PRESETS:
        hint = f"{did_you_mean(preset, PRESETS)}valid: {', '.join(PRESETS)}"
        raise ConfigError(f"--preset = {quote(preset)}: {hint}")
    sizes: dict[str, Any] = dict(PRESETS["report"])
    sizes |= {"prompts": None, "tp": 1, "beta": 0.08, "exact": False}
    sizes |= {name: value for name, value in given.items() if value is not None}
    if given["lora_rank"] is not None:
        sizes["lora_rank"] = (given["lora_rank"],)
    lowest = {"prompts": 1, "group": 2, "prompt_length": 2, "new_tokens": 1, "tp": 1}
    for name, least in lowest.items():
        if sizes[name] is not None and sizes[name] < least:
            flag = "num-generations" if name == "group" else name.replace("_", "-")
            raise ConfigError(f"--{flag} = {sizes[name]}: must be at least {least}")
    if min(sizes["lora_rank"]) < 0:
        raise ConfigError(f"--lora-rank = {min(sizes['lora_rank'])}: must be at least 0")
    return sizes


def _work(sizes: dict[str, Any], rank: int, *, local: bool) -> Work:
    import jax

    from grpo_core.lora import Lora
    from grpo_core.passes import Pass
    from grpo_core.planning import USUAL, Work

    lora = Lora(rank=rank, alpha=float(rank)) if rank else None
    on_cpu = local and jax.default_backend() == "cpu"
    return Work(
        sizes["prompts"] or 0,
        sizes["group"],
        sizes["prompt_length"],
        sizes["new_tokens"],
        sizes["beta"] > 0,
        lora,
        Pass(remat=True) if on_cpu else USUAL,  # CPUs multiply float32 faster
    )


def _planned(
    model: str, topology: str, work: Work, sizes: dict[str, Any]
) -> tuple[str, Plan, Work, Any]:
    """The plan for a slice, or for the first of its generation that holds the work."""
    from grpo_core.planning import at_least, make_plan, mesh_of, tpu_slice, what_fits

    config = shape_of(model)
    if topology != "local":
        _without_a_tpu()

    def on(name: str, tp: int, last: bool) -> tuple[str, Plan, Work, Any] | None:
        slice_ = _local() if name == "local" else tpu_slice(name)
        mesh = mesh_of(slice_.devices, tp)
        done = work if work.prompts else dataclasses.replace(work, prompts=mesh.shape["fsdp"])
        if not last and (
            done.prompts % mesh.shape["fsdp"] or at_least(config, done, mesh) > slice_.chip.memory
        ):
            return None
        made = make_plan(config, done, slice_.chip, mesh, exact=sizes["exact"])
        return name, made, done, what_fits(made, done, mesh)

    if topology == "local" or ":" in topology:
        found = on(topology, sizes["tp"], True)
        assert found is not None
        return found
    for layout in SLICES[topology]:
        chips = _chips(layout)
        for tp in (sizes["tp"],) if sizes["tp"] > 1 else (1, 2, 4, 8):
            if chips % tp or config.num_heads % tp:
                continue
            found = on(f"{topology}:{layout}", tp, False)
            if found is not None and found[1].fits:
                return found
    raise ConfigError(f"--topology = {topology}: no slice up to {SLICES[topology][-1]} holds it")


def _without_a_tpu() -> None:
    """Let libtpu describe and compile for chips without looking for any; before jax starts."""
    import jax

    jax.config.update("jax_platforms", "cpu")
    quiet = {"TPU_SKIP_MDS_QUERY": "1", "TPU_MIN_LOG_LEVEL": "4", "TPU_STDERR_LOG_LEVEL": "4"}
    alone = {"TPU_WORKER_HOSTNAMES": "localhost", "TPU_ACCELERATOR_TYPE": "v5litepod-1"}
    shared = {"ALLOW_MULTIPLE_LIBTPU_LOAD": "1"}  # nobody's chips are touched
    for name, value in (quiet | alone | shared).items():
        os.environ.setdefault(name, value)


def _chips(layout: str) -> int:
    product = 1
    for side in layout.split("x"):
        product *= int(side)
    return product


def _local() -> Any:
    import jax

    from grpo_core.hardware import local_chip
    from grpo_core.planning import Slice

    devices = jax.devices()
    return Slice(local_chip(devices[0]), devices)


def _told(where: str, made: Plan, work: Work, fits: Any) -> dict[str, Any]:
    phases = [
        {
            "phase": p.name,
            "arguments_bytes": p.arguments,
            "temporaries_bytes": p.temporaries,
            "waiting_bytes": p.waiting,
            "peak_bytes": p.peak,
            "flops": p.load.flops,
            "bytes": p.load.bytes,
            "exchanged_bytes": p.load.exchanged,
            "seconds": p.time,
            "bound": p.bound,
        }
        for p in made.phases
    ]
    sizes = {n: getattr(work, n) for n in ("prompts", "group", "prompt_length", "new_tokens")}
    return {
        "topology": where,
        "chip": dataclasses.asdict(made.chip),
        "chips": made.chips,
        "mesh": made.mesh,
        "parameters": made.parameters,
        "trained": made.trained,
        **sizes,
        "phases": phases,
        "peak_bytes": made.peak,
        "fits": made.fits,
        "seconds": made.time,
        "would_fit": fits._asdict(),
    }


def _show(model: str, where: str, made: Plan, work: Work, fits: Any) -> None:
    from rich.console import Console

    from dipg.app.plan_table import plan_table

    console = Console(soft_wrap=True)
    console.width = max(console.width, 110)  # a table in a narrow pipe would be cut
    console.print(*plan_table(model, where, made, work, fits), sep="\n")
