from __future__ import annotations

import msgspec

from agentflan.core.types import Step, ToolCall, ToolSpec, Trajectory
from agentflan.transforms.qualified_names import QualifiedNames

WRAPPED = 'This is the subfunction for tool "sky", you can use this tool.The description of this function is: "Tells."'
ITEM = Trajectory(
    id="1",
    source="toolbench",
    query="Rain?",
    tools=(ToolSpec(name="rain_for_sky", description=WRAPPED), ToolSpec(name="plain", description="Says hello.")),
    steps=tuple(Step(action=ToolCall(name=name, arguments="{}")) for name in ("rain_for_sky", "plain", "invented")),
)


def test_tools_and_calls_are_named_by_tool_and_function() -> None:
    found = QualifiedNames()(ITEM)
    assert isinstance(found, Trajectory)
    assert [tool.name for tool in found.tools] == ["sky.rain_for_sky", "plain"]
    calls = [step.action.name for step in found.steps if isinstance(step.action, ToolCall)]
    assert calls == ["sky.rain_for_sky", "plain", "invented"]


def test_twice_is_once() -> None:
    once = QualifiedNames()(ITEM)
    assert QualifiedNames()(once) is once


def test_tools_of_no_family_are_left() -> None:
    item = msgspec.structs.replace(ITEM, tools=ITEM.tools[1:])
    assert QualifiedNames()(item) is item
