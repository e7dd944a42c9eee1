"""Chat with a call in a fenced dictionary, as the release's largest splits have it."""

from __future__ import annotations

from typing import Any

from agentflan.core.types import Answer, Step, ToolCall, ToolSpec, Trajectory

_SYSTEM = (
    "Answer the following questions as best you can. You have access to the following APIs. \n"
    "weather.rain: Tells rain.\nInput parameters are as follows: "
    '{"type": "object", "properties": {"place": {"type": "string"}}, "required": ["place"], "optional": []}'
)
_CALL = (
    "The user asks for rain. I will operate weather.rain. To represent this tool and its parameters using a Python "
    "dictionary, it would look like this:\n```python\n{'name': 'weather.rain', 'parameters': {'place': 'Oslo'}}\n```"
)

ROW: dict[str, Any] = {
    "id": "AgentFlan_toolbench_tflan_cot_30p_1",
    "conversation": [
        {"role": "system", "content": _SYSTEM},
        {"role": "user", "content": "Does it rain?\nBegin!"},
        {"role": "assistant", "content": _CALL, "loss": True},
        {"role": "user", "content": '{"error": "", "response": "yes"}'},
        {"role": "assistant", "content": "It rains.", "loss": True},
    ],
}
EXPECTED = Trajectory(
    id="AgentFlan_toolbench_tflan_cot_30p_1",
    source="agent_flan",
    query="Does it rain?",
    instruction="Answer the following questions as best you can.",
    tools=(
        ToolSpec(
            name="weather.rain",
            description="Tells rain.",
            parameters='{"type":"object","properties":{"place":{"type":"string"}},"required":["place"],"optional":[]}',
        ),
    ),
    steps=(
        Step(
            thought="The user asks for rain.",
            action=ToolCall(name="weather.rain", arguments='{"place":"Oslo"}'),
            observation='{"error": "", "response": "yes"}',
        ),
        Step(action=Answer(text="It rains.")),
    ),
)
