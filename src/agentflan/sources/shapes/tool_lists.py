"""Tools on offer, in the field's spellings: OpenAI's, bare, flat parameters; JSON, Python, lists of strings, texts."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

import msgspec

from agentflan.core.errors import Unreadable
from agentflan.core.types import ToolSpec
from agentflan.sources.shapes.call_texts import as_json, plain_value

_SCHEMAS = ("parameters", "arguments", "input_schema", "inputSchema")
"""Where a tool keeps what it takes."""
_LOOSE = json.JSONDecoder(strict=False)


@lru_cache(maxsize=1024)  # rows of one file offer the same tools again and again
def tools_in_text(text: str) -> tuple[ToolSpec, ...]:
    """The tools a text spells: a list, one tool, or several one after the other. Raises `Unreadable`."""
    text = text.strip()
    if not text:
        return ()
    try:
        value = plain_value(text)
    except ValueError:
        value = _in_a_row(text)
    return tools_of(value)


@lru_cache(maxsize=1024)
def tools_in_json(raw: bytes) -> tuple[ToolSpec, ...]:
    """The tools of a row's own field: a list, a text that spells one, or null. Raises `Unreadable`."""
    try:
        return tools_of(msgspec.json.decode(raw))
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise Unreadable("tool_list_broken", str(error)) from error


def tools_of(value: Any) -> tuple[ToolSpec, ...]:
    if value is None:
        return ()
    if isinstance(value, str):
        return tools_in_text(value)
    try:
        return tuple(_spec(one) for one in (value if isinstance(value, list) else [value]) if one)
    except ValueError as error:
        raise Unreadable("tool_list_broken", str(error)) from error


def list_in(text: str) -> tuple[ToolSpec, ...]:
    """The first JSON list of tools inside of a prompt; none if there is none among the first brackets."""
    at = -1
    for _ in range(8):
        at = text.find("[", at + 1)
        if at < 0:
            break
        if text[at + 1 : at + 64].lstrip().startswith("{"):
            try:
                return tuple(_spec(one) for one in _LOOSE.raw_decode(text, at)[0])
            except (ValueError, RecursionError):
                continue
    return ()


def _in_a_row(text: str) -> list[Any]:
    found, at = [], 0
    try:
        while at < len(text):
            value, at = _LOOSE.raw_decode(text, at)
            found.append(value)
            while at < len(text) and text[at] in " \t\r\n,":
                at += 1
    except (ValueError, RecursionError) as error:
        raise Unreadable("tool_list_broken", text[at : at + 80]) from error
    return found


def _spec(value: Any) -> ToolSpec:
    """Raises `ValueError` for what is no tool."""
    if isinstance(value, str):
        value = plain_value(value)
    if isinstance(value, dict) and isinstance(value.get("function"), dict):
        value = value["function"]
    if not (isinstance(value, dict) and isinstance(value.get("name"), str) and value["name"]):
        raise ValueError(f"not a tool: {str(value)[:80]!r}")
    takes = next((value[key] for key in _SCHEMAS if value.get(key) is not None), None) or {}
    if isinstance(takes, str):
        takes = plain_value(takes)
    about = value.get("description")
    as_json(value["name"])
    as_json(about)
    return ToolSpec(
        name=value["name"], description=about if isinstance(about, str) else "", parameters=as_json(_schema(takes))
    )


def _schema(takes: Any) -> dict[str, Any]:
    """A schema as it is; flat parameters (`{city: {type, description}}`, as xLAM's) as the properties of one."""
    if not isinstance(takes, dict):
        raise ValueError(f"not a schema: {str(takes)[:80]!r}")
    flat = takes and all(isinstance(about, dict) for about in takes.values())
    if not flat or not isinstance(takes.get("properties", {}).get("type", ""), str):
        return takes
    if "properties" in takes and "type" not in takes["properties"]:
        return takes
    needed = [
        key for key, about in takes.items() if "optional" not in str(about.get("type")) and "default" not in about
    ]
    return {"type": "object", "properties": takes, "required": needed}
