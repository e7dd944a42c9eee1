"""tau-bench: every real row, two by hand, and what the reward makes of a trial."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from agentflan.core.errors import Unreadable
from agentflan.core.types import Trajectory
from agentflan.sources.taubench import Taubench
from tests.sources.real_rows import check_golden, need, read, tally

TALK = [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]


def call(name: str) -> dict[str, Any]:
    return {"role": "assistant", "tool_calls": [{"function": {"name": name, "arguments": "{}"}}]}


def row(traj: Any, **more: Any) -> bytes:
    return msgspec.json.encode({"task_id": 1, "reward": 1, "info": {}, "traj": traj, "trial": 2, **more})


def test_every_real_row_is_read_or_says_why() -> None:
    assert {path.name: tally(Taubench(), path) for path in need("taubench")} == {
        "MockRetailDomainEnv-few_shot.jsonl": {"dropped calls_not_shown": 69},
        "gpt-4o-airline.json": {"gave_up": 73, "answer": 51},
    }


def test_trials_of_a_task_are_one_group() -> None:
    path = next(path for path in need("taubench") if path.suffix == ".json")
    found = [item for item in map(Taubench(), read(path)) if isinstance(item, Trajectory)]
    assert len({item.group for item in found}) == len({item.id.partition("_")[0] for item in found}) == 31
    assert not any("###STOP###" in (item.steps[-1].observation or "") for item in found)


def test_rows_checked_by_hand() -> None:
    check_golden("taubench", Taubench())


@pytest.mark.parametrize(
    ("reward", "last", "ending"),
    [
        (1, "", "answer"),
        (0.5, "", "gave_up"),
        (1, "transfer_to_human_agents", "answer"),
        (0, "transfer_to_human_agents", "gave_up"),
        (1, "book", "open"),
    ],
)
def test_the_reward_says_how_it_ended(reward: float, last: str, ending: str) -> None:
    found = Taubench()(row([*TALK, *([call(last)] if last else [])], reward=reward))
    assert isinstance(found, Trajectory)
    assert found.ending == ending


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (msgspec.json.encode({"messages": TALK}), "not_taubench"),
        (row(TALK, reward=None), "not_taubench"),
        (row("text"), "not_taubench"),
        (b"{", "broken_json"),
    ],
)
def test_what_cannot_be_read_says_why(data: bytes, reason: str) -> None:
    with pytest.raises(Unreadable) as caught:
        Taubench()(data)
    assert caught.value.reason == reason
