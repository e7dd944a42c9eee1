"""API lists in Python's spelling are the same tools as in JSON, whatever stands in their strings."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from agentflan.sources.shapes.api_lists import RawApi, tools_in_prompt, tools_of

MARK = "Specifically, you have access to the following APIs:"
texts = st.text(
    st.sampled_from("ab '\"\\\n\té{}[],:\x00\x1b😀") | st.characters(exclude_categories=["Cs"]), max_size=12
)
traps = st.sampled_from(["it's", 'a "b" c', "}, {'name': 'x'", "', 'name': '", "None", "\\'", '\\"', "\\\\", "True"])
words = texts | traps
values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)
nested = st.lists(st.fixed_dictionaries({"name": words}), max_size=3)  # what looks like the border of two APIs
apis = st.lists(
    st.fixed_dictionaries({"name": words, "description": words, "parameters": values | nested}), min_size=1, max_size=4
)


@given(apis)
def test_both_spellings_are_the_same_tools(listed: list[dict[str, Any]]) -> None:
    as_json = msgspec.json.decode(msgspec.json.encode(listed), type=list[RawApi])
    assert tools_in_prompt(f"Hello.\n{MARK} {listed}\n") == tools_of(as_json)


def test_what_surrounds_the_schema_is_not_needed() -> None:
    tools = tools_in_prompt(f"{MARK} [{{'name': 'a'}}, {{'name': 'b', 'description': None, 'more': 1}}]")
    assert tools is not None
    assert [(tool.name, tool.description, tool.parameters) for tool in tools] == [("a", "", "{}"), ("b", "", "{}")]


def test_a_prompt_without_a_list_has_no_tools() -> None:
    assert tools_in_prompt("You are a helpful assistant.") is None
