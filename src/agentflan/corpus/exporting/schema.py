"""The schema of JSON rows, found as they are written: what a data card declares so that `datasets` need not guess.

`datasets` takes the first rows of a file for its schema and fails at the first row that has more.
"""

from __future__ import annotations

from typing import Any

Schema = str | list[Any] | dict[str, Any] | None
"""`string`, `bool`, `int64`, `float64`; a list of one schema; a schema for each key; None: nothing but nulls so far."""

_NAMES = {str: "string", bool: "bool", int: "int64", float: "float64"}
_NUMBERS = {"int64", "float64"}


def widened(schema: Schema, value: Any) -> Schema:
    """The schema with room for one more value. Raises `TypeError` where that cannot share a column with the others."""
    if value is None:
        return schema
    if isinstance(value, dict):
        keys: dict[str, Any] = {} if schema is None else _like(schema, dict, value)
        for key, held in value.items():
            keys[key] = widened(keys.get(key), held)
        return keys
    if isinstance(value, (list, tuple)):
        of: list[Any] = [None] if schema is None else _like(schema, list, value)
        for held in value:
            of[0] = widened(of[0], held)
        return of
    name = _NAMES[type(value)]
    if schema in (None, name):
        return name
    if isinstance(schema, str) and {schema, name} == _NUMBERS:
        return "float64"
    raise TypeError(f"a column of {schema} cannot hold {value!r}")


def as_features(schema: Schema) -> list[dict[str, Any]]:
    """The schema of whole rows as the `features` of a data card. Columns of nulls alone are declared as text."""
    return [{"name": key, **_feature(held)} for key, held in schema.items()] if isinstance(schema, dict) else []


def _feature(schema: Schema) -> dict[str, Any]:
    if isinstance(schema, dict):
        return {"struct": as_features(schema)}
    if isinstance(schema, list):
        return {"list": as_features(schema[0]) if isinstance(schema[0], dict) else _element(schema[0])}
    return {"dtype": schema or "string"}


def _element(schema: Schema) -> Any:
    """Lists of plain values hold the name of their type, lists of lists the feature itself."""
    return _feature(schema) if isinstance(schema, list) else schema or "string"


def _like(schema: Schema, kind: type, value: Any) -> Any:
    if not isinstance(schema, kind):
        raise TypeError(f"a column of {schema} cannot hold {str(value)[:80]!r}")
    return schema
