"""OpenAI's messages: every real row, three by hand, where outputs go, and which rows are somebody else's."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from agentflan.core.errors import Unreadable
from agentflan.core.types import Answer, Dropped, Step, ToolCall, Trajectory
from agentflan.sources.openai import Openai
from tests.sources.real_rows import check_golden, need, tally


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


def says(text: str | None, *calls: tuple[str, Any, str | None], **more: Any) -> dict[str, Any]:
    made = [{"id": id, "type": "function", "function": {"name": f, "arguments": a}} for f, a, id in calls]
    return {"role": "assistant", "content": text, **({"tool_calls": made} if calls else {}), **more}


def output(text: Any, **more: Any) -> dict[str, Any]:
    return {"role": "tool", "content": text, **more}


def row(*messages: dict[str, Any], **more: Any) -> bytes:
    return msgspec.json.encode({"messages": messages, "tools": [], **more})


def read(*messages: dict[str, Any], **more: Any) -> Trajectory:
    found = Openai()(row(*messages, **more))
    assert isinstance(found, Trajectory)
    return found


def test_every_real_row_is_read_or_says_why() -> None:
    assert {path.name: tally(Openai(), path) for path in need("invariant_traces")} == {
        # its messages are the text of a field `input`; four of its traces have no call, and three entries are headings
        "playground-examples.json": {
            "open": 11,
            "answer": 1,
            "dropped starts_with_reply": 1,
            "quarantined not_openai": 7,
        },
        "sample_data.jsonl": {"answer": 3},
    }


@pytest.mark.parametrize(
    "folder",
    ["llamafactory", "fireact", "agentinstruct", "agentflan_release_rows", "sharegpt_vicuna", "toolllama_rows"],
)
def test_rows_of_other_formats_are_not_read(folder: str) -> None:
    for path in need(folder):
        assert set(tally(Openai(), path)) == {"quarantined not_openai"}, path.name


def test_rows_checked_by_hand() -> None:
    check_golden("openai", Openai())


@pytest.mark.parametrize(
    ("outputs", "seen"),
    [
        ([output("2", tool_call_id="b"), output("1", tool_call_id="a")], ["1", "2"]),
        ([output("1"), output("2")], ["1", "2"]),
        ([output("2", name="g"), output("1", name="f")], ["1", "2"]),
        ([output("1", tool_call_id="x"), output("2", tool_call_id="y")], ["1", "2"]),
        ([output('["1", {"n": 2}]')], ['"1"', '{"n": 2}']),
        ([output("all")], ["all", None]),
        ([output("1"), output("2"), output("3")], ["1", "2\n3"]),
        ([output([{"type": "text", "text": "1"}]), output({"n": 2})], ["1", '{"n":2}']),
        ([], [None, None]),
    ],
)
def test_an_output_finds_its_call(outputs: list[dict[str, Any]], seen: list[str | None]) -> None:
    found = read(user("q"), says("t", ("f", "{}", "a"), ("g", {"x": 1}, "b")), *outputs, says("done"))
    assert [step.observation for step in found.steps] == [*seen, None]
    assert [step.together for step in found.steps] == [False, True, False]
    assert found.steps[1].action == ToolCall(name="g", arguments='{"x":1}')


def test_one_id_twice_in_a_turn_goes_by_order() -> None:
    twice = says(None, ("f", "1", "a"), ("f", "2", "a"))
    found = read(user("q"), twice, output("1", tool_call_id="a"), output("2", tool_call_id="a"))
    assert [step.observation for step in found.steps] == ["1", "2"]


def test_the_older_function_call() -> None:
    call = {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": '{"a": 1'}}
    found = read(
        user("q"), call, {"role": "function", "name": "f", "content": "1"}, functions=[{"name": "f"}], tools=None
    )
    assert found.steps == (Step(action=ToolCall(name="f", arguments='{"a": 1'), observation="1"),)
    assert found.ending == "open"


def test_thoughts_stand_in_tags_in_a_field_or_before_the_call() -> None:
    said = [
        says("<think>a</think>b", ("f", "", None), reasoning_content="r"),
        says("c", ("g", "", None)),
        says("</think> d <think>"),
        says(None, ("h", "", None)),
        output("x"),
        says("In an answer, <think> is a tag."),
    ]
    found = read(user("q"), *said)
    assert [step.thought for step in found.steps] == ["r\na\nb", "c", "d <think>", ""]
    assert found.steps[-1].action == Answer(text="In an answer, <think> is a tag.")


def test_what_the_person_says_is_the_observation_and_a_last_question_goes() -> None:
    found = read(user("q"), says("Hi", weight=0), user("and"), user("then?"), says("Bye"), user("Hello?"))
    assert found.steps == (
        Step(action=Answer(text="Hi"), observation="and\nthen?", loss=False),
        Step(action=Answer(text="Bye")),
    )
    assert (found.kind, found.ending) == ("general", "answer")


def test_tools_make_a_row_an_agents() -> None:
    tool = {"name": "f", "description": None, "arguments": {"type": {"type": "string"}}}
    found = read(user("q"), says("a"), tools=msgspec.json.encode([tool]).decode())
    assert found.kind == "agent"
    assert msgspec.json.decode(found.tools[0].parameters)["required"] == ["type"]


def test_messages_in_text_with_tools_in_one_models_tokens() -> None:
    declared = {"role": "system", "content": "<|im_system|>tool_declare<|im_middle|>[]<|im_end|>"}
    text = str([declared, user("q"), {**says("a"), "function_call": None}])
    found = Openai()(msgspec.json.encode({"messages": text, "available_tools": '[{"name": "f"}]'}))
    assert isinstance(found, Trajectory)
    assert (found.instruction, [tool.name for tool in found.tools]) == ("", ["f"])


def test_plain_rows_are_read_when_asked_for() -> None:
    plain = msgspec.json.encode({"messages": [user("q"), says("a")]})
    with pytest.raises(Unreadable, match="not_openai"):
        Openai()(plain)
    found = Openai(plain=True)(plain)
    assert isinstance(found, Trajectory)
    assert found.kind == "general"


@pytest.mark.parametrize(
    ("messages", "reason"),
    [
        ([user("q")], "no_reply"),
        ([says("a"), user("q"), says("b")], "starts_with_reply"),
        ([user("q"), says(" ")], "empty_turn"),
        ([user(" "), says("a")], "empty_turn"),
    ],
)
def test_no_talk_to_learn_from_is_dropped(messages: list[dict[str, Any]], reason: str) -> None:
    assert Openai()(row(*messages)) == Dropped(reason=reason)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (row(user("q"), says('<tool_call>{"name": "f"}</tool_call>')), "not_openai"),
        (row({"role": "user", "content": [{"type": "text", "value": "q"}]}, says("a")), "not_openai"),
        (row({"role": "user", "content": [{"type": "image_url", "image_url": {}}]}, says("a")), "not_text"),
        (row(user("q"), {"role": "assistant", "content": 7}), "wrong_shape"),
        (row(user("q"), says("a"), output("1")), "observation_without_call"),
        (row(user("q"), says(None, ("", "{}", None))), "call_broken"),
        (row(user("q"), {"role": "robot"}), "unknown_role"),
        (row(user("q"), says("a"), {"role": "system", "content": "x"}), "system_turn_inside"),
        (row(user("q"), says("a"), tools="[{"), "tool_list_broken"),
        (row(user("q"), says("a"), tools=[{"type": "web"}]), "tool_list_broken"),
        (b'{"messages": "[{"}', "not_openai"),
        (b'{"messages": [{"from": "human", "value": "q"}]}', "not_openai"),
        (b'{"conversations": [', "broken_json"),
    ],
)
def test_what_cannot_be_read_says_why(data: bytes, reason: str) -> None:
    with pytest.raises(Unreadable) as caught:
        Openai()(data)
    assert caught.value.reason == reason


@pytest.mark.parametrize(("agent", "world"), [("assistant", "environment"), ("model", "tool"), ("bot", "ipython")])
def test_roles_under_unusual_names(agent: str, world: str) -> None:
    call = {"function": {"name": "f", "arguments": "{}"}}
    messages = [
        {"role": "user", "content": "q"},
        {"role": agent, "tool_calls": [call]},
        {"role": world, "content": "x"},
        {"role": agent, "content": "a"},
    ]
    found = Openai()(msgspec.json.encode({"messages": messages}))
    assert isinstance(found, Trajectory)
    assert found.steps == (
        Step(action=ToolCall(name="f", arguments="{}"), observation="x"),
        Step(action=Answer(text="a")),
    )
