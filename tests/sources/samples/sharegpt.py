"""Plain chat under a system turn."""

from __future__ import annotations

from typing import Any

from agentflan.core.types import Answer, Step, Trajectory

ROW: dict[str, Any] = {
    "id": "chat_1",
    "conversations": [
        {"from": "system", "value": "Be kind."},
        {"from": "human", "value": "Hello"},
        {"from": "gpt", "value": "Hi!"},
        {"from": "human", "value": "Bye"},
        {"from": "gpt", "value": "See you."},
    ],
}
EXPECTED = Trajectory(
    id="chat_1",
    source="sharegpt",
    kind="general",
    instruction="Be kind.",
    query="Hello",
    steps=(
        Step(action=Answer(text="Hi!"), observation="Bye"),
        Step(action=Answer(text="See you.")),
    ),
)
