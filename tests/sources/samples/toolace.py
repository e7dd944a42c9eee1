"""A name with a space, two calls, their outputs in one list."""

from __future__ import annotations

from typing import Any

from agentflan.core.types import Answer, Step, ToolCall, ToolSpec, Trajectory

ROW: dict[str, Any] = {
    "system": "Here is a list of functions in JSON format that you can invoke:\n"
    '[{"name": "Rain Today", "description": "Tells rain.", "parameters": {"type": "dict", "properties": {}}}]. \n'
    "Put it in the format of [func1(params_name=params_value), func2(params)]",
    "conversations": [
        {"from": "user", "value": "Does it rain in Rome or Oslo?"},
        {"from": "assistant", "value": '[Rain Today(city="Rome, Italy", hourly=False), Rain Today(city="Oslo")]'},
        {"from": "tool", "value": '[{"name": "Rain Today", "results": 0}, {"name": "Rain Today", "results": 1}]'},
        {"from": "assistant", "value": "In Oslo."},
    ],
}
EXPECTED = Trajectory(
    id="",
    source="toolace",
    query="Does it rain in Rome or Oslo?",
    tools=(ToolSpec(name="Rain Today", description="Tells rain.", parameters='{"type":"dict","properties":{}}'),),
    steps=(
        Step(
            action=ToolCall(name="Rain Today", arguments='{"city":"Rome, Italy","hourly":false}'),
            observation='{"name": "Rain Today", "results": 0}',
        ),
        Step(
            action=ToolCall(name="Rain Today", arguments='{"city":"Oslo"}'),
            observation='{"name": "Rain Today", "results": 1}',
            together=True,
        ),
        Step(action=Answer(text="In Oslo.")),
    ),
)
