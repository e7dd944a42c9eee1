"""Lints of the tools on offer (AF5xx): each tool is looked at once, however many rows offer it."""

from __future__ import annotations

import keyword
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from agentflan.core.types import ToolSpec
from agentflan.lints.finding import Finding

LONGEST_NAME = 64
"""Characters of a tool's name in OpenAI's interface; ToolBench keeps the last 64 of a longer one."""
LONGEST_DESCRIPTION = 1_000
RESERVED = frozenset({"id", "from", "class", "return", "is_id", "is_from", "is_class", "is_return"}) | {*keyword.kwlist}
"""Names that a Python client cannot use as they are; ToolBench puts `is_` before them."""
TYPES = frozenset({"string", "number", "integer", "boolean", "object", "array", "null"})
"""All that JSON Schema knows."""


def in_tools(tools: Sequence[ToolSpec]) -> Iterator[Finding]:
    for name, count in Counter(tool.name for tool in tools).items():
        if count > 1:
            yield Finding("AF511", f"tool {name}")
    for tool in tools:
        for code, place in _of_tool(tool):
            yield Finding(code, place)


@lru_cache(maxsize=4096)  # the rows of a file offer the same tools again and again
def _of_tool(tool: ToolSpec) -> tuple[tuple[str, str], ...]:
    where = f"tool {tool.name}"
    found = [(code, where) for code, wrong in _names_and_words(tool).items() if wrong]
    properties, required = _parameters(tool.parameters)
    if not (tool.description.strip() or any(_described(about) for about in properties.values())):
        return tuple(found)  # known by its calls alone: one finding, not one for each parameter
    if not properties:
        found.append(("AF503", where))
    for name, about in properties.items():
        place = f"{where}, {name}"
        found += [(code, place) for code, wrong in _of_parameter(name, about).items() if wrong]
    found += [("AF512", f"{where}, {name}") for name in required if name not in properties]
    return tuple(found)


def _names_and_words(tool: ToolSpec) -> dict[str, bool]:
    return {
        "AF501": not tool.description.strip(),
        "AF504": len(tool.name) == LONGEST_NAME,
        "AF508": "." in tool.name,
        "AF509": tool.name != tool.name.strip(),
        "AF510": len(tool.description) > LONGEST_DESCRIPTION,
        "AF513": " " in tool.name.strip(),
    }


def _described(about: Any) -> str:
    return str(about.get("description") or "").strip() if isinstance(about, dict) else ""


def _of_parameter(name: str, about: Any) -> dict[str, bool]:
    kind = about.get("type") if isinstance(about, dict) else None
    return {
        "AF502": not _described(about),
        "AF505": name in RESERVED,
        "AF506": not name.isidentifier(),
        "AF507": isinstance(kind, str) and kind not in TYPES,
    }


def _parameters(schema: str) -> tuple[dict[str, Any], list[str]]:
    """(properties, required) of a schema; nothing where it is none."""
    try:
        value = msgspec.json.decode(schema)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return {}, []
    properties = value.get("properties") if isinstance(value, dict) else None
    required = value.get("required") if isinstance(value, dict) else None
    names = [name for name in required if isinstance(name, str)] if isinstance(required, list) else []
    return properties if isinstance(properties, dict) else {}, names
