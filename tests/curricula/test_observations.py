"""Observations: what fits a schema, and the log that keeps them."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curricula.observations import (
    Observation,
    ObservationError,
    Rate,
    Schema,
    decode,
    encode,
    header,
    reward_event,
)

SCHEMA = Schema(
    ("a", "b", "c"),
    ("safe", "tried", "fact"),
    {
        "safe": Rate("safe"),
        "answer": Rate("tried", "fact"),
        "both": Rate("safe", ("tried", "fact")),
    },
    attempt="tried",
)


def build(rows, **changes):
    parts = {
        "terms": np.zeros((rows, 3)),
        "events": np.zeros((rows, 3)),
        "groups": np.zeros(rows, int),
    }
    return Observation.build(SCHEMA, **{**parts, **changes})


@given(st.data())
def test_the_log_gives_back_what_was_observed(data):
    rows = data.draw(st.integers(0, 6))
    facts = st.sampled_from([0.0, 1.0, 0.5, float("nan")])
    square = st.lists(st.lists(facts, min_size=3, max_size=3), min_size=rows, max_size=rows)
    terms, events = (np.array(data.draw(square), np.float32).reshape(rows, 3) for _ in range(2))
    groups = data.draw(st.lists(st.integers(0, 5), min_size=rows, max_size=rows))
    seen = build(rows, terms=terms, events=events, groups=np.array(groups, int))
    line = json.loads(json.dumps(encode(7, seen.pad(rows + 2), ["p"], "hold")))
    again = decode(line, SCHEMA)
    for one, other in zip(seen, again):
        np.testing.assert_array_equal(one, other)
    assert (line["step"], line["prompts"], line["command"]) == (7, ["p"], "hold")


def test_zero_one_rows_are_packed_with_bit_i_for_column_i():
    terms = [[1, 0, 1], [0, 1, 0]]
    line = encode(1, build(2, terms=np.array(terms), groups=np.array([4, 4])))
    assert line == {"step": 1, "prompts": [], "groups": [4, 4], "terms": [5, 2], "events": [0, 0]}


def test_the_header_holds_the_schema():
    head = json.loads(json.dumps(header(SCHEMA, 64, 8)))
    assert Schema.from_json(head["schema"]) == SCHEMA
    assert (head["version"], head["batch_size"], head["groups"]) == (1, 64, 8)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"terms": np.zeros((2, 4))}, r"terms has shape \(2, 4\), expected \(2, 3\)"),
        ({"events": np.zeros((2, 2))}, r"events has shape \(2, 2\)"),
        ({"groups": np.array([1, 2**40])}, "group ids must fit 32 bits, got 1099511627776"),
        ({"groups": np.zeros(3, int)}, r"groups has shape \(3,\)"),
        ({"terms": np.full((2, 3), 2)}, r"terms must lie in \[0, 1\]"),
        ({"events": np.full((2, 3), -1)}, r"events must lie in \[0, 1\]"),
    ],
)
def test_observations_that_do_not_fit_are_refused(changes, told):
    with pytest.raises(ObservationError, match=told):
        build(2, **changes)


def test_more_rows_than_room_are_refused():
    with pytest.raises(ObservationError, match="3 responses in a step, room for 2"):
        build(3).pad(2)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((("a", "a"),), "a term is named twice"),
        ((("a",), ("e",), {"r": Rate("x")}), "no event 'x' in the schema; events: e"),
        ((("a",), ("e",), {"r": Rate("e", "y")}), "no event 'y'"),
        ((("a",), ("e",), {"mean": Rate("e")}), "cannot name a rate"),
        ((("a",), ("e",), {}, "t"), "no event 't'"),
    ],
)
def test_schemas_that_cannot_be_meant_are_refused(arguments, told):
    with pytest.raises(ObservationError, match=told):
        Schema(*arguments)


def test_a_log_line_without_a_field_says_which_step():
    with pytest.raises(ObservationError, match="step 3 of the log has no 'groups'"):
        decode({"step": 3, "terms": []}, SCHEMA)


def test_reward_events_are_read_from_their_names():
    assert reward_event("rate(reward >= 36)") == (">=", 36.0)
    assert reward_event("safe") is None
