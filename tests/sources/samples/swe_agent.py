"""A run of three turns: a shell command, a command of the interface over several lines, the end."""

from __future__ import annotations

from typing import Any

from agentflan.core.types import Step, ToolCall, ToolSpec, Trajectory
from agentflan.sources.swe_agent import BASH

_SYSTEM = (
    "SETTING: You are a programmer.\n\nCOMMANDS:\nedit:\n  docstring: replaces lines\n"
    "  signature: edit <start>:<end>\n<text>\nend_of_edit\n  arguments:\n    - start (integer) [required]: first line\n"
    "    - text (string) [optional]: the lines\n\nsubmit:\n  docstring: ends the session\n  signature: submit\n\n"
    "RESPONSE FORMAT:\nWords, then a command.\n"
)


def _turn(role: str, text: str | None, **more: Any) -> dict[str, Any]:
    return {"role": role, "text": text, "system_prompt": None, "mask": role == "ai", "cutoff_date": None, **more}


ROW: dict[str, Any] = {
    "instance_id": "me__rain-1_3",
    "model_name": "a-model",
    "target": True,
    "exit_status": "submitted",
    "trajectory": [
        _turn("system", None, system_prompt=_SYSTEM),
        _turn("user", "ISSUE: it rains\nbash-$"),
        _turn("ai", "I look.\n```\nls -F\n```"),
        _turn("user", "rain.py\nbash-$"),
        _turn("ai", "I mend it.\n```\nedit 1:1\ndry = True\nend_of_edit\n```"),
        _turn("user", "done\nbash-$"),
        _turn("ai", "That is all.\n```\nsubmit\n```"),
    ],
}
EXPECTED = Trajectory(
    id="me__rain-1_3",
    source="swe_agent",
    group="me__rain-1",
    query="ISSUE: it rains\nbash-$",
    instruction=_SYSTEM.strip(),
    tools=(
        ToolSpec(
            name="edit",
            description="replaces lines",
            parameters='{"type":"object","properties":{"start":{"type":"integer"},"text":{"type":"string"}},'
            '"required":["start"]}',
        ),
        ToolSpec(
            name="submit",
            description="ends the session",
            parameters='{"type":"object","properties":{},"required":[]}',
        ),
        BASH,
    ),
    steps=(
        Step(thought="I look.", action=ToolCall(name="bash", arguments="ls -F"), observation="rain.py\nbash-$"),
        Step(
            thought="I mend it.",
            action=ToolCall(name="edit", arguments="1:1\ndry = True\nend_of_edit"),
            observation="done\nbash-$",
        ),
        Step(thought="That is all.", action=ToolCall(name="submit")),
    ),
)
