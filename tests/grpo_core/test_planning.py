"""Plans: what is counted is what is there, and layers left out are made up for."""

import dataclasses
import importlib.util

import jax
import jax.numpy as jnp
import pytest
from flax import nnx

from grpo_core import planning, roofline
from grpo_core.hardware import GIB, SLICES, TPUS, Chip, TopologyError, check_topology
from grpo_core.lora import Lora
from grpo_core.models.config import DecoderConfig
from grpo_core.models.decoder import Decoder
from grpo_core.passes import Pass
from grpo_core.planning import Phase, Plan, Work, make_plan, mesh_of, what_fits
from grpo_core.trainer import init_actor, make_optimizer

CONFIG = DecoderConfig(
    vocab_size=64,
    width=16,
    num_layers=4,
    num_heads=4,
    num_kv_heads=2,
    head_dim=8,
    mlp_width=32,
    gated_mlp=True,
    sliding_window=4,
    global_every=2,
)
CHIP = Chip("a chip", 2 * GIB, 1e12, 1e11, 1e10)
WORK = Work(prompts=2, group=3, prompt_length=8, new_tokens=6, how=Pass(remat=True))


def test_topologies():
    assert check_topology("v5e:2x4") == ("v5e", "2x4")
    assert check_topology("v6e") == ("v6e", None)
    for text in ("", "v5e:", "v5e:3x3", "v9", "v5p:2x4", "local:1"):
        with pytest.raises(TopologyError, match=r"is not known: local, v5e:\{1x1,2x2,2x4"):
            check_topology(text)
    assert set(SLICES) == set(TPUS)


def test_work_counted_by_hand():
    # One layer: queries and their output 2 x 4 x 8, keys and values 2 x 2 x 8, three of 32.
    assert roofline.matrices(CONFIG) == 16 * (96 + 96)
    sizes = roofline.Sizes(2, 3, 8, 6)
    # Sliding layers keep 3 of 8 positions of a prompt and all 6 own, the others 8 and 6.
    assert roofline.keys_seen(CONFIG, sizes) == 2 * (3 + 6) + 2 * (8 + 6)
    prompts = 16 * (2 * 4 * 3072 + 4 * 4 * 8 * 4 * 8)
    completions = 36 * (2 * 4 * 3072 + 4 * 4 * 8 * 46)
    words = 36 * 2 * 64 * 16
    assert roofline.scoring(CONFIG, sizes).flops == prompts + completions + words
    assert roofline.updating(CONFIG, sizes).flops == 4 * (prompts + completions + words)
    adapters = sizes._replace(adapters=10)
    assert roofline.updating(CONFIG, adapters).flops == 3 * (prompts + completions + words)
    assert roofline.updating(CONFIG, sizes).exchanged == 0  # one chip
    # Weights twice in bfloat16 and gradients once in float32, of which half is elsewhere.
    two = sizes._replace(fsdp=2)
    assert roofline.updating(CONFIG, two).exchanged == CONFIG.num_parameters * (4 + 4) / 2


def test_sampling_reads_every_weight_for_every_token():
    sizes = roofline.Sizes(1, 1, 8, 6)
    more = sizes._replace(new_tokens=60)
    extra = roofline.sampling(CONFIG, more).bytes - roofline.sampling(CONFIG, sizes).bytes
    assert extra > 54 * CONFIG.num_parameters * 2


@pytest.fixture(scope="module")
def quick():
    """A plan whose temporaries are given, not compiled."""
    patch = pytest.MonkeyPatch()
    given = {"sample": 10, "reference": 20, "update": 3 * 2**20}
    patch.setattr(planning, "_by_layer", lambda *_: given)
    yield lambda work, chip=CHIP: make_plan(CONFIG, work, chip, mesh_of(jax.devices()))
    patch.undo()


def test_what_stays_is_counted_exactly(quick):
    params = nnx.split(Decoder(CONFIG, nnx.Rngs(0)), nnx.Param)[1]
    assert CONFIG.num_parameters == sum(x.size for x in jax.tree.leaves(params))
    actor = init_actor(params, make_optimizer())
    size = sum(x.nbytes for x in jax.tree.leaves(actor))
    reference = 4 * CONFIG.num_parameters
    batch = 4 * (2 * 8 + 2) + 2 * 4 * 2 * 3 * 6
    plan = quick(WORK)
    update = plan.phases[-1]
    assert [phase.name for phase in plan.phases] == ["sample", "reference", "update"]
    assert update.arguments == size + batch + 4 * 2 * 3 + 4 * 36  # advantages, reference's logps
    assert update.waiting == reference
    assert plan.phases[1].arguments == reference + batch
    assert plan.phases[1].waiting == size
    assert plan.phases[0].waiting == size + reference
    assert plan.peak == update.arguments + 3 * 2**20 + reference
    assert plan.trained == plan.parameters == CONFIG.num_parameters


def test_adapters_need_no_reference_of_their_own(quick):
    plan = quick(dataclasses.replace(WORK, lora=Lora(rank=2)))
    # Queries and their output, keys and values, three of the MLP; four layers of rank 2.
    expected = 4 * 2 * ((16 + 32) * 2 + 2 * (16 + 16) + 3 * (16 + 32))
    assert plan.trained == expected
    scoring, update = plan.phases[1:]
    assert scoring.waiting == 3 * 4 * expected + 8  # adapters, two moments, two counters
    assert update.waiting == 0
    without = quick(dataclasses.replace(WORK, beta=False))
    assert [phase.name for phase in without.phases] == ["sample", "update"]
    assert without.phases[-1].waiting == 0


def test_verdict_time_and_bound(quick):
    plan: Plan = quick(WORK)
    assert plan.fits
    small = Chip("small", plan.peak - 1, 1e12, 1e11)
    assert not quick(WORK, small).fits
    slow = quick(WORK, Chip("slow", GIB, 1.0, 1e30))
    assert {phase.bound for phase in slow.phases} == {"compute"}
    total = sum(phase.load.flops for phase in slow.phases)
    assert slow.time == pytest.approx(total)
    narrow = quick(WORK, Chip("narrow", GIB, 1e30, 1.0))
    assert {phase.bound for phase in narrow.phases} == {"memory"}


def test_what_would_fit_fits_by_the_rule():
    def plan(memory: int) -> Plan:
        phases = (
            Phase(
                "sample", 50, 10, 20, roofline.Load(1.0, 1.0, 1.0), (1.0, 1.0, 1.0)
            ),  # room for 3 of its 10
            Phase(
                "update", 40, 30, 0, roofline.Load(1.0, 1.0, 1.0), (1.0, 1.0, 1.0)
            ),  # for 2 of its 30
        )
        return Plan(1, 1, Chip("small", memory, 1.0, 1.0), 1, {}, phases)

    work = Work(prompts=4, group=4, prompt_length=1024, new_tokens=512)
    mesh = mesh_of(jax.devices()[:1])
    # Lengths grow by the square root of two, in whole 64s: 1,448 and 724.
    assert what_fits(plan(100), work, mesh) == (8, 8, 704, 1408)
    # 80 is the peak: what is planned fits, and nothing more does.
    assert plan(80).fits
    assert what_fits(plan(80), work, mesh) == (4, 4, 512, 1024)
    assert what_fits(plan(69), work, mesh) == (0, 0, 0, 0)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("lora", [None, Lora(rank=4)])
def test_a_few_layers_tell_what_all_of_them_need(lora):
    work = dataclasses.replace(WORK, prompts=4, prompt_length=64, new_tokens=32, lora=lora)
    mesh = mesh_of(jax.devices())
    estimate, exact = (make_plan(CONFIG, work, CHIP, mesh, exact=x) for x in (False, True))
    assert estimate.phases[-1].temporaries == pytest.approx(exact.phases[-1].temporaries, rel=0.05)
    assert estimate.peak == pytest.approx(exact.peak, rel=0.05)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_slice_that_is_not_there():
    if importlib.util.find_spec("libtpu") is None:
        pytest.skip("libtpu compiles for TPUs and is only there with jax[tpu]")
    found = planning.tpu_slice("v5e:2x4")
    assert len(found.devices) == 8
    how = Pass(dtype=jnp.bfloat16, remat=True)
    plan = make_plan(CONFIG, dataclasses.replace(WORK, prompts=8, how=how), *found_on(found))
    assert plan.mesh == {"fsdp": 8, "tp": 1}
    assert plan.fits
    assert 0 < plan.phases[-1].temporaries < GIB


def found_on(found):
    return found.chip, mesh_of(found.devices)
