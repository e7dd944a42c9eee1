from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentflan.core.types import Answer, Conversation, Step, ToolCall, ToolSpec, Trajectory
from agentflan.transforms.converse import Converse
from agentflan.transforms.format_lessons import FormatLessons
from tests.transforms.drawn import alternates, settle

TOOLS = (ToolSpec(name="weather", description="Tells the weather.", parameters='{"properties": {"city": {}}}'),)


def rows(count: int) -> list[Trajectory]:
    """Two steps in each that can be taught, and four that cannot."""
    return [
        Trajectory(
            id=f"r{number}",
            source="toolbench",
            query=f"question {number}",
            origin_ids=(f"r{number}", "prefix"),
            tools=TOOLS,
            steps=(
                Step(
                    thought=f"look\nup {number}", action=ToolCall(name="weather", arguments='{"city": "Oslo", "n": 5}')
                ),
                Step(action=ToolCall(name="weather", arguments="")),
                Step(action=ToolCall(name="weather", arguments="Oslo")),
                Step(action=ToolCall(name="unknown", arguments="{}")),
                Step(action=ToolCall(name="weather", arguments="{}"), loss=False),
                Step(thought="done", action=Answer(text="It rains.")),
            ),
        )
        for number in range(count)
    ]


def lessons(count: int, of: int = 30, **fields: float) -> list[Conversation]:
    kept, left = settle(FormatLessons(count=count, **fields), rows(of))
    assert not left
    assert [item for item in kept if isinstance(item, Trajectory)] == rows(of)
    return [item for item in kept if isinstance(item, Conversation)]


def reply(item: Conversation) -> str:
    return "".join(segment.text for segment in item.messages[-1].segments)


@settings(max_examples=30, deadline=None)
@given(count=st.integers(0, 50), share=st.sampled_from([0.0, 0.25, 0.5, 1.0]))
def test_exactly_so_many_and_exactly_so_mixed(count: int, share: float) -> None:
    made = lessons(count, of=20, string_share=share)
    assert len(made) == min(count, 40)
    in_lines = sum(not reply(item).startswith("{") for item in made)
    assert in_lines == int(len(made) * share)


def test_each_reply_has_the_requested_form() -> None:
    for item in lessons(60):
        system, user = ("".join(segment.text for segment in message.segments) for message in item.messages[:2])
        assert alternates(item)
        assert "weather" in system
        if reply(item).startswith("{"):
            values = json.loads(reply(item))
            assert all(f'"{key}": ' in system for key in values)
        else:
            pairs = [line.partition(": ")[::2] for line in reply(item).split("\n")]
            assert [key for key, _ in pairs] == [line.partition(": ")[0] for line in system.split("\n")[-len(pairs) :]]
            values = {key: json.loads(value) if value.startswith("{") else value for key, value in pairs}
        contents = list(values.values())
        assert "weather" in contents
        if item.id.endswith("-l0"):
            assert {"city": "Oslo", "n": 5} in contents
            assert any(isinstance(each, str) and each.startswith("look up") and each in user for each in contents)
            assert 'city is "Oslo", n is 5' in user
        else:
            assert {} in contents
            assert len(contents) == 2


def test_content_and_form_are_told_apart() -> None:
    for item in lessons(60):
        segments = item.messages[-1].segments
        assert all(segment.loss for segment in segments)
        said = {segment.capability: segment.text for segment in segments if segment.capability != "format"}
        assert said["retrieval"] == "weather"
        assert json.loads(said["understanding"]) in ({"city": "Oslo", "n": 5}, {})
        assert said.get("reasoning", "look up").startswith("look up")
        form = "".join(segment.text for segment in segments if segment.capability == "format")
        assert "weather" not in form
        assert "Oslo" not in form


def test_forms_vary() -> None:
    made = lessons(200, of=100)
    assert len({item.messages[0].segments[0].text for item in made}) > 150
    assert len({reply(item) for item in made if item.id.endswith("-l1")}) > 40


def test_a_lesson_knows_where_it_comes_from() -> None:
    item = lessons(1)[0]
    parent = item.id.rpartition("-l")[0]
    assert (item.kind, item.source, item.origin_ids) == ("lesson", "toolbench", (parent, "prefix"))
    assert item.group == f"question {parent.removeprefix('r')}"
    assert settle(Converse(), [item]) == ([item], [])


def test_counts_and_shares_are_checked() -> None:
    with pytest.raises(ValueError, match="string_share"):
        FormatLessons(string_share=2)


@pytest.mark.parametrize(("string_share", "mark"), [(0, "```\n{"), (1, "following format:\n")])
def test_the_grammar_of_the_release(string_share: float, mark: str) -> None:
    tools = (ToolSpec(name="sky.weather", description='The "sky".', parameters=TOOLS[0].parameters),)
    call = ToolCall(name="sky.weather", arguments='{"city": "Oslo", "n": 5}')
    item = Trajectory(id="1", source="toolbench", query="?", tools=tools, steps=(Step(thought="I look.", action=call),))
    made = FormatLessons(count=1, string_share=string_share, grammar="release")
    (_, found), _ = settle(made, [item])
    assert isinstance(found, Conversation)
    system, query, reply = ("".join(part.text for part in message.segments) for message in found.messages)
    opening, api, request = system.split("\n", 2)
    assert opening == "You have access to the following API:"
    assert api == str({"name": "weather", "description": 'The "sky".', "parameters": json.loads(TOOLS[0].parameters)})
    assert mark in request
    assert "with: 'I look.'. Call the function sky.weather with the parameter as follows: " in query
    assert "'city' is 'Oslo'" in query
    assert "'n' is '5'" in query
    if string_share:
        assert sorted(line.partition(": ")[2] for line in reply.splitlines()) == sorted(
            ["I look.", "sky.weather", '{"city": "Oslo", "n": 5}']
        )
    else:
        held = json.loads(reply)
        assert json.dumps(held, indent=4) == reply
        assert sorted(map(str, held.values())) == sorted(["I look.", "sky.weather", str({"city": "Oslo", "n": 5})])
