"""Lessons in the grammar of Agent-FLAN's release (`toolbench_instruct_j1s1_3k`), that of T-Eval's instruct task.

The API stands as a Python dictionary under its bare name, the call names it as `tool.function`. JSON is asked for by a
fenced template with comments, lines by `following format:` and a line for each key.
"""

from __future__ import annotations

import json
from typing import Any

from agentflan.core.chance import pick
from agentflan.transforms.lessons.parts import JSON_TYPES, Form, Part, Taught, api_of, as_json

ALIASES: dict[Part, tuple[str, ...]] = {
    "thought": ("goal", "cot", "thought", "InnerThought", "reason", "inner", "think"),
    "name": ("NAME", "Name", "name", "Tool", "TOOL", "Action", "action", "Command", "command", "API", "api"),
    "arguments": (
        *("Args", "args", "Arguments", "Parameters", "Param", "PARAM"),
        *("Action_Input", "ACTION_INPUT", "action_input", "input", "json"),
    ),
}
_MEANINGS: dict[Part, tuple[str, ...]] = {
    "thought": ("what is thought before the call", "the aim of this call", "why the API is needed here"),
    "name": ("the API that is called", "name of the API", "which API does it"),
    "arguments": ("what the API is given", "parameters of the call", "input of the API"),
}
_OFFER = "You have access to the following API:"
_JSON_REQUESTS = (
    "Please write your response as JSON and nothing else, without comments (//).",
    "Respond with one JSON object. No comments (//) in it, no text around it.",
    "Please give JSON directly, and leave out comments (//).",
)
_LINE_REQUESTS = (
    "Please respond in the following format:",
    "Write the response in the following format:",
    "Keep your response to the following format:",
)


def system(taught: Taught, form: Form, key: str) -> str:
    api = api_of(taught.tool, taught.tool.name.rpartition(".")[2])
    meanings = {part: pick(_MEANINGS[part], key, "meaning", part) for part in taught.parts}
    aliases = taught.aliases
    if form == "json":
        lines = [f'    // {meanings[part]}\n    "{aliases[part]}": {JSON_TYPES[part]};' for part in taught.parts]
        asked = "\n".join([pick(_JSON_REQUESTS, key, "request"), "```", "{", *lines, "}", "```"])
    else:
        meanings["arguments"] += ", JSON in one line"
        lines = [f"{aliases[part]}: {meanings[part]}" for part in taught.parts]
        asked = "\n".join([pick(_LINE_REQUESTS, key, "request"), "\n\n".join(lines)])
    return f"{_OFFER}\n{api!r}\n{asked}"


def query(taught: Taught, form: Form, key: str) -> str:
    """A list of `'name' is 'value'`, as Python writes it for JSON, plain for lines."""
    values = [f"'{name}' is '{_plain(value)}'" for name, value in taught.arguments.items()]
    given = repr(values) if form == "json" else ", ".join(values)
    ending = f"with the parameter as follows: {given}." if values else "without parameters."
    call = f"Call the function {taught.name} {ending}"
    if not taught.thought:
        return call
    return f"You can input '{taught.aliases['thought']}' with: '{taught.thought}'. {call}"


def arguments(taught: Taught, form: Form) -> str:
    """Indented below their key in JSON."""
    if form == "lines":
        return as_json(taught.arguments)
    return json.dumps(taught.arguments, ensure_ascii=False, indent=4).replace("\n", "\n    ")


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else as_json(value)
