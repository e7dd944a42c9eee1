"""An episode of two steps with where it comes from."""

from __future__ import annotations

from typing import Any

from agentflan.core.types import Step, ToolCall, Trajectory

ROW: dict[str, Any] = {
    "harvested": {
        "benchmark": "hotpotqa_local",
        "version": "1",
        "problem": "hotpotqa/easy/7",
        "model": "m:0",
        "score": 1.0,
        "metric": "f1",
        "run": "run",
        "transcript": "00",
    },
    "trajectory": {
        "id": "hotpotqa/easy/7",
        "source": "harvest",
        "query": "Question: How high is Orrin Light?",
        "steps": [
            {
                "thought": "I look it up.",
                "action": {"type": "call", "name": "Search", "arguments": "Orrin Light"},
                "observation": "A tower of 31 metres.",
            },
            {"action": {"type": "call", "name": "Finish", "arguments": "31 metres"}},
        ],
        "group": "hotpotqa/easy/7",
        "dialect": "hotpotqa",
    },
}
EXPECTED = Trajectory(
    id="hotpotqa/easy/7",
    source="harvest",
    query="Question: How high is Orrin Light?",
    steps=(
        Step(
            thought="I look it up.",
            action=ToolCall(name="Search", arguments="Orrin Light"),
            observation="A tower of 31 metres.",
        ),
        Step(action=ToolCall(name="Finish", arguments="31 metres")),
    ),
    group="hotpotqa/easy/7",
    dialect="hotpotqa",
)
