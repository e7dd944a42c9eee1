"""Calls written as Python, `weather.forecast(city="Oslo")`, alone on a line or in a list; parsed, never run."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator

from agentflan.dialects.calls import literals

_LONG = 2_000
_BUILTIN = frozenset(dir(builtins))


def calls(text: str, offered: set[str]) -> Iterator[tuple[str, str | None]]:
    """(name, arguments as JSON) of each call; arguments are None where they have no such form.

    A name on offer may be called in any way. Any other name counts when all its arguments are given by keyword, as
    tools are called and mathematics is not.
    """
    for line in text.splitlines():
        code = line.strip().strip("`;").strip()
        opens = code.find("(")
        if opens > 0 and code[-1] in ")]" and len(code) <= _LONG and _identifier(code[:opens]):
            for call in _calls(code):
                name = _name(call.func)
                by_keyword = bool(call.keywords) and not call.args and name not in _BUILTIN
                if name and (name in offered or by_keyword):
                    yield name, _arguments(call)


def _identifier(head: str) -> bool:
    return all(part.isidentifier() for part in head.lstrip("[ ").split("."))


def _calls(code: str) -> list[ast.Call]:
    body = literals.parsed(code) if literals.modest(code) else None
    return [item for item in (body.elts if isinstance(body, ast.List) else [body]) if isinstance(item, ast.Call)]


def _name(node: ast.expr) -> str:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""


def _arguments(call: ast.Call) -> str | None:
    if call.args or any(item.arg is None for item in call.keywords):
        return None
    return literals.as_json({str(item.arg): literals.value(item.value) for item in call.keywords})
