"""GGUF files, written here by the `gguf` package with llama.cpp's conventions."""

import struct
from pathlib import Path

import gguf
import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grpo_core.models.families import ModelError, config_of
from grpo_core.models.gguf import GgufModel, load_gguf, source_of
from grpo_core.models.gguf_header import Header, read_header
from grpo_core.models.gguf_vocabulary import tokenizer_of
from grpo_core.models.hub import load_directory, read_source
from grpo_core.models.weights import flat_params, places
from grpo_core.pretrained_tokenizer import gguf_tokenizer
from tests.grpo_core.fixtures import DATA, expected, full_logits

ARCHITECTURES = {"gemma3": "gemma3", "llama": "llama", "qwen3": "qwen3"}
LETTERS = "abcdefgh"


def written(path: Path, family: str, *, quantised: bool = False) -> Path:
    """A fixture as llama.cpp's converter would write it.

    Its own rotary scaling has no place in GGUF's plain fields, so it is left out.
    """
    source = read_source(DATA / family)
    (_, params), _ = load_directory(DATA / family)
    config = config_of(source)
    writer = gguf.GGUFWriter(path, ARCHITECTURES[family])
    writer.add_context_length(64)
    writer.add_embedding_length(config.width)
    writer.add_block_count(config.num_layers)
    writer.add_feed_forward_length(config.mlp_width)
    writer.add_head_count(config.num_heads)
    writer.add_head_count_kv(config.num_kv_heads)
    writer.add_key_length(config.head_dim)
    writer.add_layer_norm_rms_eps(config.norm_eps)
    writer.add_rope_freq_base(config.rope_theta)
    if config.sliding_window:
        writer.add_sliding_window(config.sliding_window)
    writer.add_tokenizer_model("llama")
    pieces = ["<pad>", "<eos>", "<bos>", "<unk>", *LETTERS, "ab", "abc", "▁", "▁ab", "<0x41>"]
    pieces += [f"<unused{i}>" for i in range(config.vocab_size - len(pieces))]
    writer.add_token_list(pieces)
    writer.add_token_scores([-float(i) for i in range(len(pieces))])
    kinds = [3 if piece.startswith("<") and "0x" not in piece else 1 for piece in pieces]
    writer.add_token_types(kinds)
    writer.add_bos_token_id(2)
    writer.add_eos_token_id(1)
    writer.add_unk_token_id(3)
    writer.add_pad_token_id(0)
    flat = flat_params(params)
    for place in places(config, source["model_type"]):
        array = np.asarray(flat[place.path])
        array = array.T if place.transposed else array
        if place.heads:  # llama.cpp pairs neighbouring features
            halves = array.reshape(place.heads, 2, -1, array.shape[-1])
            array = halves.swapaxes(1, 2).reshape(array.shape)
        if quantised and array.shape[-1] % 32 == 0:
            kind = gguf.GGMLQuantizationType.Q8_0
            writer.add_tensor(place.gguf, gguf.quants.quantize(array, kind), raw_dtype=kind)
        else:
            writer.add_tensor(place.gguf, np.ascontiguousarray(array))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    directory = tmp_path_factory.mktemp("gguf")
    return {family: written(directory / f"{family}.gguf", family) for family in ARCHITECTURES}


@pytest.mark.parametrize("family", ARCHITECTURES)
def test_weights_are_those_of_the_directory(files, family):
    loaded = load_gguf(files[family])
    (_, wanted), _ = load_directory(DATA / family)
    found = flat_params(loaded.split.params)
    for path, array in flat_params(wanted).items():
        np.testing.assert_allclose(found[path], array, atol=1e-6)


def test_logits_are_those_of_transformers(files):
    # Of the three, qwen3 has no rotary scaling, which this file could not carry.
    tokens, wanted = expected("qwen3")
    np.testing.assert_allclose(
        full_logits(load_gguf(files["qwen3"]).split, tokens), wanted, atol=1e-4
    )


@pytest.mark.parametrize("family", ARCHITECTURES)
def test_the_configuration_is_that_of_the_directory_but_for_rotary_scaling(files, family):
    config = config_of(load_gguf(files[family]).source)
    other = config_of(read_source(DATA / family))
    same = {"rope_scaling": None, "query_scale": config.query_scale, "norm_eps": config.norm_eps}
    assert vars(config) == vars(other) | same
    assert config.norm_eps == pytest.approx(other.norm_eps, rel=1e-6)


def test_quantised_blocks_come_back_within_their_resolution(tmp_path):
    rng = np.random.default_rng(0)
    array = rng.normal(size=(4, 64)).astype(np.float32)
    kind = gguf.GGMLQuantizationType.Q4_1
    writer = gguf.GGUFWriter(tmp_path / "one.gguf", "llama")
    writer.add_tensor("x", gguf.quants.quantize(array, kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    info = read_header(tmp_path / "one.gguf").tensors["x"]
    assert (info.shape, info.kind) == ((4, 64), int(kind))


def test_the_header_reads_what_the_gguf_package_reads(files):
    header = read_header(files["gemma3"])
    reader = gguf.GGUFReader(files["gemma3"])
    for key, field in reader.fields.items():
        if not key.startswith("GGUF."):
            assert header.metadata[key] == field.contents()
    assert {t.name: t.data_offset - reader.data_offset for t in reader.tensors} == {
        name: info.offset for name, info in header.tensors.items()
    }
    assert header.data == reader.data_offset


def test_a_sentencepiece_vocabulary_merges_by_score(files):
    tokenizer = gguf_tokenizer(read_header(files["gemma3"]).metadata)
    pieces = {i: p for p, i in tokenizer.inner.get_vocab().items()}

    def cut(text):
        return [pieces[i] for i in tokenizer.encode(text)]

    assert cut("abcab") == ["abc", "ab"]
    assert cut("ab ab") == ["ab", "▁ab"]
    assert cut("A") == ["<0x41>"]  # bytes stand in for what has no piece
    assert cut("h<bos>a") == ["h", "<bos>", "a"]
    assert tokenizer.decode(tokenizer.encode("ab ab<eos>A")) == "ab abA"
    assert (tokenizer.end_id, tokenizer.pad_id, tokenizer.stop_ids) == (1, 0, (1,))
    assert tokenizer.prompt("ab") == "<bos>ab"  # without a chat template


def header_of(**metadata):
    return Header({"general.architecture": "llama", **metadata}, {}, 0)


def test_what_is_not_known_is_refused():
    with pytest.raises(ModelError, match=r"general\.architecture = 'mamba'"):
        source_of(Header({"general.architecture": "mamba"}, {}, 0))
    with pytest.raises(ModelError, match=r"llama\.attention\.head_count is missing"):
        source_of(header_of())
    with pytest.raises(ModelError, match=r"tokenizer\.ggml\.tokens is missing"):
        tokenizer_of({})
    pieces = {"tokenizer.ggml.tokens": ["a"], "tokenizer.ggml.token_type": [1]}
    with pytest.raises(ModelError, match="kind 'rwkv' is not known"):
        tokenizer_of(pieces | {"tokenizer.ggml.model": "rwkv"})


def huge(kind: bytes) -> bytes:
    """A header whose only value claims to be longer than any file."""
    start = b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + struct.pack("<Q", 1) + b"k"
    return start + kind


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"GGUF",
        b"GGML" + bytes(100),
        b"GGUF" + struct.pack("<IQQ", 9, 0, 0),
        b"GGUF" + struct.pack("<IQQ", 3, 2**60, 0),
        b"GGUF" + struct.pack("<IQQ", 3, 0, 2**60),
        huge(struct.pack("<IQ", 8, 2**63)),
        huge(struct.pack("<IIQ", 9, 0, 2**62)),
        huge(struct.pack("<IIQ", 9, 8, 2**61)),
        huge(struct.pack("<IIQ", 9, 9, 2**61)),
        huge(struct.pack("<I", 99)),
        huge(struct.pack("<IQ", 8, 2) + b"\xff\xfe"),
    ],
)
def test_a_hostile_header_costs_an_error_and_nothing_else(tmp_path, content):
    path = tmp_path / "bad.gguf"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"bad\.gguf: (is not a whole GGUF file|cannot be read)"):
        load_gguf(path)


def attempt(path: Path) -> GgufModel | ModelError:
    try:
        return load_gguf(path)
    except ModelError as error:
        return error


@settings(max_examples=300)
@given(data=st.data())
def test_a_damaged_file_is_loaded_or_refused_by_name(files, data):
    raw = bytearray(files["qwen3"].read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, 3000))
        raw[at] = data.draw(st.integers(0, 255))
    raw = raw[: data.draw(st.integers(0, len(raw)))]
    path = files["qwen3"].with_name("damaged.gguf")
    path.write_bytes(raw)
    found = attempt(path)
    if isinstance(found, ModelError):
        assert "\n" not in str(found)
    else:
        assert all(x.size for x in jax.tree.leaves(found.split.params))


def test_a_tensor_that_reaches_past_the_end_is_refused(files):
    raw = files["qwen3"].read_bytes()
    path = files["qwen3"].with_name("short.gguf")
    path.write_bytes(raw[:-200])
    with pytest.raises(ModelError, match="reaches past the end of the file"):
        load_gguf(path)


def test_more_layers_than_the_file_holds_are_refused_before_any_is_built(files):
    raw = files["qwen3"].read_bytes()
    key = b"qwen3.block_count" + struct.pack("<I", 4)
    at = raw.index(key) + len(key)
    path = files["qwen3"].with_name("deep.gguf")
    path.write_bytes(raw[:at] + struct.pack("<I", 2**31 - 1) + raw[at + 4 :])
    with pytest.raises(ModelError, match=r"tensor blk\.2\.attn_q\.weight is missing"):
        load_gguf(path)
