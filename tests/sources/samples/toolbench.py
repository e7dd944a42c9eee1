"""A search of one call as toolllama was tuned on it."""

from __future__ import annotations

from typing import Any

from agentflan.core.types import Answer, Step, ToolCall, ToolSpec, Trajectory

TOOL = {"name": "rain", "description": "Tells rain.", "parameters": {"type": "object", "properties": {}}}
FINISH = '{"return_type": "give_answer", "final_answer": "It rains."}'
ROW: dict[str, Any] = {
    "id": "Step 3: rain",
    "conversations": [
        {"from": "system", "value": f"Specifically, you have access to the following APIs: {[TOOL]}"},
        {"from": "user", "value": "\nDoes it rain?\nBegin!\n"},
        {"from": "assistant", "value": "\nThought: Look.\nAction: rain\nAction Input: {}"},
        {"from": "function", "value": "yes"},
        {"from": "assistant", "value": f"\nThought: \nAction: Finish\nAction Input: {FINISH}"},
    ],
}
EXPECTED = Trajectory(
    id="Step 3: rain",
    source="toolbench",
    query="Does it rain?",
    group="does it rain?",
    tools=(ToolSpec(name="rain", description="Tells rain.", parameters='{"type":"object","properties":{}}'),),
    steps=(
        Step(thought="Look.", action=ToolCall(name="rain", arguments="{}"), observation="yes"),
        Step(action=Answer(text="It rains.")),
    ),
)
