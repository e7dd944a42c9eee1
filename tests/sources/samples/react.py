"""Two turns of an agent under labels, with the tools as a JSON list in the system prompt."""

from __future__ import annotations

from typing import Any

from agentflan.core.types import Answer, Step, ToolCall, ToolSpec, Trajectory

_SYSTEM = 'Use these tools:\n[{"name": "rain", "description": "Tells rain.", "parameters": {"type": "object"}}]'

ROW: dict[str, Any] = {
    "id": 7,
    "messages": [
        {"role": "system", "content": _SYSTEM},
        {"role": "user", "content": "Does it rain?"},
        {"role": "assistant", "content": 'Thought: I look.\nAction: rain\nAction Input: {"place":  "Oslo"}'},
        {"role": "user", "content": "Observation: yes"},
        {"role": "assistant", "content": "Thought: I know.\nFinal Answer: It rains."},
    ],
}
EXPECTED = Trajectory(
    id="7",
    source="react",
    query="Does it rain?",
    instruction=_SYSTEM,
    tools=(ToolSpec(name="rain", description="Tells rain.", parameters='{"type":"object"}'),),
    steps=(
        Step(thought="I look.", action=ToolCall(name="rain", arguments='{"place":  "Oslo"}'), observation="yes"),
        Step(thought="I know.", action=Answer(text="It rains.")),
    ),
)
