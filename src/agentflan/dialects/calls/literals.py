"""Python literals out of a model's mouth: read without running anything, bounded in depth and length."""

from __future__ import annotations

import ast
import warnings
from typing import Any

from agentflan.core.digest import canonical

_LONG = 20_000
_DEEP = 40
_SIGNS = 1_000
FAILURES = (ValueError, SyntaxError, TypeError, OverflowError, MemoryError, RecursionError)
"""What the parsers of the standard library raise over text that is no literal."""


def modest(text: str) -> bool:
    """Short and shallow enough for a parser that recurses; whatever is not is nobody's tool call."""
    depth = 0
    for sign in text[: _LONG + 1]:
        if sign in "{[(":
            depth += 1
            if depth > _DEEP:
                return False
        elif sign in "}])":
            depth -= 1
    return len(text) <= _LONG and sum(map(text.count, "-+~")) <= _SIGNS  # `----1` nests as well


def parsed(code: str) -> ast.expr | None:
    """One expression; None where it is none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the parser has opinions on a model's escapes
            return ast.parse(code.strip(), mode="eval").body
    except FAILURES:
        return None


def value(node: ast.expr | None) -> Any:
    """What a literal stands for; None for any other expression, and for none."""
    try:
        return None if node is None else ast.literal_eval(node)
    except FAILURES:
        return None


def as_json(found: Any) -> str:
    """The value as JSON, or as Python writes it where JSON has no form for it."""
    try:
        return canonical(found).decode()
    except FAILURES:
        return repr(found)
