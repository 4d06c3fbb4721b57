import pytest

from dipg.prompts import render_compact
from dipg.vignettes import generate
from grpo_core.padding import bucketed, pad_completions, pad_prompts
from grpo_core.tokenizer import WordTokenizer

TEXTS = ["<think>dose of 54 Gy.</think>", "K41 has dose 5 Gy\nper ward."]


@pytest.fixture(scope="module")
def tokenizer():
    return WordTokenizer.train(TEXTS)


def test_digits_are_single_and_words_carry_their_space(tokenizer):
    pieces = [tokenizer.decode([i]) for i in tokenizer.encode("<think>dose of 54 Gy.</think>")]
    assert pieces == ["<think>", "dose", " of", " 5", "4", " Gy", ".", "</think>"]


def test_known_text_survives_the_round_trip():
    vignettes = generate("short", split="train", count=200, seed=0)
    texts = [t for v in vignettes for t in (render_compact(v), v.gold)]
    tokenizer = WordTokenizer.train(texts)
    assert tokenizer.decode_batch(tokenizer.encode_batch(texts)) == texts


def test_the_same_texts_give_the_same_vocabulary(tokenizer, tmp_path):
    for name in "ab":
        WordTokenizer.train(TEXTS).save(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    loaded = WordTokenizer.load(tmp_path / "a")
    assert loaded.encode(TEXTS[1]) == tokenizer.encode(TEXTS[1])
    assert (loaded.pad_id, loaded.end_id) == (tokenizer.pad_id, tokenizer.end_id)


def test_padding_and_end_leave_no_trace(tokenizer):
    ids = tokenizer.encode("dose of 5")
    assert tokenizer.decode([*ids, tokenizer.end_id, tokenizer.pad_id]) == "dose of 5"


def test_a_foreign_tokenizer_file_is_refused(tmp_path):
    from tokenizers import Tokenizer, models

    Tokenizer(models.WordLevel({"a": 0}, unk_token="a")).save(str(tmp_path / "t"))
    with pytest.raises(ValueError, match="has no <pad> token"):
        WordTokenizer.load(tmp_path / "t")


def test_prompts_are_padded_to_a_bucket(tokenizer):
    prompts = pad_prompts(tokenizer, ["dose of 5", "dose of 54 Gy."])
    assert prompts.tokens.shape == (2, 8)
    assert prompts.lengths.tolist() == [3, 6]
    assert prompts.tokens[0, 3:].tolist() == [tokenizer.pad_id] * 5
    assert [bucketed(n) for n in (1, 8, 9)] == [8, 8, 16]


def test_a_prompt_that_does_not_fit_is_named(tokenizer):
    with pytest.raises(ValueError, match=r"prompt 'dose of 54 Gy\.' has 6 tokens: between 2 and 4"):
        pad_prompts(tokenizer, ["dose of", "dose of 54 Gy."], 4)


def test_completions_end_and_are_cut(tokenizer):
    tokens, mask = pad_completions(tokenizer, [["dose of", "dose of 54 Gy."]], 4)
    assert tokens.shape == mask.shape == (1, 2, 4)
    assert tokens[0, 0].tolist() == [
        *tokenizer.encode("dose of"),
        tokenizer.end_id,
        tokenizer.pad_id,
    ]
    assert mask[0, 0].tolist() == [1, 1, 1, 0]
    assert tokens[0, 1].tolist() == tokenizer.encode("dose of 54")
    assert mask[0, 1].tolist() == [1, 1, 1, 1]
