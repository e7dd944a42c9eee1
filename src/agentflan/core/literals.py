"""Values in text that was meant to be JSON: JSON, JSON with raw line breaks in its strings, or a Python literal."""

from __future__ import annotations

import ast
import json
import warnings
from typing import Any

import msgspec

_ERRORS = (ValueError, TypeError, SyntaxError, MemoryError, RecursionError)
"""All that `ast.literal_eval` raises for bad text; MemoryError is its parser's way to say too deep."""


def value_in(text: str) -> Any:
    """The value a text spells. Raises `ValueError` when it spells none."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        pass
    try:
        return json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return python_value(text)


def python_value(text: str) -> Any:
    """The value of a Python literal. Raises `ValueError` when the text is none, or holds what JSON has no form for.

    The order of a set is chance, so it is refused rather than listed.
    """
    try:
        with warnings.catch_warnings():  # unknown escapes such as \d are the data's, nobody is to be told
            warnings.simplefilter("ignore")
            value = ast.literal_eval(text)
    except _ERRORS as error:
        raise ValueError(f"not a literal: {text[:80]!r}") from error
    if _strange(value):
        raise ValueError(f"no form in JSON: {text[:80]!r}")
    return value


def _strange(value: Any) -> bool:
    """Whether a literal has anything in it but objects, lists and plain values. Not recursive: it may be deep."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            waiting += one.values()
        elif isinstance(one, (list, tuple)):
            waiting += one
        elif not (one is None or isinstance(one, (str, int, float))):
            return True
    return False
