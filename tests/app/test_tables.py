"""The page at the end of a run, from real evaluations."""

from __future__ import annotations

import io

import numpy as np
from rich.console import Console, RenderableType

from dipg.app.metrics import METRICS, RATES
from dipg.app.tables import RATES as SHOWN_RATES
from dipg.app.tables import REWARDS, comparison, moves
from dipg.evaluation import EvaluationSummary, summarise
from dipg.rubric import EVENTS, TERMS
from tests.app.reports import clause, receipt

WRONG = ("exact_format", "no_hallucination", "verifiable_trace", "incorrect_answer")  # pays 1
RIGHT = ("exact_format", "no_hallucination", "verifiable_trace", "correct_answer")  # pays 31
FOREIGN = ("exact_format", "hallucinated_trace")  # pays -15
ANSWER = ("well_formed", "answered", "answerable")


def evaluation(wrong: int, right: int, foreign: int) -> EvaluationSummary:
    """So many grounded but wrong, right and ungrounded answers to answerable questions."""
    rows = (
        [(WRONG, (*ANSWER, "grounded", "consistent", "safe"))] * wrong
        + [(RIGHT, (*ANSWER, "grounded", "consistent", "safe", "correct"))] * right
        + [(FOREIGN, (*ANSWER, "hallucinated"))] * foreign
    )
    terms = np.array([[name in row for name in TERMS] for row, _ in rows], np.float32)
    events = np.array([[name in row for name in EVENTS] for _, row in rows], np.float32)
    return summarise(terms, events)


def text_of(renderable: RenderableType, width: int = 80) -> str:
    console = Console(width=width, file=io.StringIO(), record=True)
    console.print(renderable)
    return console.export_text()


def test_before_and_after() -> None:
    before, after = evaluation(5, 1, 4), evaluation(3, 6, 1)
    text = text_of(comparison("50 held-out vignettes", before.figures, after.figures))
    rows = {line[:27].strip(): line[27:].split() for line in text.splitlines()}
    # before: (5 * 1 + 31 - 4 * 15) / 10; after: (3 * 1 + 6 * 31 - 15) / 10
    assert rows["mean reward"][0] == "-2.40"
    assert "17.40" in rows["mean reward"]
    assert rows["median"][0] == "1.00"
    assert "31.00" in rows["median"]
    assert rows["min"] == ["-15.00", "-15.00"]  # an extreme has no interval
    assert rows["max"] == ["31.00", "31.00"]
    assert rows["range"] == ["46.00", "46.00"]
    # Wilson's interval of 6 in 10, and of 9 in 10, from his formula with z = 1.96.
    assert rows["safe"] == ["60.0%", "31.3", "..", "83.2%", "90.0%", "59.6", "..", "98.2%"]
    assert rows["hallucination"][0] == "40.0%"
    assert rows["correct and safe"][0] == "10.0%"
    assert rows["answers, of the answerable"][0] == "100.0%"
    assert rows["abstains, of the answerable"][0] == "0.0%"
    assert text.startswith("50 held-out vignettes")
    assert max(map(len, text.splitlines())) <= 80


def test_every_figure_of_the_table_is_one_of_an_evaluation() -> None:
    assert {*REWARDS, *SHOWN_RATES} <= set(evaluation(1, 1, 1).figures)


def test_every_watched_rate_counts_events_that_there_are() -> None:
    for event, given in RATES.values():
        assert event in EVENTS
        assert set(given) <= set(EVENTS)
    assert METRICS[0] == "mean"


def test_a_metric_means_the_same_in_the_window_and_in_an_evaluation() -> None:
    summary = evaluation(3, 6, 1)
    same = {"safe": "safe_rate", "correct": "correct_rate", "hallucination": "hallucination_rate"}
    same |= {"refusal": "refusal_rate", "consistency": "consistency_rate", "format": "format_rate"}
    same |= {"answer": "answer_rate", "abstention": "abstention_on_answerable_rate"}
    # Of an evaluation, competence is not reported: its answer and correct rates say it.
    assert set(same) == set(RATES) - {"competence"}
    for metric, figure in same.items():
        event, given = RATES[metric]
        counted = np.array(summary.outcomes(event), float)
        for fact in given:
            counted = counted[np.array(summary.outcomes(fact)) == 1]
        assert counted.mean() == summary.figures[figure].value


def test_moves_are_listed_with_their_reasons() -> None:
    move = receipt(41, clause("safe > 90%", "pass", 0.95), to=(1.0, "medium"))
    text = text_of(moves([move], 300), width=300)
    assert "after step 41: moved from soft to medium (evidence is complete): safe 95%" in text
    assert "The penalties did not move in 300 steps." in text_of(moves([], 300))
