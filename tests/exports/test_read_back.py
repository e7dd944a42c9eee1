"""What an export writes its source reads back, as far as the format has room for it: real rows, drawn ones, chats."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from agentflan.core import plugs
from agentflan.core.errors import Unreadable
from agentflan.core.types import Answer, Conversation, Dropped, Message, Step, ToolCall, ToolSpec, Trajectory
from agentflan.exports.parts.native import with_tools
from agentflan.exports.parts.whole import text_of, trained
from agentflan.sources.shapes.call_texts import object_of
from tests.sources.real_rows import need, read
from tests.transforms.drawn import answers, calls, conversations, settle, thoughts, words

TOLD = ("openai", "atif", "adp")
REAL = {
    "toolbench": ("toolbench_answers", "stabletoolbench_answers", "toolllama_rows"),
    "agentinstruct": ("agentinstruct",),
    "taubench": ("taubench",),
    "sharegpt": ("sharegpt_vicuna",),
}
quick = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])


@cache
def real() -> tuple[Trajectory, ...]:
    found = []
    for name, folders in REAL.items():
        source = plugs.load("source", name)
        for row in (row for folder in folders for path in need(folder) for row in read(path, source)):
            try:
                item = source(row)
            except Unreadable:
                continue
            if isinstance(item, Trajectory):
                found.append(msgspec.structs.replace(item, id=f"r{len(found)}"))
    assert len(found) > 50
    return tuple(found)


def back(name: str, item: Any) -> Trajectory | Dropped:
    """What the source makes of the one row that the export writes."""
    rows = plugs.load("export", name)(item)
    if isinstance(rows, Dropped):
        return rows
    ((_, row),) = rows
    found = plugs.load("source", name)(msgspec.json.encode(row))
    assert isinstance(found, (Trajectory, Dropped))
    return found


def meant(name: str, item: Trajectory) -> Trajectory:
    """The trajectory as the format can tell it."""
    item = with_tools(item)
    last = len(item.steps) - 1
    steps = [_step(name, step, ends=number == last) for number, step in enumerate(item.steps)]
    return msgspec.structs.replace(item, steps=tuple(steps), instruction=item.instruction.strip(), tools=_tools(item))


def _step(name: str, step: Step, *, ends: bool) -> Step:
    action, thought, seen = step.action, step.thought.strip(), step.observation
    if isinstance(action, ToolCall):
        code = name == "adp" and action.name == "bash" and not action.arguments.startswith("{")
        arguments = action.arguments if code else json.dumps(object_of(action.arguments))
        action, seen = ToolCall(name=action.name, arguments=arguments), seen if ends else seen or ""
    elif ends and isinstance(action, Answer):
        action, seen = Answer(text=action.text.strip() if name == "adp" else action.text), None
    if isinstance(action, Answer) and name == "adp" and not step.loss:
        action, thought = Answer(text="\n".join(text for text in (thought, action.text) if text)), ""
    together = step.together and name != "adp"
    return Step(thought=thought, action=action, observation=seen, loss=step.loss, together=together)


def _tools(item: Trajectory) -> tuple[ToolSpec, ...]:
    return tuple(
        msgspec.structs.replace(tool, parameters=json.dumps(json.loads(tool.parameters))) for tool in item.tools
    )


def told(name: str, item: Trajectory) -> tuple[Any, ...]:
    steps = []
    for step in item.steps:
        call = step.action
        if isinstance(call, ToolCall) and call.arguments.startswith("{"):
            call = ToolCall(name=call.name, arguments=json.dumps(json.loads(call.arguments)))
        steps.append(msgspec.structs.replace(step, action=call, thought=step.thought.strip()))
    return item.instruction, item.query, tuple(steps), _tools(item)


@pytest.mark.parametrize("name", TOLD)
def test_real_trajectories_come_back(name: str) -> None:
    compared = 0
    for item in real():
        found = back(name, item)
        if isinstance(found, Dropped):
            assert found.reason == "not_told", found
            assert any(step.action is None for step in item.steps)
            continue
        assert told(name, found) == told(name, meant(name, item))
        compared += 1
    assert compared > 50


steps = st.lists(
    st.builds(Step, thought=thoughts, action=st.one_of(calls, answers), observation=words, loss=st.booleans()),
    min_size=1,
    max_size=5,
)


@st.composite
def trajectories(draw: st.DrawFn) -> Trajectory:
    """Any talk; some calls in the turn of the call before, with its loss and without a thought of their own."""
    made = draw(steps)
    for number, (before, step) in enumerate(pairwise(made), 1):
        if draw(st.booleans()) and isinstance(before.action, ToolCall) and isinstance(step.action, ToolCall):
            made[number] = msgspec.structs.replace(step, thought="", loss=made[number - 1].loss, together=True)
    instruction = draw(st.sampled_from(["", "Be brief."]))
    offered = draw(st.sampled_from([(), (ToolSpec(name="buy", description="Buys."),)]))
    return Trajectory(
        id="r1", source="drawn", query=draw(words), steps=tuple(made), instruction=instruction, tools=offered
    )


@pytest.mark.parametrize("name", TOLD)
@quick
@given(item=trajectories())
def test_drawn_trajectories_come_back(name: str, item: Trajectory) -> None:
    found = back(name, item)
    muted_call = any(isinstance(step.action, ToolCall) and not step.loss for step in item.steps)
    if name == "adp" and muted_call:
        assert found == Dropped(reason="not_told", detail="a call that is shown and not trained")
        return
    assert isinstance(found, Trajectory)
    assert told(name, found) == told(name, meant(name, item))


@pytest.mark.parametrize("name", TOLD)
@pytest.mark.parametrize(
    "made",
    [
        (Step(thought="Hm."), Step(action=Answer(text="No."))),
        (
            Step(action=ToolCall(name="f"), observation="1"),
            Step(action=ToolCall(name="f"), observation="2", loss=False, together=True),
        ),
    ],
    ids=["thought_alone", "turn_trained_in_part"],
)
def test_what_a_format_cannot_tell_leaves_with_a_reason(name: str, made: tuple[Step, ...]) -> None:
    item = Trajectory(id="1", source="drawn", query="Why?", steps=made)
    found = plugs.load("export", name)(item)
    assert isinstance(found, Dropped)
    assert found.reason == "not_told"


def dialogue(item: Conversation) -> Iterator[Message]:
    return (message for message in item.messages if message.role != "system")


@quick
@given(item=conversations())
def test_drawn_conversations_come_back_from_sharegpt(item: Conversation) -> None:
    found = back("sharegpt", msgspec.structs.replace(item, id="r1"))
    if any(trained(message) is None for message in item.messages):
        assert isinstance(found, Dropped)
        assert found.reason == "trained_in_part"
        return
    assert isinstance(found, Trajectory)
    first, *rest = dialogue(item)
    assume(rest)
    said = [text_of(message) for message in rest if message.role == "assistant"]
    assert found.query == text_of(first)
    assert [step.action for step in found.steps] == [Answer(text=text) for text in said]
    assert [step.loss for step in found.steps] == [trained(message) for message in rest if message.role == "assistant"]


def test_real_conversations_come_back_from_sharegpt() -> None:
    made, _ = settle(plugs.load("transform", {"use": "converse", "react_share": 0.3}), list(real()))
    compared = 0
    for item in made:
        assert isinstance(item, Conversation)
        found = back("sharegpt", item)
        assert isinstance(found, Trajectory), found
        first, *rest = dialogue(item)
        turns = [text_of(message) for message in rest]
        assert (found.query, [step.action.text for step in found.steps]) == (text_of(first), turns[::2])  # type: ignore[union-attr]
        assert [step.observation for step in found.steps[:-1]] == turns[1::2]
        compared += 1
    assert compared > 40
