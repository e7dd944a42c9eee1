"""A question, its run in one text."""

from __future__ import annotations

from typing import Any

from agentflan.core.types import Answer, Step, ToolCall, Trajectory
from agentflan.sources.fireact import SEARCH

ROW: dict[str, Any] = {
    "instruction": "Question: Which is the tallest?",
    "input": "",
    "output": "A. Elbrus\nB. Ararat\nThought: I look.\nAction: search[height of Elbrus]\nObservation: 5642 m\n"
    "Thought: Higher than Ararat.\nAction: finish[A]\nObservation: Episode finished, reward = 1\n",
}
EXPECTED = Trajectory(
    id="",
    source="fireact",
    query="Question: Which is the tallest?\nA. Elbrus\nB. Ararat",
    tools=(SEARCH,),
    steps=(
        Step(thought="I look.", action=ToolCall(name="search", arguments="height of Elbrus"), observation="5642 m"),
        Step(thought="Higher than Ararat.", action=Answer(text="A")),
    ),
)
