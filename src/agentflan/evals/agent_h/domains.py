"""What `domains.toml` holds, as records."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources

import msgspec

from agentflan.core.types import Record, ToolSpec


class Slot(Record, frozen=True):
    """What a parameter can be: its description, and values of one type."""

    about: str
    values: tuple[str | int, ...]


class Tool(Record, frozen=True):
    name: str
    description: str
    parameters: dict[str, str]
    """Required parameter -> slot; every ask names each of them."""
    asks: tuple[str, ...]
    optional: dict[str, str] = {}
    """Parameters of the schema that no ask mentions."""


class Domain(Record, frozen=True):
    name: str
    tools: tuple[Tool, ...]


class Ordinary(Record, frozen=True):
    asks: tuple[str, ...]
    topics: tuple[str, ...]


class Replies(Record, frozen=True):
    unable: tuple[str, ...]
    ordinary: tuple[str, ...]


class Instructions(Record, frozen=True):
    with_tools: tuple[str, ...]
    without_tools: tuple[str, ...]


class Domains(Record, frozen=True):
    slots: dict[str, Slot]
    domains: tuple[Domain, ...]
    ordinary: Ordinary
    replies: Replies
    instructions: Instructions


@cache
def domains() -> Domains:
    text = (resources.files(__package__) / "domains.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), Domains)


def spec(tool: Tool, slots: dict[str, Slot]) -> ToolSpec:
    """The tool as a prompt lists it, its parameters as JSON Schema."""
    properties = {
        name: {
            "type": "integer" if isinstance(slots[slot].values[0], int) else "string",
            "description": slots[slot].about,
        }
        for name, slot in {**tool.parameters, **tool.optional}.items()
    }
    schema = {"type": "object", "properties": properties, "required": list(tool.parameters)}
    return ToolSpec(name=tool.name, description=tool.description, parameters=msgspec.json.encode(schema).decode())
