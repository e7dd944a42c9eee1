"""ToolACE: its prompt is what it is known by, replies in brackets are calls or talk."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from agentflan.core.errors import Unreadable
from agentflan.core.types import Answer, Dropped, Step, ToolCall, Trajectory
from agentflan.sources.toolace import Toolace
from tests.sources.real_rows import need, tally

PROMPT = 'Functions [in JSON]:\n[{"name": "f"}]. \nUse [func1(params_name=params_value), func2(params)].'


def row(*turns: tuple[str, str], system: str | None = PROMPT) -> bytes:
    said = [{"from": who, "value": text} for who, text in turns]
    return msgspec.json.encode({"system": system, "conversations": said})


def read(*turns: tuple[str, str], **more: Any) -> Trajectory:
    found = Toolace()(row(*turns, **more))
    assert isinstance(found, Trajectory)
    return found


@pytest.mark.parametrize("folder", ["llamafactory", "invariant_traces", "sharegpt_vicuna", "toolllama_rows"])
def test_rows_of_other_formats_are_not_read(folder: str) -> None:
    for path in need(folder):
        assert set(tally(Toolace(), path)) <= {"quarantined not_toolace", "quarantined broken_json"}, path.name


def test_the_prompt_beside_the_turns_or_first_of_them() -> None:
    beside = read(("user", "q"), ("assistant", "a"))
    assert ([tool.name for tool in beside.tools], beside.kind, beside.instruction) == (["f"], "agent", "")
    assert read(("system", PROMPT), ("user", "q"), ("assistant", "a"), system=None) == beside


def test_talk_in_brackets_is_talk() -> None:
    found = read(("user", "q"), ("assistant", "[a] (b)"), ("user", "r"), ("assistant", "<think>t</think>[f(a=[1])]"))
    assert found.steps == (
        Step(action=Answer(text="[a] (b)"), observation="r"),
        Step(thought="t", action=ToolCall(name="f", arguments='{"a":[1]}')),
    )
    assert found.ending == "open"


def test_a_question_without_a_reply_is_dropped() -> None:
    assert Toolace()(row(("user", "q"))) == Dropped(reason="no_reply")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (row(("user", "q"), ("assistant", "[f()]"), system="Be kind."), "not_toolace"),
        (row(system=PROMPT), "not_toolace"),
        (row(("user", "q"), ("assistant", "[f(a=(b)]")), "call_broken"),
        (row(("user", "q"), ("function_call", "[f()]")), "unknown_role"),
        (b"{", "broken_json"),
    ],
)
def test_what_cannot_be_read_says_why(data: bytes, reason: str) -> None:
    with pytest.raises(Unreadable) as caught:
        Toolace()(data)
    assert caught.value.reason == reason
