"""Glaive's two texts: turns, quotes inside of quotes, functions one after the other."""

from __future__ import annotations

import msgspec
import pytest

from agentflan.core.errors import Unreadable
from agentflan.core.types import Answer, Dropped, Step, ToolCall, Trajectory
from agentflan.sources.glaive import Glaive
from tests.sources.real_rows import need, tally

PLAIN = "SYSTEM: You are a helpful assistant, with no access to external functions."
OFFER = "SYSTEM: You are a helpful assistant with access to the following functions. Use them if required -\n"


def row(chat: str, system: str = PLAIN) -> bytes:
    return msgspec.json.encode({"system": system, "chat": chat})


def read(chat: str, system: str = PLAIN) -> Trajectory:
    found = Glaive()(row(chat, system))
    assert isinstance(found, Trajectory)
    return found


@pytest.mark.parametrize("folder", ["llamafactory", "taubench", "sharegpt_vicuna"])
def test_rows_of_other_formats_are_not_read(folder: str) -> None:
    for path in need(folder):
        assert set(tally(Glaive(), path)) == {"quarantined not_glaive"}, path.name


def test_talk_without_functions_is_general() -> None:
    found = read("USER: Hi\n\n\nASSISTANT: One.\n\nUSER is a word. <|endoftext|>\n\n\nUSER: Bye")
    assert found.steps == (Step(action=Answer(text="One.\n\nUSER is a word.")),)
    assert (found.kind, found.instruction) == ("general", "")
    assert read("USER: Hi\n\n\nASSISTANT: Ho", "SYSTEM: Rhyme.").instruction == "Rhyme."


def test_functions_one_after_the_other() -> None:
    tools = '{\n "name": "f",\n "parameters": {}\n}\n\n{\n "name": "g",\n "description": "{a}"\n}\n'
    found = read("USER: Hi\n\n\nASSISTANT: Ho", OFFER + tools)
    assert ([tool.name for tool in found.tools], found.kind, found.ending) == (["f", "g"], "agent", "answer")


@pytest.mark.parametrize(
    ("call", "arguments"),
    [
        ("""{"name": "f", "arguments": '{"a": "it's"}'}""", """{"a": "it's"}"""),
        ("""{"name": "f", "arguments": '{"a": 1'}""", '{"a": 1'),
        ("""{"name": "f", "arguments": '{\n  "a": 1\n}'}""", '{\n  "a": 1\n}'),
        ("""{"name": "f", "arguments": {"a": 1}}""", '{"a":1}'),
        ("""{"name": "f", "arguments": "{}"}""", "{}"),
        ("""{"name": "f"}""", ""),
        ("""{"arguments": {}, "name": "f"}""", "{}"),
    ],
)
def test_spellings_of_a_call(call: str, arguments: str) -> None:
    found = read(f"USER: q\n\n\nASSISTANT: I look. <functioncall> {call} <|endoftext|>\n\n\nFUNCTION RESPONSE: 1")
    action = ToolCall(name="f", arguments=arguments)
    assert found.steps == (Step(thought="I look.", action=action, observation="1"),)
    assert found.ending == "open"


def test_no_reply_is_dropped() -> None:
    assert Glaive()(row("USER: Hi\n\n\n")) == Dropped(reason="no_reply")
    assert Glaive()(row("USER: Hi\n\n\nASSISTANT:  <|endoftext|>")) == Dropped(reason="empty_turn")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (row("Hello"), "not_glaive"),
        (b'{"system": "x", "conversations": []}', "not_glaive"),
        (row("USER: q\n\n\nASSISTANT: <functioncall> f(x)"), "call_broken"),
        (row("USER: q\n\n\nASSISTANT: a\n\n\nFUNCTION RESPONSE: 1"), "observation_without_call"),
        (row("USER: q\n\n\nASSISTANT: a", OFFER + '{"name": '), "tool_list_broken"),
        (b"{", "broken_json"),
    ],
)
def test_what_cannot_be_read_says_why(data: bytes, reason: str) -> None:
    with pytest.raises(Unreadable) as caught:
        Glaive()(data)
    assert caught.value.reason == reason
