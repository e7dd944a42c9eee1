"""What every source must hold: a golden row becomes a golden trajectory; every other row leaves with a reason."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentflan.core import plugs
from agentflan.core.errors import Unreadable
from agentflan.core.types import Answer, Dropped, Step, ToolCall, ToolSpec, Trajectory
from agentflan.recipes.demo import agents, rows

TOOL = {"name": "rain", "description": "Tells rain.", "parameters": {"type": "object", "properties": {}}}
FINISH = '{"return_type": "give_answer", "final_answer": "It rains."}'

GOLDEN: dict[str, tuple[Any, Trajectory]] = {
    "agentinstruct": (
        {
            "id": "alfworld_1",
            "conversations": [
                {"from": "human", "loss": None, "value": "Interact with a household to solve a task."},
                {"from": "gpt", "loss": False, "value": "OK."},
                {"from": "human", "loss": None, "value": "Your task is to: put a cup in the sink."},
                {"from": "gpt", "loss": True, "value": "THOUGHT: Cups are on shelves.\nACTION: go to shelf 1"},
                {"from": "human", "loss": None, "value": "On the shelf 1, you see a cup 1."},
                {"from": "gpt", "loss": True, "value": "ACTION: take cup 1 from shelf 1"},
            ],
        },
        Trajectory(
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
        ),
    ),
    "toolbench": (
        {
            "id": "Step 3: rain",
            "conversations": [
                {"from": "system", "value": f"Specifically, you have access to the following APIs: {[TOOL]}"},
                {"from": "user", "value": "\nDoes it rain?\nBegin!\n"},
                {"from": "assistant", "value": "\nThought: Look.\nAction: rain\nAction Input: {}"},
                {"from": "function", "value": "yes"},
                {"from": "assistant", "value": f"\nThought: \nAction: Finish\nAction Input: {FINISH}"},
            ],
        },
        Trajectory(
            id="Step 3: rain",
            source="toolbench",
            query="Does it rain?",
            group="does it rain?",
            tools=(ToolSpec(name="rain", description="Tells rain.", parameters='{"type":"object","properties":{}}'),),
            steps=(
                Step(thought="Look.", action=ToolCall(name="rain", arguments="{}"), observation="yes"),
                Step(action=Answer(text="It rains.")),
            ),
        ),
    ),
    "sharegpt": (
        {
            "id": "chat_1",
            "conversations": [
                {"from": "system", "value": "Be kind."},
                {"from": "human", "value": "Hello"},
                {"from": "gpt", "value": "Hi!"},
                {"from": "human", "value": "Bye"},
                {"from": "gpt", "value": "See you."},
            ],
        },
        Trajectory(
            id="chat_1",
            source="sharegpt",
            kind="general",
            instruction="Be kind.",
            query="Hello",
            steps=(
                Step(action=Answer(text="Hi!"), observation="Bye"),
                Step(action=Answer(text="See you.")),
            ),
        ),
    ),
}
"""Source -> a row as it comes, and what it must become. A new source adds its line here."""

DEMONSTRATION = {
    "agentinstruct": lambda: agents.tasks(0, 5),
    "toolbench": lambda: rows.searches(0, 100),
    "sharegpt": lambda: rows.chats(0, 100),
}


@pytest.mark.parametrize("name", plugs.names("source"))
def test_a_golden_row_becomes_its_golden_trajectory(name: str) -> None:
    row, expected = GOLDEN[name]
    found = plugs.load("source", name)(json.dumps(row).encode())
    assert isinstance(found, Trajectory)
    if found.tools:  # a schema is the same however it is spaced
        schemas = [json.loads(tool.parameters) for tool in found.tools]
        assert schemas == [json.loads(tool.parameters) for tool in expected.tools]
        expected = msgspec.structs.replace(expected, tools=found.tools)
    assert found == msgspec.structs.replace(expected, licence=found.licence)


@pytest.mark.parametrize("name", plugs.names("source"))
def test_no_row_goes_without_a_word(name: str) -> None:
    source = plugs.load("source", name)
    kept = 0
    for other in DEMONSTRATION.values():
        for row in other():
            reason, read = _outcome(source, row)
            assert read or reason.replace("_", "").isalpha()
            kept += read
    assert kept >= 30


def _outcome(source: Any, row: Any) -> tuple[str, bool]:
    try:
        outcome = source(json.dumps(row).encode())
    except Unreadable as error:
        return error.reason, False
    return ("", True) if isinstance(outcome, Trajectory) else (outcome.reason, False)


@given(
    name=st.sampled_from(plugs.names("source")),
    cut=st.integers(0, 400),
    junk=st.one_of(st.text(max_size=5), st.just('"'), st.just("\\ud800"), st.just("[[[[")),
)
def test_a_damaged_row_is_never_our_failure(name: str, cut: int, junk: str) -> None:
    text = json.dumps(GOLDEN[name][0])
    damaged = text[:cut] + junk + text[cut + 3 :]
    try:
        outcome = plugs.load("source", name)(damaged.encode("utf-8", "surrogatepass"))
    except (Unreadable, msgspec.DecodeError, UnicodeDecodeError):
        return
    assert isinstance(outcome, (Trajectory, Dropped))


@pytest.mark.parametrize("name", plugs.names("source"))
def test_the_role_of_a_source_is_a_setting(name: str) -> None:
    source = plugs.load("source", {"use": name, "role": "general"})
    found = source(json.dumps(GOLDEN[name][0]).encode())
    assert isinstance(found, Trajectory)
    assert found.kind == "general"
