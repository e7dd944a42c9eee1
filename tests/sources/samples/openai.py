"""Two calls in one turn, their outputs in the other order."""

from __future__ import annotations

from typing import Any

from agentflan.core.types import Answer, Step, ToolCall, ToolSpec, Trajectory

_SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
ROW: dict[str, Any] = {
    "id": "chat_1",
    "tools": [
        {"type": "function", "function": {"name": "rain", "description": "Tells rain.", "parameters": _SCHEMA}},
    ],
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Does it rain in Rome or Oslo?"},
        {
            "role": "assistant",
            "content": "I look.",
            "tool_calls": [
                {"id": "a", "type": "function", "function": {"name": "rain", "arguments": '{"city": "Rome"}'}},
                {"id": "b", "type": "function", "function": {"name": "rain", "arguments": {"city": "Oslo"}}},
            ],
        },
        {"role": "tool", "tool_call_id": "b", "content": "yes"},
        {"role": "tool", "tool_call_id": "a", "content": "no"},
        {"role": "assistant", "content": "<think>Only one.</think>\n\nIn Oslo."},
    ],
}
EXPECTED = Trajectory(
    id="chat_1",
    source="openai",
    query="Does it rain in Rome or Oslo?",
    instruction="Be brief.",
    tools=(
        ToolSpec(
            name="rain",
            description="Tells rain.",
            parameters='{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}',
        ),
    ),
    steps=(
        Step(thought="I look.", action=ToolCall(name="rain", arguments='{"city": "Rome"}'), observation="no"),
        Step(action=ToolCall(name="rain", arguments='{"city":"Oslo"}'), observation="yes", together=True),
        Step(thought="Only one.", action=Answer(text="In Oslo.")),
    ),
)
