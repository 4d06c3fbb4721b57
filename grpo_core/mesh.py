"""Several devices: which part of each array lies where.

    mesh = make_mesh(parse_mesh("fsdp=4,tp=2"))
    with jax.set_mesh(mesh):
        actor = place(actor, mesh)          # weights and optimizer state, by RULES
        batch = place_batch(batch, mesh)    # prompts spread over the devices
        actor, metrics = grpo_step(...)     # as on one device: XLA adds what has to be exchanged

Axes: `dp` and `fsdp` spread prompts; `fsdp` also spreads every weight and its optimizer state, and
a layer's weights are gathered when it is used (Zhao et al. 2023, arXiv:2304.11277); `tp` divides
heads, the MLP and the vocabulary among devices (Shoeybi et al. 2019, arXiv:1909.08053).
"""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np
from jax.sharding import AxisType, Mesh, NamedSharding
from jax.sharding import PartitionSpec as P

from grpo_core.axes import AXES, MeshError

DATA = ("dp", "fsdp")
"""The axes among which the prompts of a batch are divided."""


class Rule(NamedTuple):
    """Parameters whose path matches are divided so, dimension by dimension."""

    path: str
    spec: P


RULES = (
    Rule(r"embedding$", P("tp", "fsdp")),
    Rule(r"(query|gate|up|head)\.kernel$", P("fsdp", "tp")),
    Rule(r"(out|down)\.kernel$", P("tp", "fsdp")),
    # Few heads for keys and values: often fewer than devices, and then everyone needs them all.
    Rule(r"(key|value)\.kernel$", P("fsdp", None)),
    Rule(r"(query|gate|up|head)\.adapter\.up$", P(None, "tp")),
    Rule(r"(out|down)\.adapter\.down$", P("tp", None)),
    Rule(r"adapter\.(down|up)$", P("fsdp", None)),
    Rule(r"\.kernel$", P("fsdp", None)),
)
"""Where weights lie, and by their paths also their gradients and optimizer states. The first rule
that matches holds; what none matches, such as norms, every device has."""


def make_mesh(sizes: Mapping[str, int], devices: Sequence[Any] | None = None) -> Mesh:
    """A mesh of all given devices, by default of those there are, of all processes.

    Raises MeshError unless there are exactly as many as the axes ask for.
    """
    found = jax.devices() if devices is None else devices
    shape = tuple(sizes.get(axis, 1) for axis in AXES)
    wanted = ",".join(f"{axis}={sizes[axis]}" for axis in AXES if sizes.get(axis, 1) > 1)
    if len(found) != math.prod(shape):
        raise MeshError(
            f"mesh {wanted or 'fsdp=1'} is of {math.prod(shape)} devices and there are {len(found)}"
        )
    return Mesh(np.asarray(found).reshape(shape), AXES, axis_types=(AxisType.Auto,) * len(AXES))


def check_divides(prompts: int, mesh: Mesh) -> None:
    """Raise MeshError where a batch's prompts cannot be divided equally among the devices."""
    parts = math.prod(mesh.shape[axis] for axis in DATA)
    if prompts % parts:
        raise MeshError(
            f"{prompts} prompts a step cannot be divided among {parts} devices (dp x fsdp): choose "
            f"a multiple of {parts}, or move devices to tp"
        )


def spec_of(path: str, shape: Sequence[int], sizes: Mapping[str, int], rules: Sequence[Rule]) -> P:
    """How a parameter is divided. A dimension that does not divide equally is not divided."""
    spec = next((rule.spec for rule in rules if re.search(rule.path, path)), P())
    if len(spec) > len(shape):
        spec = P()
    fitting = [
        axis if axis is not None and size % sizes[axis] == 0 else None
        for axis, size in zip(spec, shape)
    ]
    return P(*fitting)


def shardings(tree: Any, mesh: Mesh, rules: Sequence[Rule] = RULES) -> Any:
    """The sharding of every leaf of a pytree of parameters, or of what mirrors them."""

    specs = _specs(tree, mesh.shape, rules)
    return jax.tree.map(lambda spec: NamedSharding(mesh, spec), specs, is_leaf=_is_spec)


def gathered(rules: Sequence[Rule] = RULES) -> tuple[Rule, ...]:
    """The rules without `fsdp`: weights for sampling, which reads all of them for every token."""
    return tuple(
        Rule(rule.path, P(*(None if axis == "fsdp" else axis for axis in rule.spec)))
        for rule in rules
    )


def place(tree: Any, mesh: Mesh, rules: Sequence[Rule] = RULES) -> Any:
    """Parameters, or a whole actor, laid out on the mesh. Every process passes the same values."""
    return jax.tree.map(_put, tree, shardings(tree, mesh, rules))


@contextlib.contextmanager
def on(mesh: Mesh | None) -> Iterator[None]:
    """A mesh in force for what is computed meanwhile; None leaves everything on one device."""
    with contextlib.nullcontext() if mesh is None else jax.set_mesh(mesh):
        yield


def arranged(tree: Any) -> Any:
    """Parameters, or a whole actor, placed on the mesh in force; as they are without one."""
    mesh = jax.sharding.get_mesh()
    return tree if mesh.empty else place(tree, mesh)


def place_batch(tree: Any, mesh: Mesh) -> Any:
    """Arrays `[N, ...]` with their prompts divided among the data axes; scalars everywhere.

    Every process passes the whole batch. Raises MeshError where N does not divide.
    """

    def put(x: Any) -> jax.Array:
        if np.ndim(x):
            check_divides(np.shape(x)[0], mesh)
        return _put(x, NamedSharding(mesh, P(DATA) if np.ndim(x) else P()))

    return jax.tree.map(put, tree)


def spread(tree: Any) -> Any:
    """Host arrays `[N, ...]` on the mesh in force, if any: divided among the data axes where N
    divides, else whole on every device. Every process passes the same values."""
    mesh = jax.sharding.get_mesh()
    if mesh.empty:
        return tree
    parts = math.prod(mesh.shape[axis] for axis in DATA)

    def put(x: Any) -> jax.Array:
        divides = np.ndim(x) and np.shape(x)[0] % parts == 0
        return _put(x, NamedSharding(mesh, P(DATA) if divides else P()))

    return jax.tree.map(put, tree)


def to_host(tree: Any) -> Any:
    """Whole numpy arrays of a pytree, on every process."""
    from jax.experimental import multihost_utils

    def get(x: Any) -> np.ndarray:
        if isinstance(x, jax.Array) and not x.is_fully_addressable:
            x = multihost_utils.process_allgather(x, tiled=True)
        return np.asarray(x)

    return jax.tree.map(get, tree)


def by_rule(tree: Any) -> Any:
    """Parameters, or what mirrors them, where RULES put them on the mesh in force, if any.

    Results of a step would else lie where XLA found it convenient.
    """
    mesh = jax.sharding.get_abstract_mesh()
    if mesh.empty or not set(AXES) <= set(mesh.axis_names):
        return tree
    return jax.lax.with_sharding_constraint(tree, _specs(tree, mesh.shape, RULES))


def along_data(x: jax.Array) -> jax.Array:
    """`x` `[N, ...]`, its prompts divided among the data axes of the mesh in force, if any.

    Activations would else be free to follow the weights, whose parts XLA might add up instead of
    gathering them.
    """
    mesh = jax.sharding.get_abstract_mesh()
    if mesh.empty or not set(DATA) <= set(mesh.axis_names):
        return x
    parts = math.prod(mesh.shape[axis] for axis in DATA)
    if parts == 1 or x.shape[0] % parts:
        return x
    free = [P.UNCONSTRAINED] * (x.ndim - 1)
    return jax.lax.with_sharding_constraint(x, P(DATA, *free))


def _specs(tree: Any, sizes: Mapping[str, int], rules: Sequence[Rule]) -> Any:
    def of(path: Any, leaf: Any) -> P:
        name = jax.tree_util.keystr(path, simple=True, separator=".")
        # A parameter within an NNX state ends in ".value"; optimizers wrap paths on the left.
        return spec_of(name.removesuffix(".value"), leaf.shape, sizes, rules)

    return jax.tree_util.tree_map_with_path(of, tree)


def _is_spec(x: Any) -> bool:
    return isinstance(x, P)


def _put(x: Any, sharding: NamedSharding) -> jax.Array:
    if isinstance(x, jax.Array) and jax.dtypes.issubdtype(x.dtype, jax.dtypes.prng_key):
        data = _put(jax.random.key_data(x), sharding)
        return jax.random.wrap_key_data(data, impl=jax.random.key_impl(x))
    if isinstance(x, jax.Array) and x.is_fully_addressable == sharding.is_fully_addressable:
        return jax.device_put(x, sharding, may_alias=False)  # either may be donated
    whole = np.asarray(x)
    return jax.make_array_from_callback(whole.shape, sharding, lambda index: whole[index])
