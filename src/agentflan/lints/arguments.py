"""How the arguments of a call are spelled, and Python's spelling as JSON."""

from __future__ import annotations

from typing import Literal

import msgspec

from agentflan.core.literals import python_value

Spelling = Literal["object", "python", "raw"]


def spelling(arguments: str) -> Spelling:
    """A JSON object (or nothing), the literal of a Python dictionary, or neither."""
    try:
        msgspec.json.decode(arguments or "{}", type=dict)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return _python_or_raw(arguments.strip())
    return "object"


def as_json(arguments: str) -> str:
    """Arguments in Python's spelling as JSON; all others, and those with values that JSON has not, as they are."""
    if spelling(arguments) != "python":
        return arguments
    try:
        return msgspec.json.encode(python_value(arguments.strip())).decode()
    except (TypeError, ValueError, OverflowError, RecursionError):
        return arguments


def _python_or_raw(text: str) -> Spelling:
    if not text.startswith("{"):
        return "raw"
    try:
        return "python" if isinstance(python_value(text), dict) else "raw"
    except ValueError:
        return "raw"
