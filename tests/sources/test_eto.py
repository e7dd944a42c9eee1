"""ETO: three worlds, the reward, the acknowledgement that is no part of the run."""

from __future__ import annotations

import msgspec
import pytest

from agentflan.core.errors import Unreadable
from agentflan.core.types import Dropped, ToolCall, Trajectory
from agentflan.sources.eto import Eto


def row(name: str, *texts: str, reward: float | None = 1.0) -> bytes:
    said = [{"from": "gpt" if number % 2 else "human", "value": text} for number, text in enumerate(texts)]
    return msgspec.json.encode({"id": name, "conversations": said, "reward": reward, "source": "human"})


@pytest.mark.parametrize(
    ("name", "opening", "action", "dialect", "call"),
    [
        ("webshop_0", "You are web shopping.", "search[cup]", "webshop", ToolCall(name="search", arguments="cup")),
        ("x", "Interact with a household", "go to bed 1", "alfworld", ToolCall(name="go to", arguments="bed 1")),
        ("sciworld_1", "You help in a lab.", "open door", "", ToolCall(name="open", arguments="door")),
    ],
)
def test_each_world_in_its_own_grammar(name: str, opening: str, action: str, dialect: str, call: ToolCall) -> None:
    found = Eto()(row(name, opening, "OK", "Task.", f"Thought: So.\nAction: {action}"))
    assert isinstance(found, Trajectory)
    assert (found.instruction, found.query, found.dialect, found.ending) == (opening, "Task.", dialect, "answer")
    assert (found.steps[0].thought, found.steps[0].action) == ("So.", call)


def test_a_run_without_acknowledgement_starts_at_once() -> None:
    found = Eto()(row("x", "Task.", "Action: look", "Observation: a room"))
    assert isinstance(found, Trajectory)
    assert (found.instruction, found.query, found.steps[0].observation) == ("", "Task.", "a room")
    assert found.ending == "open"


def test_a_run_that_came_to_nothing_goes_where_the_recipe_says_so() -> None:
    data = row("x", "Task.", "Action: look", reward=0.0)
    assert isinstance(Eto()(data), Trajectory)
    assert Eto(failed="drop")(data) == Dropped(reason="failed", detail="x")
    assert isinstance(Eto(failed="drop")(row("x", "Task.", "Action: look", reward=0.1)), Trajectory)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (row("x", "Task.", "Action: look", reward=None), "not_eto"),
        (row("x", "Hi", "Hello"), "not_eto"),
        (row("x", "Task."), "roles_do_not_alternate"),
        (b'{"reward": true, "conversations": []}', "wrong_shape"),
        (msgspec.json.encode({"reward": 1, "messages": []}), "not_eto"),
    ],
)
def test_other_rows_are_not_its_own(data: bytes, reason: str) -> None:
    with pytest.raises(Unreadable) as caught:
        Eto()(data)
    assert caught.value.reason == reason
