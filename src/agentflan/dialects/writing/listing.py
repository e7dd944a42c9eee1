"""Tools as a system prompt lists them. Everything is cached by text: a corpus offers the same tools again and again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Literal

from agentflan.core.types import ToolSpec
from agentflan.dialects.writing.languages import elicits

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


def tool_of(description: str) -> str:
    """The tool whose subfunction a description of ToolBench's says it is; empty for any other description."""
    return description[len(_WRAPPER) :].partition('"')[0] if description.startswith(_WRAPPER) else ""


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


def api_prompt(instruction: str, tools: Sequence[ToolSpec], language: str) -> str:
    """A system prompt that lists tools as Agent-FLAN's release does: `name: description`, below it the schema."""
    if not tools:
        return instruction
    said = elicits(language)
    blocks = "\n\n".join([_api_block(tool, said["parameters"][0]) for tool in tools])
    return f"{instruction or said['opening'][0]}\n\n{said['apis'][0]}\n{blocks}"


def signatures(tools: Sequence[ToolSpec]) -> str:
    return "\n".join(map(signature, tools))


def json_lines(tools: Sequence[ToolSpec]) -> str:
    return "\n".join(map(json_line, tools))


@lru_cache(maxsize=8192)
def _api_block(tool: ToolSpec, heading: str) -> str:
    description = tool.description.replace('"', "'")
    return f"{tool.name}: {description}\n{heading} {one_line(tool.parameters)}"


def _loaded(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
