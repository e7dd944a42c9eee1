"""ATIF: sources of steps, parts of messages, steps that are only there for context."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from agentflan.core.errors import Unreadable
from agentflan.core.types import Answer, Dropped, Step, ToolCall, Trajectory
from agentflan.sources.atif import Atif

ASKED = {"step_id": 1, "source": "user", "message": "Why?"}


def read(*steps: dict[str, Any], version: str = "ATIF-v1.4") -> Trajectory | Dropped:
    row = {"schema_version": version, "session_id": "s", "agent": {"name": "a", "version": "1"}, "steps": steps}
    return Atif()(msgspec.json.encode(row))


def test_a_result_without_an_id_is_of_the_only_call() -> None:
    step = {
        "source": "agent",
        "message": "I look.",
        "tool_calls": [{"tool_call_id": "c", "function_name": "f", "arguments": {}}],
        "observation": {"results": [{"content": "42"}]},
    }
    found = read(ASKED, step, {"source": "agent", "message": "42.", "reasoning_content": "So."})
    assert isinstance(found, Trajectory)
    assert found.steps == (
        Step(thought="I look.", action=ToolCall(name="f", arguments="{}"), observation="42"),
        Step(thought="So.", action=Answer(text="42.")),
    )
    assert [tool.name for tool in found.tools] == ["f"]


def test_a_step_copied_for_context_is_shown_and_not_trained() -> None:
    found = read(ASKED, {"source": "agent", "message": "42.", "is_copied_context": True})
    assert isinstance(found, Trajectory)
    assert (found.steps, found.kind) == ((Step(action=Answer(text="42."), loss=False),), "general")


def test_parts_of_a_message_are_its_text_and_the_harness_is_heard() -> None:
    parts = [{"type": "text", "text": "Why?"}, {"type": "image", "source": {}}]
    found = read(
        {"source": "system", "message": "Be brief."},
        {"source": "user", "message": parts},
        {"source": "agent", "message": "So."},
        {"source": "system", "message": "Go on."},
        {"source": "agent", "message": "42."},
    )
    assert isinstance(found, Trajectory)
    assert (found.instruction, found.query, found.steps[0].observation) == ("Be brief.", "Why?\n[image]", "Go on.")


def test_a_session_that_nobody_answers_is_dropped() -> None:
    assert read(ASKED) == Dropped(reason="no_reply")


def test_other_rows_are_not_its_own() -> None:
    with pytest.raises(Unreadable, match="not_atif"):
        read(ASKED, version="1.0")
    with pytest.raises(Unreadable, match="wrong_shape"):
        Atif()(b'{"messages": []}')
    with pytest.raises(Unreadable, match="wrong_shape"):
        read({"source": "nobody"})
