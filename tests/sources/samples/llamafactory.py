"""ShareGPT with tools."""

from __future__ import annotations

from typing import Any

from agentflan.core.types import Answer, Step, ToolCall, ToolSpec, Trajectory

ROW: dict[str, Any] = {
    "conversations": [
        {"from": "human", "value": "Does it rain in Rome?"},
        {"from": "function_call", "value": '{"name": "rain", "arguments": {"city": "Rome"}}'},
        {"from": "observation", "value": '{"rain": true}'},
        {"from": "gpt", "value": "It does."},
    ],
    "system": "Be brief.",
    "tools": '[{"name": "rain", "description": "Tells rain.", "parameters": {"type": "object", "properties": '
    '{"city": {"type": "string"}}, "required": ["city"]}}]',
}
EXPECTED = Trajectory(
    id="",
    source="llamafactory",
    query="Does it rain in Rome?",
    instruction="Be brief.",
    tools=(
        ToolSpec(
            name="rain",
            description="Tells rain.",
            parameters='{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}',
        ),
    ),
    steps=(
        Step(action=ToolCall(name="rain", arguments='{"city":"Rome"}'), observation='{"rain": true}'),
        Step(action=Answer(text="It does.")),
    ),
)
