"""One reply of Agent-FLAN's release as a step, in whichever form it was written.

A JSON object or `key: value` lines under varied keys; a fenced dictionary or call after its announcement; ReAct labels.
"""

from __future__ import annotations

import ast
from typing import Any

from agentflan.core.types import Answer, Message, Segment, Step, ToolCall
from agentflan.dialects.fenced import Fenced, without_announcement
from agentflan.sources.shapes.call_texts import arguments_of, as_json, plain_value
from agentflan.sources.shapes.react_text import ended, said

_THOUGHTS = frozenset({"goal", "cot", "thought", "innerthought", "reason", "inner", "think"})
_NAMES = frozenset({"name", "tool", "action", "command", "api"})
_ARGUMENTS = frozenset({"args", "arguments", "parameters", "param", "params", "actioninput", "input", "json"})
FENCE = "```"
_FENCED = Fenced()
_LONG = 20_000
"""Characters of a Python call that is parsed; no call is longer."""


def step_of(text: str) -> Step:
    """The step in a reply; a reply of no known form is an answer. Linear, never raises."""
    stripped = text.strip()
    if stripped.startswith("{"):
        step = _of_object(_value(stripped), "")
        if step is not None:
            return step
    for find in (_as_written_here, _fenced, _lines):
        step = find(stripped)
        if step is not None:
            return step
    found = said(stripped)
    return found.steps[0] if found.actions and len(found.steps) == 1 else Step(action=Answer(text=stripped))


def _value(text: str) -> Any:
    try:
        return plain_value(text)
    except ValueError:
        return None


def _key(key: Any) -> str:
    return str(key).lower().replace("_", "").replace(" ", "")


def _of_object(value: Any, thought: str) -> Step | None:
    """`{thought, name, arguments}` under any of their keys, in any order; None: the value names no call."""
    if not isinstance(value, dict):
        return None
    parts: dict[str, Any] = {}
    for key, held in value.items():
        low = _key(key)
        part = "thought" if low in _THOUGHTS else "name" if low in _NAMES else "given" if low in _ARGUMENTS else ""
        if not part:
            return None
        parts.setdefault(part, held)
    name = parts.get("name")
    if not isinstance(name, str) or not name.strip():
        return None
    own = parts.get("thought")
    whole = "\n".join(one.strip() for one in (thought, own) if isinstance(one, str) and one.strip())
    try:
        arguments = arguments_of(parts.get("given"))
    except ValueError:  # a value that JSON has not
        arguments = repr(parts.get("given"))
    return Step(thought=whole, action=ended(ToolCall(name=name.strip(), arguments=arguments)))


def _as_written_here(text: str) -> Step | None:
    """The forms of our own dialect, whose announcements are known: no thought loses its last sentence to them."""
    step = _FENCED.read((Message(role="assistant", segments=(Segment(text=text),)),))
    call = step.action
    if not isinstance(call, ToolCall):
        return step if step.thought else None
    value = _value(call.arguments) if call.arguments.startswith("{") else None
    return Step(
        thought=step.thought, action=call if value is None else ToolCall(name=call.name, arguments=as_json(value))
    )


def _fenced(text: str) -> Step | None:
    """The first block of a reply as a call: a dictionary, or a call in Python."""
    if FENCE not in text:
        return None
    before, _, rest = text.partition(FENCE)
    block = rest.partition(FENCE)[0]
    tag, newline, code = block.partition("\n")
    code = (code if newline else tag).strip()
    value = _value(code) if code.startswith("{") else _call(code)
    step = _of_object(value, "")
    if step is None or step.action is None:
        return None
    name = str(value.get("name", "")) if isinstance(value, dict) else ""
    return Step(thought=without_announcement(before.strip(), name), action=step.action)


def _call(code: str) -> dict[str, Any] | None:
    """`tool.function(key=value)` as a name and its arguments; None for any other code."""
    if not code.endswith(")") or len(code) > _LONG:
        return None
    try:
        node = ast.parse(code, mode="eval").body
        if not isinstance(node, ast.Call) or node.args or any(word.arg is None for word in node.keywords):
            return None
        given = {str(word.arg): ast.literal_eval(word.value) for word in node.keywords}
        return {"name": ast.unparse(node.func), "arguments": as_json(given)}
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None


def _lines(text: str) -> Step | None:
    """`Tool weather.x`, `ARGS {..}`: a key at the start of each line, with a colon or without."""
    found: dict[str, list[str]] = {}
    last = ""
    for line in text.split("\n"):
        word, space, rest = line.strip().partition(" ")
        key = _key(word.rstrip(":"))
        if (
            space
            and (key in _THOUGHTS or key in _NAMES or key in _ARGUMENTS)
            and (word.endswith(":") or _own(key, rest))
        ):
            last = key
            found.setdefault(key, []).append(rest.strip())
        elif last:
            found[last].append(line)
        else:
            return None
    names = found.keys() & _NAMES
    if len(names) != 1 or not found.keys() & _ARGUMENTS:
        return None
    return _of_object({key: "\n".join(lines).strip() for key, lines in found.items()}, "")


def _own(key: str, rest: str) -> bool:
    """Whether a line without a colon is a label's: a name is one word, arguments are an object."""
    rest = rest.strip()
    return key in _THOUGHTS or (" " not in rest if key in _NAMES else rest.startswith("{"))
