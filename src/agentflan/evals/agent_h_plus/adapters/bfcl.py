"""BFCL's irrelevance, live_irrelevance and live_relevance files: no call, or any call of a tool on offer.

The files have no gold for live_relevance, so which call would be right is not graded there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from agentflan.core.types import ToolSpec
from agentflan.dialects.writing.languages import language_of
from agentflan.evals.agent_h_plus.cases import Case, Part

_PARTS: dict[str, Part] = {
    "irrelevance": "tools_irrelevant",
    "live_irrelevance": "tools_irrelevant",
    "live_relevance": "tools_relevant",
}


def known(row: dict[str, Any]) -> bool:
    turns = row.get("question")
    return (
        _category(row) in _PARTS
        and isinstance(row.get("function"), list)
        and isinstance(turns, list)
        and bool(turns)
        and isinstance(turns[0], list)
    )


def cases(row: dict[str, Any], key: str) -> Iterator[Case]:
    """One case; a few questions of the live files come with a system prompt, which goes before ours."""
    texts: dict[str, list[str]] = {"system": [], "user": []}
    for message in row["question"][0]:
        texts.setdefault(str(message.get("role")), []).append(str(message.get("content")))
    tools = tuple(
        ToolSpec(
            name=str(tool["name"]),
            description=str(tool.get("description", "")),
            parameters=msgspec.json.encode(tool.get("parameters", {})).decode(),
        )
        for tool in row["function"]
    )
    part, query = _PARTS[_category(row)], "\n".join(texts["user"])
    if not tools:
        part = "no_tools_relevant"
    yield Case(
        id=f"bfcl/{row['id']}",
        part=part,
        language="zh" if language_of(query) == "zh" else "en",
        query=query,
        tools=tools,
        instruction="\n".join(texts["system"]),
    )


def _category(row: dict[str, Any]) -> str:
    """`live_irrelevance_12-0-3` -> `live_irrelevance`."""
    return str(row.get("id", "")).rpartition("_")[0]
