"""SWE-agent: the last block is the command; who documents it decides whose command it is."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from agentflan.core.errors import Unreadable
from agentflan.core.types import Answer, Dropped, ToolCall, Trajectory
from agentflan.sources.swe_agent import SweAgent
from tests.sources.real_rows import check_golden, need, tally
from tests.sources.samples.swe_agent import ROW


def read(*replies: str, **more: Any) -> Trajectory | Dropped:
    """The sample's prompt and question, then these replies of the agent."""
    turns = ROW["trajectory"][:2]
    for reply in replies:
        turns = [*turns, {"role": "ai", "text": reply, "mask": True}, {"role": "user", "text": "seen"}]
    return SweAgent()(msgspec.json.encode({**ROW, "trajectory": turns[:-1], **more}))


@pytest.mark.parametrize(
    ("text", "call"),
    [
        ("```\nls\n```", ToolCall(name="bash", arguments="ls")),
        ("a ```x``` b\n```bash\nls\n\npwd\n```\n", ToolCall(name="bash", arguments="ls\n\npwd")),
        ("```\nedit 1:1\n  x\nend_of_edit\n```", ToolCall(name="edit", arguments="1:1\n  x\nend_of_edit")),
        ("```\nsubmit\n```", ToolCall(name="submit")),
        ("So.\n```\nls", ToolCall(name="bash", arguments="ls")),
    ],
)
def test_the_last_block_is_the_command(text: str, call: ToolCall) -> None:
    found = read(text)
    assert isinstance(found, Trajectory)
    assert found.steps[0].action == call


def test_words_without_a_block_are_an_answer() -> None:
    found = read("I give up.", exit_status="exit_cost")
    assert isinstance(found, Trajectory)
    assert (found.steps[0].action, found.ending) == (Answer(text="I give up."), "open")


def test_a_run_ends_with_its_patch() -> None:
    submitted, cut = read("```\nsubmit\n```", exit_status=None), read("```\nls\n```", exit_status="exit_context")
    assert isinstance(submitted, Trajectory)
    assert isinstance(cut, Trajectory)
    assert (submitted.ending, cut.ending) == ("answer", "open")


def test_a_patch_that_failed_its_tests_goes_unless_the_recipe_keeps_it() -> None:
    row = msgspec.json.encode({**ROW, "target": False})
    assert SweAgent()(row) == Dropped(reason="failed", detail=ROW["instance_id"])
    assert isinstance(SweAgent(failed="keep")(row), Trajectory)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"instance_id": "x", "trajectory": []}, "not_swe_agent"),
        ({"trajectory": []}, "wrong_shape"),
        ({"instance_id": "x", "trajectory": [{"role": "tool"}]}, "wrong_shape"),
    ],
)
def test_other_rows_are_not_its_own(row: dict[str, Any], reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        SweAgent()(msgspec.json.encode(row))


def test_the_published_sample_is_read() -> None:
    counts = {path.name.split("__")[1]: tally(SweAgent(), path) for path in need("adp_samples_raw")}
    assert counts.pop("nebius_SWE-agent-trajectories") == {"answer": 5}
    assert all(list(count) == ["quarantined wrong_shape"] for count in counts.values())


def test_golden_rows_stay_as_they_were_checked() -> None:
    check_golden("swe_agent", SweAgent())
