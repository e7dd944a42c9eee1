"""A call with an apostrophe inside its single quotes."""

from __future__ import annotations

from typing import Any

from agentflan.core.types import Answer, Step, ToolCall, ToolSpec, Trajectory

_TOOL = """{
    "name": "rain",
    "description": "Tells rain.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
}"""
ROW: dict[str, Any] = {
    "system": "SYSTEM: You are a helpful assistant with access to the following functions. Use them if required -\n"
    f"{_TOOL}\n",
    "chat": "USER: Does it rain in L'Aquila?\n\n\n"
    'ASSISTANT: <functioncall> {"name": "rain", "arguments": \'{"city": "L\'Aquila"}\'} <|endoftext|>\n\n\n'
    'FUNCTION RESPONSE: {"rain": true}\n\n\n'
    "ASSISTANT: It does.\n\nTake care. <|endoftext|>\n\n\n"
    "USER: Thanks!\n\n\n"
    "ASSISTANT: Gladly. <|endoftext|>\n\n\n",
}
EXPECTED = Trajectory(
    id="",
    source="glaive",
    query="Does it rain in L'Aquila?",
    tools=(
        ToolSpec(
            name="rain",
            description="Tells rain.",
            parameters='{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}',
        ),
    ),
    steps=(
        Step(action=ToolCall(name="rain", arguments='{"city": "L\'Aquila"}'), observation='{"rain": true}'),
        Step(action=Answer(text="It does.\n\nTake care."), observation="Thanks!"),
        Step(action=Answer(text="Gladly.")),
    ),
)
