"""The reader of calls: each syntax by example, and what must hold for any text."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentflan.core.types import ToolSpec
from agentflan.dialects.calls import objects, reader

TOOLS = (ToolSpec(name="get_forecast"), ToolSpec(name="lookup"))
OSLO = {"city": "Oslo", "days": 3}

CALLING = {
    "react": 'Thought: The weather is asked for.\nAction: get_forecast\nAction Input: {"city": "Oslo", "days": 3}',
    "react, no thought": 'Action: get_forecast\nAction Input: {"city": "Oslo", "days": 3}\nObservation: rain',
    "react, marked down": '**Thought:** hm\n**Action:** get_forecast\n**Action Input:** {"city": "Oslo", "days": 3}',
    "react, small letters": 'thought: hm\naction: get_forecast\naction_input: {"city": "Oslo", "days": 3}',
    "react, numbered": 'Thought 1: hm\nAction 1: get_forecast\nAction Input 1: {"city": "Oslo", "days": 3}',
    "react, one line": 'Thought: hm Action: get_forecast Action Input: {"city": "Oslo", "days": 3}',
    "react, python": "Action: get_forecast\nAction Input: {'city': 'Oslo', 'days': 3}",
    "object": '{"name": "get_forecast", "arguments": {"city": "Oslo", "days": 3}}',
    "object in prose": 'So:\n```json\n{"Param": {"city": "Oslo", "days": 3}, "goal": "x", "Tool": "get_forecast"}\n```',
    "python dict": "{'api': 'get_forecast', 'ACTION_INPUT': {'city': 'Oslo', 'days': 3}}",
    "openai": json.dumps({"tool_calls": [{"function": {"name": "get_forecast", "arguments": json.dumps(OSLO)}}]}),
    "glaive": '<functioncall> {"name": "get_forecast", "arguments": \'{"city": "Oslo", "days": 3}\'}',
    "hermes": '<tool_call>\n{"name": "get_forecast", "arguments": {"city": "Oslo", "days": 3}}\n</tool_call>',
    "python": 'get_forecast(city="Oslo", days=3)',
    "python list": '[get_forecast(city="Oslo", days=3), lookup(word="rain")]',
    "python fenced": "Here it is:\n```python\nget_forecast(city='Oslo', days=3)\n```",
    "python over lines": "```python\nget_forecast(\n    city='Oslo',\n    days=3,\n)\n```",
    "python behind a label": "API-Request: [get_forecast(city='Oslo', days=3)]",
    "python under a label": "Thought: hm\nAction: get_forecast(city='Oslo', days=3)",
    "object under a label": 'Action:\n```json\n{"action": "get_forecast", "input": {"city": "Oslo", "days": 3}}\n```',
    "after a thought": "<think>I will use lookup.</think>\nget_forecast(city='Oslo', days=3)",
    "announced": 'I will use get_forecast.\n{"name": "get_forecast", "arguments": {"city": "Oslo", "days": 3}}',
}

ATTEMPTS = {
    "no arguments": ("I need to call the get_forecast tool for this.", "get_forecast", False),
    "not on offer": ("I will use the calculator tool.", "calculator", False),
    "code word": ("Let me call `telescope`.", "telescope", False),
    "bare name": ("get_forecast", "get_forecast", False),
    "cut off": ('{"name": "get_forecast", "arguments": {"city": "Os', "get_forecast", True),
    "tag alone": ("<tool_call>", "", True),
    "input alone": ('Action Input: {"city": "Oslo"}', "", True),
    "free text input": ("Action: get_forecast\nAction Input: Oslo", "get_forecast", True),
    "invented python": ("find_rain(city='Oslo')", "find_rain", False),
    "bracketed": ("Thought: hm\nAction: get_forecast[Oslo]", "get_forecast", True),
    "quotes in quotes": ("[lookup(words='['rain', 'snow']')]", "lookup", True),
    "line break in quotes": ("lookup(words='rain\nsnow')", "lookup", True),
    "nothing given": ("API-Request: [lookup()]", "lookup", False),
    "positional": ("get_forecast('Oslo')", "get_forecast", True),
}

PLAIN = (
    "",
    "It will rain in Oslo, I think.",
    "I will use a pen, and you can use the kettle.",
    "I have no tool for that, so I cannot use one.",
    "Think of {x: 1} and {} and f(x) = 2.",
    "```python\nprint(sorted([3, 1], reverse=True))\nsorted([3, 1])\n```",
    'A person: {"name": "Ada", "age": 36}',
    "My thoughts: none. In action: never.",
    "She called it an action\nof love",
    "I can call that function. But first I have to know the city.",
    "<think>I should call `lookup`, or get_forecast(city='Oslo').</think>\nWhich city?",
    "plt.plot(rain, days)\nplt.show()",
)


@pytest.mark.parametrize("text", CALLING.values(), ids=CALLING.keys())
def test_every_syntax_is_read_to_the_same_call(text: str) -> None:
    reading = reader.read(text, TOOLS)
    first = reading.attempts[0]
    assert first.call.name == "get_forecast"
    assert objects.mapping(first.call.arguments) == OSLO
    assert not first.malformed
    assert reading.agent_form
    assert reading.named == first


@pytest.mark.parametrize(("text", "name", "malformed"), ATTEMPTS.values(), ids=ATTEMPTS.keys())
def test_a_broken_or_partial_call_is_an_attempt(text: str, name: str, malformed: bool) -> None:
    first = reader.read(text, TOOLS).attempts[0]
    assert (first.call.name, first.malformed) == (name, malformed)


@pytest.mark.parametrize("text", PLAIN)
def test_plain_words_are_no_call(text: str) -> None:
    assert reader.read(text, TOOLS) == reader.Reading((), ())


def test_labels_alone_are_an_agents_form_and_no_call() -> None:
    reading = reader.read("Thought: hello there\nFinal Answer: hello", TOOLS)
    assert reading.marks == ("thought", "final answer")
    assert reading.agent_form
    assert reading.attempts == ()


@pytest.mark.parametrize("name", ["none", "None.", "N/A", "Finish", ""])
def test_an_action_of_none_is_an_attempt_that_names_no_tool(name: str) -> None:
    reading = reader.read(f"Thought: I need none.\nAction: {name}\nAction Input: {{}}", TOOLS)
    assert len(reading.attempts) == 1
    assert reading.named is None


def test_all_calls_are_read_in_order() -> None:
    text = "Action: lookup\nAction Input: {}\nObservation: x\nThought: next\nAction: get_forecast\nAction Input: {}"
    assert [attempt.call.name for attempt in reader.read(text).attempts] == ["lookup", "get_forecast"]


SYNTAX = {
    "react": "react",
    "object": "json",
    "openai": "json",
    "glaive": "glaive",
    "hermes": "hermes",
    "python": "python",
}


@pytest.mark.parametrize("name", SYNTAX)
def test_the_syntax_of_a_call_is_told(name: str) -> None:
    assert reader.read(CALLING[name], TOOLS).attempts[0].syntax == SYNTAX[name]


def test_a_broken_call_beside_a_good_one_is_kept() -> None:
    good, broken = '{"name": "lookup", "arguments": {"word": "rain"}}', '{"name": "get_forecast", "arguments": {"ci'
    for text in (f"{good}\n{broken}", f"<tool_call>{good}</tool_call>\n<tool_call>{broken}"):
        found = reader.read(text, TOOLS).attempts
        assert [(each.call.name, each.malformed) for each in found] == [("lookup", False), ("get_forecast", True)]


def test_an_apostrophe_ends_no_arguments_of_glaive() -> None:
    text = """<functioncall> {"name": "lookup", "arguments": '{"word": "Ada's"}'} <|endoftext|>"""
    first = reader.read(text, TOOLS).attempts[0]
    assert (first.call.arguments, first.malformed) == ('{"word": "Ada\'s"}', False)


_PIECES = st.sampled_from(
    [
        *"{}[()\"'\\:,\n-`= \0\ud800\u0130",
        *(
            "name",
            "arguments",
            "Action:",
            "Action Input:",
            "<tool_call>",
            "<functioncall>",
            "</think>",
            "I will use ",
            "lookup",
            "None",
            "9" * 30,
        ),
        *("1e999", "\\ud800"),
    ]
)


@given(st.lists(_PIECES, max_size=40).map("".join) | st.text(max_size=200))
def test_hostile_text_never_raises(text: str) -> None:
    for attempt in reader.read(text, TOOLS).attempts:
        assert isinstance(attempt.call.name, str)
        assert isinstance(attempt.call.arguments, str)


_VALUES = (
    st.integers() | st.text(max_size=20) | st.booleans() | st.none() | st.floats(allow_nan=False, allow_infinity=False)
)


@given(st.dictionaries(st.text(min_size=1, max_size=10), _VALUES | st.lists(_VALUES, max_size=3), max_size=5))
def test_any_json_arguments_come_back(arguments: dict[str, object]) -> None:
    text = json.dumps({"name": "lookup", "arguments": arguments})
    first = reader.read(text, TOOLS).attempts[0]
    assert first.call.name == "lookup"
    assert objects.mapping(first.call.arguments) == arguments


@pytest.mark.parametrize(
    "piece",
    [
        "{",
        '{"',
        "{'{",
        "[{",
        "Action:",
        "Action Input: {\n",
        "<tool_call>",
        "<functioncall>{'",
        "f(a=1)\n",
        "f(a='\n",
        "I will use ",
        "f(",
        "-",
        "(",
        '{"name":',
        "a.",
        "`",
        "\\",
    ],
)
def test_eight_times_the_text_takes_eight_times_the_steps(piece: str) -> None:
    """Counted in executed lines of ours, which no busy machine can falsify."""

    def steps(length: int) -> int:
        count = 0

        def counted(frame: FrameType, event: str, _: object) -> Callable[..., Any]:
            nonlocal count
            count += event == "line"
            return counted

        sys.settrace(counted)
        try:
            reader.read(piece * (length // len(piece)), TOOLS)
        finally:
            sys.settrace(None)
        return count

    assert steps(16_000) < 10 * steps(2_000) + 1_000


@pytest.mark.parametrize("piece", ["a.", "a*", "not ", "f()", "[0]", "a if a else ", "lambda:", "'a' ", "1,", "--"])
def test_deep_expressions_are_no_calls_and_no_danger(piece: str) -> None:
    for text in (f"x{piece * 5_000}(a=1)", "{'name': " + piece * 5_000 + "a, 'arguments': {}}"):
        assert all(attempt.malformed for attempt in reader.read(text[:19_000], TOOLS).attempts)


def test_a_very_long_reply_is_read() -> None:
    assert reader.read('I will use { ( [ "name": ' * 40_000, TOOLS).agent_form is False
