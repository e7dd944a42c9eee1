"""Flat parameters, and two calls for one query."""

from __future__ import annotations

from typing import Any

from agentflan.core.types import Step, ToolCall, ToolSpec, Trajectory

ROW: dict[str, Any] = {
    "id": 7,
    "query": "Does it rain in Rome or Oslo?",
    "tools": '[{"name": "rain", "description": "Tells rain.", "parameters": {"city": {"description": "Where.", '
    '"type": "str"}, "days": {"description": "How long.", "type": "int, optional", "default": 1}}}]',
    "answers": '[{"name": "rain", "arguments": {"city": "Rome"}}, {"name": "rain", "arguments": {"city": "Oslo"}}]',
}
EXPECTED = Trajectory(
    id="7",
    source="xlam",
    query="Does it rain in Rome or Oslo?",
    tools=(
        ToolSpec(
            name="rain",
            description="Tells rain.",
            parameters='{"type":"object","properties":{"city":{"description":"Where.","type":"str"},'
            '"days":{"description":"How long.","type":"int, optional","default":1}},"required":["city"]}',
        ),
    ),
    steps=(
        Step(action=ToolCall(name="rain", arguments='{"city":"Rome"}')),
        Step(action=ToolCall(name="rain", arguments='{"city":"Oslo"}'), together=True),
    ),
)
