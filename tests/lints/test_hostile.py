"""Rows of any shape: lints and repairs never raise, repairs change nothing twice, long ones end."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentflan.core.types import Answer, Step, ToolCall, ToolSpec, Trajectory
from agentflan.corpus.checking.task_files import task_format
from agentflan.lints.catalogue import CATALOGUE
from agentflan.lints.find import lint, lint_row
from agentflan.lints.repairs import repaired

KEYS = (
    *(
        "conversations",
        "messages",
        "conversation",
        "from",
        "role",
        "value",
        "content",
        "loss",
        "reward",
        "class_",
        "source",
    ),
    *("tool_calls", "function_call", "function", "arguments", "name", "tools", "functions", "parameters", "properties"),
    *(
        "tree",
        "children",
        "node_type",
        "description",
        "pruned",
        "answer_generation",
        "train_messages",
        "required",
        "type",
    ),
)
WORDS = (
    *(
        "human",
        "gpt",
        "chatgpt",
        "user",
        "tool",
        "{'a': 1}",
        '{"a": 1}',
        "[",
        "[{",
        "Action",
        "Action Input",
        "\x1b[m",
        " f ",
    ),
    *(
        "\u200b",
        "I am Vicuna",
        "a@b.cd",
        "\nAction Input: {'a': 1}",
        '[{"name": " f ", "parameters": {}}]',
        "text_observation",
    ),
)
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 3), st.floats(allow_nan=False, width=16), st.sampled_from(WORDS)
)
values: st.SearchStrategy[Any] = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.sampled_from(KEYS), inner, max_size=5)),
    max_leaves=24,
)
texts = st.sampled_from(["", *WORDS, "{", "{'", '{"error": "x"}', "...", "(" * 50])
steps = st.builds(
    Step,
    thought=texts,
    action=st.one_of(
        st.none(),
        st.builds(Answer, text=texts),
        st.builds(ToolCall, name=st.sampled_from(["f", "", " f"]), arguments=texts),
    ),
    observation=st.one_of(st.none(), texts),
)
tools = st.builds(
    ToolSpec,
    name=st.sampled_from(["f", "", "a.b", " f"]),
    description=texts,
    parameters=st.one_of(texts, values.map(json.dumps)),
)


@given(values)
def test_a_row_of_any_shape(row: Any) -> None:
    before = copy.deepcopy(row)
    assert all(code in CATALOGUE for code, _ in lint_row(row))
    after, codes = repaired(row, ("secrets", "emails"))
    assert row == before
    assert set(codes) <= set(CATALOGUE)
    assert repaired(after, ("secrets", "emails")) == (after, ())
    assert isinstance(task_format(json.dumps(row).encode()), str)


@given(st.lists(steps, max_size=4), st.lists(tools, max_size=3))
def test_a_trajectory_of_any_shape(made: list[Step], offered: list[ToolSpec]) -> None:
    found = lint(Trajectory(id="a", source="s", query="q", steps=tuple(made), tools=tuple(offered)))
    assert all(code in CATALOGUE for code, _ in found)


@pytest.mark.parametrize("piece", ["{", "{'", "[{", "a_b ", "{'a': 1, ", "\x1b[", "Error ", "THOUGHT:", "..."])
def test_a_megabyte_in_every_place_ends(piece: str) -> None:
    text = piece * (1_000_000 // len(piece))
    step = Step(thought=text, action=ToolCall(name="f", arguments=text), observation=text)
    tool = ToolSpec(name="f", description=text, parameters='{"properties":{"a":{"description":"A."}}}')
    assert list(lint(Trajectory(id="a", source="s", query=text, steps=(step,), tools=(tool,))))
    row = {"conversations": [{"from": "human", "value": text}, {"from": "gpt", "value": f"\nAction Input: {text}"}]}
    list(lint_row(row))
    repaired(row, ("secrets", "emails"))
