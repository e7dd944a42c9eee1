"""A function, code, and the last message of a standardised trajectory."""

from __future__ import annotations

from typing import Any

from agentflan.core.types import Answer, Step, ToolCall, ToolSpec, Trajectory

ROW: dict[str, Any] = {
    "id": "a1",
    "content": [
        {"class_": "text_observation", "content": "Does it rain?", "name": None, "source": "user"},
        {"class_": "api_action", "function": "rain", "kwargs": {"place": "Oslo"}, "description": "I look."},
        {"class_": "text_observation", "content": "1", "name": None, "source": "environment"},
        {"class_": "code_action", "language": "python", "content": "bool(1)", "description": None},
        {"class_": "text_observation", "content": "True", "name": None, "source": "environment"},
        {"class_": "message_action", "content": "<finish> It rains. </finish>", "description": "I know."},
    ],
    "details": {},
}
EXPECTED = Trajectory(
    id="a1",
    source="adp",
    query="Does it rain?",
    tools=(
        ToolSpec(name="rain", parameters='{"type":"object","properties":{"place":{"type":"string"}}}'),
        ToolSpec(name="python", parameters='{"type":"object","properties":{}}'),
    ),
    steps=(
        Step(thought="I look.", action=ToolCall(name="rain", arguments='{"place":"Oslo"}'), observation="1"),
        Step(action=ToolCall(name="python", arguments="bool(1)"), observation="True"),
        Step(thought="I know.", action=Answer(text="It rains.")),
    ),
)
