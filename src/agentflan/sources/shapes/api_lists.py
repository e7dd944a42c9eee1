"""ToolBench's API lists as tools: JSON in answer trees, Python's `str(list)` in the prompts of toolllama rows."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import msgspec

from agentflan.core.errors import Unreadable
from agentflan.core.literals import python_value
from agentflan.core.types import ToolSpec

FINISH = "Finish"
"""The pseudo-tool that ends a search; it is on every list and is no tool."""
_MARK = "Specifically, you have access to the following APIs:"
_BETWEEN = "}, {'name': "


class RawApi(msgspec.Struct, frozen=True):
    name: str
    description: str | None = None
    parameters: Any = None


_API = msgspec.json.Decoder(RawApi)


def tools_in_prompt(prompt: str) -> tuple[ToolSpec, ...] | None:
    """The tools that a toolllama system prompt lists; None: it lists none. Raises `Unreadable` for a broken list."""
    text = prompt.partition(_MARK)[2].strip()
    if not text:
        return None
    if not (text.startswith("[") and text.endswith("]")):
        raise Unreadable("tool_list_broken", text[-80:])
    return _listed(text)


def tools_of(apis: list[RawApi]) -> tuple[ToolSpec, ...]:
    """The tools of a list, without `Finish`."""
    return tuple(_spec(api) for api in apis if api.name != FINISH)


@lru_cache(maxsize=256)  # the rows of one query follow each other
def _listed(text: str) -> tuple[ToolSpec, ...]:
    """Piece by piece: an API with odd quotes costs a slow parse of its own text alone, and only the first time."""
    pieces = text[1:-1].split(_BETWEEN)
    last = len(pieces) - 1
    try:
        found = [
            _api(f"{'{' + _NAME if number else ''}{piece}{'}' if number < last else ''}")
            for number, piece in enumerate(pieces)
        ]
    except ValueError:  # the border stood inside an API: a list in its schema holds named objects, too
        found = _whole(text)
    return tuple(api for api in found if api.name != FINISH)


_NAME = "'name': "


@lru_cache(maxsize=8192)  # ToolBench offers 16,000 APIs again and again in 126,000 rows
def _api(text: str) -> ToolSpec:
    """One API in Python's spelling. Raises `ValueError` when the text is not exactly one."""
    as_json = _json_spelling(text)
    if as_json is not None:
        try:
            return _spec(_API.decode(as_json))
        except msgspec.DecodeError:  # True, None, tuples, double quotes, \x escapes: rare, and not JSON's
            pass
    return _spec(_converted(python_value(text), RawApi))


def _json_spelling(text: str) -> str | None:
    """The JSON spelling of a Python literal whose strings all stand in single quotes; None where that cannot be.

    Safe: a double-quoted string comes out with a backslash before its quotes, which outside of a string is no JSON.
    """
    if "\\\\" in text or '\\"' in text:
        return None
    return "'".join(part.replace('"', '\\"').replace("'", '"') for part in text.split("\\'"))


def _whole(text: str) -> list[ToolSpec]:
    try:
        return [_spec(api) for api in _converted(python_value(text), list[RawApi])]
    except ValueError as error:
        raise Unreadable("tool_list_broken", str(error)) from error


def _converted(value: Any, shape: Any) -> Any:
    try:
        return msgspec.convert(value, shape)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from error


def _spec(api: RawApi) -> ToolSpec:
    try:
        parameters = msgspec.json.encode({} if api.parameters is None else api.parameters).decode()
    except (TypeError, ValueError, RecursionError) as error:  # keys or values that JSON has not
        raise ValueError(str(error)) from error
    return ToolSpec(name=api.name, description=api.description or "", parameters=parameters)
