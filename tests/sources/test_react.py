"""ReAct in text: labels, brackets, ends; whatever stands in a row."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentflan.core.errors import Unreadable
from agentflan.core.types import Answer, Dropped, Step, ToolCall, Trajectory
from agentflan.sources.react import React
from agentflan.sources.shapes.react_text import parsed, said
from tests.sources.real_rows import need, tally


def read(row: Any) -> Trajectory | Dropped:
    return React()(msgspec.json.encode(row))


@pytest.mark.parametrize(
    ("text", "action"),
    [
        ("Action: rain[Oslo]", ToolCall(name="rain", arguments="Oslo")),
        ("Action: rain(Oslo, 2)", ToolCall(name="rain", arguments="Oslo, 2")),
        ('Action: rain\nAction Input: {"a":  1}\n', ToolCall(name="rain", arguments='{"a":  1}')),
        ("Action: rain", ToolCall(name="rain")),
        ("Action:\nrain[Oslo]", ToolCall(name="rain", arguments="Oslo")),
        ("**Action:** rain\n**Action Input:** x", ToolCall(name="rain", arguments="x")),
        ("Action: Finish[42]", Answer(text="42")),
        ('Action: Finish\nAction Input: {"answer": "42"}', Answer(text="42")),
        ('Action: Finish\nAction Input: {"return_type": "give_answer", "final_answer": "42"}', Answer(text="42")),
        ("Final Answer: 42\nand more", Answer(text="42\nand more")),
    ],
)
def test_an_action_in_each_of_its_forms(text: str, action: ToolCall | Answer) -> None:
    assert said(f"Thought: So.\n{text}").steps == (Step(thought="So.", action=action),)
    assert said(text).actions == 1


def test_text_without_labels_is_an_answer_and_a_thought_alone_is_no_action() -> None:
    assert said("Hello: you").steps == (Step(action=Answer(text="Hello: you")),)
    assert said("Thought: hm").steps == (Step(thought="hm"),)
    assert said("<think>long</think>Action: a[b]").steps[0].thought == "long"
    assert said("Well.\nThought: hm\nAction: a[b]").steps[0].thought == "Well.\nhm"


@given(
    st.lists(st.sampled_from(["Thought: a", "Action: b[c]", "Action Input: d", "Observation: e", "f", ""]), max_size=9)
)
def test_any_order_of_labels_gives_steps_with_all_actions(lines: list[str]) -> None:
    found = parsed("\n".join(lines))
    assert sum(isinstance(step.action, ToolCall) for step in found.steps) == lines.count("Action: b[c]")


@pytest.mark.parametrize(
    "row",
    [
        {"text": "Question: Why?\nThought: x\nAction: a[b]\nObservation: c\nFinal Answer: d"},
        {"question": "Why?", "trajectory": "Thought: x\nAction: a[b]\nObservation: c\nFinal Answer: d"},
        {"prompt": "Why?", "completion": "Thought: x\nAction: a\nAction Input: b\nObservation: c\nFinal Answer: d"},
    ],
)
def test_a_run_as_one_text(row: dict[str, Any]) -> None:
    found = read(row)
    assert isinstance(found, Trajectory)
    assert (found.query, found.ending, [tool.name for tool in found.tools]) == ("Why?", "answer", ["a"])
    assert found.steps == (
        Step(thought="x", action=ToolCall(name="a", arguments="b"), observation="c"),
        Step(action=Answer(text="d")),
    )


def test_the_next_question_after_an_answer_stays() -> None:
    turns = [("user", "1"), ("assistant", "Final Answer: 2"), ("user", "3"), ("assistant", "Action: a[b]")]
    found = read({"system": "Be kind.", "messages": [{"role": who, "content": text} for who, text in turns]})
    assert isinstance(found, Trajectory)
    assert (found.instruction, found.steps[0].observation, found.ending) == ("Be kind.", "3", "open")


def test_a_run_that_nobody_asked_for_is_dropped() -> None:
    row = {"messages": [{"role": "assistant", "content": "Action: a[b]"}]}
    assert read(row) == Dropped(reason="starts_with_reply")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]}, "not_react"),
        ({"messages": [{"role": "user", "content": "Hi"}]}, "no_steps"),
        ({"text": "Once upon a time"}, "not_react"),
        ({"messages": [{"role": "function", "content": "x"}]}, "unknown_role"),
        ({}, "not_react"),
    ],
)
def test_other_rows_are_not_its_own(row: dict[str, Any], reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        read(row)


def test_published_runs_are_read() -> None:
    counts = [tally(React(), path) for path in need("fireact")]
    assert counts == [{"answer": 1379}, {"answer": 1360, "dropped starts_with_reply": 1}]


def test_chat_of_the_field_is_not_taken_for_react() -> None:
    for path in (*need("sharegpt_vicuna"), *need("invariant_traces")):
        assert all(became.startswith("quarantined") for became in tally(React(), path))
