"""Hermes: calls between tags in both spellings, where outputs stand, and which rows are somebody else's."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from agentflan.core.errors import Unreadable
from agentflan.core.types import Answer, Dropped, Step, ToolCall, Trajectory
from agentflan.sources.hermes import Hermes
from tests.sources.real_rows import need, tally

OFFER = '# Tools\n\nSignatures stand in <tools></tools> tags:\n<tools>\n{"name": "f"}\n{"name": "g"}\n</tools>'
CALL = '<tool_call>\n{"name": "f", "arguments": {}}\n</tool_call>'


def row(*turns: tuple[str, str], **more: Any) -> bytes:
    return msgspec.json.encode({"messages": [{"role": who, "content": text} for who, text in turns], **more})


def read(*turns: tuple[str, str], **more: Any) -> Trajectory:
    found = Hermes()(row(*turns, **more))
    assert isinstance(found, Trajectory)
    return found


@pytest.mark.parametrize("folder", ["llamafactory", "invariant_traces", "sharegpt_vicuna", "toolllama_rows"])
def test_rows_of_other_formats_are_not_read(folder: str) -> None:
    for path in need(folder):
        assert set(tally(Hermes(), path)) <= {"quarantined not_hermes", "quarantined broken_json"}, path.name


def test_tools_line_by_line_and_what_stays_of_the_prompt() -> None:
    found = read(("system", f"You are kind.\n\n{OFFER}"), ("user", "q"), ("assistant", "a"))
    assert ([tool.name for tool in found.tools], found.instruction, found.kind) == (
        ["f", "g"],
        "You are kind.",
        "agent",
    )
    assert read(("system", "Use <tools>[]</tools> now."), ("user", "q"), ("assistant", "a")).kind == "general"


def test_tools_beside_the_turns() -> None:
    found = read(("user", "q"), ("assistant", CALL), tools='[{"type": "function", "function": {"name": "f"}}]')
    assert ([tool.name for tool in found.tools], found.ending) == (["f"], "open")


@pytest.mark.parametrize(
    ("text", "call"),
    [
        ('{"name": "f", "arguments": {"a": [1, null]}}', ToolCall(name="f", arguments='{"a":[1,null]}')),
        (
            "{'arguments': {'a': \"it's\", 'b': None}, 'name': 'f'}",
            ToolCall(name="f", arguments='{"a":"it\'s","b":null}'),
        ),
        ('{"name": "f", "arguments": "{\\"a\\": 1"}', ToolCall(name="f", arguments='{"a": 1')),
        ('{"tool_name": "f", "tool_arguments": {"a": 1}}', ToolCall(name="f", arguments='{"a":1}')),
        ('{"name": "f", "arguments": {"a": "two\nlines"}}', ToolCall(name="f", arguments='{"a":"two\\nlines"}')),
        ('{"name": "f"}', ToolCall(name="f")),
    ],
)
def test_spellings_of_a_call(text: str, call: ToolCall) -> None:
    found = read(("user", "q"), ("assistant", f"<think>is it <tool_call>?</think><tool_call>{text}</tool_call>"))
    assert found.steps == (Step(thought="is it <tool_call>?", action=call),)


def test_outputs_of_parallel_calls() -> None:
    outputs = "<tool_response>\n1\n</tool_response>\n<tool_response>\n2\n</tool_response>"
    for role in ("tool", "user"):
        found = read(("user", "q"), ("assistant", f"I look.\n{CALL}\n{CALL}\nSo."), (role, outputs), ("assistant", "a"))
        call = ToolCall(name="f", arguments="{}")
        assert found.steps == (
            Step(thought="I look.\nSo.", action=call, observation="1"),
            Step(action=call, observation="2", together=True),
            Step(action=Answer(text="a")),
        )


def test_a_question_without_a_reply_is_dropped() -> None:
    assert Hermes()(row(("system", OFFER), ("user", "q"))) == Dropped(reason="no_reply")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (row(("user", "q"), ("assistant", "a")), "not_hermes"),
        (row(("user", "What is <tool_call>?"), ("assistant", "A tag.")), "not_hermes"),
        (row(("user", "q"), ("assistant", "<tool_call>f(x)</tool_call>")), "call_broken"),
        (row(("user", "q"), ("assistant", "<tool_call>{'name': 'f', 'arguments': {(1,): 2}}")), "call_broken"),
        (row(("user", "q"), ("assistant", "<tool_call>{'name': '\\ud800'}")), "call_broken"),
        (row(("user", "q"), ("robot", "b"), ("assistant", CALL)), "unknown_role"),
        (row(("system", "<tools>[{]</tools>"), ("user", "q")), "tool_list_broken"),
        (b'{"conversations": "text"}', "not_hermes"),
        (b"{", "broken_json"),
    ],
)
def test_what_cannot_be_read_says_why(data: bytes, reason: str) -> None:
    with pytest.raises(Unreadable) as caught:
        Hermes()(data)
    assert caught.value.reason == reason
