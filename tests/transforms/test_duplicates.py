"""Items of equal content leave but for the smallest id, and nobody's origin is forgotten."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given

from agentflan.core.kinds import Item
from agentflan.core.types import Answer, Conversation, Message, Segment, Step, ToolCall, ToolSpec, Trajectory
from agentflan.transforms.duplicates import Duplicates
from tests.transforms.drawn import corpora, settle

ROW = Trajectory(
    id="b",
    source="toolbench",
    query="Will it rain in Oslo?",
    steps=(
        Step(
            thought="I look it up.", action=ToolCall(name="forecast", arguments='{"city": "Oslo"}'), observation="4 mm"
        ),
        Step(action=Answer(text="Yes, a little.")),
    ),
    tools=(ToolSpec(name="forecast"),),
    origin_ids=("b", "b2"),
)
TALK = Conversation(
    id="b",
    source="toolbench",
    query="Will it rain?",
    messages=(
        Message(role="user", segments=(Segment(text="Will it rain?"), Segment(text=" Think.", capability="reasoning"))),
        Message(role="assistant", segments=(Segment(text="I look it up.", capability="reasoning", loss=True),)),
    ),
)


def other(item: Item, **changes: Any) -> Item:
    return msgspec.structs.replace(item, **{"id": "a", "origin_ids": ("a",), **changes})


@pytest.mark.parametrize(
    ("item", "changes"),
    [
        (ROW, {}),
        (ROW, {"source": "toolllama", "licence": "MIT", "group": "elsewhere"}),
        (ROW, {"query": "will it\n rain  in OSLO?"}),
        (TALK, {"messages": (Message(role="user", segments=(Segment(text="Will it rain?"),)), TALK.messages[1])}),
    ],
)
def test_equal_content_leaves_and_its_origins_stay(item: Item, changes: dict[str, Any]) -> None:
    kept, left = settle(Duplicates(), [item, other(item, **changes)])
    assert left == [("b", "duplicate")]
    assert [(each.id, each.origin_ids) for each in kept] == [("a", ("a", *(item.origin_ids or ("b",))))]


@pytest.mark.parametrize(
    "changes",
    [
        {"query": "Will it rain in Bergen?"},
        {"instruction": "Answer briefly."},
        {"tools": ()},
        {"steps": ROW.steps[:1]},
        {"steps": (ROW.steps[0], Step(action=Answer(text="No.")))},
    ],
)
def test_other_content_stays(changes: dict[str, Any]) -> None:
    assert settle(Duplicates(), [ROW, other(ROW, **changes)])[1] == []


def test_by_query_one_item_of_a_question_stays() -> None:
    assert settle(Duplicates(compare="query"), [ROW, other(ROW, steps=())])[1] == [("b", "duplicate")]


@given(items=corpora)
def test_a_second_pass_finds_nothing_and_no_origin_is_lost(items: list[Item]) -> None:
    kept, left = settle(Duplicates(), items)
    assert settle(Duplicates(), kept) == (kept, [])
    origins = [origin for item in kept for origin in item.origin_ids or (item.id,)]
    assert sorted(origins) == sorted(item.id for item in items)
    assert len(kept) + len(left) == len(items)
