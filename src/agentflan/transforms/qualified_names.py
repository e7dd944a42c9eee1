"""Name ToolBench's functions by tool and function, `weather.forecast_for_weather`, as Agent-FLAN's release does.

The tool is the one that a function's description says it belongs to; functions that say nothing of the kind keep their
names. Place it before whatever writes calls: `format_lessons`, `converse`.
"""

from __future__ import annotations

from typing import ClassVar

import msgspec

from agentflan.core.kinds import Item, Side
from agentflan.core.plugs import Plug
from agentflan.core.types import Step, ToolCall, Trajectory
from agentflan.dialects.writing.listing import tool_of


class QualifiedNames(Plug, frozen=True):
    """Calls of tools that nobody offered keep the name that they were given."""

    works_on: ClassVar[Side] = "trajectories"

    def __call__(self, item: Item) -> Item:
        if not isinstance(item, Trajectory):
            return item
        owners = {tool.name: tool_of(tool.description) for tool in item.tools}
        names = {
            name: f"{owner}.{name}" for name, owner in owners.items() if owner and not name.startswith(f"{owner}.")
        }
        if not names:
            return item
        tools = tuple(msgspec.structs.replace(tool, name=names.get(tool.name, tool.name)) for tool in item.tools)
        return msgspec.structs.replace(item, tools=tools, steps=tuple(_renamed(step, names) for step in item.steps))


def _renamed(step: Step, names: dict[str, str]) -> Step:
    call = step.action
    if not isinstance(call, ToolCall) or call.name not in names:
        return step
    return msgspec.structs.replace(step, action=msgspec.structs.replace(call, name=names[call.name]))
