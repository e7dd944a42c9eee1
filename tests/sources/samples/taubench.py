"""A trial with the full reward that ended in handing over to a person."""

from __future__ import annotations

from typing import Any

from agentflan.core.types import Answer, Step, ToolCall, Trajectory

ROW: dict[str, Any] = {
    "task_id": 3,
    "reward": 1.0,
    "info": {"task": {"user_id": "ann", "instruction": "You are Ann.  You want a refund."}, "source": "user"},
    "traj": [
        {"role": "system", "content": "# Policy"},
        {"role": "user", "content": "A refund, please."},
        {"role": "assistant", "content": "For which order?", "tool_calls": None},
        {"role": "user", "content": "Number 7."},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {"id": "a", "type": "function", "function": {"name": "transfer_to_human_agents", "arguments": "{}"}}
            ],
        },
        {"role": "tool", "tool_call_id": "a", "name": "transfer_to_human_agents", "content": "Done"},
    ],
    "trial": 0,
}
EXPECTED = Trajectory(
    id="3_0",
    source="taubench",
    query="A refund, please.",
    group="you are ann. you want a refund.",
    instruction="# Policy",
    steps=(
        Step(action=Answer(text="For which order?"), observation="Number 7."),
        Step(action=ToolCall(name="transfer_to_human_agents", arguments="{}"), observation="Done"),
    ),
)
