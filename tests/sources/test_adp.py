"""The protocol's actions and observations: what is thought, what is said, what cannot be seen."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from agentflan.core.errors import Unreadable
from agentflan.core.types import Answer, Dropped, Step, ToolCall, Trajectory
from agentflan.sources.adp import Adp
from tests.sources.real_rows import check_golden, need, tally

ASKED = {"class_": "text_observation", "content": "Why?", "name": None, "source": "user"}


def read(*items: dict[str, Any]) -> Trajectory | Dropped:
    return Adp()(msgspec.json.encode({"id": 1, "content": items, "details": {}}))


def test_words_before_a_call_are_its_thought() -> None:
    call: dict[str, Any] = {"class_": "api_action", "function": "f", "kwargs": {}, "description": None}
    found = read(ASKED, {"class_": "message_action", "content": "I use f.", "description": "So."}, call)
    assert isinstance(found, Trajectory)
    assert found.steps == (Step(thought="So.\nI use f.", action=ToolCall(name="f", arguments="{}")),)
    assert found.ending == "open"


@pytest.mark.parametrize(
    ("content", "description", "step"),
    [
        ("<finish> 42 </finish>", "So.", Step(thought="So.", action=Answer(text="42"))),
        ("<finish> </finish>", "So.", Step(action=Answer(text="So."))),
        ("<solution> 42 </solution>", None, Step(action=Answer(text="<solution> 42 </solution>"))),
    ],
)
def test_the_mark_of_the_end_is_the_protocols(content: str, description: str | None, step: Step) -> None:
    found = read(ASKED, {"class_": "message_action", "content": content, "description": description})
    assert isinstance(found, Trajectory)
    assert (found.steps, found.kind) == ((step,), "general")


def test_an_acknowledgement_of_the_agent_is_not_trained() -> None:
    said = {"class_": "text_observation", "content": "Ok.", "source": "agent"}
    end = {"class_": "message_action", "content": "42", "description": None}
    found = read(ASKED, said, ASKED, end)
    assert isinstance(found, Trajectory)
    assert found.steps[0] == Step(action=Answer(text="Ok."), observation="Why?", loss=False)


def test_a_page_is_seen_as_its_tree() -> None:
    page = {"class_": "web_observation", "html": "<html>", "axtree": "root", "url": "http://x", "content": None}
    click = {"class_": "api_action", "function": "click", "kwargs": {"id": 1}, "description": None}
    found = read(ASKED, page, click, page)
    assert isinstance(found, Trajectory)
    assert (found.query, found.steps[0].observation) == ("Why?\nroot", "root")


def test_pictures_are_not_for_a_model_of_text() -> None:
    picture = {"class_": "image_observation", "content": "a.jpg", "source": "environment"}
    assert read(picture, ASKED) == Dropped(reason="needs_pictures")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"content": []}, "not_adp"),
        ({"content": [{"class_": "other"}]}, "not_adp"),
        ({"content": "text"}, "wrong_shape"),
        ({"content": [{"type": "text"}]}, "wrong_shape"),
        ({"messages": []}, "wrong_shape"),
    ],
)
def test_other_rows_are_not_its_own(row: dict[str, Any], reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        Adp()(msgspec.json.encode(row))


def test_every_sample_of_the_protocol_is_read() -> None:
    counts = {path.name.split("__")[1]: tally(Adp(), path) for path in need("adp_samples_std")}
    assert counts == {
        "agenttuning_alfworld": {"answer": 4},
        "agenttuning_db": {"answer": 4},
        "agenttuning_kg": {"answer": 3},
        "agenttuning_mind2web": {"answer": 3},
        "agenttuning_os": {"answer": 4},
        "agenttuning_webshop": {"answer": 4},
        "code_feedback": {"answer": 10},
        "codeactinstruct": {"answer": 5},
        "llava_plus": {"answer": 1, "dropped needs_pictures": 2},
        "nebius_SWE-agent-trajectories": {"answer": 5},
        "orca_agentinstruct": {"answer": 5},
        "toucan_1_5m": {"answer": 1},
    }
    for path in need("adp_samples_raw"):
        assert all(became.startswith("quarantined") for became in tally(Adp(), path)), path.name


def test_golden_rows_stay_as_they_were_checked() -> None:
    check_golden("adp", Adp())
