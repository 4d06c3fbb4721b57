"""Short vignettes and their expert: splits, kinds, leaks and habits."""

import random
import re
from collections import Counter

import numpy as np
import pytest

from dipg.environment import score_batch
from dipg.expert import Habits, respond_as_expert
from dipg.pricing import EVALUATION
from dipg.rubric import EVENTS
from dipg.vignettes.short import (
    generate_short,
    question_forms,
    sentence_forms,
    short_cases,
)
from dipg.vignettes.types import Shares

PATIENT = re.compile(r"\b[A-Z]\d\d\b")


def test_a_larger_set_begins_with_the_smaller_one():
    assert generate_short("train", 40, 3)[:15] == generate_short("train", 15, 3)
    assert generate_short("train", 15, 3) != generate_short("train", 15, 4)


def test_splits_share_no_patient_and_no_phrasing():
    patients = [
        {code for v in generate_short(split, 1500, 0) for code in PATIENT.findall(v.context)}
        for split in ("train", "evaluation")
    ]
    assert patients[0]
    assert patients[1]
    assert not patients[0] & patients[1]
    for forms, count in ((sentence_forms, 24), (question_forms, 16)):
        train, held_out = set(forms("train")), set(forms("evaluation"))
        assert not train & held_out
        assert len(train | held_out) == count
        # The words of a held-out phrasing are known; only their combination is new.
        for side in (0, 1):
            assert {form[side] for form in held_out} <= {form[side] for form in train}


def test_every_gold_earns_the_full_reward():
    vignettes = generate_short("evaluation", 500, 0)
    terms, events = score_batch(vignettes, [v.gold for v in vignettes])
    rewards = np.asarray(EVALUATION.rewards(terms))
    best = {"answer": 31.0, "abstain": 36.0, "conflict": 31.0}
    assert rewards.tolist() == [best[v.expected.kind] for v in vignettes]
    assert events[:, EVENTS.index("safe")].all()


def test_kinds_come_in_the_stated_shares():
    kinds = Counter(v.expected.kind for v in generate_short("train", 3000, 1))
    # Four standard deviations of a share of 3,000.
    for kind, share in (("answer", 0.60), ("abstain", 0.25), ("conflict", 0.15)):
        assert abs(kinds[kind] / 3000 - share) < 4 * (share * (1 - share) / 3000) ** 0.5
    only = generate_short("train", 50, 1, Shares(answer=0.0, abstain=0.0, conflict=1.0))
    assert {v.expected.kind for v in only} == {"conflict"}


def _majority_and_best_threshold(feature: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """Accuracy of the commonest kind, and of the commonest kind at each value of a feature."""
    majority = np.bincount(labels).max() / len(labels)
    by_value = sum(
        np.bincount(labels[feature == value]).max() for value in np.unique(feature)
    ) / len(labels)
    return float(majority), float(by_value)


@pytest.mark.parametrize("what", ["digits", "words", "of"])
def test_counts_do_not_tell_the_kinds_apart(what):
    """A table over all values of a count is the best classifier that the count allows."""
    vignettes = generate_short("train", 4000, 2)
    count = {
        "digits": lambda v: sum(c.isdigit() for c in v.context),
        "words": lambda v: len(v.context.split()),
        "of": lambda v: v.context.split().count("of"),
    }[what]
    labels = np.array([("answer", "abstain", "conflict").index(v.expected.kind) for v in vignettes])
    majority, best = _majority_and_best_threshold(np.array([count(v) for v in vignettes]), labels)
    assert best < majority + 0.05


def test_every_context_has_four_sentences():
    assert {v.context.count("\n") for v in generate_short("train", 300, 0)} == {3}


def test_the_question_does_not_tell_the_kind():
    """Chi-square of kind against each word of the question, at the Bonferroni level of 1%."""
    from scipy.stats import chi2_contingency

    vignettes = generate_short("train", 4000, 4)
    words = {w for v in vignettes for w in re.findall("[A-Za-z]+", PATIENT.sub("", v.question))}
    for word in words:
        table = np.zeros((2, 3))
        for v in vignettes:
            kind = ("answer", "abstain", "conflict").index(v.expected.kind)
            table[int(word in v.question), kind] += 1
        if table.sum(1).min() > 0:
            assert chi2_contingency(table).pvalue > 0.01 / len(words)


def test_the_expert_is_right_as_often_as_its_habits_say():
    cases = short_cases("train", 4000, 0)
    rng = random.Random(0)
    responses = [respond_as_expert(case, rng) for case in cases]
    _, events = score_batch([case.vignette for case in cases], responses)
    rates = dict(zip(EVENTS, events.mean(0), strict=True))
    habits = Habits()
    bad = 1 - (habits.gold_low + habits.gold_high) / 2
    assert rates["well_formed"] == pytest.approx(1 - bad * habits.broken_tag, abs=0.02)
    # A stock phrase is a foreign quotation; so is an empty proof's value where nothing is stated.
    empty_and_invented = habits.empty_proof * 0.25
    wanted = bad * (habits.from_memory + empty_and_invented)
    assert rates["hallucinated"] == pytest.approx(wanted, abs=0.02)


def test_a_careful_expert_is_always_right_and_safe():
    cases = short_cases("train", 500, 1)
    rng = random.Random(0)
    careful = Habits(gold_low=1.0, gold_high=1.0)
    responses = [respond_as_expert(case, rng, careful) for case in cases]
    _, events = score_batch([case.vignette for case in cases], responses)
    assert events[:, EVENTS.index("correct")].all()
    assert events[:, EVENTS.index("safe")].all()


def test_habits_that_are_no_rates_are_refused():
    with pytest.raises(ValueError, match=r"gold_low 0.6 and gold_high 0.5"):
        Habits(gold_low=0.6, gold_high=0.5)
