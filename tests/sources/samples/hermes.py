"""Calls as Python's dictionary and as JSON, an output between tags."""

from __future__ import annotations

from typing import Any

from agentflan.core.types import Answer, Step, ToolCall, ToolSpec, Trajectory

_TOOL = (
    '{"type": "function", "function": {"name": "rain", "description": "Tells rain.", "parameters": '
    '{"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}}'
)
ROW: dict[str, Any] = {
    "id": "h1",
    "conversations": [
        {
            "from": "system",
            "value": "Be brief.\n\nYou are a function calling AI model. You are provided with function signatures "
            f"within <tools></tools> XML tags. Here:\n<tools>\n{_TOOL}\n</tools>\nReturn <tool_call></tool_call>.",
        },
        {"from": "human", "value": "Does it rain in Rome or Oslo?"},
        {
            "from": "gpt",
            "value": "I look.\n<tool_call>\n{'arguments': {'city': 'Rome', 'days': None}, 'name': 'rain'}\n</tool_call>"
            '\n<tool_call>\n{"name": "rain", "arguments": {"city": "Oslo"}}\n</tool_call>',
        },
        {
            "from": "tool",
            "value": '<tool_response>\n{"name": "rain", "content": "no"}\n</tool_response>\n'
            '<tool_response>\n{"name": "rain", "content": "yes"}\n</tool_response>',
        },
        {"from": "gpt", "value": "In Oslo."},
    ],
}
EXPECTED = Trajectory(
    id="h1",
    source="hermes",
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
        Step(
            thought="I look.",
            action=ToolCall(name="rain", arguments='{"city":"Rome","days":null}'),
            observation='{"name": "rain", "content": "no"}',
        ),
        Step(
            action=ToolCall(name="rain", arguments='{"city":"Oslo"}'),
            observation='{"name": "rain", "content": "yes"}',
            together=True,
        ),
        Step(action=Answer(text="In Oslo.")),
    ),
)
