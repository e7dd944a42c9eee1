"""A call that is drawn out piece by piece, and an answer in the same way."""

from __future__ import annotations

from typing import Any

from agentflan.core.types import Answer, Step, ToolCall, ToolSpec, Trajectory

_SAID = (
    ("user", "Does it rain in Oslo?\nBegin!\nWhat is your thought at this step?"),
    ("assistant", "I look."),
    ("user", "What is the tool you want to use?"),
    ("assistant", "rain"),
    ("user", "What are the required parameter names for this tool?"),
    ("assistant", "place, day"),
    ("user", "What is the value of place?"),
    ("assistant", "Oslo"),
    ("user", "What is the value of day?"),
    ("assistant", "today"),
    ("user", '{"rain": "yes"}\nWhat is your thought at this step?'),
    ("assistant", "I know."),
    ("user", "What is the tool you want to use?"),
    ("assistant", "Finish"),
    ("user", "What is the value of final_answer?"),
    ("assistant", "It rains."),
)
ROW: dict[str, Any] = {"id": "m1", "conversations": [{"from": who, "value": text} for who, text in _SAID]}
EXPECTED = Trajectory(
    id="m1",
    source="msagent",
    query="Does it rain in Oslo?",
    tools=(
        ToolSpec(
            name="rain",
            parameters='{"type":"object","properties":{"place":{"type":"string"},"day":{"type":"string"}}}',
        ),
    ),
    steps=(
        Step(
            thought="I look.",
            action=ToolCall(name="rain", arguments='{"place":"Oslo","day":"today"}'),
            observation='{"rain": "yes"}',
        ),
        Step(thought="I know.", action=Answer(text="It rains.")),
    ),
)
