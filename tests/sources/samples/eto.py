"""A short shopping run with its reward."""

from __future__ import annotations

from typing import Any

from agentflan.core.types import Step, ToolCall, Trajectory

ROW: dict[str, Any] = {
    "id": "webshop_9",
    "conversations": [
        {"from": "human", "value": "You are web shopping.\nThought: I think ...\nAction: click[something]"},
        {"from": "gpt", "value": "OK"},
        {"from": "human", "value": "WebShop [SEP] Instruction: [SEP] a red cup [SEP] Search"},
        {"from": "gpt", "value": "Thought: I search.\nAction: search[red cup]"},
        {"from": "human", "value": "Observation: Page 1 [SEP] Buy Now"},
        {"from": "gpt", "value": "Thought: That is it.\nAction: click[buy now]"},
    ],
    "reward": 0.75,
    "source": "human",
}
EXPECTED = Trajectory(
    id="webshop_9",
    source="eto",
    query="WebShop [SEP] Instruction: [SEP] a red cup [SEP] Search",
    instruction="You are web shopping.\nThought: I think ...\nAction: click[something]",
    dialect="webshop",
    steps=(
        Step(
            thought="I search.",
            action=ToolCall(name="search", arguments="red cup"),
            observation="Page 1 [SEP] Buy Now",
        ),
        Step(thought="That is it.", action=ToolCall(name="click", arguments="buy now")),
    ),
)
