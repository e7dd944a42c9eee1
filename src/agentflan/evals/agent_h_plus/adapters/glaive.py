"""glaive-function-calling-v2, as published or as LLaMA-Factory keeps it: the first exchange of each conversation.

The paper's Agent-H took rows whose right reply is plain. Which circumstance that is, the reply itself tells: it asks,
declines, or just answers; a row whose first reply calls one of its functions is one in which a call is due.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from agentflan.core.errors import Unreadable
from agentflan.core.types import Answer, ToolCall, Trajectory
from agentflan.dialects.calls import objects
from agentflan.dialects.writing.languages import language_of
from agentflan.evals.agent_h_plus import replies
from agentflan.evals.agent_h_plus.cases import Case, Part
from agentflan.sources.glaive import Glaive
from agentflan.sources.llamafactory import Llamafactory


def known(row: dict[str, Any]) -> bool:
    return ("chat" in row and "system" in row) or ("conversations" in row and "tools" in row)


def cases(row: dict[str, Any], key: str) -> Iterator[Case]:
    read = Glaive() if "chat" in row else Llamafactory()
    try:
        found = read(msgspec.json.encode(row))
    except Unreadable:
        return
    if not isinstance(found, Trajectory) or not found.steps:
        return
    gold = found.steps[0].action
    part = _part(found, gold)
    if gold is None or part is None:
        return
    given = objects.mapping(gold.arguments) if isinstance(gold, ToolCall) else None
    yield Case(
        id=key,
        part=part,
        language="zh" if language_of(found.query) == "zh" else "en",
        query=found.query,
        tools=found.tools,
        gold=gold,
        accepted={str(name): (value,) for name, value in (given or {}).items()},
        instruction=found.instruction,
    )


def _part(found: Trajectory, gold: ToolCall | Answer | None) -> Part | None:
    """None where the row shows nothing: its call is of no function on offer."""
    if isinstance(gold, ToolCall):
        return "tools_relevant" if gold.name in {tool.name for tool in found.tools} else None
    text = gold.text if gold else ""
    if not found.tools:
        return "no_tools_relevant" if replies.declines(text) else "no_tools_ordinary"
    if replies.declines(text):
        return "tools_irrelevant"
    return "tools_incomplete" if replies.asks(text) else "tools_ordinary"
