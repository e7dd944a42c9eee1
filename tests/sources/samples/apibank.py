"""A dialogue as the lines of its file come: one array."""

from __future__ import annotations

from typing import Any

from agentflan.core.types import Answer, Step, ToolCall, ToolSpec, Trajectory

ROW: list[dict[str, Any]] = [
    {"role": "User", "text": "Set an alarm for six."},
    {"role": "AI", "text": "For which day?"},
    {"role": "User", "text": "Today."},
    {"role": "AI", "text": "I set it."},
    {
        "role": "API",
        "api_name": "AddAlarm",
        "param_dict": {"hour": 6, "day": "today"},
        "result": {"api_name": "AddAlarm", "input": {"hour": 6}, "output": "success", "exception": None},
    },
    {"role": "AI", "text": "It is set."},
]
EXPECTED = Trajectory(
    id="",
    source="apibank",
    query="Set an alarm for six.",
    tools=(
        ToolSpec(
            name="AddAlarm",
            parameters='{"type":"object","properties":{"hour":{"type":"integer"},"day":{"type":"string"}}}',
        ),
    ),
    steps=(
        Step(action=Answer(text="For which day?"), observation="Today."),
        Step(
            thought="I set it.",
            action=ToolCall(name="AddAlarm", arguments='{"hour":6,"day":"today"}'),
            observation="success",
        ),
        Step(action=Answer(text="It is set.")),
    ),
)
