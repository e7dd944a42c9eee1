"""Is there a tool call in this reply? One reader for every syntax, so that no way of calling goes unseen.

ReAct labels, JSON objects and Python dicts, `<functioncall>` and `<tool_call>`, Python calls, and plain announcements
("I will use X"). A call that is written wrongly is still a call attempt. Any text is read in linear time; nothing is
ever evaluated.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from agentflan.core.types import ToolCall, ToolSpec
from agentflan.dialects.calls import announced, labels, objects, pythonic

Syntax = Literal["react", "json", "python", "talk"]

TAGS = ("<functioncall>", "<function_call>", "<tool_call>")
_NO_TOOL = frozenset({"", "none", "null", "n/a", "na", "nothing", "no tool", "no_tool", "no action", "finish"})


class Attempt(NamedTuple):
    """One call, or what was meant as one."""

    call: ToolCall
    syntax: Syntax
    malformed: bool = False
    """The name is missing, or the arguments are there but are no object."""


class Reading(NamedTuple):
    """What a reply holds of an agent's ways."""

    marks: tuple[str, ...]
    """ReAct labels and call tags, in lower case."""
    attempts: tuple[Attempt, ...]

    @property
    def agent_form(self) -> bool:
        """The reply is written as an agent writes, or calls: wrong wherever a plain reply is due."""
        return bool(self.marks or self.attempts)

    @property
    def named(self) -> Attempt | None:
        """The first attempt that names a tool, on offer or not; `Action: none` names none."""
        return next((attempt for attempt in self.attempts if _names(attempt.call.name)), None)


def read(text: str, tools: Sequence[ToolSpec] = ()) -> Reading:
    """All call attempts in a reply to a prompt that offered `tools`; the first syntax that has any. Never raises."""
    offered = {tool.name for tool in tools}
    sections = labels.sections(text)
    low = text.lower()
    tags = [tag for tag in TAGS if tag in low]
    attempts = [_attempt(name, arguments, "react") for name, arguments in labels.calls(sections)]
    if not attempts:
        attempts = _objects(text, tagged=bool(tags))
    if not attempts:
        attempts = [_python(name, arguments) for name, arguments in pythonic.calls(text, offered)]
    if not attempts:
        attempts = [Attempt(ToolCall(name=name), "talk") for name in announced.tools(text, offered)]
    return Reading((*(part.label for part in sections if part.label in labels.FORM), *tags), tuple(attempts))


def _names(name: str) -> bool:
    return name.strip(" .\"'`*<>[]()").lower() not in _NO_TOOL


def _objects(text: str, *, tagged: bool) -> list[Attempt]:
    found = [_attempt(name, arguments, "json") for name, arguments in objects.calls(text, tagged=tagged)]
    if not found and (tagged or objects.looks_broken(text)):
        found.append(Attempt(ToolCall(name=objects.name_in(text)), "json", malformed=True))
    return found


def _attempt(name: str, arguments: str, syntax: Syntax) -> Attempt:
    malformed = not name or (bool(arguments) and objects.mapping(arguments) is None)
    return Attempt(ToolCall(name=name, arguments=arguments), syntax, malformed)


def _python(name: str, arguments: str | None) -> Attempt:
    return Attempt(ToolCall(name=name, arguments=arguments or ""), "python", malformed=arguments is None)
