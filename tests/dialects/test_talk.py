from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentflan.core.errors import Mistake
from agentflan.core.types import Answer, Message, Step, ToolCall, ToolSpec
from agentflan.dialects.talk import Talk
from agentflan.dialects.writing.listing import one_line, parameter_names, plain_description
from agentflan.dialects.writing.wordings import wordings
from tests.transforms.drawn import words

ELICITS = wordings("agentflan.dialects", "elicits", "en")
WHOLE, SPLIT = Talk(by_value_share=0), Talk(by_value_share=1)


def said(messages: Sequence[Message], role: str = "assistant") -> list[str]:
    return ["".join(segment.text for segment in message.segments) for message in messages if message.role == role]


def asked(messages: Sequence[Message]) -> list[str | None]:
    return [message.segments[-1].capability for message in messages if message.role == "user"]


def call(arguments: str) -> Step:
    return Step(thought="I look it up.", action=ToolCall(name="weather", arguments=arguments))


def test_a_call_asked_for_as_a_whole() -> None:
    messages = WHOLE.write(call('{"city": "Oslo", "day": 5}'), (), "key")
    assert [message.role for message in messages] == ["user", "assistant"] * 3
    assert said(messages) == ["I look it up.", "weather", '{"city": "Oslo", "day": 5}']
    assert asked(messages) == ["reasoning", "retrieval", "understanding"]
    assert "weather" in said(messages, "user")[-1]


def test_a_call_asked_for_by_names_and_values() -> None:
    messages = SPLIT.write(call('{"city": "Oslo", "days": [1, 2], "wet": true}'), (), "key")
    assert said(messages) == ["I look it up.", "weather", "city, days, wet", "Oslo", "[1, 2]", "true"]
    assert asked(messages) == ["reasoning", "retrieval", *["understanding"] * 4]
    elicits = said(messages, "user")
    assert "weather" in elicits[2]
    assert ["city" in elicits[3], "days" in elicits[4], "wet" in elicits[5]] == [True, True, True]


@pytest.mark.parametrize(
    "arguments",
    [
        "{}",
        "shelf 1",
        '{"city": ',
        '{"n": "5"}',
        '{"n": "null"}',
        '{"n": ""}',
        '{"a,b": 1}',
        '{" a": 1}',
        '["Oslo"]',
        '{"n": "\\ud800"}',
    ],
)
def test_arguments_that_parts_could_not_give_back_are_asked_for_whole(arguments: str) -> None:
    messages = SPLIT.write(call(arguments), (), "key")
    assert said(messages)[2:] == [arguments]
    assert SPLIT.read(messages) == call(arguments)


def test_a_call_without_arguments_is_not_asked_for_any() -> None:
    messages = SPLIT.write(Step(action=ToolCall(name="finish")), (), "key")
    assert said(messages) == ["finish"]


def test_answers() -> None:
    assert said(WHOLE.write(Step(action=Answer(text="Rain.")), (), "key"), "user") == []
    messages = WHOLE.write(Step(thought="Clear.", action=Answer(text="Rain.")), (), "key")
    assert (said(messages), asked(messages)) == (["Clear.", "Rain."], ["reasoning", None])
    assert messages[-1].segments[0].capability is None


@settings(max_examples=100, deadline=None)
@given(
    values=st.dictionaries(
        st.sampled_from(["city", "day"]), st.one_of(words, st.integers(), st.lists(words)), min_size=1
    )
)
def test_canonical_arguments_come_back_to_the_letter(values: dict[str, object]) -> None:
    step = call(json.dumps(values, ensure_ascii=False))
    assert SPLIT.read(SPLIT.write(step, (), "key")) == step


def test_the_share_of_calls_by_value() -> None:
    step = call('{"city": "Oslo"}')
    split = sum(len(Talk(by_value_share=0.3).write(step, (), f"key {number}")) > 6 for number in range(1000))
    assert 250 < split < 350


def test_wordings_vary_with_the_key() -> None:
    step = call('{"city": "Oslo"}')
    firsts = {said(WHOLE.write(step, (), f"key {number}"), "user")[0] for number in range(400)}
    assert firsts == set(ELICITS["thought"])


def test_a_language_nobody_has_written() -> None:
    with pytest.raises(Mistake, match="known: en, zh"):
        Talk(language="tlh").write(call("{}"), (), "key")


def test_the_listing_of_the_release() -> None:
    tool = ToolSpec(name="sky.weather", description='Tells the "weather".', parameters='{"type": "object"}')
    text = WHOLE.system("", (tool, tool), "key")
    block = 'sky.weather: Tells the \'weather\'.\nInput parameters are as follows: {"type": "object"}'
    assert text.endswith(f"\n{block}\n\n{block}")
    assert (
        Talk(listing="signature").system("Hello.", (tool,), "key").endswith('\n- sky.weather(): Tells the "weather".')
    )
    assert (WHOLE.system("", (), "key"), WHOLE.system("Hello.", (), "key")) == ("", "Hello.")


@pytest.mark.parametrize(
    ("parameters", "names"),
    [
        ('{"type": "object", "properties": {"a": {}, "b": {}}, "required": ["a"], "optional": []}', ("a", "b")),
        ('{"a": {"type": "str, optional"}, "type": {"type": "str"}}', ("a", "type")),
        ('{"a": "string"}', ("a",)),
        ('[{"name": "a"}, {"name": "b"}]', ("a", "b")),
        ('{"type": "dict"}', ()),
        ("{'a': 1}", ()),
        ("", ()),
        ("[" * 100_000, ()),
        ("5", ()),
    ],
)
def test_parameter_names_of_any_schema(parameters: str, names: tuple[str, ...]) -> None:
    assert parameter_names(parameters) == names


def test_descriptions_and_schemas_on_one_line() -> None:
    wrapper = (
        'This is the subfunction for tool "x", you can use this tool.The description of this function is: "Finds y."'
    )
    assert plain_description(wrapper) == "Finds y."
    assert plain_description("Finds y.") == "Finds y."
    assert one_line('{\n "a": 1\n}') == '{"a": 1}'
    assert json.loads(one_line("no JSON")) == "no JSON"
