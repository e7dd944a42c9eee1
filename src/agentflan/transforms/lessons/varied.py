"""Lessons in wordings that vary: no sentence of theirs is learned by heart."""

from __future__ import annotations

import json

from agentflan.core.chance import coin, pick
from agentflan.transforms.lessons.parts import JSON_TYPES, Form, Part, Taught, api_of, as_json

ALIASES: dict[Part, tuple[str, ...]] = {
    "thought": ("thought", "Thought", "goal", "reason", "think", "cot", "InnerThought", "inner", "plan", "THOUGHT"),
    "name": ("name", "Name", "NAME", "tool", "Tool", "action", "Action", "command", "Command", "api", "API"),
    "arguments": ("args", "Args", "arguments", "Parameters", "param", "PARAM", "Action Input", "action_input", "input"),
}
_MEANINGS: dict[Part, tuple[str, ...]] = {
    "thought": ("why this call is made", "what you think at this step", "the purpose of the step"),
    "name": ("name of the API to call", "which API is called", "the API's name, nothing else"),
    "arguments": ("its parameters", "what the API is given", "input of the call"),
}
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


def system(taught: Taught, form: Form, key: str) -> str:
    api = api_of(taught.tool, taught.tool.name)
    shown = repr(api) if coin(key, "repr") < 0.5 else json.dumps(api)
    meanings = {part: pick(_MEANINGS[part], key, "meaning", part) for part in taught.parts}
    aliases = taught.aliases
    if form == "json":
        lines = [f'    // {meanings[part]}\n    "{aliases[part]}": {JSON_TYPES[part]};' for part in taught.parts]
        asked = "\n".join([pick(_JSON_REQUESTS, key, "request"), "{", *lines, "}"])
    else:
        lines = [f"{aliases[part]}: {meanings[part]}" for part in taught.parts]
        asked = "\n".join([pick(_LINE_REQUESTS, key, "request"), *lines])
    return f"{pick(_OFFERS, key, 'offer')}\n{shown}\n{asked}"


def query(taught: Taught, form: Form, key: str) -> str:
    call = pick(_CALLS, key, "call").format(name=taught.name)
    values = ", ".join(f"{param} is {as_json(value)}" for param, value in taught.arguments.items())
    call += pick(_WITH, key, "with").format(values=values) if values else pick(_WITHOUT, key, "without")
    if not taught.thought:
        return call
    told = pick(_THOUGHTS, key, "thought").format(alias=taught.aliases["thought"], thought=taught.thought)
    return f"{told}\n{call}"


def arguments(taught: Taught, form: Form) -> str:
    return as_json(taught.arguments)
