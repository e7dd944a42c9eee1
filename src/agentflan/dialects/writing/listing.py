"""Tools as a system prompt lists them. Everything is cached by text: a corpus offers the same tools again and again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Literal

from agentflan.core.types import ToolSpec

Listing = Literal["full", "signature"]
"""All that is known of a tool, or one line of name, parameter names and description."""

_WRAPPER = 'This is the subfunction for tool "'
_INNER = 'The description of this function is: "'


@lru_cache(maxsize=8192)
def parameter_names(parameters: str) -> tuple[str, ...]:
    """The names that a JSON Schema, a flat object or a list of named entries declares. Broken text has none."""
    schema = _loaded(parameters)
    if isinstance(schema, list):
        return tuple(str(entry["name"]) for entry in schema if isinstance(entry, dict) and "name" in entry)
    if not isinstance(schema, dict):
        return ()
    properties = schema.get("properties")
    if isinstance(properties, dict):
        return tuple(properties)
    return () if isinstance(schema.get("type"), str) else tuple(schema)


@lru_cache(maxsize=8192)
def plain_description(description: str) -> str:
    """A description without the sentence that ToolBench wraps around each one."""
    if not description.startswith(_WRAPPER):
        return description
    _, found, inner = description.partition(_INNER)
    return inner.rstrip().removesuffix('"') if found else description


@lru_cache(maxsize=8192)
def signature(tool: ToolSpec) -> str:
    """`- name(parameter, parameter): first line of the description`."""
    head = f"- {tool.name}({', '.join(parameter_names(tool.parameters))})"
    first = plain_description(tool.description).strip().partition("\n")[0].rstrip()
    return f"{head}: {first}" if first else head


@lru_cache(maxsize=8192)
def json_line(tool: ToolSpec) -> str:
    """The whole tool as a JSON object on one line."""
    name, description = (json.dumps(text, ensure_ascii=False) for text in (tool.name, tool.description))
    return f'{{"name": {name}, "description": {description}, "parameters": {one_line(tool.parameters)}}}'


@lru_cache(maxsize=8192)
def one_line(parameters: str) -> str:
    """Parameters as JSON without line breaks; text that is no JSON becomes a JSON string."""
    schema = _loaded(parameters)
    if schema is None:
        return json.dumps(parameters, ensure_ascii=False)
    return json.dumps(schema) if "\n" in parameters else parameters


def signatures(tools: Sequence[ToolSpec]) -> str:
    return "\n".join(map(signature, tools))


def json_lines(tools: Sequence[ToolSpec]) -> str:
    return "\n".join(map(json_line, tools))


def _loaded(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
