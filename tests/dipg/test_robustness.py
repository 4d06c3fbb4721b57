"""Nothing that a response contains raises or hangs; scoring is linear in its length."""

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dipg.responses import parse
from dipg.rubric import EVENTS, TERMS, assess
from tests.dipg.adversarial.vignettes import DISPUTED, DOSE, DRUG_DOSES, GIVEN_DOSE, SILENT

PIECES = st.sampled_from(
    ["<think>", "</think>", "<proof>", "</proof>", "<answer>", "</answer>", GIVEN_DOSE, "54 Gy",
     "not", "The record does not state", "...", '"', "\n", "- ", "10^9/L", "or", "ONC201", "\u200b",
     "1e999", "9" * 400, "٣", "²", "<", "\ud800", "\x00"]
)  # fmt: skip


UNTAGGED = st.text(alphabet=string.printable.replace("<", ""), max_size=12)
CHANNEL = st.lists(PIECES.filter(lambda p: "<" not in p) | UNTAGGED, max_size=12).map(" ".join)


def wrap(think: str, proof: str, answer: str) -> str:
    return f"<think>{think}</think><proof>{proof}</proof><answer>{answer}</answer>"


@settings(max_examples=300)
@given(st.lists(PIECES | st.text(max_size=12), max_size=25))
def test_any_text_is_assessed(pieces: list[str]) -> None:
    text = "".join(pieces)
    for vignette in (DOSE, SILENT, DISPUTED):
        found = assess(vignette, text)
        assert tuple(found.events) == EVENTS
        assert tuple(found.terms) == TERMS
        assert set(found.events.values()) | set(found.terms.values()) <= {0, 1}


@settings(max_examples=300)
@given(*[CHANNEL] * 3)
def test_terms_follow_the_steps(think: str, proof: str, answer: str) -> None:
    """Every assessment walks the five steps: what stops, stops."""
    for vignette in (DOSE, SILENT, DISPUTED, DRUG_DOSES):
        found = assess(vignette, wrap(think, proof, answer))
        e = found.events
        paid = [t for t in TERMS[:14] if found.terms[t]]
        if not e["well_formed"]:
            assert paid == ["format_mismatch"]
            continue
        assert paid[0] == "exact_format"
        if e["refused"]:
            assert paid == ["exact_format"]
        elif paid[1:] in (["missing_trace"], ["hallucinated_trace"]):
            assert not e["grounded"]
        else:
            assert len({"no_hallucination", "hallucination"} & set(paid)) == 1
            outcomes = {"correct_answer", "correct_abstention", "conflict", "incorrect_answer",
                        "wrong_abstention", "false_conflict"}  # fmt: skip
            assert len(outcomes & set(paid)) == 1
            assert bool(outcomes & set(paid) & set(TERMS[:6])) == bool(e["correct"])
        assert not (e["safe"] and e["hallucinated"])
        assert not (e["safe"] and not e["consistent"])


MONSTERS = {
    "spaces": " " * 200_000,
    "digits": "9" * 200_000,
    "numbers": "54 Gy " * 33_000,
    "the quote": f"{GIVEN_DOSE} " * 3_400,
    "quotation marks": '"' * 200_000,
    "quoted scraps": '"a" ' * 50_000,
    "dots": "." * 200_000,
    "ellipses": "a ... " * 33_000,
    "open tags": "<think>" * 28_000,
    "brackets": "<" * 200_000,
    "negations": "not " * 50_000,
    "no records": "the record no " * 14_000,
    "sources": "source a says 54 Gy whereas " * 7_000,
    "lines": "- x\n" * 50_000,
    "letters": "a" * 200_000,
    "dashes": "-" * 200_000,
    "stars": "*" * 200_000,
    "daily": "once daily " * 18_000,
    "months": "march 5 " * 25_000,
    "or": "54 Gy or " * 22_000,
    "commas": "1,000," * 33_000,
    "unicode": "\u00a0⁹\u200b－" * 50_000,
    "half codes": "a1ñ" * 66_000,
    "sides": "left in the letter, right in the note, not " * 4_600,
    "nobody wrote": "nobody wrote (54 Gy) down, " * 7_400,
}


@pytest.mark.timeout(10)
@pytest.mark.parametrize("where", ["think", "proof", "answer", "bare"])
@pytest.mark.parametrize("name", MONSTERS)
def test_two_hundred_kilobytes(name: str, where: str) -> None:
    """200 kB of anything is scored at once; what is not linear would run into the limit."""
    monster = MONSTERS[name][:200_000]
    channels = {"think": "x", "proof": GIVEN_DOSE, "answer": "54 Gy"} | {where: monster}
    text = monster if where == "bare" else wrap(**channels)
    found = assess(DOSE, text)
    assert found.events["well_formed"] <= (where != "bare")
    if where == "answer":
        assert not found.events["correct"]
    if where == "proof":
        assert not found.events["safe"]


@pytest.mark.parametrize("text", ['{"think": "a", "proof": ["x", "y"], "answer": "54 Gy"}'])
def test_json_only_where_it_is_asked_for(text: str) -> None:
    assert not parse(text).well_formed
    read = parse(text, "json")
    assert (read.well_formed, read.proof, read.answer) == (True, "x\ny", "54 Gy")


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{", '{"think": "a", "proof": "b"}', '{"think": 1, "proof": "b", "answer": "c"}',
     '{"think": "a", "proof": "b", "answer": " "}', "[" * 50_000,
     '{"think": "a", "proof": "b", "answer": "c", "reward": 36}',
     '{"think": "a", "proof": "b", "answer": "c", "answer": "d"}'],
)  # fmt: skip
def test_bad_json(text: str) -> None:
    assert not parse(text, "json").well_formed


def test_yaml() -> None:
    assert parse("think: a\nproof: b\nanswer: 54 Gy\n", "yaml").answer == "54 Gy"
    assert not parse("think: &a x\nproof: *a\nanswer: *a\n", "yaml").well_formed
    assert not parse("!!python/object/apply:os.system [ls]", "yaml").well_formed
    assert parse("think: a\nproof: [b, c]\nanswer: d\n", "yaml").proof == "b\nc"
    assert not parse("think: a\nproof: [[b]]\nanswer: d\n", "yaml").well_formed
    for deep in ("[", "{", "[a, ", "- ", "a: "):
        assert not parse((deep * 100_000)[:100_000], "yaml").well_formed
