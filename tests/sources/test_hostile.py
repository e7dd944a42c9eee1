"""Whatever a row holds, a source reads it, drops it or calls it unreadable; nothing else comes out."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentflan.core.errors import Unreadable
from agentflan.core.types import Dropped, Trajectory
from agentflan.sources.agentinstruct import Agentinstruct
from agentflan.sources.sharegpt import Sharegpt
from agentflan.sources.toolbench import Toolbench

SOURCES = {"agentinstruct": Agentinstruct(), "sharegpt": Sharegpt(), "toolbench": Toolbench()}
every = pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)

PROMPTS = [
    "Now, my problem is:",
    "Now, I will start a new problem in a new OS. My problem is: x",
    "A new question: y",
    "Here is your task",
    "'''\n<html",
    "Specifically, you have access to the following APIs:",
    "[{'name': 'f'}]",
    "[{",
    "This is not the first time you try this task",
]
SAID = [
    "\nThought: a",
    "\nAction: Finish",
    "\nAction Input: ",
    "{}",
    "Act: finish",
    "Ok.",
    "Begin!",
    "ACTION: go to bed 1",
]
ODD = ["\x1b[", "", " ", '{"return_type": "give_answer"', "\ud7ff"]
texts = st.lists(st.sampled_from(PROMPTS + SAID + ODD), max_size=4).map("".join)
roles = st.sampled_from(["system", "user", "human", "assistant", "gpt", "function", "robot"])
turns = st.fixed_dictionaries({"from": roles, "value": st.none() | texts}, optional={"loss": st.none() | st.booleans()})
calls = st.none() | texts | st.dictionaries(st.sampled_from(["name", "arguments"]), st.none() | texts)
messages = st.fixed_dictionaries({"role": roles, "content": st.none() | texts, "function_call": calls})
ids = st.sampled_from(["os_1", "db_1", "kg_1", "alfworld_1", "webshop_1", "mind2web_1", "", None, 7, 7.5])
apis = st.lists(st.fixed_dictionaries({"name": texts, "parameters": st.none() | texts}), max_size=2)
trees = st.fixed_dictionaries(
    {"function": apis, "train_messages": st.lists(st.lists(messages, max_size=5), max_size=2)}
)
rows = st.fixed_dictionaries(
    {"id": ids},
    optional={"conversations": st.lists(turns, max_size=7), "answer_generation": st.none() | trees, "system": texts},
)


def become(source: Any, row: bytes) -> str:
    try:
        found = source(row)
    except Unreadable as error:
        return error.reason
    assert isinstance(found, Trajectory | Dropped)
    if isinstance(found, Trajectory):
        assert found.steps
        assert msgspec.json.decode(msgspec.json.encode(found), type=Trajectory) == found
    return ""


@every
@given(row=rows)
def test_drawn_rows(source: Any, row: dict[str, Any]) -> None:
    become(source, msgspec.json.encode(row))


@every
@given(row=st.binary(max_size=40) | rows.map(msgspec.json.encode).map(lambda row: row[: len(row) // 2]))
def test_bytes_that_are_no_row(source: Any, row: bytes) -> None:
    assert become(source, row) in {"broken_json", "wrong_shape", "not_a_conversation", "not_a_search"}


@every
@pytest.mark.parametrize("text", [" ", "\nThought:", "\nAction:", "\x1b[", "[{", "}, {'name': ", "'", "\\"])
def test_a_megabyte_in_one_turn_ends(source: Any, text: str) -> None:
    long = text * (1_000_000 // len(text))
    offer = f"Specifically, you have access to the following APIs: [{long}]"
    for first in (offer, "Now, my problem is: x"):
        said = [
            {"from": "system", "value": first},
            {"from": "user", "value": first},
            {"from": "assistant", "value": long},
        ]
        become(source, msgspec.json.encode({"id": "os_1", "conversations": said}))
        become(source, msgspec.json.encode({"id": "os_1", "conversations": said[1:]}))
