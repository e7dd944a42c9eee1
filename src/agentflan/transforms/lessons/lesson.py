"""One step as a lesson: an API, a form with names of its own, the content in plain words, the reply in form."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Literal

from agentflan.core.chance import coin, pick, shuffled
from agentflan.core.types import Conversation, Message, Segment, Step, ToolCall, ToolSpec, Trajectory

Part = Literal["thought", "name", "arguments"]

_ALIASES: dict[Part, tuple[str, ...]] = {
    "thought": ("thought", "Thought", "goal", "reason", "think", "cot", "InnerThought", "inner", "plan", "THOUGHT"),
    "name": ("name", "Name", "NAME", "tool", "Tool", "action", "Action", "command", "Command", "api", "API"),
    "arguments": ("args", "Args", "arguments", "Parameters", "param", "PARAM", "Action Input", "action_input", "input"),
}
_MEANINGS: dict[Part, tuple[str, ...]] = {
    "thought": ("why this call is made", "what you think at this step", "the purpose of the step"),
    "name": ("name of the API to call", "which API is called", "the API's name, nothing else"),
    "arguments": ("its parameters", "what the API is given", "input of the call"),
}
_JSON_TYPES: dict[Part, str] = {"thought": "string", "name": "string", "arguments": "Record<string, any>"}
_OFFERS = ("One API is available:", "You may call this API:", "The API at hand:", "This is the API to work with:")
_JSON_REQUESTS = (
    "Reply with one JSON object of this form and nothing else. Leave out the comments.",
    "Your reply is JSON only, without comments, built like this:",
    "Write the call as JSON. No comments, no other text. The form:",
    "Give a single JSON object with these keys, in any order, and no comments:",
)
_LINE_REQUESTS = (
    "Reply in exactly these lines, each with its label; the parameters are JSON on one line:",
    "Your reply has the following lines and no others (parameters as one-line JSON):",
    "Use this form, line by line, and put the parameters on one line as JSON:",
    "Write one line for each of these, in this order; parameters are one-line JSON:",
)
_CALLS = ("Call {name}", "Please run {name}", "Now use {name}", "Make a call of {name}", "The API to call is {name}")
_WITH = (" with these parameters: {values}.", ", where {values}.", "; its parameters: {values}.", ", given {values}.")
_WITHOUT = (" without parameters.", ", it takes nothing.", "; there are no parameters.")
_THOUGHTS = ('"{alias}" is: {thought}', 'Put this under "{alias}": {thought}', 'For "{alias}" write: {thought}')


def teachable(step: Step, tools: Sequence[ToolSpec]) -> bool:
    """Whether a step calls one of the tools on offer with a JSON object: then its parts can be put into words."""
    return (
        isinstance(step.action, ToolCall)
        and step.loss
        and any(tool.name == step.action.name for tool in tools)
        and _arguments(step.action) is not None
    )


def lesson(item: Trajectory, index: int, form: Literal["json", "lines"], seed: int) -> Conversation:
    """A conversation of one turn made of step `index`, which must be teachable."""
    key = f"{seed}/{item.id}/{index}"
    step = item.steps[index]
    call = step.action
    arguments = _arguments(call) if isinstance(call, ToolCall) else None
    if not isinstance(call, ToolCall) or arguments is None:
        raise ValueError(f"step {index} of {item.id} is no call with a JSON object")
    tool = next(tool for tool in item.tools if tool.name == call.name)
    thought = " ".join(step.thought.split())
    parts: list[Part] = shuffled([*(("thought",) if thought else ()), "name", "arguments"], key, "order")
    aliases = {part: pick(_ALIASES[part], key, "alias", part) for part in _ALIASES}
    query = _request(thought, call.name, arguments, aliases, key)
    replied = shuffled(parts, key, "reply") if form == "json" else parts
    reply = (_json_reply if form == "json" else _line_reply)(replied, aliases, thought, call.name, arguments)
    return Conversation(
        id=f"{item.id}-l{index}",
        source=item.source,
        messages=(
            Message(role="system", segments=(Segment(text=_system(tool, form, parts, aliases, key)),)),
            Message(role="user", segments=(Segment(text=query),)),
            Message(role="assistant", segments=reply),
        ),
        query=query,
        kind="lesson",
        licence=item.licence,
        origin_ids=item.origin_ids or (item.id,),
        group=item.group or item.query,
        tools=(tool,),
    )


def _system(tool: ToolSpec, form: str, parts: Sequence[Part], aliases: dict[Part, str], key: str) -> str:
    api: dict[str, Any] = {"name": tool.name, "description": tool.description, "parameters": _schema(tool.parameters)}
    shown = repr(api) if coin(key, "repr") < 0.5 else json.dumps(api)
    meanings = {part: pick(_MEANINGS[part], key, "meaning", part) for part in parts}
    if form == "json":
        lines = [f'    // {meanings[part]}\n    "{aliases[part]}": {_JSON_TYPES[part]};' for part in parts]
        request = "\n".join([pick(_JSON_REQUESTS, key, "request"), "{", *lines, "}"])
    else:
        lines = [f"{aliases[part]}: {meanings[part]}" for part in parts]
        request = "\n".join([pick(_LINE_REQUESTS, key, "request"), *lines])
    return f"{pick(_OFFERS, key, 'offer')}\n{shown}\n{request}"


def _request(thought: str, name: str, arguments: dict[str, Any], aliases: dict[Part, str], key: str) -> str:
    call = pick(_CALLS, key, "call").format(name=name)
    values = ", ".join(f"{param} is {_json(value)}" for param, value in arguments.items())
    call += pick(_WITH, key, "with").format(values=values) if values else pick(_WITHOUT, key, "without")
    if not thought:
        return call
    return f"{pick(_THOUGHTS, key, 'thought').format(alias=aliases['thought'], thought=thought)}\n{call}"


def _json_reply(
    parts: Sequence[Part], aliases: dict[Part, str], thought: str, name: str, arguments: dict[str, Any]
) -> tuple[Segment, ...]:
    """Keys, quotes and brackets are form; what stands between them is content."""
    segments, form = [], "{\n"
    for place, part in enumerate(parts):
        form += f'    "{aliases[part]}": '
        if part == "arguments":
            segments += [_form(form), Segment(text=_json(arguments), capability="understanding", loss=True)]
            form = ""
        else:
            text = _json(thought if part == "thought" else name)[1:-1]
            content = Segment(text=text, capability="reasoning" if part == "thought" else "retrieval", loss=True)
            segments += [_form(form + '"'), content]
            form = '"'
        form += ",\n" if place + 1 < len(parts) else "\n}"
    return (*segments, _form(form))


def _line_reply(
    parts: Sequence[Part], aliases: dict[Part, str], thought: str, name: str, arguments: dict[str, Any]
) -> tuple[Segment, ...]:
    contents = {
        "thought": Segment(text=thought, capability="reasoning", loss=True),
        "name": Segment(text=name, capability="retrieval", loss=True),
        "arguments": Segment(text=_json(arguments), capability="understanding", loss=True),
    }
    segments: list[Segment] = []
    for place, part in enumerate(parts):
        start = "\n" if place else ""
        segments += [_form(f"{start}{aliases[part]}: "), contents[part]]
    return tuple(segments)


def _form(text: str) -> Segment:
    return Segment(text=text, capability="format", loss=True)


def _arguments(call: ToolCall) -> dict[str, Any] | None:
    """None too for half a surrogate pair, which is no text."""
    if "\\ud" in call.arguments.lower():
        return None
    try:
        value = json.loads(call.arguments or "{}")
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _schema(parameters: str) -> Any:
    try:
        return json.loads(parameters)
    except (ValueError, RecursionError):
        return parameters


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
