"""Real weights and saved models beside transformers itself."""

import gc
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

torch = pytest.importorskip("torch", reason="make test-slow installs it")
pytest.importorskip("gguf", reason="needs the gguf extra")
transformers = pytest.importorskip("transformers")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

from dipg.app.models import PACKAGED, weights_of  # noqa: E402
from grpo_core.batch import Prompts  # noqa: E402
from grpo_core.models.gguf import GgufModel, load_gguf  # noqa: E402
from grpo_core.models.hub import load_directory, save_directory  # noqa: E402
from grpo_core.pretrained_tokenizer import gguf_tokenizer  # noqa: E402
from grpo_core.sampler import Ends, sample_jit  # noqa: E402
from grpo_core.sampling import completion_keys, greedy  # noqa: E402
from tests.grpo_core.fixtures import DATA, FAMILIES, expected  # noqa: E402

TOKENS = 1500  # past the sliding window of 512
GREEDY = 64
TEXT = "The patient, a 7-year-old girl, received 54 Gy in 30 fractions.\n\nHer naïve café ½…\t🙂 "


@pytest.fixture(scope="module", params=sorted(PACKAGED))
def real(request: pytest.FixtureRequest):
    """One of the packaged models, ours and theirs."""
    path = weights_of(request.param)
    ours = load_gguf(path)
    source = {"gguf_file": path.name, "dtype": torch.float32}
    theirs = transformers.AutoModelForCausalLM.from_pretrained(path.parent, **source).eval()
    yield path, ours, theirs
    del ours, theirs
    gc.collect()


@partial(jax.jit, static_argnames="graph")
def hidden_of(graph, params, tokens):
    model = nnx.merge(graph, params)
    rows = tokens[None, None]
    positions = jnp.arange(tokens.shape[0])[None, None]
    previous = jnp.zeros((*rows.shape, 0), jnp.int32)
    return model.complete(None, rows, previous, positions, jnp.ones_like(rows, bool))[0, 0]


@partial(jax.jit, static_argnames="graph")
def logits_of(graph, params, hidden):
    return nnx.merge(graph, params).logits(hidden)


def some_tokens(model: GgufModel, count: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.integers(10, model.source["vocab_size"] - 1000, count)


def test_logits_of_a_long_prompt(real):
    _, ours, theirs = real
    tokens = some_tokens(ours, TOKENS)
    with torch.no_grad():
        states = theirs.model(torch.tensor(tokens)[None]).last_hidden_state[0]
    found = hidden_of(*ours.split, jnp.asarray(tokens))
    worst = 0.0
    for begin in range(0, TOKENS, 300):  # 1,500 x 262,144 floats at once would be 1.6 GB, twice
        rows = slice(begin, begin + 300)
        with torch.no_grad():
            wanted = theirs.lm_head(states[rows]).numpy()
        logits = np.asarray(logits_of(*ours.split, found[rows]))
        worst = max(worst, float(np.abs(logits - wanted).max()))
        assert (logits.argmax(-1) == wanted.argmax(-1)).mean() > 0.999
    assert worst <= 2e-3


def test_greedy_completions_are_the_same_64_tokens(real):
    _, ours, theirs = real
    rows = np.stack([some_tokens(ours, 700), np.roll(some_tokens(ours, 700), 13)])
    lengths = np.array([700, 40])
    prompts = Prompts(jnp.asarray(rows, jnp.int32), jnp.asarray(lengths, jnp.int32))
    never = ours.source["vocab_size"]
    keys = completion_keys(0, 1, jnp.arange(2), 1)
    out = sample_jit(*ours.split, prompts, keys, greedy, Ends((never,), GREEDY, 0))
    for row, length, found in zip(rows, lengths, np.asarray(out.tokens[:, 0]), strict=True):
        with torch.no_grad():
            wanted = theirs.generate(
                torch.tensor(row[:length])[None],
                max_new_tokens=GREEDY,
                min_new_tokens=GREEDY,
                do_sample=False,
                eos_token_id=None,
                repetition_penalty=1.0,
            )[0, length:]
        assert found.tolist() == wanted.tolist()


def test_tokens_are_those_of_transformers(real):
    path, ours, _ = real
    mine = gguf_tokenizer(ours.metadata)
    theirs = transformers.AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
    # transformers forgets, reading GGUF files, that SmolLM2 cuts vulgar fractions like digits.
    text = TEXT.replace("½", "") if "mollm" in path.name.lower() else TEXT
    assert mine.encode(text) == theirs.encode(text, add_special_tokens=False)
    assert mine.decode(mine.encode(TEXT)) == TEXT
    assert mine.inner.chat_template == theirs.chat_template


@pytest.mark.parametrize("family", FAMILIES)
def test_transformers_loads_what_is_saved(family, tmp_path: Path):
    (_, params), source = load_directory(DATA / family)
    save_directory(tmp_path / "saved", params, source, shard_bytes=20_000)
    model = transformers.AutoModelForCausalLM.from_pretrained(
        tmp_path / "saved", dtype=torch.float32
    )
    tokens, wanted = expected(family)
    with torch.no_grad():
        found = model.eval()(torch.tensor(tokens)).logits.numpy()
    np.testing.assert_allclose(found, wanted, atol=1e-4)
