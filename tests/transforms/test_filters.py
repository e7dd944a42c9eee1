"""Length and language: what they leave out, under which reason, and what they have no business with."""

from __future__ import annotations

from typing import Any

import pytest

from agentflan.core import plugs
from agentflan.core.errors import Mistake
from agentflan.core.kinds import Item
from agentflan.core.types import Answer, Conversation, Dropped, Message, Segment, Step, Trajectory
from agentflan.transforms.language import Language
from agentflan.transforms.length import Length

STEP = Step(thought="Hm.", action=Answer(text="Rain."))
ROW = Trajectory(id="a", source="drawn", query="Sun?", steps=(STEP, STEP), instruction="Say little.")
TALK = Conversation(
    id="a",
    source="drawn",
    messages=(
        Message(role="system", segments=(Segment(text="Say little."),)),
        Message(role="user", segments=(Segment(text="Sun?"), Segment(text=" Think.", capability="reasoning"))),
        Message(role="assistant", segments=(Segment(text="Rain.", loss=True),)),
    ),
)


@pytest.mark.parametrize(
    ("item", "settings", "reason"),
    [
        (ROW, {"min_characters": 20, "max_characters": 20, "min_steps": 2, "max_steps": 2}, None),
        (ROW, {"min_characters": 21}, "too_few_characters"),
        (ROW, {"max_characters": 19}, "too_many_characters"),
        (ROW, {"min_steps": 3}, "too_few_steps"),
        (ROW, {"max_steps": 1}, "too_many_steps"),
        (ROW, {"min_messages": 9}, None),
        (TALK, {"min_characters": 9, "max_characters": 9, "min_messages": 3, "max_messages": 3}, None),
        (TALK, {"min_messages": 4}, "too_few_messages"),
        (TALK, {"max_messages": 2}, "too_many_messages"),
        (TALK, {"min_steps": 9}, None),
    ],
)
def test_length(item: Item, settings: dict[str, int], reason: str | None) -> None:
    found = Length(**settings)(item)
    assert found is item if reason is None else isinstance(found, Dropped) and found.reason == reason


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("What will the weather be like in Oslo tomorrow?", None),
        ("请帮我查一下明天北京的天气。", None),
        ("Wie wird das Wetter morgen in Oslo?", "language_de"),
        ("明日の東京の天気を教えてください。", "language_ja"),
        ("", None),
        ("123", None),
        ("ls -la", None),
        ("\u0316\u0300" * 200_000, None),
    ],
)
def test_language(query: str, reason: str | None) -> None:
    item = Trajectory(id="a", source="drawn", query=query, steps=())
    found = Language(keep=("en", "zh"))(item)
    assert found is item if reason is None else isinstance(found, Dropped) and found.reason == reason


@pytest.mark.parametrize("settings", [{}, {"keep": []}, {"keep": ["english"]}, {"keep": ["en"], "certainty": 2}])
def test_settings_without_sense_are_a_mistake(settings: dict[str, Any]) -> None:
    with pytest.raises(Mistake, match="language"):
        plugs.load("transform", {"use": "language", **settings})
