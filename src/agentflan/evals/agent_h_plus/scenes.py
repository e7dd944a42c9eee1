"""What `scenes.toml` and `ordinary.toml` hold, as records."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Any, Literal

import msgspec

from agentflan.core.types import Record, ToolSpec

Value = str | int | float | bool
Said = dict[str, str]
"""Language -> text."""
Ways = dict[str, tuple[str, ...]]
"""Language -> texts."""


class Slot(Record, frozen=True):
    """What a parameter can be."""

    type: Literal["string", "integer", "number"]
    about: Said
    words: Ways
    """By these a question for this parameter is known."""
    values: tuple[Value, ...]
    en: tuple[str, ...] = ()
    zh: tuple[str, ...] = ()
    closed: bool = False
    """The values are all there are, and go into the call as they stand here, however people say them."""

    def spoken(self, language: str) -> tuple[Value, ...]:
        """How each value is said in the language."""
        return {"en": self.en, "zh": self.zh}[language] or self.values


class Extra(Record, frozen=True):
    """An optional parameter, and the sentence that sets it."""

    parameter: str
    type: Literal["boolean"]
    value: bool
    about: Said
    en: str
    zh: str

    def sentence(self, language: str) -> str:
        return {"en": self.en, "zh": self.zh}[language]


class Lacking(Record, frozen=True):
    """Asks that leave one needed parameter out."""

    parameter: str
    en: tuple[str, ...]
    zh: tuple[str, ...]

    def asks(self, language: str) -> tuple[str, ...]:
        return {"en": self.en, "zh": self.zh}[language]


class Tool(Record, frozen=True):
    name: str
    description: Said
    parameters: dict[str, str]
    """Parameter that a call needs -> slot."""
    asks: Ways
    lacking: tuple[Lacking, ...]
    extra: Extra | None = None


class Domain(Record, frozen=True):
    name: str
    tools: tuple[Tool, ...]


class Scenes(Record, frozen=True):
    slots: dict[str, Slot]
    domains: tuple[Domain, ...]


class Talk(Record, frozen=True):
    """Queries that need no tool, and plain replies to them."""

    asks: tuple[str, ...]
    topics: tuple[str, ...]
    replies: tuple[str, ...]


class Wordings(Record, frozen=True):
    ordinary: dict[str, Talk]
    unable: Ways
    asking: Ways
    heads: Ways


@cache
def scenes() -> Scenes:
    return msgspec.convert(toml("scenes.toml"), Scenes)


@cache
def wordings() -> Wordings:
    return msgspec.convert(toml("ordinary.toml"), Wordings)


def toml(name: str) -> dict[str, Any]:
    """A file of this package."""
    return tomllib.loads((resources.files(__package__) / name).read_text(encoding="utf-8"))


@cache
def spec(name: str, language: str) -> ToolSpec:
    """The tool as a prompt in this language offers it; names of tools and parameters are English in any."""
    held = scenes()
    tool = next(tool for domain in held.domains for tool in domain.tools if tool.name == name)
    properties: dict[str, dict[str, Any]] = {}
    for parameter, slot in ((name, held.slots[slot]) for name, slot in tool.parameters.items()):
        choice = {"enum": list(slot.values)} if slot.closed else {}
        properties[parameter] = {"type": slot.type, "description": slot.about[language], **choice}
    if tool.extra:
        properties[tool.extra.parameter] = {"type": tool.extra.type, "description": tool.extra.about[language]}
    schema = {"type": "object", "properties": properties, "required": list(tool.parameters)}
    return ToolSpec(
        name=tool.name, description=tool.description[language], parameters=msgspec.json.encode(schema).decode()
    )
