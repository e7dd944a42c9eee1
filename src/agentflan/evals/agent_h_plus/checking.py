"""What is wrong with the arguments of a call: by the tool's JSON Schema, and by the values that were asked for."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from agentflan.core.types import Record, ToolSpec

_TYPES: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("string", "str"), (str,)),
    **dict.fromkeys(("integer", "int", "long"), (int,)),
    **dict.fromkeys(("number", "float", "double"), (int, float)),
    **dict.fromkeys(("boolean", "bool"), (bool,)),
    **dict.fromkeys(("array", "list", "tuple"), (list, tuple)),
    **dict.fromkeys(("object", "dict"), (dict,)),
}
"""JSON Schema's names and those of its dialects -> what Python reads; any other type is not checked."""


class Flaws(Record, frozen=True):
    missing_arg: bool
    """A required parameter, or one that the query sets, is not given."""
    invented_arg: bool
    """A parameter that the tool has not."""
    bad_value: bool
    """Of another type, not one of the choices, or not what the query says."""


def flaws(given: Mapping[Any, Any], tool: ToolSpec, accepted: Mapping[str, Sequence[Any]]) -> Flaws:
    """`accepted`: parameter -> values of which any is right, for those that are known."""
    schema = _object(tool.parameters)
    declared = schema.get("properties")
    properties = declared if isinstance(declared, dict) else {}
    required = schema.get("required")
    listed = required if isinstance(required, list) else ()
    needed = [*(name for name in listed if isinstance(name, str)), *accepted]
    return Flaws(
        missing_arg=any(name not in given for name in needed),
        invented_arg=isinstance(declared, dict) and any(name not in properties for name in given),
        bad_value=any(
            not _fits(value, properties.get(name)) or (name in accepted and not _among(value, accepted[name]))
            for name, value in given.items()
        ),
    )


def _object(text: str) -> dict[str, Any]:
    """The schema; broken text declares nothing."""
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _fits(value: Any, declared: Any) -> bool:
    if not isinstance(declared, dict):
        return True
    kind = declared.get("type")
    types = _TYPES.get(kind.lower()) if isinstance(kind, str) else None
    if types and (not isinstance(value, types) or (isinstance(value, bool) and bool not in types)):
        return False
    choices = declared.get("enum")
    return not isinstance(choices, list) or _among(value, choices)


def _among(value: Any, choices: Sequence[Any]) -> bool:
    return any(_plain(value) == _plain(choice) for choice in choices)


def _plain(value: Any) -> tuple[bool, Any]:
    """Equal for texts that differ in case, width and blanks alone; true is not 1."""
    if isinstance(value, str):
        return False, " ".join(unicodedata.normalize("NFKC", value).casefold().split())
    return isinstance(value, bool), value
