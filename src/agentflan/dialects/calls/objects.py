"""Calls written as JSON objects or Python dicts, under any key that agent corpora use for name and arguments."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from agentflan.dialects.calls import literals

NAMES = frozenset({"name", "tool", "action", "command", "api", "function", "tool_name", "function_name", "api_name"})
"""Keys that hold the tool's name, in lower case."""
ARGUMENTS = frozenset(
    {"args", "arguments", "parameters", "params", "param", "action_input", "actioninput", "input", "json", "kwargs"}
)


def calls(text: str, *, tagged: bool = False) -> Iterator[tuple[str, str]]:
    """(name, arguments) of each object in the text that calls. In `tagged` text a name alone is enough.

    An object that does not parse, or has no end, calls if it holds a key for a name and one for arguments; it is given
    as it stands in place of the arguments.
    """
    for span in _spans(text):
        value = mapping(span)
        if value is not None:
            yield from _within(value, tagged)
        elif _looks_broken(span):
            yield name_in(span), span


def mapping(text: str) -> dict[Any, Any] | None:
    """The text as one JSON object or Python dict; None for anything else."""
    text = text.strip()
    if not text.startswith("{") or not literals.modest(text):
        return None
    try:
        value = json.loads(text)
    except literals.FAILURES:
        value = literals.value(literals.parsed(text))
    return value if isinstance(value, dict) else None


def name_in(text: str) -> str:
    """The quoted word after the first name-like key of a broken object; empty where there is none."""
    return next((value for key, value in _pairs(text) if key in NAMES), "")


def _within(value: dict[Any, Any], tagged: bool) -> Iterator[tuple[str, str]]:
    keys = {str(key).lower().replace(" ", "_"): key for key in value}
    names = [key for low, key in keys.items() if low in NAMES and isinstance(value[key], str)]
    held = [key for low, key in keys.items() if low in ARGUMENTS]
    if names and (held or tagged):
        arguments = value[held[0]] if held else ""
        yield value[names[0]].strip(), arguments if isinstance(arguments, str) else literals.as_json(arguments)
        return
    for inner in value.values():
        for item in inner if isinstance(inner, list) else [inner]:
            if isinstance(item, dict):
                yield from _within(item, tagged)


def _spans(text: str) -> Iterator[str]:
    """The outermost balanced `{...}` of the text, quotes respected, and what is never closed; one pass."""
    depth, start, quote, escaped = 0, 0, "", False
    for place, sign in enumerate(text):
        if quote:
            if escaped:
                escaped = False
            elif sign == "\\":
                escaped = True
            elif sign == quote:
                quote = ""
        elif sign == "{":
            depth += 1
            start = place if depth == 1 else start
        elif depth and sign in "\"'":
            quote = sign
        elif depth and sign == "}":
            depth -= 1
            if not depth:
                yield text[start : place + 1]
    if depth:
        yield text[start:]


def _looks_broken(span: str) -> bool:
    keys = {key for key, _ in _pairs(span)}
    return bool(keys & NAMES) and bool(keys & ARGUMENTS)


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    """(quoted key in lower case, the next quoted text) wherever a colon follows a quoted text."""
    pieces = [*text.replace("'", '"').split('"'), ""]
    for key, after, value in zip(pieces[1:], pieces[2:], pieces[3:], strict=False):
        if after.lstrip().startswith(":"):
            yield key.lower(), value if after.strip() == ":" else ""
