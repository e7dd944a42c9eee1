"""All mistakes of a recipe at once: unknown keys with the nearest known one, wrong values, what is missing."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from agentflan.core.errors import Mistake, correction, nearest


def convert(value: Any, kind: Any, *, folder: Path) -> Any:
    """`value` as a struct, paths taken from `folder`. Call `mistakes` first: this one stops at the first."""
    return msgspec.convert(value, kind, dec_hook=lambda _, text: folder / text)


def mistakes(value: Any, kind: Any, at: str) -> list[Mistake]:
    """What is wrong with a value that should be a `kind`; `at` is its dotted place in the recipe."""
    struct = _struct(kind)
    if struct is None or value is None:
        return _leaf(value, kind, at)
    if not isinstance(value, Mapping):
        return [
            Mistake(f"expected keys and values, got {value!r}", where=at, mend=f"keys: {', '.join(_names(struct))}")
        ]
    fields = {field.name: field for field in msgspec.structs.fields(struct)}
    found = [
        Mistake(f"there is no key {key!r} here", where=f"{at}.{key}".lstrip("."), mend=nearest(str(key), fields))
        for key in value
        if key not in fields
    ]
    for name, field in fields.items():
        place = f"{at}.{name}".lstrip(".")
        if name in value:
            found += mistakes(value[name], field.type, place)
        elif field.required:
            found.append(Mistake(f"the key {name!r} is missing", where=place, mend="add it"))
    return found or _leaf(value, struct, at)  # last, what only the block as a whole can say


def _leaf(value: Any, kind: Any, at: str) -> list[Mistake]:
    try:
        convert(value, kind, folder=Path())
    except msgspec.ValidationError as error:
        said = str(error).split(" - at `$")[0].splitlines()  # a block says all that is wrong with it, a line each
        return [_wrong(line[:1].lower() + line[1:], value, kind, at) for line in said]
    except TypeError:
        return [Mistake(f"{value!r} is not a path", where=at, mend="write it as text")]
    return []


def _wrong(sentence: str, value: Any, kind: Any, at: str) -> Mistake:
    """A sentence about a block begins with the key it is about, where it is about one."""
    key = sentence.partition(" ")[0]
    if isinstance(value, Mapping) and key in value:
        return Mistake(sentence, where=f"{at}.{key}".lstrip("."), mend=f"it is {value[key]!r} now")
    return Mistake(sentence, where=at, mend=correction(value, kind) if _short(value) else "see its keys")


def _short(value: Any) -> bool:
    return not isinstance(value, Mapping) or len(value) <= 2


def _struct(kind: Any) -> type[msgspec.Struct] | None:
    """The struct in `Struct` or `Struct | None`."""
    options = typing.get_args(kind) if typing.get_origin(kind) in (typing.Union, types.UnionType) else (kind,)
    found = [option for option in options if isinstance(option, type) and issubclass(option, msgspec.Struct)]
    return found[0] if len(found) == 1 else None


def _names(struct: type[msgspec.Struct]) -> list[str]:
    return [field.name for field in msgspec.structs.fields(struct)]
