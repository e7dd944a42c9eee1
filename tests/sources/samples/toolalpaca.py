"""An API with one of its runs."""

from __future__ import annotations

from typing import Any

from agentflan.core.types import Answer, Step, ToolCall, ToolSpec, Trajectory

ROW: dict[str, Any] = {
    "Name": "Rain",
    "Function_Description": {
        "tellRain": 'Tells rain.\nParameters: {"place": "Required. string. Where."}\nOutput: Successful response.',
        "components": "",
    },
    "Instructions": ["Does it rain?"],
    "Instances": [
        {
            "input": "Does it rain in Oslo?",
            "output": "It rains.",
            "Final Thought": "Thought: I know.",
            "intermediate_steps": [
                [
                    ["tellRain", '{"place": "Oslo"}', "Thought: I look.\nAction: tellRain\nAction Input: {..}"],
                    "Status Code: 200. Response: yes",
                ]
            ],
        }
    ],
}
EXPECTED = Trajectory(
    id="",
    source="toolalpaca",
    query="Does it rain in Oslo?",
    tools=(
        ToolSpec(
            name="tellRain",
            description="Tells rain.",
            parameters='{"type":"object","properties":{"place":{"type":"string",'
            '"description":"Required. string. Where."}},"required":["place"]}',
        ),
    ),
    steps=(
        Step(
            thought="I look.",
            action=ToolCall(name="tellRain", arguments='{"place": "Oslo"}'),
            observation="Status Code: 200. Response: yes",
        ),
        Step(thought="I know.", action=Answer(text="It rains.")),
    ),
)
