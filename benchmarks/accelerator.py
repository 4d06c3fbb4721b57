"""How near grpo_core comes to what one accelerator can do.

    PYTHONPATH=. python benchmarks/accelerator.py
    PYTHONPATH=. python benchmarks/accelerator.py --parts decode,update --models 270m --json FILE
    PYTHONPATH=. python benchmarks/accelerator.py --tiny      # a tiny shape, to try it on a CPU

Random weights in the shapes of Gemma 3 270M and 1B: values do not change the speed. Meant for six
minutes on an H100, half of it compilation, of which several run at once; what would begin after
`--minutes` is left out and said to be. With `--json` what is known is written after every result,
and what fails is one line. `JAX_COMPILATION_CACHE_DIR` saves a second run the compilation.

Parts, by `--parts`:

ceilings  bytes read and written per second by a copy, bytes read by a maximum over an array, and
          the rate of a bfloat16 product on random data. All shares below are of these.
decode    `sample_jit` in bfloat16, temperature 1, no end before the last token: one prompt with a
          group of 1, 2, 4 or 8, and 8 prompts of 8. The time of a step is that of the whole call,
          prefill included, over the new tokens. What a step reads is in `accelerator_counts.py`:
          all weights once, and the caches; "read" is both over the time of a step.
update    `grpo_step` with AdamW: all weights (float32, computed in bfloat16) or LoRA 64 on a
          bfloat16 base. Tokens are those that pass through the layers, a prompt's once for its
          group. MFU is the operations that the mathematics needs (`accelerator_counts.py`: LoRA
          without gradients of frozen weights, nothing for layers that are computed again) over the
          measured product rate. Layers are computed again ("again") where activations would be
          large beside the memory.
grpo      whole steps: sampling, a reward on the host (share of even token ids), the reference pass,
          the update of all weights; and the compilations, which must not grow after the first step.
generate  transformers' `generate` on the same shapes in a process of its own, where torch with CUDA
          is installed: TRL samples so without vLLM.
"""

from __future__ import annotations

import argparse
import dataclasses
import gc
import importlib.util
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.accelerator_counts import Sizes, cache_bytes, update_flops
from benchmarks.accelerator_shapes import SHAPES, random_model
from dipg.app.files import clean, replace_file
from grpo_core.advantages import group_normalised
from grpo_core.batch import Batch, Prompts
from grpo_core.lora import Lora, adapt
from grpo_core.losses import LossScalars
from grpo_core.models.config import DecoderConfig
from grpo_core.models.weights import Split
from grpo_core.passes import NOTHING, Pass
from grpo_core.roofline import Sizes as RooflineSizes
from grpo_core.roofline import features, keys_seen
from grpo_core.sampler import Ends, as_batch, sample_jit
from grpo_core.sampling import Temperature, completion_keys
from grpo_core.trainer import GRPO, GrpoTargets, grpo_step, init_actor, logps_of, make_optimizer

PARTS = ("ceilings", "decode", "grpo", "generate", "update")
OPTIMIZER = make_optimizer()
NEVER_ENDS = (-1,)
BFLOAT16 = Pass(jnp.bfloat16)


class Scale(NamedTuple):
    """How large everything is: new tokens and prompt, the sampler's (prompts, group), updates,
    steps, bytes of an array, width of a product, seconds of a measurement."""

    models: tuple[str, ...] = ("270m", "1b")
    prompt: int = 256
    new: int = 256
    decode: tuple[tuple[int, int], ...] = ((1, 1), (1, 2), (1, 4), (1, 8), (8, 8))
    update: tuple[tuple[int, int, int, int], ...] = ((8, 8, 256, 256), (8, 4, 1024, 512))
    grpo: tuple[int, int] = (8, 8)
    generate: tuple[int, ...] = (8, 64)
    steps: int = 51
    array: int = 1 << 30
    product: int = 8192
    seconds: float = 2.0


TINY = Scale(
    models=("tiny",), prompt=16, new=8, decode=((1, 2), (2, 2)), update=((2, 2, 16, 8),),
    grpo=(2, 4), generate=(2,), steps=4, array=1 << 22, product=256, seconds=0.1,
)  # fmt: skip


class Left(RuntimeError):
    """A measurement that is left out; one line says why."""


class Bench:
    """The measurements so far, and where they are kept."""

    def __init__(self, scale: Scale, given: argparse.Namespace) -> None:
        self.scale = scale
        self.compilers: int = given.compilers
        self.into: Path | None = given.json
        self.ends = time.monotonic() + 60 * given.minutes
        self.compilations = 0
        self.found: dict[str, Any] = {"machine": machine()}
        jax.monitoring.register_event_duration_secs_listener(self._count)

    def _count(self, event: str, *_: Any, **__: Any) -> None:
        self.compilations += event == "/jax/core/compile/backend_compile_duration"

    def ceiling(self, name: str) -> float:
        """A measured ceiling, NaN before it is measured."""
        return float(self.found.get("ceilings", {}).get(name, float("nan")))

    def keep(self, part: str, row: dict[str, Any]) -> None:
        """Add a result, and write all of them."""
        if part in ("ceilings", "grpo"):
            self.found[part] = self.found.get(part, {}) | row
        else:
            self.found.setdefault(part, []).append(row)
        self.write()

    def write(self) -> None:
        """Everything so far, as JSON without NaN."""
        if self.into is not None:
            text = json.dumps(clean(self.found), indent=1, allow_nan=False) + "\n"
            replace_file(self.into, text.encode())

    def attempt(self, what: str, function: Callable[[], None]) -> None:
        """Do it, or say in one line why not."""
        if time.monotonic() > self.ends:
            self.failed(what, "left out: no time left (--minutes)")
            return
        try:
            function()
        except Exception as error:  # whatever it is, later parts are still worth their time
            self.failed(what, f"{type(error).__name__}: {error}")
        gc.collect()

    def failed(self, what: str, why: str) -> None:
        """Say and keep that something was not measured."""
        why = " ".join(why.split())[:300]
        say(f"{what}: {why}")
        self.found.setdefault("failed", []).append({"what": what, "why": why})
        self.write()

    def compile(self, calls: Sequence[tuple[Any, tuple[Any, ...], dict[str, Any]]]) -> None:
        """Compile several jitted functions at once; calls with such arguments then find them."""
        began = time.perf_counter()

        def one(call: tuple[Any, tuple[Any, ...], dict[str, Any]]) -> None:
            try:
                call[0].lower(*call[1], **call[2]).compile()
            except Exception:  # its own measurement will fail with it
                return

        with ThreadPoolExecutor(self.compilers) as pool:
            list(pool.map(one, calls))
        say(f"\n({len(calls)} programs compiled in {time.perf_counter() - began:.0f} s)")


def say(line: str) -> None:
    """A line, at once."""
    print(line, flush=True)


def machine() -> dict[str, Any]:
    """The device and what runs on it."""
    device = jax.devices()[0]
    limit = (device.memory_stats() or {}).get("bytes_limit")
    versions = {"jax": jax.__version__, "python": platform.python_version()}
    return {"device": device.device_kind, "platform": device.platform, "limit": limit} | versions


def timed(call: Callable[[], Any], seconds: float, most: int = 20) -> list[float]:
    """Seconds of each call, after one that is not counted: for so long, 2 calls at least."""
    jax.block_until_ready(call())
    times: list[float] = []
    while len(times) < 2 or (sum(times) < seconds and len(times) < most):
        began = time.perf_counter()
        jax.block_until_ready(call())
        times.append(time.perf_counter() - began)
    return times


def ceilings(bench: Bench) -> None:
    """Bandwidths and the rate of a product, medians of rounds of ten calls that are queued."""
    scale = bench.scale
    key = jax.random.key(0)
    line = jax.random.bits(key, (scale.array // 4,), jnp.uint32)
    factors = jax.random.normal(key, (2, scale.product, scale.product)).astype(jnp.bfloat16)
    left, right = factors[0], factors[1]

    def of(function: Any, *arguments: Any) -> float:
        compiled = jax.jit(function)

        def ten() -> Any:
            for _ in range(10):
                out = compiled(*arguments)  # the one before is given back as soon as it is done
            return out

        return statistics.median(timed(ten, scale.seconds)) / 10

    found = {
        "copy": 2 * line.nbytes / of(lambda x: x + jnp.uint32(1), line),
        "read": line.nbytes / of(jnp.max, line),
        "product": 2 * scale.product**3 / of(jnp.matmul, left, right),
    }
    bench.keep("ceilings", found)
    say(
        f"\n| copy, GB/s | read, GB/s | bfloat16 {scale.product}^3, TFLOP/s |\n|---:|---:|---:|\n"
        f"| {found['copy'] / 1e9:,.0f} | {found['read'] / 1e9:,.0f} "
        f"| {found['product'] / 1e12:,.1f} |"
    )


def random_prompts(config: DecoderConfig, count: int, length: int, seed: int = 0) -> Prompts:
    """Prompts of random words, all of one length."""
    tokens = np.random.default_rng(seed).integers(3, config.vocab_size, (count, length))
    return Prompts(jnp.asarray(tokens, jnp.int32), jnp.full((count,), length, jnp.int32))


def size_of(tree: Any) -> int:
    """Bytes of a pytree of arrays."""
    return sum(x.nbytes for x in jax.tree.leaves(tree))


def decode(bench: Bench, name: str) -> None:
    """The sampler at each batch."""
    scale, config = bench.scale, SHAPES[name]()
    model = random_model(config, jnp.bfloat16)
    ends = Ends(NEVER_ENDS, scale.new, 0)
    calls = []
    for n, g in scale.decode:
        keys = completion_keys(0, 0, jnp.arange(n), g)
        prompts = random_prompts(config, n, scale.prompt)
        arguments = (model.graph, model.params, prompts, keys, Temperature(1.0), ends)
        calls.append((sample_jit, arguments, {"how": BFLOAT16}))
    bench.compile(calls)
    say(
        "| decode | batch | tokens/s | step, ms | weights, MB | caches, MB | read, GB/s | of copy "
        "| of read |\n|---|---:|---:|---:|---:|---:|---:|---:|---:|"
    )
    for (n, g), call in zip(scale.decode, calls, strict=True):
        sizes = Sizes(n, g, scale.prompt, scale.new)
        bench.attempt(
            f"decode {name} {n} x {g}",
            lambda s=sizes, c=call: _decoded(bench, name, config, model, s, c),  # type: ignore[misc]
        )


def _decoded(
    bench: Bench, name: str, config: DecoderConfig, model: Split, s: Sizes, call: Any
) -> None:
    function, arguments, keywords = call
    times = timed(lambda: function(*arguments, **keywords).tokens, bench.scale.seconds, 10)
    seconds = statistics.median(times)
    weights, cache = size_of(model.params), cache_bytes(config, s)
    step = seconds / s.new_tokens
    rate = (weights + cache) / step
    row = {
        "model": name, "prompts": s.prompts, "group": s.group, "batch": s.rows,
        "seconds": seconds, "calls": len(times), "tokens_per_s": s.completion_tokens / seconds,
        "step_s": step, "weight_bytes": weights, "cache_bytes": cache, "read": rate,
        "weights_only": weights / step, "of_copy": rate / bench.ceiling("copy"),
        "of_read": rate / bench.ceiling("read"),
    }  # fmt: skip
    bench.keep("decode", row)
    say(
        f"| {name} | {s.rows} | {row['tokens_per_s']:,.0f} | {1e3 * step:.2f} "
        f"| {weights / 1e6:,.0f} | {cache / 1e6:,.0f} | {rate / 1e9:,.0f} "
        f"| {row['of_copy']:.1%} | {row['of_read']:.1%} |"
    )


def wide(model: Split) -> Any:
    """A copy of all weights in float32."""
    return jax.tree.map(lambda x: jnp.array(x, jnp.float32), model.params)


def scalars() -> LossScalars:
    """What the report trains with."""
    return LossScalars(jnp.float32(0.2), jnp.float32(0.2), jnp.float32(0.08))


def how_for(config: DecoderConfig, s: Sizes, limit: int | None) -> Pass:
    """Layers computed again where what they keep, roughly, is more than 0.45 of the memory."""
    seen = keys_seen(config, RooflineSizes(*s))
    kept = 2.0 * s.tokens * config.num_layers * features(config)
    kept += 12.0 * s.completion_tokens * config.num_heads * seen
    return dataclasses.replace(BFLOAT16, remat=limit is not None and kept > 0.45 * limit)


class Case(NamedTuple):
    """An update to measure, and how its actor is made; `take(actor, how)` what one
    call takes."""

    what: str
    sizes: Sizes
    how: Pass
    adapters: int | None
    make: Callable[[], Any]
    take: Callable[[Any, Pass], tuple[Any, ...]]


def cases(bench: Bench, config: DecoderConfig) -> list[Case]:
    """All weights and LoRA at each size."""
    base = random_model(config, jnp.bfloat16)
    adapted = adapt(base.graph, base.params, Lora(64), 0)
    count = sum(x.size for x in jax.tree.leaves(adapted.adapters))
    kinds = (
        ("all weights", base.graph, NOTHING, None, lambda: wide(base)),
        ("LoRA 64", adapted.graph, adapted.base, count,
         lambda: jax.tree.map(jnp.copy, adapted.adapters)),
    )  # fmt: skip
    found = []
    for shape in bench.scale.update:
        s = Sizes(*shape)
        whole = (s.prompts, s.group, s.new_tokens)
        prompts = random_prompts(config, s.prompts, s.prompt_length)
        words = np.random.default_rng(1).integers(3, config.vocab_size, whole)
        batch = Batch(prompts, jnp.asarray(words, jnp.int32), jnp.ones(whole))
        advantages = jax.random.normal(jax.random.key(2), whole[:2])
        # About what a random model says, so that the KL term is a number of usual size.
        targets = GrpoTargets(advantages, jnp.full(whole, -jnp.log(config.vocab_size)))
        how = how_for(config, s, bench.found["machine"]["limit"])
        for what, graph, frozen, adapters, params in kinds:

            def take(
                actor: Any,
                how: Pass,
                graph: Any = graph,
                frozen: Any = frozen,
                batch: Any = batch,
                targets: Any = targets,
            ) -> tuple[Any, ...]:
                first = (graph, OPTIMIZER, actor, batch, targets, scalars())
                return (*first, jnp.float32(1), jnp.float32(1e-6), GRPO, frozen, how)

            def make(params: Any = params) -> Any:
                return init_actor(params(), OPTIMIZER)

            found.append(Case(what, s, how, adapters, make, take))
    return found


def update(bench: Bench, name: str) -> None:
    """The train step at each size."""
    config = SHAPES[name]()
    found = cases(bench, config)
    shapes = [case.take(jax.eval_shape(case.make), case.how) for case in found]
    bench.compile([(grpo_step, shape, {}) for shape in shapes])
    say(
        "| update | trained | prompts x G, P + T | layers | step, s | tokens/s | TFLOP/s | MFU "
        "| peak, GB |\n|---|---|---|---|---:|---:|---:|---:|---:|"
    )
    for case in found:
        what = f"update {name} {case.what} {' x '.join(map(str, case.sizes))}"
        bench.attempt(what, lambda c=case, w=what: _fitted(bench, name, config, c, w))  # type: ignore[misc]


def _fitted(bench: Bench, name: str, config: DecoderConfig, case: Case, what: str) -> None:
    """Measured; with layers computed again where they do not fit otherwise."""
    try:
        return _updated(bench, name, config, case)
    except Exception as error:
        if case.how.remat or "RESOURCE_EXHAUSTED" not in str(error):
            raise
        why = str(error)
    gc.collect()
    bench.failed(f"{what}, layers kept", why)
    how = dataclasses.replace(case.how, remat=True)
    return _updated(bench, name, config, case._replace(how=how))


def _updated(bench: Bench, name: str, config: DecoderConfig, case: Case) -> None:
    s, state = case.sizes, [case.make()]
    compiled = bench.compilations

    def call() -> Any:
        state[0], metrics = grpo_step(*case.take(state[0], case.how))
        return state[0].updates, metrics["grad_norm"]

    times = timed(call, bench.scale.seconds, 10)
    seconds = statistics.median(times)
    flops = update_flops(config, s, case.adapters)
    row = {
        "model": name, "trained": case.what, "sizes": list(s), "layers_again": case.how.remat,
        "seconds": seconds, "calls": len(times), "tokens": s.tokens,
        "tokens_per_s": s.tokens / seconds, "flops": flops, "flops_per_s": flops / seconds,
        "mfu": flops / seconds / bench.ceiling("product"), "adapters": case.adapters,
        "six_n_d": 6.0 * config.num_parameters * s.tokens, "peak_so_far": _peak(),
        "compilations_while_measured": bench.compilations - compiled,
    }  # fmt: skip
    bench.keep("update", row)
    peak = "" if row["peak_so_far"] is None else f"{row['peak_so_far'] / 1e9:.1f}"
    say(
        f"| {name} | {case.what} | {s.prompts} x {s.group}, {s.prompt_length} + {s.new_tokens} "
        f"| {'again' if case.how.remat else 'kept'} | {seconds:.3f} | {row['tokens_per_s']:,.0f} "
        f"| {row['flops_per_s'] / 1e12:,.1f} | {row['mfu']:.1%} | {peak} |"
    )


def _peak() -> int | None:
    """The most bytes that this process has held on the device so far."""
    peak = (jax.devices()[0].memory_stats() or {}).get("peak_bytes_in_use")
    return None if peak is None else int(peak)


def grpo_steps(bench: Bench, name: str) -> None:
    """Whole steps; the first one compiles and is counted apart."""
    scale, config = bench.scale, SHAPES[name]()
    n, g = scale.grpo
    s = Sizes(n, g, scale.prompt, scale.new)
    model = random_model(config, jnp.bfloat16)
    actor = init_actor(wide(model), OPTIMIZER)
    how = how_for(config, s, bench.found["machine"]["limit"])
    ends, one = Ends(NEVER_ENDS, scale.new, 0), jnp.float32(1)
    rows: list[dict[str, float]] = []
    for step in range(scale.steps):
        clock = [time.perf_counter()]

        def lap(tree: Any, clock: list[float] = clock) -> None:
            jax.block_until_ready(tree)
            clock.append(time.perf_counter())

        prompts = random_prompts(config, n, scale.prompt, step)
        keys = completion_keys(0, step, jnp.arange(n), g)
        out = sample_jit(
            model.graph, actor.params, prompts, keys, Temperature(1.0), ends, how=BFLOAT16
        )
        lap(out)
        rewards = (np.asarray(out.tokens) % 2 == 0).mean(-1, dtype=np.float32)
        advantages = group_normalised(jnp.asarray(rewards))
        lap(advantages)
        batch = as_batch(prompts, out)
        reference = logps_of(model.graph, model.params, batch, one, NOTHING, BFLOAT16).logps
        lap(reference)
        targets = GrpoTargets(advantages, reference)
        actor, metrics = grpo_step(
            model.graph, OPTIMIZER, actor, batch, targets, scalars(), one, jnp.float32(3e-5),
            GRPO, NOTHING, how,
        )  # fmt: skip
        lap((actor, metrics))
        sample, reward, scored, updated = np.diff(clock)
        rows.append({
            "sample": sample, "reward": reward, "reference": scored, "update": updated,
            "step": clock[-1] - clock[0], "mean_reward": float(rewards.mean()),
            "compilations": bench.compilations,
        })  # fmt: skip
        if step == 0:
            say(f"\n(grpo {name}: first step, with compilation, {rows[0]['step']:.0f} s)")
    _stepped(bench, name, s, rows)


def _stepped(bench: Bench, name: str, s: Sizes, rows: list[dict[str, float]]) -> None:
    later = rows[1:]
    median = {
        key: statistics.median(row[key] for row in later)
        for key in ("step", "sample", "reward", "reference", "update")
    }
    grown = later[-1]["compilations"] - rows[0]["compilations"]
    total = sum(row["step"] for row in later)
    found = {
        "model": name, "sizes": list(s), "steps": len(later), "median_s": median,
        "first_step_s": rows[0]["step"], "samples_per_s": s.rows * len(later) / total,
        "tokens_per_s": s.tokens * len(later) / total,
        "new_tokens_per_s": s.completion_tokens * len(later) / total,
        "compilations_in_first_step_and_before": rows[0]["compilations"],
        "compilations_after_first_step": grown,
        "mean_reward_first_and_last": [rows[0]["mean_reward"], rows[-1]["mean_reward"]],
        "step_s": [row["step"] for row in later],
    }  # fmt: skip
    bench.keep("grpo", found)
    split = " | ".join(
        f"{1e3 * median[k]:,.0f} ({median[k] / median['step']:.0%})"
        for k in ("sample", "reward", "reference", "update")
    )
    say(
        "| grpo | steps | step, ms | sample | reward | reference | update | samples/s | tokens/s "
        "| new tokens/s | compiled after the first |\n|---|---:|---:|---:|---:|---:|---:|---:|---:"
        f"|---:|---:|\n| {name} | {len(later)} | {1e3 * median['step']:,.0f} | {split} "
        f"| {found['samples_per_s']:,.1f} | {found['tokens_per_s']:,.0f} "
        f"| {found['new_tokens_per_s']:,.0f} | {grown:.0f} |"
    )
    if grown:
        bench.failed(f"grpo {name}", f"{grown:.0f} compilations after the first step")


def generate(bench: Bench, name: str) -> None:
    """transformers beside it, in a process of its own."""
    scale = bench.scale
    if importlib.util.find_spec("torch") is None:
        raise Left("torch is not installed")
    device = "cpu" if name == "tiny" else "cuda"
    program = Path(__file__).with_name("accelerator_generate.py")
    command = [
        sys.executable, str(program), "--model", name, "--device", device,
        "--batches", ",".join(map(str, scale.generate)),
        "--prompt", str(scale.prompt), "--new", str(scale.new),
    ]  # fmt: skip
    paths = [str(program.parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])]
    # Shapes are jax's: that process must not take the device for them.
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths), "JAX_PLATFORMS": "cpu"}
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=180, check=False
    )
    rows = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    if rows:
        say(
            "\n| generate | batch | tokens/s | step, ms | ours beside it |"
            "\n|---|---:|---:|---:|---:|"
        )
    for row in rows:
        ours = [r["tokens_per_s"] for r in bench.found.get("decode", [])
                if (r["model"], r["batch"]) == (name, row["batch"])]  # fmt: skip
        row["ours_over_theirs"] = ours[0] / row["tokens_per_s"] if ours else None
        bench.keep("generate", row)
        beside = f"{row['ours_over_theirs']:.2f} times" if ours else "not measured"
        step = 1e3 * row["seconds"] / scale.new
        say(f"| {name} | {row['batch']} | {row['tokens_per_s']:,.0f} | {step:.2f} | {beside} |")
    if done.returncode:
        last = [line for line in done.stderr.strip().splitlines() if line.strip()][-1:]
        raise Left(last[0] if last else f"ended with {done.returncode}")


def jobs(parts: Sequence[str], models: Sequence[str]) -> list[tuple[str, Callable[[Bench], None]]]:
    """What to do, the most telling first: what is cut off by the time is the last."""
    found: list[tuple[str, Callable[[Bench], None]]] = []
    if "ceilings" in parts:
        found.append(("ceilings", ceilings))
    each: dict[str, Callable[[Bench, str], None]] = {
        "decode": decode, "grpo": grpo_steps, "generate": generate, "update": update,
    }  # fmt: skip
    for place, model in enumerate(models):
        for part, function in each.items():
            if part in parts and not (part == "grpo" and place):
                found.append((f"{part} {model}", lambda b, f=function, m=model: f(b, m)))  # type: ignore[misc]
    return found


def _several(text: str, valid: Sequence[str]) -> tuple[str, ...]:
    chosen = tuple(filter(None, text.split(",")))
    for name in chosen:
        if name not in valid:
            raise argparse.ArgumentTypeError(f"{name!r}: choose from {', '.join(valid)}")
    return chosen


def main(arguments: Sequence[str] | None = None) -> dict[str, Any]:
    """Run the command; what was found."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--parts", default=PARTS, type=lambda text: _several(text, PARTS))
    parser.add_argument("--models", type=lambda text: _several(text, tuple(SHAPES)))
    parser.add_argument("--json", type=Path, metavar="FILE", help="written after every result")
    parser.add_argument("--tiny", action="store_true", help="a tiny shape, for a try")
    parser.add_argument("--minutes", type=float, default=8.0, help="begin nothing after that")
    parser.add_argument("--compilers", type=int, default=4, help="programs compiled at once")
    given = parser.parse_args(arguments)
    # Before the device is first asked for: what follows must fit beside it, and all of it be ours.
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    os.environ.setdefault("XLA_PYTHON_CLIENT_MEM_FRACTION", "0.92")
    scale = TINY if given.tiny else Scale()
    bench = Bench(scale, given)
    say(", ".join(f"{key}: {value}" for key, value in bench.found["machine"].items()))
    began = time.monotonic()
    for what, job in jobs(given.parts, given.models or scale.models):
        bench.attempt(what, lambda job=job: job(bench))  # type: ignore[misc]
    bench.found["seconds"] = time.monotonic() - began
    bench.write()
    say(f"\n{bench.found['seconds']:.0f} s in all")
    return bench.found


if __name__ == "__main__":
    main()
