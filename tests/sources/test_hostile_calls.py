"""Rows with calls, damaged in any way: each is read, dropped or called unreadable, and soon."""

from __future__ import annotations

import importlib
import json
import time
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentflan.core import plugs
from agentflan.core.errors import Unreadable
from agentflan.core.types import Dropped, Trajectory

NAMES = ("openai", "taubench", "hermes", "glaive", "xlam", "toolace", "llamafactory")
ROWS: dict[str, Any] = {name: importlib.import_module(f"tests.sources.samples.{name}").ROW for name in NAMES}
JUNK = ["", "'", '"', "\\", "<tool_call>", "</think>", "<functioncall>", "[", "[{", "(", "null", "7", "\\ud800", "\n\n"]


def become(name: str, row: bytes) -> str:
    try:
        found = plugs.load("source", name)(row)
    except Unreadable as error:
        return error.reason
    assert isinstance(found, Trajectory | Dropped)
    if isinstance(found, Dropped):
        return found.reason
    assert found.steps
    assert msgspec.json.decode(msgspec.json.encode(found), type=Trajectory) == found
    return ""


@given(
    name=st.sampled_from(NAMES),
    at=st.integers(0, 900),
    cut=st.integers(0, 9),
    junk=st.sampled_from(JUNK) | st.text(max_size=4),
)
def test_damaged_text(name: str, at: int, cut: int, junk: str) -> None:
    text = json.dumps(ROWS[name])
    become(name, f"{text[:at]}{junk}{text[at + cut :]}".encode("utf-8", "surrogatepass"))


def changed(value: Any, path: list[int], leaf: Any) -> Any:
    """The value with something deep inside of it replaced."""
    if not path or not value or not isinstance(value, dict | list):
        return leaf
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    key = keys[path[0] % len(keys)]
    copy = value.copy()
    copy[key] = changed(value[key], path[1:], leaf)
    return copy


leaves = st.one_of(st.none(), st.integers(), st.sampled_from(JUNK), st.just([]), st.just({}), st.just([{"name": "f"}]))


@given(name=st.sampled_from(NAMES), path=st.lists(st.integers(0, 9), min_size=1, max_size=5), leaf=leaves)
def test_changed_values(name: str, path: list[int], leaf: Any) -> None:
    become(name, json.dumps(changed(ROWS[name], path, leaf)).encode())


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("other", NAMES)
def test_a_row_is_read_by_its_own_source_alone(name: str, other: str) -> None:
    assert become(name, json.dumps(ROWS[other]).encode()) == ("" if name == other else f"not_{name}")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "text", ["<tool_call>", "<tools>[", "[f(a=", "<functioncall> {", "\n\nUSER:", "<think>", "{'a': ["]
)
def test_long_texts_end(name: str, text: str) -> None:
    long = text * (100_000 // len(text))
    start = time.process_time()
    for number in range(8):
        become(name, json.dumps(changed(ROWS[name], [number // 2, number, 1, 1], long)).encode())
    assert time.process_time() - start < 20
