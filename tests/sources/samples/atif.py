"""Two calls in one step, their results in the other order, then the answer."""

from __future__ import annotations

from typing import Any

from agentflan.core.types import Answer, Step, ToolCall, ToolSpec, Trajectory

_TOOL = {"name": "rain", "description": "Tells rain.", "parameters": {"type": "object", "properties": {}}}

ROW: dict[str, Any] = {
    "schema_version": "ATIF-v1.7",
    "session_id": "s1",
    "agent": {"name": "an-agent", "version": "1", "tool_definitions": [{"type": "function", "function": _TOOL}]},
    "steps": [
        {"step_id": 1, "source": "system", "message": "Be brief."},
        {"step_id": 2, "source": "user", "message": "Does it rain in Oslo or Bergen?"},
        {
            "step_id": 3,
            "source": "agent",
            "message": "",
            "reasoning_content": "I look in both.",
            "tool_calls": [
                {"tool_call_id": "c1", "function_name": "rain", "arguments": {"place": "Oslo"}},
                {"tool_call_id": "c2", "function_name": "rain", "arguments": {"place": "Bergen"}},
            ],
            "observation": {
                "results": [
                    {"source_call_id": "c2", "content": "yes"},
                    {"source_call_id": "c1", "content": [{"type": "text", "text": "no"}]},
                ]
            },
        },
        {"step_id": 4, "source": "agent", "message": "In Bergen."},
    ],
}
EXPECTED = Trajectory(
    id="s1",
    source="atif",
    query="Does it rain in Oslo or Bergen?",
    instruction="Be brief.",
    tools=(ToolSpec(name="rain", description="Tells rain.", parameters='{"type":"object","properties":{}}'),),
    steps=(
        Step(
            thought="I look in both.",
            action=ToolCall(name="rain", arguments='{"place":"Oslo"}'),
            observation="no",
        ),
        Step(action=ToolCall(name="rain", arguments='{"place":"Bergen"}'), observation="yes", together=True),
        Step(action=Answer(text="In Bergen.")),
    ),
)
