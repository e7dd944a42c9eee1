"""MSAgent-Pro: questions that draw a call out, read back into it."""

from __future__ import annotations

import msgspec
import pytest

from agentflan.core.errors import Unreadable
from agentflan.core.types import Answer, Dropped, Step, ToolCall, Trajectory
from agentflan.sources.msagent import Msagent

THOUGHT, TOOL = "What is your thought at this step?", "What is the tool you want to use?"
APIS = "You have access to the following APIs.\nrain: Tells.\nInput parameters are as follows: {}\n"


def read(*texts: str) -> Trajectory | Dropped:
    said = [{"from": "assistant" if number % 2 else "user", "value": text} for number, text in enumerate(texts)]
    return Msagent()(msgspec.json.encode({"conversations": said}))


def test_a_tool_without_parameters_is_called_with_none() -> None:
    found = read(f"Rain?\nBegin!\n{THOUGHT}", "So.", TOOL, "rain", f"yes\n{TOOL}", "Finish", "value", "x")
    assert isinstance(found, Trajectory)
    assert found.steps[0] == Step(thought="So.", action=ToolCall(name="rain", arguments="{}"), observation="yes")


def test_a_run_may_end_in_plain_words_or_in_its_last_thought() -> None:
    plain = read(f"Rain?\n{TOOL}", "rain", "yes", "It rains.")
    thought = read(f"Rain?\n{THOUGHT}", "It rains.", TOOL, "Finish")
    for found in (plain, thought):
        assert isinstance(found, Trajectory)
        assert found.steps[-1] == Step(action=Answer(text="It rains."))
        assert found.ending == "answer"


def test_a_call_at_the_end_is_kept_and_open() -> None:
    found = read(f"Rain?\n{TOOL}", "rain", "What is the value of 'a b'?", "1")
    assert isinstance(found, Trajectory)
    assert found.steps == (Step(action=ToolCall(name="rain", arguments='{"a b":"1"}')),)
    assert found.ending == "open"


def test_tools_in_the_first_turn_are_told_apart_from_the_question() -> None:
    found = read(f"{APIS}Rain?\nBegin!\n{TOOL}", "rain")
    assert isinstance(found, Trajectory)
    assert ([tool.name for tool in found.tools], found.query) == (["rain"], "Rain?")


@pytest.mark.parametrize(
    ("texts", "reason"),
    [
        (("Hi", "Hello"), "not_msagent"),
        ((TOOL, "rain"), "no_question"),
        ((f"Rain?\n{TOOL}",), "no_steps"),
    ],
)
def test_other_rows_are_not_its_own(texts: tuple[str, ...], reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        read(*texts)
