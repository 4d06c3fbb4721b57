"""Whether a run fits, and how long its steps take, before anyone rents a machine.

    slice_ = tpu_slice("v5e:2x4")
    plan = make_plan(gemma3_1b(), Work(), slice_.chip, mesh_of(slice_.devices, tp=1))

The run's own sampler and training step are compiled ahead of time for the chips, which need not be
there. What a chip keeps (weights, optimizer, batch) is counted exactly; temporaries are XLA's.
Compiling a deep model takes minutes, so unless `exact` it is compiled with one and two layers of
each kind, and the difference counted for the others. On CPUs that is what all layers need; the TPU
compiler spends memory more freely where there is plenty, so there it is an upper estimate.
"""

from __future__ import annotations

import contextlib
import dataclasses
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx
from jax.sharding import Mesh, NamedSharding
from jax.sharding import PartitionSpec as P

from grpo_core import roofline
from grpo_core.batch import Batch, Prompts
from grpo_core.hardware import TPUS, Chip, check_topology
from grpo_core.lora import Lora, adapt
from grpo_core.losses import LossScalars
from grpo_core.mesh import DATA, check_divides, gathered, make_mesh, shardings
from grpo_core.models.config import DecoderConfig
from grpo_core.models.decoder import Decoder
from grpo_core.passes import NOTHING, Pass
from grpo_core.sampler import Ends, sample_jit
from grpo_core.sampling import Temperature, completion_keys
from grpo_core.trainer import GrpoTargets, grpo_step, init_actor, logps_of, make_optimizer

USUAL = Pass(dtype=jnp.bfloat16, remat=True)
"""How models that need a plan are trained: in bfloat16, layers computed again."""


class PlanError(ValueError):
    """A plan that cannot be made; one line says why."""


@dataclass(frozen=True)
class Work:
    """One step: N prompts of at most P tokens, G completions of at most T; what is trained.

    beta: whether there is a reference. lora: adapters, None for full fine-tuning, whose master
    weights, moments and reference are float32.
    """

    prompts: int = 8
    group: int = 4
    prompt_length: int = 1024
    new_tokens: int = 512
    beta: bool = True
    lora: Lora | None = None
    how: Pass = USUAL


class Phase(NamedTuple):
    """A part of the step. Bytes per chip: of its arguments, of its temporaries, and of what waits
    meanwhile for another phase; operations and bytes of all chips; seconds that a chip needs at
    least for products, for memory and for links."""

    name: str
    arguments: int
    temporaries: int
    waiting: int
    load: roofline.Load
    seconds: tuple[float, float, float]

    @property
    def peak(self) -> int:
        """Bytes per chip while it runs."""
        return self.arguments + self.temporaries + self.waiting

    @property
    def time(self) -> float:
        """Seconds at least, everything overlapping perfectly."""
        return max(self.seconds)

    @property
    def bound(self) -> str:
        """What those seconds are spent on."""
        return ("compute", "memory", "links")[self.seconds.index(self.time)]


class Plan(NamedTuple):
    """What `make_plan` found."""

    parameters: int
    trained: int
    chip: Chip
    chips: int
    mesh: dict[str, int]
    phases: tuple[Phase, ...]

    @property
    def peak(self) -> int:
        """Bytes per chip at the worst moment of a step."""
        return max(phase.peak for phase in self.phases)

    @property
    def fits(self) -> bool:
        """Whether that is no more than a chip has."""
        return self.peak <= self.chip.memory

    @property
    def time(self) -> float:
        """Seconds per step at least."""
        return sum(phase.time for phase in self.phases)


class Slice(NamedTuple):
    """Chips to plan for."""

    chip: Chip
    devices: Sequence[Any]


def tpu_slice(topology: str) -> Slice:
    """A TPU slice such as "v5e:2x4", described by libtpu; no TPU is needed.

    Raises PlanError for a topology that does not exist, or where libtpu is not installed.
    """
    generation, layout = check_topology(topology)
    assert layout is not None
    from jax.experimental import topologies

    chips = math.prod(map(int, layout.split("x")))
    sides = [*map(int, layout.split("x"))]
    bounds = [min(side, 2) for side in sides] + [1] * (3 - len(sides))
    options = {} if chips >= 4 else {"chips_per_host_bounds": tuple(bounds)}
    try:
        found = topologies.get_topology_desc(topology, "tpu", **options)
    except Exception as error:  # JaxRuntimeError, RuntimeError or ImportError, by what is missing
        raise PlanError(
            f"topology {topology!r} needs libtpu: pip install 'dipg-curriculum[tpu]' "
            f"({' '.join(str(error).split())[:120]})"
        ) from None
    return Slice(TPUS[generation], found.devices)


def mesh_of(devices: Sequence[Any], tp: int = 1) -> Mesh:
    """All devices, tp of them for each copy of a model and the others for fsdp."""
    if len(devices) % tp:
        raise PlanError(f"tp = {tp} does not divide {len(devices)} devices")
    return make_mesh({"fsdp": len(devices) // tp, "tp": tp}, devices)


def make_plan(
    config: DecoderConfig, work: Work, chip: Chip, mesh: Mesh, *, exact: bool = False
) -> Plan:
    """Memory and least time of one step. Raises MeshError where prompts do not divide."""
    check_divides(work.prompts, mesh)
    shapes = _Shapes.of(config, work, mesh)
    temporaries = _temporaries(config, work, mesh) if exact else _by_layer(config, work, mesh)
    kept, loads = shapes.kept(), _loads(config, work, mesh, shapes)
    phases = []
    for name, arguments in shapes.arguments().items():
        waiting = sum(kept.values()) - sum(kept[part] for part in arguments.parts)
        load = loads[name]
        seconds = (
            load.flops / mesh.size / chip.flops,
            load.bytes / mesh.size / chip.bandwidth,
            load.exchanged / chip.links if chip.links else 0.0,
        )
        phases.append(Phase(name, arguments.bytes, temporaries[name], waiting, load, seconds))
    sizes = {axis: mesh.shape[axis] for axis in ("fsdp", "tp")}
    trained = _count(shapes.actor.params)
    return Plan(config.num_parameters, trained, chip, mesh.size, sizes, tuple(phases))


def at_least(config: DecoderConfig, work: Work, mesh: Mesh) -> int:
    """Bytes per chip that are needed in any case, without compiling anything."""
    shapes = _Shapes.of(config, work, mesh)
    kept = shapes.kept()
    return max(
        arguments.bytes + sum(kept.values()) - sum(kept[part] for part in arguments.parts)
        for arguments in shapes.arguments().values()
    )


class Fits(NamedTuple):
    """The largest value of each that still fits, the others as planned; 0 where none does."""

    group: int
    prompts: int
    new_tokens: int
    prompt_length: int


def what_fits(plan: Plan, work: Work, mesh: Mesh) -> Fits:
    """Estimates from one plan: each phase's temporaries grow with completions in proportion, with
    lengths as their square, the worst case (attention compares all positions)."""
    room = min(
        (plan.chip.memory - p.arguments - p.waiting) / max(p.temporaries, 1) for p in plan.phases
    )
    if room < 0:
        return Fits(0, 0, 0, 0)
    step = math.prod(mesh.shape[axis] for axis in DATA)
    prompts = int(room * work.prompts) // step * step
    longer = math.sqrt(room)

    def rounded(length: float) -> int:
        return int(length) // 64 * 64

    return Fits(
        int(room * work.group),
        prompts,
        rounded(longer * work.new_tokens),
        rounded(longer * work.prompt_length),
    )


class _Arguments(NamedTuple):
    """Bytes per chip of a phase's arguments, and which of the kept things are among them."""

    bytes: int
    parts: tuple[str, ...]


class _Shapes(NamedTuple):
    """Everything a step takes, as shapes with their shardings."""

    graph: nnx.GraphDef
    base_graph: nnx.GraphDef
    actor: Any
    frozen: Any
    reference: Any
    sampled: Any
    batch: Batch
    keys: Any
    targets: GrpoTargets
    optimizer: Any

    @classmethod
    def of(cls, config: DecoderConfig, work: Work, mesh: Mesh) -> _Shapes:
        """The shapes of one step on a mesh."""
        optimizer = make_optimizer()
        model = nnx.eval_shape(lambda: Decoder(config, nnx.Rngs(0)))
        base_graph, base = nnx.split(model, nnx.Param)
        graph, params, frozen = base_graph, base, NOTHING
        if work.lora is not None:
            graph, params, frozen = _adapted(base_graph, base, work.lora)
            frozen = _cast(frozen, work.how.dtype)
        actor = jax.eval_shape(lambda p: init_actor(p, optimizer), params)
        everything = (params, frozen)
        sampled = _on(_cast(everything, work.how.dtype), mesh, gathered())
        n, g, t = work.prompts, work.group, work.new_tokens
        by_prompt = NamedSharding(mesh, P(DATA))

        def rows(*shape: int, dtype: Any = jnp.float32) -> Any:
            return jax.ShapeDtypeStruct(shape, dtype, sharding=by_prompt)

        whole = jnp.int32
        prompts = Prompts(rows(n, work.prompt_length, dtype=whole), rows(n, dtype=whole))
        keys = jax.eval_shape(lambda: completion_keys(0, 0, jnp.arange(n), g))
        targets = GrpoTargets(rows(n, g), rows(n, g, t) if work.beta else None)
        return cls(
            graph,
            base_graph,
            _on(actor, mesh),
            _on(frozen, mesh),
            # With adapters the reference is the base itself: it costs nothing.
            _on(base, mesh) if work.beta and work.lora is None else NOTHING,
            sampled,
            Batch(prompts, rows(n, g, t, dtype=whole), rows(n, g, t)),
            rows(*keys.shape, dtype=keys.dtype),
            targets,
            optimizer,
        )

    def kept(self) -> dict[str, int]:
        """Bytes per chip of what stays from step to step."""
        parts = {"actor": self.actor, "frozen": self.frozen, "reference": self.reference}
        return {name: _bytes(tree) for name, tree in parts.items()}

    def arguments(self) -> dict[str, _Arguments]:
        """The phases of a step, in order, and what they take."""
        found = {"sample": _Arguments(_bytes((self.sampled, self.batch.prompts)), ())}
        if self.targets.reference_logps is not None:
            taken = _bytes((self.reference, self.frozen, self.batch))
            found["reference"] = _Arguments(taken, ("reference", "frozen"))
        taken = _bytes((self.actor, self.frozen, self.batch, self.targets))
        return found | {"update": _Arguments(taken, ("actor", "frozen"))}


def _temporaries(config: DecoderConfig, work: Work, mesh: Mesh) -> dict[str, int]:
    """Bytes per chip of the temporaries and fresh results of each phase, by XLA."""
    s = _Shapes.of(config, work, mesh)
    one: Any = jax.ShapeDtypeStruct((), jnp.float32, sharding=NamedSharding(mesh, P()))
    ends = Ends((1,), work.new_tokens, 0)
    found = {}
    with jax.set_mesh(mesh), _quick_compilation():
        params, frozen = s.sampled
        sampler = (s.graph, params, s.batch.prompts, s.keys, Temperature(one), ends, frozen)
        found["sample"] = _extra(sample_jit.lower(*sampler, how=work.how))
        if work.beta:
            weights = s.reference if work.lora is None else s.frozen
            scorer = (s.base_graph, weights, s.batch, one, NOTHING, work.how)
            found["reference"] = _extra(logps_of.lower(*scorer))
        scalars = LossScalars(one, one, one)
        given = (s.graph, s.optimizer, s.actor, s.batch, s.targets, scalars, one, one)
        found["update"] = _extra(grpo_step.lower(*given, frozen=s.frozen, how=work.how))
    return found


def _by_layer(config: DecoderConfig, work: Work, mesh: Mesh) -> dict[str, int]:
    """As `_temporaries`, from models of one and two layers of each kind."""

    def of(sliding: int, whole: int) -> dict[str, int]:
        layers = sliding + whole
        shallow = dataclasses.replace(
            config, num_layers=layers, global_every=layers if whole == 1 else 1
        )
        return _temporaries(shallow, work, mesh)

    sliding = sum(config.is_sliding(layer) for layer in range(config.num_layers))
    whole = config.num_layers - sliding
    alone, two = of(0, 1), of(0, 2)
    total = {name: alone[name] + (whole - 1) * (two[name] - alone[name]) for name in alone}
    if sliding:
        first, second = of(1, 1), of(2, 1)
        for name in total:
            total[name] += first[name] - alone[name]
            total[name] += (sliding - 1) * (second[name] - first[name])
        two = {name: max(two[name], second[name]) for name in total}
    # Never less than what a few layers need: a deeper model needs no less.
    return {name: max(total[name], two[name]) for name in total}


def _loads(
    config: DecoderConfig, work: Work, mesh: Mesh, shapes: _Shapes
) -> dict[str, roofline.Load]:
    sizes = roofline.Sizes(
        work.prompts,
        work.group,
        work.prompt_length,
        work.new_tokens,
        mesh.shape["fsdp"],
        mesh.shape["tp"],
        jnp.dtype(work.how.dtype).itemsize,
        _count(shapes.actor.params) if work.lora is not None else None,
    )
    return {
        "sample": roofline.sampling(config, sizes),
        "reference": roofline.scoring(config, sizes),
        "update": roofline.updating(config, sizes),
    }


def _extra(lowered: Any) -> int:
    """Bytes per chip that a compiled function needs besides its arguments."""
    try:
        m = lowered.compile().memory_analysis()
    except jax.errors.JaxRuntimeError as error:
        if "RESOURCE_EXHAUSTED" not in str(error):
            raise
        line = " ".join(str(error).split())
        raise PlanError(f"does not fit, even with a few layers: {line[:200]}") from None
    fresh = m.output_size_in_bytes - m.alias_size_in_bytes
    return int(m.temp_size_in_bytes + fresh + m.generated_code_size_in_bytes)


@contextlib.contextmanager
def _quick_compilation() -> Iterator[None]:
    """Compile for memory, not for speed: several times as fast, and nothing of it is run."""
    name = "jax_exec_time_optimization_effort"
    before = getattr(jax.config, name)
    jax.config.update(name, -1.0)
    try:
        yield
    finally:
        jax.config.update(name, before)


def _adapted(graph: nnx.GraphDef, base: Any, lora: Lora) -> tuple[nnx.GraphDef, Any, Any]:
    """A model's graph, adapters and base, as shapes."""
    found: list[nnx.GraphDef] = []

    def states(base: Any) -> tuple[Any, Any]:
        adapted = adapt(graph, base, lora, 0)
        found.append(adapted.graph)
        return adapted.adapters, adapted.base

    adapters, frozen = jax.eval_shape(states, base)
    return found[0], adapters, frozen


def _cast(tree: Any, dtype: Any) -> Any:
    """Matrices in another type, as a pass has them."""

    def cast(x: Any) -> jax.ShapeDtypeStruct:
        return jax.ShapeDtypeStruct(x.shape, dtype if x.ndim > 1 else x.dtype)

    return jax.tree.map(cast, tree)


def _on(tree: Any, mesh: Mesh, rules: Any = None) -> Any:
    """Shapes with their place on a mesh."""
    places = shardings(tree, mesh) if rules is None else shardings(tree, mesh, rules)
    return jax.tree.map(
        lambda x, place: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=place), tree, places
    )


def _bytes(tree: Any) -> int:
    """Per chip."""
    return sum(
        math.prod(x.sharding.shard_shape(x.shape)) * x.dtype.itemsize for x in jax.tree.leaves(tree)
    )


def _count(tree: Any) -> int:
    return sum(math.prod(x.shape) for x in jax.tree.leaves(tree))
