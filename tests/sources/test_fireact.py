"""FireAct: three shapes of one run; what the benchmark said of the answer is no part of it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from agentflan.core.errors import Unreadable
from agentflan.core.types import Answer, Dropped, Step, ToolCall, Trajectory
from agentflan.sources.fireact import Fireact
from tests.sources.real_rows import check_golden, need, tally

_TEXT = "Thought: Look.\nAction: search[a]\nObservation: b\nThought: So.\nAction: finish[c]\nObservation: "
_TURNS = [
    {"role": "user", "content": "Why?"},
    {"role": "assistant", "content": "Thought: Look.\nAction: search[a]"},
    {"role": "user", "content": "Observation: b"},
    {"role": "assistant", "content": "Thought: So.\nAction: finish[c]"},
]
STEPS = (
    Step(thought="Look.", action=ToolCall(name="search", arguments="a"), observation="b"),
    Step(thought="So.", action=Answer(text="c")),
)


def read(row: Any, **settings: Any) -> Trajectory | Dropped:
    return Fireact(**settings)(msgspec.json.encode(row))


def shapes(reward: str) -> list[dict[str, Any]]:
    over = f"Episode finished, reward = {reward}"
    turns = [*_TURNS, {"role": "user", "content": f"Observation: {over}"}]
    prompt = "Below is an instruction.\n\n### Instruction:\nWhy?\n\n### Response:\n"
    return [
        {"instruction": "Why?", "input": "", "output": f"{_TEXT}{over}\n"},
        {"messages": turns},
        {"reward": True, "prompt": "", "traj": f"{prompt}{_TEXT}{over}\n"},
        {"reward": True, "prompt": [], "traj": turns},
    ]


@pytest.mark.parametrize("row", shapes("True"))
def test_all_shapes_are_one_run(row: dict[str, Any]) -> None:
    found = read(row)
    assert isinstance(found, Trajectory)
    assert (found.query, found.steps, found.ending) == ("Why?", STEPS, "answer")


@pytest.mark.parametrize("reward", ["False", "0"])
def test_a_wrong_answer_goes_where_the_recipe_says_so(reward: str) -> None:
    for row in shapes(reward):
        assert isinstance(read(row), Trajectory)
        assert read(row, failed="drop") == Dropped(reason="failed", detail="Why?")


def test_a_file_of_runs_comes_in_pieces() -> None:
    runs = shapes("True")[2:]
    pieces = list(Fireact().pieces(msgspec.json.encode({"1": runs[0], "2": runs[1]})))
    assert [msgspec.json.decode(piece) for piece in pieces] == runs
    for other in (b"[]", b"{}", b'{"a": {}}', msgspec.json.encode(shapes("1")[1])):
        assert list(Fireact().pieces(other)) == [other]


@pytest.mark.parametrize(
    "row",
    [
        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]},
        {"instruction": "Why?", "output": "Because."},
        {"instruction": "Why?", "output": "Action: rain[x]\nObservation: y\nAction: finish[z]"},
        {"messages": [{"role": "system", "content": "x"}, *_TURNS]},
        {},
    ],
)
def test_other_rows_are_not_its_own(row: dict[str, Any]) -> None:
    with pytest.raises(Unreadable, match="not_fireact"):
        read(row)


def test_every_published_row_is_read() -> None:
    counts = [tally(Fireact(), path) for path in (*need("fireact"), *need("fireact_trajs"))]
    assert counts == [
        {"answer": 1379},
        {"answer": 1360, "dropped starts_with_reply": 1},
        {"answer": 463, "open": 2},
        {"answer": 500},
    ]


def test_golden_rows_stay_as_they_were_checked() -> None:
    check_golden("fireact", Fireact())
