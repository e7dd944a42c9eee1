"""LLaMA-Factory: every real row of its three shapes, five by hand, and the flaws of each shape."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from agentflan.core.errors import Unreadable
from agentflan.core.types import Answer, Dropped, Step, ToolCall, Trajectory
from agentflan.sources.llamafactory import Llamafactory
from tests.sources.real_rows import check_golden, need, tally


def row(*turns: tuple[str, str], **more: Any) -> bytes:
    return msgspec.json.encode({"conversations": [{"from": who, "value": text} for who, text in turns], **more})


def parts(*messages: tuple[str, list[tuple[str, str]], float | None], **more: Any) -> bytes:
    said = [
        {"role": who, "content": [{"type": kind, "value": text} for kind, text in content], "loss_weight": weight}
        for who, content, weight in messages
    ]
    return msgspec.json.encode({"messages": said, **more})


def read(data: bytes) -> Trajectory:
    found = Llamafactory()(data)
    assert isinstance(found, Trajectory)
    return found


def test_every_real_row_is_read_or_says_why() -> None:
    assert {path.name: tally(Llamafactory(), path) for path in need("llamafactory")} == {
        "alpaca_en_demo.json": {"answer": 641},
        "alpaca_zh_demo.json": {"answer": 645},
        "glaive_toolcall_en_demo.json": {"answer": 194},
        "glaive_toolcall_zh_demo.json": {"answer": 208, "quarantined observation_without_call": 1},
        "identity.json": {"answer": 91},
        "reason_tool_use_demo_50.jsonl": {"answer": 31, "open": 8},
        "v1_sft_demo.jsonl": {"answer": 325},
    }


@pytest.mark.parametrize("folder", ["fireact", "invariant_traces", "sharegpt_vicuna", "toolllama_rows"])
def test_rows_of_other_formats_are_not_read(folder: str) -> None:
    for path in need(folder):
        assert set(tally(Llamafactory(), path)) == {"quarantined not_llamafactory"}, path.name


def test_rows_checked_by_hand() -> None:
    check_golden("llamafactory", Llamafactory())


def test_parallel_calls_with_a_thought() -> None:
    calls = '<think>Both.</think>\n[{"name": "f", "arguments": "x"}, {"name": "g", "arguments": {}}]'
    found = read(row(("human", "q"), ("function_call", calls), ("observation", "[1, 2]"), ("gpt", "done")))
    assert found.steps == (
        Step(thought="Both.", action=ToolCall(name="f", arguments="x"), observation="1"),
        Step(action=ToolCall(name="g", arguments="{}"), observation="2", together=True),
        Step(action=Answer(text="done")),
    )


def test_tools_that_nobody_needed_and_no_tools() -> None:
    assert read(row(("human", "q"), ("gpt", "a"), tools='[{"name": "f"}]')).kind == "agent"
    assert read(row(("human", "q"), ("gpt", "a"), tools="[]")).kind == "general"


def test_alpaca_with_all_its_fields() -> None:
    data = {"instruction": "Add.", "input": "1 1", "output": "2", "system": "Be brief.", "history": [["Hi", "Hello"]]}
    found = read(msgspec.json.encode(data))
    assert (found.instruction, found.query, found.kind) == ("Be brief.", "Hi", "general")
    assert found.steps == (
        Step(action=Answer(text="Hello"), observation="Add.\n1 1"),
        Step(action=Answer(text="2")),
    )


def test_parts_of_messages() -> None:
    calls = [("reasoning", "Both."), ("text", "I look."), ("tool_call", '{"name": "f", "arguments": {"a": 1}}')]
    found = read(
        parts(
            ("system", [("text", "Be brief.")], 0),
            ("user", [("text", "q"), ("text", "r")], 0),
            ("assistant", [*calls, ("tool_call", '{"name": "g"}')], 0.0),
            ("tool", [("text", '[{"n": 1}, {"n": 2}]')], 0),
            ("assistant", [("reasoning", "Sure."), ("text", "done")], None),
        )
    )
    assert (found.query, found.instruction) == ("q\nr", "Be brief.")
    assert found.steps == (
        Step(
            thought="Both.\nI look.",
            action=ToolCall(name="f", arguments='{"a":1}'),
            observation='{"n": 1}',
            loss=False,
        ),
        Step(action=ToolCall(name="g"), observation='{"n": 2}', loss=False, together=True),
        Step(thought="Sure.", action=Answer(text="done")),
    )


def test_no_reply_is_dropped() -> None:
    empty = {"instruction": "Add.", "input": "", "output": " "}
    assert Llamafactory()(msgspec.json.encode(empty)) == Dropped(reason="empty_turn")
    assert Llamafactory()(row(("human", "q"), tools="")) == Dropped(reason="no_reply")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (row(("human", "q"), ("gpt", "a")), "not_llamafactory"),
        (row(("user", "q"), ("assistant", "a"), tools="[]"), "not_llamafactory"),
        (row(("human", "q"), ("gpt", "<tool_call>{}</tool_call>"), tools="[]"), "not_llamafactory"),
        (row(("human", "q"), ("function_call", "f(x)")), "call_broken"),
        (row(("human", "q"), ("function_call", '{"arguments": {}}')), "call_broken"),
        (row(("human", "q"), ("gpt", "a"), ("observation", "1")), "observation_without_call"),
        (row(("human", "q"), ("gpt", "a"), tools="[{]"), "tool_list_broken"),
        (parts(("user", [("image", "q.png")], 0)), "not_text"),
        (parts(("robot", [("text", "q")], 0)), "unknown_role"),
        (b'{"messages": [{"role": "user", "content": "q"}]}', "not_llamafactory"),
        (b'{"instruction": "q"}', "not_llamafactory"),
        (b'{"instruction": "q", "output": "A.\\nThought: a\\nAction: finish[b]\\nObservation: c"}', "not_llamafactory"),
        (b'{"tools": ', "broken_json"),
    ],
)
def test_what_cannot_be_read_says_why(data: bytes, reason: str) -> None:
    with pytest.raises(Unreadable) as caught:
        Llamafactory()(data)
    assert caught.value.reason == reason
