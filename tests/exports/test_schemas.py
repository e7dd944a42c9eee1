"""Rows are what the formats' own definitions ask for: ATIF's published models, and strict records for the others."""

from __future__ import annotations

from typing import Any, Literal

import msgspec
import pytest

from agentflan.core import plugs
from agentflan.core.types import Answer, Dropped, Step, ToolCall, ToolSpec, Trajectory
from tests.exports.test_read_back import real

PARALLEL = Trajectory(
    id="p1",
    source="drawn",
    query="Does it rain?",
    instruction="Be brief.",
    tools=(ToolSpec(name="rain", parameters='{"type": "object", "properties": {"city": {"type": "string"}}}'),),
    steps=(
        Step(thought="Both.", action=ToolCall(name="rain", arguments='{"city": "Oslo"}'), observation="no"),
        Step(action=ToolCall(name="rain", arguments="Rome"), observation="yes", together=True),
        Step(action=Answer(text="Ok."), observation="And now?", loss=False),
        Step(thought="So.", action=Answer(text="In Rome.")),
    ),
)


def rows(name: str, **known: Any) -> list[dict[str, Any]]:
    plug = plugs.load("export", {"use": name, **known})
    found = [plug(item) for item in (PARALLEL, *real())]
    return [dict(row) for made in found if not isinstance(made, Dropped) for _, row in made]


class Strict(msgspec.Struct, forbid_unknown_fields=True):
    pass


class Function(Strict):
    name: str
    arguments: str


class Call(Strict):
    id: str
    type: Literal["function"]
    function: Function


class OfSystem(Strict, tag_field="role", tag="system"):
    content: str


class OfUser(Strict, tag_field="role", tag="user"):
    content: str


class OfTool(Strict, tag_field="role", tag="tool"):
    content: str
    tool_call_id: str
    name: str


class OfAssistant(Strict, tag_field="role", tag="assistant"):
    content: str | None
    weight: Literal[0, 1]
    tool_calls: list[Call] | None = None
    reasoning_content: str | None = None


class ToolFunction(Strict):
    name: str
    description: str
    parameters: dict[str, Any]


class Tool(Strict):
    type: Literal["function"]
    function: ToolFunction


class OpenaiRow(Strict):
    id: str
    messages: list[OfSystem | OfUser | OfTool | OfAssistant]
    tools: list[Tool]


@pytest.mark.parametrize("thoughts", ["apart", "content"])
def test_openai_s_messages(thoughts: str) -> None:
    for raw in rows("openai", thoughts=thoughts):
        row = msgspec.convert(raw, OpenaiRow)
        open_calls: list[str] = []
        for message in row.messages:
            if isinstance(message, OfTool):
                assert message.tool_call_id == open_calls.pop(0)
                continue
            assert not open_calls, "every call has its output before anybody speaks again"
            if isinstance(message, OfAssistant):
                assert message.content is not None or message.tool_calls
                for call in message.tool_calls or []:
                    assert isinstance(msgspec.json.decode(call.function.arguments), dict)
                open_calls = [call.id for call in message.tool_calls or []]
        turns = [message for message in row.messages if isinstance(message, OfAssistant)]
        assert row.tools or not any(turn.tool_calls for turn in turns)


def test_calls_of_one_turn_are_one_message() -> None:
    first = msgspec.convert(rows("openai")[0], OpenaiRow)
    assert [type(message).__name__ for message in first.messages] == [
        *("OfSystem", "OfUser", "OfAssistant", "OfTool", "OfTool", "OfAssistant", "OfUser", "OfAssistant")
    ]
    turn = first.messages[2]
    assert isinstance(turn, OfAssistant)
    assert turn.reasoning_content == "Both."
    assert [call.function.arguments for call in turn.tool_calls or []] == ['{"city": "Oslo"}', '{"input":"Rome"}']
    assert [message.weight for message in first.messages if isinstance(message, OfAssistant)] == [1, 0, 1]


def test_thoughts_can_stand_in_the_text() -> None:
    first = msgspec.convert(rows("openai", thoughts="content")[0], OpenaiRow)
    said = [message.content for message in first.messages if isinstance(message, OfAssistant)]
    assert said == ["Both.", "Ok.", "So.\n\nIn Rome."]


def test_atif_is_valid_by_its_published_models() -> None:
    atif = pytest.importorskip("atif")
    for row in rows("atif"):
        session = atif.Trajectory.model_validate(row)
        assert session.session_id == row["session_id"]
        assert session.steps[0].source in ("system", "user")


class TextObservation(Strict, tag_field="class_", tag="text_observation"):
    content: str
    name: str | None
    source: Literal["user", "agent", "environment"]


class ApiAction(Strict, tag_field="class_", tag="api_action"):
    function: str
    kwargs: dict[str, Any]
    description: str | None = None


class CodeAction(Strict, tag_field="class_", tag="code_action"):
    language: Literal["bash", "sh", "shell", "python", "python3", "sql", "mysql", "javascript", "java", "cpp"]
    content: str
    description: str | None


class MessageAction(Strict, tag_field="class_", tag="message_action"):
    content: str
    description: str | None = None


class AdpRow(Strict):
    schema_version: Literal["1.2.0"]
    id: str
    content: list[TextObservation | ApiAction | CodeAction | MessageAction]
    available_apis: list[str] | None = None
    details: dict[str, Any] = {}


def test_adp_is_of_schema_1_2_0() -> None:
    languages = set()
    for raw in rows("adp"):
        row = msgspec.convert(raw, AdpRow)
        used = {action.function for action in row.content if isinstance(action, ApiAction)}
        assert used <= set(row.available_apis or ())
        languages |= {action.language for action in row.content if isinstance(action, CodeAction)}
    assert "bash" in languages


def test_sessions_can_be_files_of_their_own() -> None:
    ((name, row),) = plugs.load("export", {"use": "atif", "apart": True})(PARALLEL)
    assert (name, row["session_id"]) == ("sessions/p1.json", "p1")
