from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentflan.core.kinds import Item
from agentflan.core.types import Conversation, Message, Quarantined, Segment, ToolSpec
from agentflan.dialects.writing.wordings import languages, wordings
from agentflan.transforms.negatives import Negatives
from agentflan.transforms.refusing.reply import Reply, topic
from tests.transforms.drawn import alternates, settle

SYSTEM = "You may use these tools."


def message(role: str, text: str) -> Message:
    return Message(role=role, segments=(Segment(text=text, loss=role == "assistant"),))


def agent(number: int) -> Conversation:
    name = f"tool_{number % 7}"
    return Conversation(
        id=f"a{number}",
        source="toolbench",
        messages=(message("system", f"{SYSTEM} {name}"), message("user", "x\nThoughts?"), message("assistant", "y")),
        query=f"Please find flights from Trondheim, number {number}",
        licence="Apache-2.0",
        origin_ids=(f"a{number}",),
        tools=(ToolSpec(name=name), ToolSpec(name=f"{name}_too")),
    )


def chat(number: int) -> Conversation:
    messages = (
        message("user", f"Hello {number}"),
        message("assistant", f"Hi {number}"),
        message("user", "More"),
        message("assistant", "No"),
    )
    return Conversation(
        id=f"g{number}",
        source="sharegpt",
        messages=messages,
        query=f"Hello {number}",
        kind="general",
        licence="MIT",
        origin_ids=(f"g{number}",),
    )


def corpus(agents: int, chats: int) -> list[Item]:
    return [*map(agent, range(agents)), *map(chat, range(chats))]


def negatives(items: list[Item], **fields: Any) -> list[Conversation]:
    kept, left = settle(Negatives(**fields), items)
    assert not left
    assert [item for item in kept if item in items] == items
    return [item for item in kept if isinstance(item, Conversation) and item.kind == "negative"]


def offered(item: Conversation) -> set[str]:
    return {tool.name for tool in item.tools}


@settings(max_examples=25, deadline=None)
@given(
    count=st.integers(0, 30),
    share=st.sampled_from([0.0, 0.5, 1.0]),
    ordinary=st.one_of(st.none(), st.integers(0, 30)),
    seed=st.integers(0, 3),
)
def test_exactly_so_many_of_each_kind(count: int, share: float, ordinary: int | None, seed: int) -> None:
    made = negatives(corpus(20, 12), count=count, irrelevant_share=share, ordinary_count=ordinary, seed=seed)
    kinds = [item.id[-2:] for item in made]
    wanted = min(count, 20)
    assert kinds.count("n1") + kinds.count("n2") == wanted
    assert kinds.count("n2") == round(wanted * share)
    assert kinds.count("n3") == min(wanted // 2 if ordinary is None else ordinary, 12)
    assert all(alternates(item) for item in made)


def test_what_each_kind_shows() -> None:
    items = corpus(20, 12)
    by_id = {item.id: item for item in items}
    for item in negatives(items, count=12):
        parent, kind = item.id[:-3], item.id[-1]
        origin = by_id[parent]
        assert isinstance(origin, Conversation)
        assert (item.query, item.source, item.group) == (origin.query, origin.source, origin.query)
        assert item.origin_ids[0] == parent
        assert item.messages[-1].segments[0].loss
        assert {segment.capability for each in item.messages for segment in each.segments} == {None}
        if kind == "1":
            assert (len(item.messages), item.tools, item.origin_ids) == (2, (), (parent,))
            continue
        donor = by_id[item.origin_ids[1]]
        assert isinstance(donor, Conversation)
        assert item.messages[0] == donor.messages[0]
        assert item.tools == donor.tools
        if kind == "2":
            assert not offered(item) & offered(origin)
            assert item.licence == "Apache-2.0"
        else:
            assert item.messages[-1] == origin.messages[1]
            assert item.licence == "MIT AND Apache-2.0"


def test_tools_that_everybody_has_are_not_irrelevant() -> None:
    items: list[Item] = [agent(0), agent(7), agent(14)]
    made = negatives(items, count=3, irrelevant_share=1)
    assert sorted(item.id for item in made) == ["a0-n1", "a14-n1", "a7-n1"]


def test_donors_take_turns() -> None:
    made = negatives(corpus(40, 40), count=0, ordinary_count=40)
    assert len({item.origin_ids[1] for item in made}) == 40


def test_the_question_is_asked_without_tools() -> None:
    pick, reply = (part for _, part in Negatives(count=4, irrelevant_share=1).parts())
    waiting = [item for item in settle(pick, corpus(20, 5))[0] if reply.requests(item)]
    assert len(waiting) == 4
    for item in waiting:
        (request,) = reply.requests(item)
        assert request.purpose == "refusal"
        assert [(each.role, each.segments[0].text) for each in request.messages] == [("user", item.query)]
        assert reply.apply(item, (" I can't. ",)).messages[-1].segments == (Segment(text="I can't.", loss=True),)
        assert reply.apply(item, (" ",)) == Quarantined("empty_reply")


def test_written_refusals_vary_and_speak_of_the_question() -> None:
    made = negatives(corpus(300, 0), count=300)
    texts = [item.messages[-1].segments[0].text for item in made]
    assert all("flights, Trondheim and number" in text for text in texts)
    assert len(set(texts)) >= 20
    assert not any("{" in text or SYSTEM in text or "Thought:" in text for text in texts)


@pytest.mark.parametrize("language", languages("agentflan.transforms", "refusals"))
def test_patterns_can_be_filled(language: str) -> None:
    texts = wordings("agentflan.transforms", "refusals", language)
    assert texts.keys() == {"patterns", "nothing", "comma", "conjunction", "cut", "stop"}
    assert len(set(texts["patterns"])) == len(texts["patterns"]) >= 20
    assert all(pattern.count("{words}") == pattern.count("{") == 1 for pattern in texts["patterns"])


@pytest.mark.parametrize(
    ("query", "words", "language"),
    [
        ("你能帮我找一道菜谱吗？家里有鸡肉、甜椒。", "菜谱、家里有鸡肉和甜椒", "zh"),
        ("我需要一个新的密码。", "密码", "zh"),
        ("你能帮我吗？", "这件事", "zh"),
        ("Will it rain in Trondheim?", "rain and Trondheim", "en"),
        ("東京の天気を教えてください", "東京の天気を教えてください", "en"),
    ],
)
def test_a_refusal_speaks_the_language_of_the_question(query: str, words: str, language: str) -> None:
    messages = (message("user", query), message("assistant", ""))
    item = Conversation(id="n", source="s", kind="negative", query=query, messages=messages)
    reply = Reply(language="auto", seed=0)
    text = reply.offline(item, reply.requests(item)[0])
    patterns = wordings("agentflan.transforms", "refusals", language)["patterns"]
    assert text in {pattern.replace("{words}", words) for pattern in patterns}


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("Is it so?", []),
        ("Weather, weather in Oslo!", ["Weather", "weather", "Oslo"]),
        ("\u201cReykjavik\u201d hotels and restaurants with parking", ["Reykjavik", "restaurants", "parking"]),
        ("奥斯陆的天气", ["奥斯陆的天气"]),
    ],
)
def test_the_words_of_a_question(query: str, words: list[str]) -> None:
    assert topic(query, frozenset({"with"})) == words


def test_a_question_without_words_is_refused_as_well() -> None:
    messages = (message("user", "Is it?"), message("assistant", ""))
    item = Conversation(id="n", source="s", kind="negative", query="Is it?", messages=messages)
    reply = Reply(language="en", seed=0)
    (request,) = reply.requests(item)
    assert " this" in reply.offline(item, request)


def test_settings_are_checked() -> None:
    with pytest.raises(ValueError, match="irrelevant_share"):
        Negatives(irrelevant_share=1.1)


def test_sources_that_are_named_lend_queries_and_tools_alone() -> None:
    others = [msgspec.structs.replace(agent(number), id=f"o{number}", source="glaive") for number in range(20)]
    made = negatives([*corpus(20, 20), *others], count=30, irrelevant_share=0.5, sources=("toolbench",))
    assert {item.source for item in made} == {"toolbench", "sharegpt"}
    assert not any(origin.startswith("o") for item in made for origin in item.origin_ids)
