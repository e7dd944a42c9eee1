"""What becomes of replies to paraphrase, fill_thoughts, judge and negatives: taken, left, or the row rejected."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentflan.core.kinds import Ask
from agentflan.core.types import (
    Answer,
    Conversation,
    Dropped,
    Message,
    Quarantined,
    Segment,
    Step,
    ToolCall,
    ToolSpec,
    Trajectory,
)
from agentflan.models.faulty import voice
from agentflan.transforms.converse import Converse
from agentflan.transforms.fill_thoughts import FillThoughts
from agentflan.transforms.judge import Judge
from agentflan.transforms.paraphrase import Paraphrase
from agentflan.transforms.refusing.reply import Reply
from tests.transforms.drawn import agents, settle

TOOL = ToolSpec(name="get_forecast", parameters='{"type": "object", "properties": {"city": {"type": "string"}}}')
AGENT = Trajectory(
    id="a",
    source="toolbench",
    query="Will it rain in Oslo?",
    steps=(
        Step(action=ToolCall(name="get_forecast", arguments='{"city": "Oslo"}'), observation="rain"),
        Step(thought="So it rains.", action=Answer(text="Yes."), loss=False),
    ),
    tools=(TOOL,),
)
(TALK,) = settle(Converse(react_share=0, by_value_share=1, seed=1), [AGENT])[0]
NEGATIVE = Conversation(
    id="n",
    source="toolbench",
    kind="negative",
    query="Will it rain?",
    messages=(
        Message(role="user", segments=(Segment(text="Will it rain?"),)),
        Message(role="assistant", segments=(Segment(text="", loss=True),)),
    ),
    tools=(TOOL,),
)


def elicits(item: Conversation) -> list[str]:
    parts = (part for message in item.messages if message.role == "user" for part in message.segments)
    return [part.text.strip() for part in parts if part.capability]


def test_elicit_statements_are_reworded_and_nothing_else_is() -> None:
    assert isinstance(TALK, Conversation)
    plug = Paraphrase(share=1)
    (request,) = plug.requests(TALK)
    told = plug.apply(TALK, (voice.reply(request.messages),))
    old, new = elicits(TALK), elicits(told)
    assert len(old) == len(new) >= 4
    assert all(after != before and after.endswith(before) for before, after in zip(old, new, strict=True))
    unworded = [
        [(part.capability, part.loss, part.text if message.role == "assistant" else "") for part in message.segments]
        for message in TALK.messages
    ]
    assert unworded == [
        [(part.capability, part.loss, part.text if message.role == "assistant" else "") for part in message.segments]
        for message in told.messages
    ]


@pytest.mark.parametrize(
    "said", ["", "  ", "And what\nis it?", "Action: get_forecast", '{"name": "x", "arguments": {}}', "word " * 80]
)
def test_a_rewording_that_will_not_do_leaves_the_statement(said: str) -> None:
    assert isinstance(TALK, Conversation)
    reply = json.dumps([said] * len(elicits(TALK)))
    assert Paraphrase(share=1).apply(TALK, (reply,)) is TALK


def test_a_rewording_keeps_the_names_of_its_statement() -> None:
    assert isinstance(TALK, Conversation)
    old = elicits(TALK)
    told = elicits(Paraphrase(share=1).apply(TALK, (json.dumps(["And that would be?"] * len(old)),)))
    for before, after in zip(old, told, strict=True):
        named = {"get_forecast", "city"} & {word.strip(".,:;?!'\"`") for word in before.split()}
        assert after == before if named else after == "And that would be?"
    assert any("get_forecast" in statement for statement in told)


@pytest.mark.parametrize("reply", ["", "no JSON", "[]", '["one"]', "[1, 2]", "{}"])
def test_a_reply_that_is_no_list_of_rewordings_leaves_all(reply: str) -> None:
    assert isinstance(TALK, Conversation)
    assert Paraphrase(share=1).apply(TALK, (reply,)) is TALK


def test_the_share_is_of_conversations() -> None:
    assert isinstance(TALK, Conversation)
    plug = Paraphrase(share=0.3, seed=2)
    many = [msgspec.structs.replace(TALK, id=f"c{number}") for number in range(400)]
    assert 90 < sum(bool(plug.requests(item)) for item in many) < 150


def test_only_missing_thoughts_are_written_and_trained_as_their_step() -> None:
    plug = FillThoughts()
    requests = plug.requests(AGENT)
    assert len(requests) == 1
    assert "rain" not in requests[0].messages[1].segments[0].text.split("Next:")[1]
    told = plug.apply(AGENT, (" I look up the forecast with get_forecast. ",))
    assert told.steps[0] == msgspec.structs.replace(AGENT.steps[0], thought="I look up the forecast with get_forecast.")
    assert told.steps[1:] == AGENT.steps[1:]


@pytest.mark.parametrize("reply", ["", " \n", "Thought: so\nAction: get_forecast", 'get_forecast(city="Oslo")'])
def test_a_thought_that_is_none_is_not_taken(reply: str) -> None:
    assert FillThoughts().apply(AGENT, (reply,)) is AGENT


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        ('{"score": 3, "reason": "fine"}', AGENT),
        ('```json\n{"score": 5, "reason": "fine"}\n```', AGENT),
        ('{"score": 2, "reason": "wrong city"}', Dropped("judged_bad", "2: wrong city")),
        ('{"score": 9, "reason": "wow"}', Quarantined("no_verdict", '{"score": 9, "reason": "wow"}')),
        ('{"score": "5"}', Quarantined("no_verdict", '{"score": "5"}')),
        ("It is good.", Quarantined("no_verdict", "It is good.")),
    ],
)
def test_a_verdict_is_strict(reply: str, outcome: object) -> None:
    assert Judge().apply(AGENT, (reply,)) == outcome


def test_a_long_trajectory_is_shown_from_both_ends() -> None:
    long = msgspec.structs.replace(AGENT, query="x" * 5000)
    (request,) = Judge(longest=1000).requests(long)
    shown = request.messages[1].segments[0].text
    assert len(shown) < 1100
    assert shown.startswith("Task: xxx")
    assert shown.endswith("answers: Yes.")


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        ('{"name": "get_forecast", "arguments": {"city": "Oslo"}}', Dropped("calls_a_tool", "get_forecast")),
        ("I will use get_forecast.", Dropped("calls_a_tool", "get_forecast")),
        ("Thought: hm\nAction: get_forecast\nAction Input: {}", Dropped("calls_a_tool", "get_forecast")),
        ("Thought: I know.\nFinal Answer: yes", Dropped("agent_form", "thought, final answer")),
        ("Action: none\nAction Input: {}", Dropped("agent_form", "action, action input")),
        (" ", Quarantined("empty_reply")),
    ],
)
def test_a_negative_that_calls_or_looks_like_an_agent_is_rejected(reply: str, outcome: object) -> None:
    assert Reply(language="en", seed=0).apply(NEGATIVE, (reply,)) == outcome


@given(item=agents, reply=st.text(), place=st.sampled_from(["", '["', "Thought: ", '{"score": 1, "reason": "']))
def test_no_reply_is_a_failure_of_ours(item: Trajectory, reply: str, place: str) -> None:
    for plug in (FillThoughts(), Judge()):
        assert isinstance(plug, Ask)
        requests = plug.requests(item)
        if requests:
            plug.apply(item, (place + reply,) * len(requests))
    assert isinstance(TALK, Conversation)
    Paraphrase(share=1).apply(TALK, (place + reply,))
    Reply(language="en", seed=0).apply(NEGATIVE, (place + reply,))
