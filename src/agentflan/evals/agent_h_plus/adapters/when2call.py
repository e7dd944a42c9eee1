"""When2Call's test file: four behaviours, one of which is right, and an example of each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from agentflan.core.types import Answer, ToolCall, ToolSpec
from agentflan.dialects.calls import objects
from agentflan.dialects.writing.languages import language_of
from agentflan.evals.agent_h_plus.cases import DUE, Case, Part

_PARTS: dict[str, Part] = {
    "tool_call": "tools_relevant",
    "request_for_info": "tools_incomplete",
    "direct": "tools_ordinary",
    "cannot_answer": "tools_irrelevant",
}
_BARE: dict[Part, Part] = {"tools_irrelevant": "no_tools_relevant", "tools_ordinary": "no_tools_ordinary"}
"""The part of a row without tools."""


def known(row: dict[str, Any]) -> bool:
    answers = row.get("answers")
    return row.get("correct_answer") in _PARTS and isinstance(answers, dict) and isinstance(row.get("tools"), list)


def cases(row: dict[str, Any], key: str) -> Iterator[Case]:
    right = row["correct_answer"]
    tools = tuple(map(_tool, row["tools"]))
    part = _PARTS[right] if tools else _BARE.get(_PARTS[right], _PARTS[right])
    text = str(row["answers"].get(right, ""))
    gold: ToolCall | Answer = Answer(text=text)
    arguments: dict[str, Any] = {}
    if part == DUE:
        call = objects.mapping(text) or {}
        arguments = call.get("arguments") or {}
        gold = ToolCall(name=str(call.get("name", "")), arguments=msgspec.json.encode(arguments).decode())
    yield Case(
        id=f"when2call/{row.get('uuid', key)}",
        part=part,
        language="zh" if language_of(str(row["question"])) == "zh" else "en",
        query=str(row["question"]),
        tools=tools,
        gold=gold,
        accepted={name: (value,) for name, value in arguments.items()},
    )


def _tool(text: str) -> ToolSpec:
    """A tool is a JSON object in a string."""
    tool = msgspec.json.decode(text)
    parameters = msgspec.json.encode(tool.get("parameters", {})).decode()
    return ToolSpec(name=tool["name"], description=tool.get("description", ""), parameters=parameters)
