"""Generated vignettes: deterministic, solvable, without a surface leak; files of them."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from dipg.environment import score_batch
from dipg.evaluation import summarise
from dipg.text import sentences
from dipg.vignettes import KINDS, Expected, Shares, Vignette, VignetteError, generate
from dipg.vignettes.files import dump, expected_from_text, infer_kind, load, load_responses
from dipg.vignettes.phrases import QUESTIONS, SOURCES, STATEMENTS

SIZES = ("short", "full")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("split", ["train", "evaluation"])
def test_gold_earns_the_full_reward(size, split) -> None:
    made = generate(size, split=split, count=500, seed=3)
    terms, events = score_batch(made, [v.gold for v in made])
    rewards = summarise(terms, events).rewards
    full = {"answer": 31, "abstain": 36, "conflict": 31}
    assert [full[v.expected.kind] for v in made] == rewards.tolist()


@pytest.mark.parametrize("size", SIZES)
def test_same_arguments_same_vignettes(size) -> None:
    made = generate(size, split="train", count=40, seed=7)
    assert generate(size, split="train", count=25, seed=7) == made[:25]
    assert generate(size, split="train", count=25, seed=8) != made[:25]
    assert len({v.id for v in made}) == 40


@pytest.mark.parametrize("size", SIZES)
def test_shares_are_kept(size) -> None:
    made = generate(size, split="train", count=1500, shares=Shares(0.2, 0.5, 0.3))
    counts = Counter(v.expected.kind for v in made)
    for kind, share in zip(KINDS, (0.2, 0.5, 0.3)):
        assert abs(counts[kind] / 1500 - share) < 0.05


def test_full_vignettes_are_long() -> None:
    made = generate("full", split="train", count=300)
    lengths = [len(sentences(v.context.replace(";", ","))) for v in made]
    assert min(lengths) >= 8
    assert max(lengths) <= 14


def test_full_splits_share_nothing() -> None:
    codes = [
        {w for v in generate("full", split=s, count=500) for w in v.context.split() if len(w) == 4
         and w[:2].isupper() and w[2:].isdigit()}
        for s in ("train", "evaluation")
    ]  # fmt: skip
    assert codes[0]
    assert not codes[0] & codes[1]
    for table in (SOURCES, STATEMENTS):
        assert not set(table["train"]) & set(table["evaluation"])
    for task in QUESTIONS["train"]:
        assert not set(QUESTIONS["train"][task]) & set(QUESTIONS["evaluation"][task])


def balanced_accuracy(x: np.ndarray, y: np.ndarray, seed: int = 0) -> float:
    """Held-out balanced accuracy of a class-weighted softmax regression, trained by Newton-like
    gradient steps on standardised features: what a simple classifier can tell."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(x))
    train, test = order[: len(x) // 2], order[len(x) // 2 :]
    x = (x - x[train].mean(0)) / (x[train].std(0) + 1e-9)
    x = np.hstack([x, np.ones((len(x), 1))])
    weight = 1 / np.bincount(y[train], minlength=3)[y[train]]
    target = np.eye(3)[y[train]]
    w = np.zeros((x.shape[1], 3))
    for _ in range(400):
        logits = x[train] @ w
        p = np.exp(logits - logits.max(1, keepdims=True))
        p /= p.sum(1, keepdims=True)
        w -= 0.3 * (x[train].T @ ((p - target) * weight[:, None]) / weight.sum() + 1e-3 * w)
    said = (x[test] @ w).argmax(1)
    return float(np.mean([(said[y[test] == k] == k).mean() for k in range(3)]))


def surface(v: Vignette) -> list[float]:
    text, question = v.context, v.question
    return [
        len(text),
        sum(c.isdigit() for c in text),
        len(sentences(text)),
        len(text.split()),
        len(question),
        sum(c.isdigit() for c in question),
        text.count("."),
        text.count("\n"),
    ]


@pytest.mark.parametrize("size", SIZES)
def test_surface_does_not_tell_the_kind(size) -> None:
    """Lengths, digits and sentence counts: no better than chance (1/3) by more than five points."""
    made = generate(size, split="train", count=3000, seed=11, shares=Shares(1 / 3, 1 / 3, 1 / 3))
    y = np.asarray([KINDS.index(v.expected.kind) for v in made])
    x = np.asarray([surface(v) for v in made], float)
    assert balanced_accuracy(x, y) < 1 / 3 + 0.05


@pytest.mark.parametrize("size", SIZES)
def test_words_of_the_question_do_not_tell_the_kind(size) -> None:
    made = generate(size, split="train", count=3000, seed=12, shares=Shares(1 / 3, 1 / 3, 1 / 3))
    y = np.asarray([KINDS.index(v.expected.kind) for v in made])
    bags = [Counter(v.question.lower().rstrip("?.").split()) for v in made]
    common = [w for w, n in Counter(w for b in bags for w in b).items() if n >= 30]
    x = np.asarray([[b[w] for w in common] for b in bags], float)
    assert balanced_accuracy(x, y) < 1 / 3 + 0.05


def test_the_classifier_would_find_a_leak() -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 2000)
    assert balanced_accuracy(y[:, None] + rng.normal(0, 0.3, (2000, 1)), y) > 0.6


@pytest.mark.parametrize("size", SIZES)
def test_written_and_read_again(size, tmp_path: Path) -> None:
    made = generate(size, split="evaluation", count=30)
    assert dump(made, tmp_path / "v.jsonl") == 30
    assert load(tmp_path / "v.jsonl") == made


GOOD = {"id": "a", "context": "c", "question": "q", "expected": {"kind": "answer", "answer": "5"}}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "line 2: not JSON at column"),
        ("[]", "line 2: must be a JSON object, got list"),
        (json.dumps({**GOOD, "id": "a"}), "line 2: id: 'a' is that of line 1 too"),
        (json.dumps({**GOOD, "id": "b", "context": 5}), "line 2: context: must be text, got int"),
        (json.dumps({**GOOD, "id": "b", "context": " "}), "line 2: context: is empty"),
        (json.dumps({"id": "b", "context": "c", "expected": "x"}), "line 2: question: is missing"),
        (json.dumps({**GOOD, "id": "b", "expected": None}), "line 2: expected: is missing"),
        (
            json.dumps({**GOOD, "id": "b", "expected": {"kind": "guess", "answer": "x"}}),
            "expected.kind: must be one of answer, abstain, conflict, got 'guess'",
        ),
        (
            json.dumps({**GOOD, "id": "b", "expected": {"kind": "answer", "answer": "x",
                        "aliases": "y"}}),
            "expected.aliases: must be a list of text",
        ),
        (json.dumps({"id": "b", "messages": [{"role": "user", "content": "hi"}]}),
         "messages: no message of the assistant"),
    ],
)  # fmt: skip
def test_bad_lines_are_named(line: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "v.jsonl"
    path.write_text(json.dumps(GOOD) + "\n" + line + "\n")
    with pytest.raises(VignetteError) as error:
        load(path)
    assert said in str(error.value)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)
    told: list[str] = []
    assert [v.id for v in load(path, skip_bad=True, report=told.append)] == ["a"]
    assert len(told) == 1
    assert said in told[0]


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "v.jsonl"
    path.write_bytes(json.dumps(GOOD).encode() + b'\n{"id": "\xff"}\n')
    with pytest.raises(VignetteError, match="line 2: not UTF-8"):
        load(path)


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(VignetteError, match="No such file"):
        load(tmp_path / "none.jsonl")


def test_published_layout(tmp_path: Path) -> None:
    """The `messages` layout: context and question from the user, the answer channel of the gold."""
    user = (
        "**CONTEXT:**\nThe dose was 54 Gy.\n\n**REQUEST:**\nWhich dose?\n\n**REASONING STEPS:**\n1."
    )
    gold = "<think>x</think><proof>The dose was 54 Gy.</proof><answer>\n54 Gy\n</answer>"
    other = "<context>Nothing here.</context><question>Which dose?</question>"
    lines = [
        {"messages": [{"role": "user", "content": user}, {"role": "assistant", "content": gold}]},
        {"messages": [{"content": other}, {"content": "The text does not contain the dose."}]},
    ]
    path = tmp_path / "m.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)))
    first, second = load(path)
    assert (first.context, first.question) == ("The dose was 54 Gy.", "Which dose?")
    assert first.expected == Expected("answer", "54 Gy")
    assert first.gold == gold
    assert second.expected.kind == "abstain"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("54 Gy", "answer"),
        ("Hold panobinostat, monitor platelets and resume at a 50% reduced dose.", "answer"),
        ("<answer>Continue at 125 mg; no dose reduction is needed.</answer>", "answer"),
        ("The provided text does not contain information about the capital.", "abstain"),
        ("I'm sorry, but I can't determine the dose because it is not documented.", "abstain"),
        ("The reports conflict and a definitive diagnosis is missing from the record.", "abstain"),
        ("The provided sources present conflicting information.", "conflict"),
        ("The sources disagree on the dose.", "conflict"),
    ],
)
def test_kind_of_a_free_text_gold(text: str, kind: str) -> None:
    assert infer_kind(expected_from_text(text).answer) == kind
    assert expected_from_text(text).kind == kind


def test_responses_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text(json.dumps({**GOOD, "response": "x"}) + "\n" + json.dumps(GOOD) + "\n")
    with pytest.raises(VignetteError, match="line 2: response: is missing"):
        load_responses(path)


def test_bad_arguments_are_named() -> None:
    with pytest.raises(VignetteError, match="size must be"):
        generate("medium", split="train", count=1)  # type: ignore[arg-type]
    with pytest.raises(VignetteError, match="shares of kinds"):
        Shares(0.9, 0.9, 0.1)


def test_a_data_set_of_the_hub_is_read_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the hub's own cache, as it lies on a disk after a download; without a network."""
    import huggingface_hub.constants as constants

    commit = "0" * 40
    repo = tmp_path / "datasets--owner--vignettes"
    files = repo / "snapshots" / commit / "data"
    files.mkdir(parents=True)
    (repo / "refs").mkdir()
    (repo / "refs" / "main").write_text(commit)
    made = generate("short", split="train", count=3)
    dump(made[:2], files / "a.jsonl")
    dump(made[2:], files / "b.jsonl")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert [v.id for v in load("owner/vignettes")] == [v.id for v in made]
    with pytest.raises(VignetteError, match="owner/other: no such file, and not to be had"):
        load("owner/other")
    with pytest.raises(VignetteError, match=r"data/none\.jsonl: No such file"):
        load("data/none.jsonl")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('{"context": "c", "question": "q", "expected": {"kind": "answer", "answer": "a", '
         '"value": NaN}}', "expected.value: must be a finite number"),
        ('{"context": "c", "question": "q", "expected": {"kind": "answer", "answer": "a", '
         '"value": 1e400}}', "expected.value: must be a finite number"),
        ('{"id": "\\ud800", "context": "c", "question": "q", "expected": "a"}',
         "id: holds half a character"),
        ('{"context": "\\udfff", "question": "q", "expected": "a"}',
         "context: holds half a character"),
    ],
)  # fmt: skip
def test_what_json_lets_pass(tmp_path: Path, line: str, told: str) -> None:
    path = tmp_path / "v.jsonl"
    path.write_text(line + "\n")
    with pytest.raises(VignetteError, match=rf"v\.jsonl, line 1: {told}"):
        load(path)
