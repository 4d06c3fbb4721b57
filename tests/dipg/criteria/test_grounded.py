"""grounded: every quotation is in the context, up to typing, and together they are evidence."""

import pytest

from dipg.rubric.grounding import look_up, read_proof
from dipg.rubric.reading import read
from tests.dipg.criteria.making import CONTEXT, DOSE_PROOF, events, vignette

HERE = read(CONTEXT)


def grounded(proof: str) -> bool:
    return read_proof(proof, HERE).grounded


@pytest.mark.parametrize(
    "proof",
    [
        DOSE_PROOF,
        DOSE_PROOF.upper(),
        DOSE_PROOF[:-1],
        f'"{DOSE_PROOF}"',
        f"- {DOSE_PROOF}",
        DOSE_PROOF.replace(" ", "\u00a0"),
        DOSE_PROOF.replace("54", "５４"),
        DOSE_PROOF.replace("received", "re\u00adceived"),
        DOSE_PROOF.replace(" ", "&nbsp;"),
        "KT33 received 54 Gy ... until 14 March 2022.",
        f"The record states: {DOSE_PROOF}",
        DOSE_PROOF.replace(" in ", "\nin "),
    ],
)
def test_typing_changes_nothing(proof: str) -> None:
    assert grounded(proof)


@pytest.mark.parametrize(
    "proof",
    [
        DOSE_PROOF.replace("54", "500"),
        DOSE_PROOF.replace("KT33", "KT34"),
        "received KT33 54 Gy in fractions 30",
        "KT33 received a dose of 54 Gy.",
        f"{DOSE_PROOF} It was well tolerated.",
        "until 14 March 2022 ... KT33 received 54 Gy",
        ".",
        "54 Gy",
        "of the",
        CONTEXT,
        f'"{CONTEXT}"',
        "",
    ],
)
def test_what_is_no_quotation(proof: str) -> None:
    assert not grounded(proof)


def test_a_remark_quotes_nothing_and_a_quoted_remark_does() -> None:
    assert not read_proof("No quotation is available.", HERE).quotes
    assert read_proof('"No quotation is available."', HERE).quotes


def test_a_look_up_counts_tokens() -> None:
    assert look_up("kt33 received 54 gy", HERE.key) == 5  # kt, 33, ...
    assert look_up("kt33 received 59 gy", HERE.key) == 0


def test_punctuation_without_end_costs_no_more_than_its_length() -> None:
    assert not grounded("KT33 received" + "." * 200_000)
    assert not grounded("KT33" + " ." * 100_000)


@pytest.mark.parametrize("pointer", ["(sentence 3)", "[1]", "(lines 2-3)", "(see section 2)"])
def test_a_pointer_quotes_nothing(pointer: str) -> None:
    context = read(CONTEXT)
    quotation = '"KT33 received 54 Gy in 30 fractions until 14 March 2022."'
    assert read_proof(f"{quotation} {pointer}", context).grounded
    assert read_proof(f"{pointer} {quotation}", context).grounded


def test_a_passage_with_quotation_marks_of_its_own() -> None:
    context = (
        'The report reads: "High-grade glioma of the pons." A second opinion differs. The boy is '
        "eight years old. No treatment has been planned for him so far."
    )
    made = vignette("What does the report say?", "High-grade glioma", context=context)
    quoted = '"The report reads: "High-grade glioma of the pons.""'
    assert events(made, quoted, "High-grade glioma")["grounded"] == 1
    altered = quoted.replace("pons", "thalamus")
    assert events(made, altered, "High-grade glioma")["grounded"] == 0
