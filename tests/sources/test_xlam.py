"""xLAM: lists as text or as they are, flat parameters as a schema, rows without calls."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from agentflan.core.errors import Unreadable
from agentflan.core.types import Dropped, Step, ToolCall, Trajectory
from agentflan.sources.xlam import Xlam
from tests.sources.real_rows import need, tally

CALLS = [{"name": "f", "arguments": {"a": 1}}, {"name": "g", "arguments": "raw"}]


def row(answers: Any, tools: Any = "[]", query: str = "q") -> bytes:
    return msgspec.json.encode({"id": 1, "query": query, "tools": tools, "answers": answers})


@pytest.mark.parametrize("folder", ["llamafactory", "when2call", "tooleyes"])
def test_rows_of_other_formats_are_not_read(folder: str) -> None:
    for path in need(folder):
        assert set(tally(Xlam(), path)) == {"quarantined not_xlam"}, path.name


@pytest.mark.parametrize("answers", [CALLS, msgspec.json.encode(CALLS).decode(), str(CALLS)])
def test_answers_are_calls_of_one_turn(answers: Any) -> None:
    found = Xlam()(row(answers, [{"name": "f"}]))
    assert isinstance(found, Trajectory)
    assert found.steps == (
        Step(action=ToolCall(name="f", arguments='{"a":1}')),
        Step(action=ToolCall(name="g", arguments="raw"), together=True),
    )
    assert (found.ending, found.kind, found.tools[0].parameters) == ("answer", "agent", "{}")


def test_a_query_that_no_tool_helps_is_dropped() -> None:
    assert Xlam()(row("[]")) == Dropped(reason="no_call", detail="q")
    assert Xlam()(row(CALLS, query=" ")) == Dropped(reason="empty_turn")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (row("none"), "call_broken"),
        (row("7"), "not_xlam"),
        (row([{"name": "f"}, 7]), "call_broken"),
        (row(CALLS, tools="[7]"), "tool_list_broken"),
        (b'{"query": "q", "answers": "[]"}', "not_xlam"),
        (b"{", "broken_json"),
    ],
)
def test_what_cannot_be_read_says_why(data: bytes, reason: str) -> None:
    with pytest.raises(Unreadable) as caught:
        Xlam()(data)
    assert caught.value.reason == reason
