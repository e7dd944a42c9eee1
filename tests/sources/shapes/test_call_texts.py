"""Calls in text: what is written comes back, and nothing takes long."""

from __future__ import annotations

import time
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentflan.core.errors import Unreadable
from agentflan.sources.shapes.call_texts import between, calls_in, function_call, plain_value, python_calls

words = st.text(st.sampled_from("ab '\"\\\n\té{}[](),=:") | st.characters(exclude_categories=["Cs"]), max_size=8)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=5,
)
names = st.sampled_from(["f", "a_b", "Rain Today", "x.y/z", "v1-2", "天气"])
keywords = st.dictionaries(st.sampled_from(["a", "b_1", "from", "é"]), values, max_size=3)


def written(name: str, keywords: dict[str, Any]) -> str:
    return f"{name}({', '.join(f'{key}={value!r}' for key, value in keywords.items())})"


@given(st.lists(st.tuples(names, keywords), min_size=1, max_size=3))
def test_python_calls_come_back(calls: list[tuple[str, dict[str, Any]]]) -> None:
    found = python_calls(f"[{', '.join(written(*call) for call in calls)}]")
    assert [(call.name, msgspec.json.decode(call.arguments)) for call in found] == calls


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("[f(a=true, b=null)]", '{"a":true,"b":null}'),
        ("[f(a=b)]", "a=b"),
        ("[f(1, 2)]", "1, 2"),
        ("[f(a={1, 2})]", "a={1, 2}"),
        ("[f(a={(1, 2): 3})]", "a={(1, 2): 3}"),
        ("[f(a='x=y', b=\"[,]\")]", '{"a":"x=y","b":"[,]"}'),
        ("[ f( a = 1 , ) , ]", '{"a":1}'),
        ("[f()]", "{}"),
    ],
)
def test_arguments_stay_text_where_a_value_is_no_literal(text: str, arguments: str) -> None:
    assert python_calls(text)[0].arguments == arguments


@pytest.mark.parametrize(
    "text", ["", "f()", "[]", "[f]", "[f(]", "[f(a='x)]", "[f()) ]", "[a=f()]", "[(1)]", "['f'()]"]
)
def test_what_is_no_list_of_calls(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        python_calls(text)


@given(names, words)
def test_glaives_arguments_come_back(name: str, arguments: str) -> None:
    found = function_call(f'{{"name": "{name}", "arguments": \'{arguments}\'}}')
    assert (found.name, found.arguments) == (name, arguments)


@given(st.dictionaries(words, values, max_size=3), st.booleans())
def test_objects_come_back(arguments: dict[str, Any], as_python: bool) -> None:
    call = {"arguments": arguments, "name": "f"}
    (found,) = calls_in(str(call) if as_python else msgspec.json.encode(call).decode())
    assert msgspec.json.decode(found.arguments) == arguments


def test_what_is_between_tags() -> None:
    assert between("a<x>1</x>b<x> 2", "x") == ("a\nb", ["1", "2"])
    assert between("a</x>", "x") == ("a</x>", [])


def test_what_json_has_not_is_no_value() -> None:
    for text in ("{1j}", "'\\ud800'", '"\\ud800"', "{(1, 2): 3}", "[" * 5000, f"[{'9' * 5000}]"):
        with pytest.raises(ValueError, match=r".+"):
            plain_value(text)


@pytest.mark.parametrize("text", ["(", "[", "'", '"', "\\", "=", ",", "f(a=", "f(),", "{'a':", "<x>", '"arguments"'])
def test_a_long_text_ends(text: str) -> None:
    long = text * (200_000 // len(text))
    start = time.process_time()
    for read in (python_calls, function_call, calls_in):
        for row in (long, f"[{long}]", f"[f({long})]"):
            try:
                read(row)
            except (ValueError, Unreadable):
                continue
    between(long, "x")
    assert time.process_time() - start < 20
