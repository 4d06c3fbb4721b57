"""well_formed: three channels, each once, closed, in order, nothing outside, an answer."""

import pytest

from dipg.responses import parse

GOOD = "<think>a</think><proof>b</proof><answer>c</answer>"


@pytest.mark.parametrize("text", [GOOD, GOOD.upper(), f"\n {GOOD}\u200b\n", GOOD.replace("b", "")])
def test_good(text: str) -> None:
    assert parse(text).well_formed


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (GOOD.replace("c", " "), "empty answer"),
        (GOOD[:-1], "no </answer>"),
        (GOOD.replace("</think>", ""), "no </think>"),
        (GOOD + GOOD, "tags repeated or nested"),
        ("<proof>b</proof><think>a</think><answer>c</answer>", "tags repeated or nested"),
        (GOOD.replace("b", "<answer>c</answer>"), "tags repeated or nested"),
        ("Sure: " + GOOD, "text outside the tags"),
        (GOOD + " Done.", "text outside the tags"),
        (f"```\n{GOOD}\n```", "text outside the tags"),
    ],
)
def test_faults_are_named(text: str, fault: str) -> None:
    parsed = parse(text)
    assert (parsed.well_formed, parsed.fault) == (False, fault)
    assert parsed.think == parsed.proof == parsed.answer == ""


def test_channels() -> None:
    parsed = parse("<THINK> a < b </THINK>\n<Proof>\nb\n</Proof><answer>c </answer>")
    assert (parsed.think, parsed.proof, parsed.answer) == ("a < b", "b", "c")


def test_other_formats_only_where_asked_for() -> None:
    text = '{"think": "a", "proof": ["b", "d"], "answer": "c"}'
    assert not parse(text).well_formed
    assert parse(text, "json").proof == "b\nd"
    assert parse("think: a\nproof: b\nanswer: c", "yaml").well_formed
    assert not parse(text.replace('"answer"', '"final"'), "json").well_formed
    assert not parse('{"think": "a", "think": "b", "proof": "", "answer": "c"}', "json").well_formed
    assert not parse("think: &a x\nproof: *a\nanswer: c", "yaml").well_formed
