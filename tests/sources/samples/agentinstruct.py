"""A household task with a thought, an acknowledgement and an action at the end."""

from __future__ import annotations

from typing import Any

from agentflan.core.types import Step, ToolCall, Trajectory

ROW: dict[str, Any] = {
    "id": "alfworld_1",
    "conversations": [
        {"from": "human", "loss": None, "value": "Interact with a household to solve a task."},
        {"from": "gpt", "loss": False, "value": "OK."},
        {"from": "human", "loss": None, "value": "Your task is to: put a cup in the sink."},
        {"from": "gpt", "loss": True, "value": "THOUGHT: Cups are on shelves.\nACTION: go to shelf 1"},
        {"from": "human", "loss": None, "value": "On the shelf 1, you see a cup 1."},
        {"from": "gpt", "loss": True, "value": "ACTION: take cup 1 from shelf 1"},
    ],
}
EXPECTED = Trajectory(
    id="alfworld_1",
    source="agentinstruct",
    instruction="Interact with a household to solve a task.",
    query="Your task is to: put a cup in the sink.",
    dialect="alfworld",
    steps=(
        Step(
            thought="Cups are on shelves.",
            action=ToolCall(name="go to", arguments="shelf 1"),
            observation="On the shelf 1, you see a cup 1.",
        ),
        Step(action=ToolCall(name="take", arguments="cup 1 from shelf 1")),
    ),
)
