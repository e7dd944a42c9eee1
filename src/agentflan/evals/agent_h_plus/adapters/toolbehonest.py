"""ToolBeHonest (test_en.json, test_zh.json): each record is a task that its tools can do and one that they cannot.

Tools are a numbered list of names and descriptions without parameters; plans are lists of tool names in which
`UnsolvableQuery` stands for a step that no tool does. A case is about the first step: a plan that begins with a tool
makes its call right, one that begins with `UnsolvableQuery` makes any call wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from agentflan.core.types import ToolCall, ToolSpec
from agentflan.dialects.writing.languages import language_of
from agentflan.evals.agent_h_plus.cases import Case

_KEYS = frozenset(
    {"task", "tools", "planning_tools", "unsolvable_task", "unsolvable_tools", "planning_tools_unsolvable"}
)
_NUMBERED = re.compile(r"\d+\. *([^:：\n]+)[:：] *")
_NO_TOOL = "UnsolvableQuery"


def known(row: dict[str, Any]) -> bool:
    return row.keys() >= _KEYS


def cases(row: dict[str, Any], key: str) -> Iterator[Case]:
    sides = (("task", "tools", "planning_tools"), ("unsolvable_task", "unsolvable_tools", "planning_tools_unsolvable"))
    for side, (task, listed, plan) in zip(("solvable", "unsolvable"), sides, strict=True):
        query, tools = str(row[task]), _tools(str(row[listed]))
        first = str(next(iter(row[plan]), _NO_TOOL)).strip()
        offered = first in {tool.name for tool in tools}
        if offered or first == _NO_TOOL:
            yield Case(
                id=f"{key}/{side}",
                part="tools_relevant" if offered else "tools_irrelevant",
                language="zh" if language_of(query) == "zh" else "en",
                query=query,
                tools=tools,
                gold=ToolCall(name=first, arguments="{}") if offered else None,
            )


def _tools(text: str) -> tuple[ToolSpec, ...]:
    """`1. Name: description`, a line each."""
    lines = (_NUMBERED.match(line.strip()) for line in text.splitlines())
    return tuple(
        ToolSpec(name=found[1].strip(), description=found.string[found.end() :]) for found in lines if found is not None
    )
