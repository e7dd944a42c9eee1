"""One raw row and what becomes of it: whatever can be wrong with a row has a reason of its own."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from agentflan.core import kinds
from agentflan.core.digest import canonical, digest
from agentflan.core.errors import Unreadable
from agentflan.core.types import Dropped, Quarantined, Trajectory
from agentflan.corpus.files.forms import ROW_LIMIT, too_large

DEPTH_LIMIT = 256
"""How deep the values of a row may lie: eight times what is found in real rows, far from what a stack can hold."""

REASONS = {
    "too_large": "a row over 16 MiB",
    "too_deep": f"values nested deeper than {DEPTH_LIMIT}",
    "not_utf8": "bytes that are no UTF-8",
    "nan": "NaN or Infinity, which JSON does not have",
    "number_out_of_range": "a number that no reader holds, such as 1e999",
    "lone_surrogate": "half a character, such as \\ud800, which UTF-8 cannot write",
    "duplicate_key": "an object with a key twice, with different values: readers disagree on which one counts",
    "broken_json": "no JSON: a torn line, mostly",
    "wrong_shape": "JSON, but not as its source has it",
}
"""Why a row cannot be read, whatever the source; the sources have reasons of their own beside these."""


def read_row(
    name: str, source: kinds.Source, row: bytes | Quarantined
) -> tuple[str, Trajectory | Dropped | Quarantined]:
    """(id, what becomes of it). The id is the digest of the source's name and the canonical row, or of a bad row."""
    if isinstance(row, Quarantined):
        return digest(row.detail.encode()), row
    try:
        own = identify(name, row)
    except Unreadable as error:
        return digest(row), Quarantined(reason=error.reason, detail=error.detail)
    outcome = read(source, row)
    return digest(row) if isinstance(outcome, Quarantined) else own, outcome


def read(source: kinds.Source, row: bytes | Quarantined) -> Trajectory | Dropped | Quarantined:
    """What a source makes of a row, whether the row is sound otherwise or not."""
    if isinstance(row, Quarantined):
        return row
    try:
        return source(row)
    except Unreadable as error:
        return Quarantined(reason=error.reason, detail=error.detail)
    except msgspec.ValidationError as error:
        return Quarantined(reason="wrong_shape", detail=str(error))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return Quarantined(reason="broken_json", detail=str(error))
    except RecursionError:
        return Quarantined(reason="too_deep", detail="nested deeper than its source goes")


def as_it_stood(row: bytes | Quarantined) -> str:
    """A row for a person to look at; too large ones by their beginning."""
    return "" if isinstance(row, Quarantined) else row[:ROW_LIMIT].decode("utf-8", "backslashreplace")


def identify(name: str, row: bytes) -> str:
    """The id of a sound row. Raises `Unreadable` with one of `REASONS`."""
    if len(row) > ROW_LIMIT:
        raise Unreadable("too_large", too_large(len(row)).detail)
    try:
        value = msgspec.json.decode(row)
        text = canonical(value)
    except UnicodeDecodeError as error:
        raise Unreadable("not_utf8", str(error)) from error
    except RecursionError as error:
        raise Unreadable("too_deep", f"deeper than {DEPTH_LIMIT}") from error
    except msgspec.ValidationError as error:
        raise Unreadable("number_out_of_range", str(error)) from error
    except msgspec.DecodeError as error:
        raise Unreadable(_no_json(row), str(error)) from error
    if row.count(b"}") + row.count(b"]") > DEPTH_LIMIT and _is_deep(value):
        raise Unreadable("too_deep", f"deeper than {DEPTH_LIMIT}")
    # a key that gave way to another took its quotes with it
    if row.count(b'"') + row.count(rb"\u0022") != text.count(b'"'):
        _refuse_duplicates(row)
    return digest(name.encode() + text)


def fault(row: bytes | Quarantined) -> str:
    """One of `REASONS` for a row that no source can be given; empty for a sound one."""
    if isinstance(row, Quarantined):
        return row.reason
    try:
        identify("", row)
    except Unreadable as error:
        return error.reason
    return ""


def _no_json(row: bytes) -> str:
    """What more patient readers make of a row that is no JSON."""
    constants: list[str] = []
    try:
        json.loads(row, parse_constant=constants.append)
    except (ValueError, RecursionError):
        return "broken_json"
    return "nan" if constants else "lone_surrogate"


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(DEPTH_LIMIT):
        level = [
            inside
            for each in level
            if isinstance(each, (dict, list))
            for inside in (each.values() if isinstance(each, dict) else each)
        ]
        if not level:
            return False
    return True


def _refuse_duplicates(row: bytes) -> None:
    json.loads(row, object_pairs_hook=_object)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object of these pairs. Raises `Unreadable` when one key has two values."""
    found = dict(pairs)
    if len(found) < len(pairs):
        for key, value in pairs:
            if found[key] != value:
                raise Unreadable("duplicate_key", key)
    return found
