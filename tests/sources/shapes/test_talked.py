"""Dialogue of our own, back from its text: all of it, or what `rebalance` has left of it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentflan.core.types import Answer, Conversation, Step, ToolCall, Trajectory
from agentflan.dialects.writing.languages import elicits
from agentflan.sources.shapes.talked import Asked, asked, asks, steps_of
from agentflan.sources.shapes.turns import Turn
from agentflan.transforms.converse import Converse
from tests.plugs.test_dialect_plugs import bare
from tests.transforms.drawn import settle, sound_steps, words

EN = elicits("en")


def turns_of(item: Conversation) -> list[Turn]:
    texts = [(message.role, "".join(part.text for part in message.segments)) for message in item.messages]
    return [Turn(role, text, None) for role, text in texts if role != "system"]


@pytest.mark.parametrize("language", ["en", "zh"])
@settings(max_examples=80, deadline=None)
@given(query=words, steps=st.lists(sound_steps, min_size=1, max_size=4))
def test_drawn_dialogue_comes_back(language: str, query: str, steps: list[Step]) -> None:
    item = Trajectory(id="1", source="drawn", query=query, steps=tuple(steps))
    (made,), _ = settle(Converse(react_share=0, language=language), [item])
    assert isinstance(made, Conversation)
    turns = turns_of(made)
    if not asks(turns):
        assert all(isinstance(step.action, Answer) and not step.thought for step in steps)
        return
    found = steps_of(turns)
    seen = [step.observation for step in steps[:-1]] + [None]
    assert (found[0], [bare(step) for step in found[1]]) == (query, [bare(step) for step in steps])
    assert [step.observation for step in found[1]] == seen


def dialogue(*pairs: tuple[str, str]) -> list[Turn]:
    return [turn for user, reply in pairs for turn in (Turn("user", user, False), Turn("assistant", reply, True))]


def wording(kind: str, name: str = "") -> str:
    return EN[kind][0].replace("{tool}", name).replace("{parameter}", name)


def test_what_a_turn_asks_for() -> None:
    assert asked(f"It rains.\n{wording('tool')}") == Asked("It rains.", "tool")
    assert asked(wording("value", "city")) == Asked("", "value", "city")
    assert asked("Which tool is this?") == Asked("Which tool is this?", "")


def test_names_are_found_where_their_own_exchange_was_dropped() -> None:
    turns = dialogue(
        (f"Rain?\n{wording('thought')}", "I look."),
        (wording("names", "rain"), "city, day"),
        (wording("value", "day"), "5"),
    )
    assert steps_of(turns) == (
        "Rain?",
        (Step(thought="I look.", action=ToolCall(name="rain", arguments='{"day": 5}')),),
    )


def test_a_call_that_nobody_names_is_none() -> None:
    turns = dialogue((f"Rain?\n{wording('thought')}", "I look."), (wording("value", "day"), "5"), ("Sun.", "Good."))
    assert steps_of(turns)[1] == (
        Step(thought="I look.", observation="Sun."),
        Step(action=Answer(text="Good.")),
    )
