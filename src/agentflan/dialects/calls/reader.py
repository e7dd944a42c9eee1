"""Is there a tool call in this reply? One reader for every syntax, so that no way of calling goes unseen.

ReAct labels, `<functioncall>` and `<tool_call>`, JSON objects and Python dicts, Python calls, and plain announcements
("I will use X"). A call that is written wrongly is still a call attempt. Any text is read in linear time; nothing is
ever evaluated.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from agentflan.core.types import ToolCall, ToolSpec
from agentflan.dialects.calls import announced, labels, objects, pythonic, tagged

Syntax = Literal["react", "glaive", "hermes", "json", "python", "talk"]

_NO_TOOL = frozenset({"", "none", "null", "n/a", "na", "nothing", "no tool", "no_tool", "no action", "finish"})
_THOUGHT_ENDS = "</think>"
"""What a reasoning model writes before it is no part of its reply."""


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


def spoken(text: str) -> str:
    """A reply without what a reasoning model thinks before it."""
    return text.partition(_THOUGHT_ENDS)[2] or text


def read(text: str, tools: Sequence[ToolSpec] = ()) -> Reading:
    """All call attempts in a reply to a prompt that offered `tools`; the first syntax that has any. Never raises."""
    text = spoken(text)
    offered = {tool.name for tool in tools}
    sections, bodies = labels.sections(text), tagged.bodies(text)
    attempts = [attempt for said, given in labels.calls(sections) for attempt in _react(said, given)]
    if not attempts:
        attempts = [_attempt(*call, each.syntax) for each in bodies for call in tagged.calls(each.body)]
    if not any(attempt.call.name for attempt in attempts):  # a tag may stand in the arguments of an object
        attempts = [_attempt(*call, "json") for call in objects.calls(text)] or attempts
    if not attempts:
        attempts = [_attempt(*call, "python") for call in pythonic.calls(text, offered)]
    if not attempts:
        attempts = [Attempt(ToolCall(name=name), "talk") for name in announced.tools(text, offered)]
    marks = [part.label for part in sections if part.label in labels.FORM]
    return Reading((*marks, *dict.fromkeys(each.tag for each in bodies)), tuple(attempts))


def _names(name: str) -> bool:
    return name.strip(" .\"'`*<>[]()").lower() not in _NO_TOOL


def _react(said: str, given: str) -> list[Attempt]:
    """An action that is a name, `search[words]`, a call as Python writes it, or one object with name and arguments."""
    if said.removeprefix("```json").lstrip("` \n").startswith("{"):
        return [_attempt(*call, "react") for call in objects.calls(said, tagged=True)] or [_attempt("", said, "react")]
    first, _, rest = said.partition("\n")
    name, inside = _spelled(first.strip().strip("`*"))
    return [_attempt(name, given or inside or rest.strip(), "react")]


def _spelled(action: str) -> tuple[str, str]:
    name, opens, rest = action.partition("[")
    if opens and action.endswith("]") and name.isidentifier():
        return name, rest[:-1]
    return pythonic.call(action)


def _attempt(name: str, arguments: str, syntax: Syntax) -> Attempt:
    malformed = not name or (bool(arguments) and objects.mapping(arguments) is None)
    return Attempt(ToolCall(name=name, arguments=arguments), syntax, malformed)
