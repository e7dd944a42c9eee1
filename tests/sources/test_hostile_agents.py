"""Samples of agent formats with parts torn out or put in their place: read, dropped or unreadable, nothing else."""

from __future__ import annotations

import copy
import importlib
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentflan.core import kinds, plugs
from agentflan.core.errors import Unreadable
from agentflan.core.types import Dropped, Trajectory

NAMES = ("adp", "agent_flan", "apibank", "atif", "eto", "fireact", "msagent", "react", "swe_agent", "toolalpaca")
SCRAPS: list[Any] = [
    None,
    "",
    " \n",
    0,
    True,
    [],
    {},
    [[]],
    [{}],
    {"a": None},
    "Action: ",
    "Action Input: {",
    "Thought:\nAction: a[\nObservation:",
    "```\n```",
    "``````",
    "{'name': '\\ud800', 'args': {1: {2}}}",
    "```python\n{'name': {}, 'parameters': {1, 2}}\n```",
    "What is the value of ?",
    "What is the tool you want to use?",
    "You have access to the following APIs\n: Input parameters are as follows:",
    "<finish></finish>",
    "\nCOMMANDS:\n:\na:\n  docstring: x\n    - (\n    - b [",
    "(" * 5_000,
    "[" * 5_000,
]


def _places(value: Any) -> list[tuple[Any, Any]]:
    """(container, key) of everything inside."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, held in inside for place in ((value, key), *_places(held))]


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
def test_a_row_with_strange_parts_is_no_failure_of_ours(name: str, data: st.DataObject) -> None:
    row = copy.deepcopy(importlib.import_module(f"tests.sources.samples.{name}").ROW)
    for _ in range(data.draw(st.integers(1, 3))):
        places = _places(row)
        if not places:
            break
        container, key = places[data.draw(st.integers(0, len(places) - 1))]
        if data.draw(st.booleans()):
            container[key] = copy.deepcopy(data.draw(st.sampled_from(SCRAPS)))
        else:
            del container[key]
    source = plugs.load("source", name)
    text = msgspec.json.encode(row)
    for piece in source.pieces(text) if isinstance(source, kinds.InPieces) else (text,):
        try:
            outcome = source(piece)
        except Unreadable:
            continue
        assert isinstance(outcome, (Trajectory, Dropped))
        assert msgspec.msgpack.encode(outcome)  # what is read can be written
        if isinstance(outcome, Trajectory):
            assert outcome.query.strip()
            assert outcome.steps


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("row", [b"", b"\xff", b"{", b"null", b"7", b'"\\ud800"', b"[" * 100_000, b'{"x":' * 100_000])
def test_what_is_no_row_is_unreadable(name: str, row: bytes) -> None:
    source = plugs.load("source", name)
    for piece in source.pieces(row) if isinstance(source, kinds.InPieces) else (row,):
        with pytest.raises(Unreadable):
            source(piece)
