"""The forms in which prompts offer tools and want a call; each is told in words, so that any model can keep to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from keyword import iskeyword
from typing import Any

from agentflan.core.types import Answer, ToolCall, ToolSpec
from agentflan.dialects.calls import objects
from agentflan.dialects.writing.languages import elicits
from agentflan.dialects.writing.listing import api_prompt, json_lines
from agentflan.evals.agent_h_plus.scenes import Said, toml

FORMS = ("react", "json", "glaive", "hermes", "python", "talk", "plain")
FREE = ("talk", "plain")
"""They list tools and ask for no form of a call."""
DIALECTS = {"react": "react", "talk": "talk"}
"""Form -> the dialect that it is."""


def system(form: str, head: str, tools: Sequence[ToolSpec], language: str) -> str:
    """The system prompt. A form is told where there are no tools, too: that it is told is no reason to call."""
    if form == "talk":
        return api_prompt(head, tools, language)
    listed = json_lines(tools) or _texts()["none"][language]
    if form == "react":
        said = elicits(language)
        return f"{head}\n\n{said['tools'][0]}\n{listed}\n\n{said['react_form'][0]}"
    return f"{head}\n\n{_texts()[form][language].format(tools=listed)}"


def has_room(form: str, call: ToolCall | Answer | None) -> bool:
    """Python has no form for a parameter that is called `from`, nor for a tool that is called `get-time`."""
    if form != "python" or not isinstance(call, ToolCall):
        return True
    names = [*call.name.split("."), *map(str, objects.mapping(call.arguments or "{}") or {})]
    return all(name.isidentifier() and not iskeyword(name) for name in names)


def written(form: str, call: ToolCall) -> str:
    """A right call in the form; a free one announces it, with an object."""
    return _WRITERS[form](call)


def _object(call: ToolCall) -> str:
    return f'{{"name": "{call.name}", "arguments": {call.arguments or "{}"}}}'


def _python(call: ToolCall) -> str:
    values = objects.mapping(call.arguments or "{}") or {}
    return f"[{call.name}({', '.join(f'{name}={value!r}' for name, value in values.items())})]"


_WRITERS: dict[str, Callable[[ToolCall], str]] = {
    "react": lambda call: f"Action: {call.name}\nAction Input: {call.arguments or '{}'}",
    "json": _object,
    "glaive": lambda call: f'<functioncall> {{"name": "{call.name}", "arguments": \'{call.arguments or "{}"}\'}}',
    "hermes": lambda call: f"<tool_call>\n{_object(call)}\n</tool_call>",
    "python": _python,
    "talk": lambda call: f"I will use {call.name}.\n{_object(call)}",
    "plain": lambda call: f"I will use {call.name}.\n{_object(call)}",
}


@cache
def _texts() -> dict[str, Said]:
    found: dict[str, Any] = toml("forms.toml")
    return found
