from __future__ import annotations

from typing import Literal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentflan.core import plugs
from agentflan.core.errors import Mistake
from agentflan.core.types import CAPABILITIES, Capability, Conversation, Message, Segment
from agentflan.transforms.rebalance import PRESETS, Rebalance
from tests.transforms.drawn import alternates, conversations

shares = st.sampled_from([0.0, 0.3, 1.0])
balances = st.builds(
    Rebalance, reasoning=shares, retrieval=shares, understanding=shares, format=shares, seed=st.integers(0, 2)
)
agents = conversations().map(lambda item: msgspec.structs.replace(item, id="r", kind="agent"))


def user(*texts: tuple[str, Capability | None]) -> Message:
    return Message(role="user", segments=tuple(Segment(text=text, capability=kind) for text, kind in texts))


def assistant(*texts: tuple[str, Capability | None]) -> Message:
    segments = tuple(Segment(text=text, capability=kind, loss=True) for text, kind in texts)
    return Message(role="assistant", segments=segments)


TALK = (
    user(("Oslo?", None), ("\nThoughts?", "reasoning")),
    assistant(("I look.", "reasoning")),
    user(("Tool?", "retrieval")),
    assistant(("weather", "retrieval")),
    user(("Input for weather?", "understanding")),
    assistant(('{"city": "Oslo"}', "understanding")),
    user(("rain", None), ("\nTool?", "retrieval")),
    assistant(("finish", "retrieval")),
)
REACT = (
    user(("Oslo?", None)),
    assistant(("Action: ", "format"), ("weather", "retrieval")),
    user(("rain", None)),
    assistant(("Rain.", None)),
)


def conversation(
    messages: tuple[Message, ...], id: str = "r", kind: Literal["agent", "general"] = "agent"
) -> Conversation:
    return Conversation(id=id, source="toolbench", messages=messages, kind=kind)


def replies(item: Conversation) -> list[str]:
    return [message.segments[0].text for message in item.messages if message.role == "assistant"]


def texts(item: Conversation) -> list[list[str]]:
    return [[segment.text for segment in message.segments] for message in item.messages]


def test_an_exchange_leaves_with_its_elicit_statement() -> None:
    item = Rebalance(retrieval=0)(conversation(TALK))
    assert item.messages == (*TALK[:2], TALK[4], *TALK[5:])  # the last reply stays, though it is retrieval
    item = Rebalance(reasoning=0, retrieval=1, understanding=0)(conversation(TALK))
    assert texts(item) == [["Oslo?", "\nTool?"], ["weather"], ["rain", "\nTool?"], ["finish"]]


def test_observations_next_to_each_other_become_one_message() -> None:
    seen = user(("rain", None), ("\nThoughts?", "reasoning"))
    messages = (*TALK[:2], seen, assistant(("Hm.", "reasoning")), user(("snow", None)), assistant(("Both.", None)))
    item = Rebalance(reasoning=0)(conversation(messages))
    assert texts(item) == [["Oslo?", "\nrain", "\nsnow"], ["Both."]]


def test_a_message_that_mixes_capabilities_is_not_dropped() -> None:
    item = conversation(REACT)
    assert Rebalance(format=0, retrieval=0)(item) is item


def test_mute_and_weigh_reach_into_a_mixed_message() -> None:
    muted = Rebalance(mode="mute", retrieval=0)(conversation(REACT)).messages[1].segments
    assert [(segment.text, segment.loss) for segment in muted] == [("Action: ", True), ("weather", False)]
    weighed = Rebalance(mode="weigh", retrieval=2.5, format=0.1)(conversation(REACT)).messages[1].segments
    assert [segment.weight for segment in weighed] == [0.1, 2.5]


def test_the_shares_hold() -> None:
    items = [Rebalance()(conversation(TALK, id=f"r{number}")) for number in range(2000)]
    said = [text for item in items for text in replies(item)]
    assert said.count("I look.") == 2000
    assert 0.2 < said.count("weather") / 2000 < 0.3
    assert 0.7 < said.count('{"city": "Oslo"}') / 2000 < 0.8


def test_drop_and_mute_choose_the_same_exchanges() -> None:
    for number in range(50):
        item = conversation(TALK, id=f"r{number}")
        dropped = replies(Rebalance()(item))
        muted = Rebalance(mode="mute")(item).messages[:-1]
        assert dropped[:-1] == [message.segments[0].text for message in muted if message.segments[0].loss]


def test_plain_chat_is_let_be() -> None:
    item = conversation(TALK, kind="general")
    assert Rebalance(reasoning=0, retrieval=0)(item) is item


@settings(max_examples=150, deadline=None)
@given(item=agents, balance=balances)
def test_dropping_never_breaks_a_conversation(item: Conversation, balance: Rebalance) -> None:
    result = balance(item)
    assert alternates(result)
    assert result.messages[-1] == item.messages[-1]
    kept = [message for message in result.messages if message.role == "assistant"]
    before = iter(message for message in item.messages if message.role == "assistant")
    assert all(message in before for message in kept)  # what stays is unchanged and in order


@settings(max_examples=60, deadline=None)
@given(item=agents, balance=balances, mode=st.sampled_from(["mute", "weigh"]))
def test_muting_and_weighing_leave_the_text(
    item: Conversation, balance: Rebalance, mode: Literal["mute", "weigh"]
) -> None:
    result = msgspec.structs.replace(balance, mode=mode)(item)
    for before, after in zip(item.messages, result.messages, strict=True):
        for run, now in zip(before.segments, after.segments, strict=True):
            assert (run.text, run.capability) == (now.text, now.capability)
            assert run.loss or not now.loss


@settings(max_examples=60, deadline=None)
@given(item=agents)
def test_full_shares_change_nothing(item: Conversation) -> None:
    assert Rebalance(retrieval=1, understanding=1)(item) is item


def test_a_preset_is_its_shares_and_gives_way_to_a_share_of_ones_own() -> None:
    given = {"paper": (1, 0.25, 0.75), "release": (1, 0.5, 0.7), "uniform": (1, 1, 1), "swift": (1, 3, 3)}
    assert set(given) == set(PRESETS)
    item = conversation(TALK)
    for preset, (reasoning, retrieval, understanding) in given.items():
        by_name = plugs.load("transform", {"use": "rebalance", "mode": "weigh", "preset": preset})
        by_share = Rebalance(
            mode="weigh", reasoning=reasoning, retrieval=retrieval, understanding=understanding, format=1
        )
        assert by_name(item) == by_share(item)
    mixed = plugs.load("transform", {"use": "rebalance", "preset": "release", "mode": "weigh", "retrieval": 0.125})
    weights = {m.segments[0].capability: m.segments[0].weight for m in mixed(item).messages if m.role == "assistant"}
    assert weights == {"reasoning": 1, "retrieval": 0.125, "understanding": 0.7}
    with pytest.raises(Mistake, match="retrieval is a share from 0 to 1"):
        plugs.load("transform", {"use": "rebalance", "preset": "swift"})


@pytest.mark.parametrize("name", CAPABILITIES)
def test_a_share_above_one_is_a_weight(name: str) -> None:
    plugs.load("transform", {"use": "rebalance", "mode": "weigh", name: 1.5})
    for wrong in ({name: 1.5}, {name: -0.1, "mode": "weigh"}):
        with pytest.raises(Mistake, match=f"rebalance: {name} is a share from 0 to 1"):
            plugs.load("transform", {"use": "rebalance", **wrong})
