"""Calls that were written as text: objects between tags, Glaive's `<functioncall>`, lists of Python calls."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from agentflan.core.errors import Unreadable
from agentflan.sources.shapes.call_turns import Call
from agentflan.sources.shapes.literals import value_in

_NAMES = ("name", "tool_name")
_ARGUMENTS = ("arguments", "tool_arguments", "parameters", "args")
_FAULTS = (TypeError, ValueError, OverflowError, RecursionError)


def plain_value(text: str) -> Any:
    """The value a text spells, as JSON has it. Raises `ValueError` for broken text and for what JSON has not."""
    try:
        return msgspec.json.decode(as_json(value_in(text)))
    except _FAULTS as error:
        raise ValueError(str(error)) from error


def as_json(value: Any) -> str:
    """Raises `ValueError` for what JSON has not."""
    try:
        return msgspec.json.encode(value).decode()
    except _FAULTS as error:
        raise ValueError(str(error)) from error


def call_of(value: Any, *, id: str = "") -> Call:
    """A call from `{name, arguments}`; arguments that are text stay as they are. Raises `Unreadable`."""
    if isinstance(value, dict) and isinstance(value.get("function"), dict):
        value = value["function"]
    name = next((value[key] for key in _NAMES if key in value), None) if isinstance(value, dict) else None
    if not (isinstance(name, str) and name.strip()):
        raise Unreadable("call_broken", repr(value)[:80])
    return Call(name, arguments_of(next((value[key] for key in _ARGUMENTS if key in value), None)), id)


def arguments_of(value: Any) -> str:
    """Arguments as text: text as it is, anything else as JSON; nothing for null. Raises `Unreadable`."""
    if value is None or isinstance(value, str):
        return value or ""
    try:
        return as_json(value)
    except ValueError as error:
        raise Unreadable("call_broken", str(error)) from error


def object_in(arguments: str) -> dict[str, Any] | None:
    """The JSON object that arguments spell; None: they are other text."""
    try:
        return msgspec.json.decode(arguments, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None


def object_of(arguments: str) -> dict[str, Any]:
    """Arguments for a format that wants an object: the one they spell, none for no text, other text as `input`."""
    if not arguments:
        return {}
    found = object_in(arguments)
    return {"input": arguments} if found is None else found


def calls_in(text: str) -> tuple[Call, ...]:
    """A call, or a list of calls, that a text spells in JSON or in Python. Raises `Unreadable`."""
    try:
        value = plain_value(text.strip())
    except ValueError as error:
        raise Unreadable("call_broken", text[:80]) from error
    return tuple(call_of(one) for one in value) if isinstance(value, list) and value else (call_of(value),)


def between(text: str, tag: str) -> tuple[str, list[str]]:
    """(what is outside, what is inside) of `<tag>..</tag>`; a last tag that is not closed takes the rest."""
    outside, *pieces = text.split(f"<{tag}>")
    around, inside = [outside.strip()], []
    for piece in pieces:
        body, _, rest = piece.partition(f"</{tag}>")
        inside.append(body.strip())
        around.append(rest.strip())
    return "\n".join(one for one in around if one), inside


def function_call(text: str) -> Call:
    """Glaive's `{"name": "f", "arguments": '{..}'}`, which is no JSON: the quotes around the arguments are single ones.

    The arguments run to the last quote, so that apostrophes inside of them are no end. Raises `Unreadable`.
    """
    head, found, tail = text.partition('"arguments"')
    name = head.partition('"name"')[2].partition(":")[2].strip().rstrip(",").strip()
    rest = tail.strip().removeprefix(":").strip()
    if not (name[:1] == name[-1:] == '"' and len(name) > 2):
        return calls_in(text)[0]
    if not found:
        return Call(name[1:-1].rstrip('"} '), "")
    body = rest.rstrip().removesuffix("}").rstrip()
    if body[:1] == "'" and body[-1:] == "'" and len(body) > 1:
        return Call(name[1:-1], body[1:-1])
    return calls_in(text)[0]


_MARKS = re.compile(r"[\"'\\()\[\]{},=]")
"""All that the structure of a Python call can hang on."""
_OPEN, _CLOSE = "([{", ")]}"


def python_calls(text: str) -> tuple[Call, ...]:
    """`[f(a="x"), My Tool(b=2)]` as calls. Names are whatever stands before a bracket: published lists have spaces.

    Arguments become a JSON object where every value is a literal, and stay text to the letter elsewhere.
    Raises `ValueError` for what is no such list. Linear: one scan.
    """
    text = text.strip()
    if not (text.startswith("[") and text.endswith("]")):
        raise ValueError("not a list of calls")
    found: list[Call] = []
    for piece, _ in _parts(text[1:-1]):
        name, bracket, rest = piece.partition("(")
        name = name.strip()
        if not (name and bracket and rest.endswith(")")) or any(mark in name for mark in "\"'[]{}=,"):
            raise ValueError(f"not a call: {piece[:80]!r}")
        found.append(Call(name, _keywords(rest[:-1])))
    if not found:
        raise ValueError("an empty list of calls")
    return tuple(found)


def _keywords(text: str) -> str:
    """The arguments between a call's brackets."""
    values: dict[str, Any] = {}
    for piece, equals in _parts(text):
        key = piece[:equals].strip() if equals > 0 else ""
        if not key or any(mark in key for mark in "\"'([{"):
            return text
        try:
            values[key] = plain_value(piece[equals + 1 :].strip())
        except ValueError:
            return text
    return as_json(values)


def _parts(text: str) -> list[tuple[str, int]]:
    """What commas part on the top level, each with the place of its first top-level `=` (-1: none).

    Raises `ValueError` for brackets or quotes without an end.
    """
    parts: list[tuple[str, int]] = []
    start, equals, escaped = 0, -1, -1
    stack: list[str] = []
    quote = ""
    for match in _MARKS.finditer(text):
        at, mark = match.start(), match.group()
        if quote:
            if at == escaped:
                continue
            if mark == "\\":
                escaped = at + 1
            elif mark == quote:
                quote = ""
        elif mark in "\"'":
            quote = mark
        elif mark in _OPEN:
            stack.append(_CLOSE[_OPEN.index(mark)])
        elif mark in _CLOSE:
            if not stack or stack.pop() != mark:
                raise ValueError("brackets do not match")
        elif not stack and mark == ",":
            parts.append(_part(text, start, at, equals))
            start, equals = at + 1, -1
        elif not stack and mark == "=" and equals < 0:
            equals = at
    if quote or stack:
        raise ValueError("a bracket or a quote is not closed")
    return [*parts, _part(text, start, len(text), equals)] if text[start:].strip() else parts


def _part(text: str, start: int, end: int, equals: int) -> tuple[str, int]:
    piece = text[start:end]
    cut = len(piece) - len(piece.lstrip())
    return piece.strip(), equals - start - cut if equals >= 0 else -1
