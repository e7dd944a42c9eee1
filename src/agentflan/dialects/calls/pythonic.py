"""Calls written as Python, `weather.forecast(city="Oslo")`, alone on a line or in a list; parsed, never run."""

from __future__ import annotations

import ast
import builtins

from agentflan.dialects.calls import literals

_BUILTIN = frozenset(dir(builtins))
_MOST = 1_000
"""Lines of calls that are looked at; parsing them is what takes long."""


def calls(text: str, offered: set[str]) -> list[tuple[str, str]]:
    """(name, arguments) of each call: as JSON where they are given by keyword, else as written, or nothing for none.

    A name on offer may be called in any way. Any other name counts when all its arguments are given by keyword, as
    tools are called and mathematics is not, or when the call is all there is.
    """
    whole = _code(text.strip().strip("`").removeprefix("python"))
    found = _parsed(whole, offered, alone=True)
    if not found:
        codes = [code for code in map(_code, text.splitlines()) if _written_as_call(code)][:_MOST]
        found = [call for code in codes for call in _parsed(code, offered) or _broken(code, offered)]
    return found or _broken(whole, offered)


def call(code: str) -> tuple[str, str]:
    """(name, arguments) of text that is one call, or at least begins as one; the text and nothing for any other."""
    head = {code.partition("(")[0]}
    return next(iter(_parsed(code, head) or _broken(code, head)), (code, ""))


def _code(line: str) -> str:
    """The line without the marks of code, and without a word before a list of calls, such as `API-Request:`."""
    code = line.strip().strip("`;").strip()
    label, colon, rest = code.partition(": [")
    return f"[{rest}" if colon and len(label.split()) == 1 and label.replace("-", "").isidentifier() else code


def _written_as_call(code: str) -> bool:
    head, opens, _ = code.partition("(")
    return bool(opens and head) and code[-1] in ")]" and _identifier(head)


def _identifier(head: str) -> bool:
    return all(part.isidentifier() for part in head.lstrip("[ ").split("."))


def _parsed(code: str, offered: set[str], *, alone: bool = False) -> list[tuple[str, str]]:
    body = literals.parsed(code) if _written_as_call(code) and literals.modest(code) else None
    found = []
    for node in body.elts if isinstance(body, ast.List) else [body]:
        name = _name(node.func) if isinstance(node, ast.Call) else ""
        if isinstance(node, ast.Call) and name:
            by_keyword = not node.args and bool(node.keywords or alone) and name not in _BUILTIN
            if name in offered or by_keyword:
                found.append((name, _arguments(node, code)))
    return found


def _broken(code: str, offered: set[str]) -> list[tuple[str, str]]:
    """A call that Python cannot parse, such as one with quotes inside of quotes."""
    head, _, rest = code.lstrip("[ ").partition("(")
    keyword, equals, _ = rest.partition("=")
    meant = head in offered or (bool(equals) and keyword.strip().isidentifier() and head not in _BUILTIN)
    return [(head, _inside(code))] if meant and _written_as_call(code) else []


def _name(node: ast.expr) -> str:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""


def _arguments(node: ast.Call, code: str) -> str:
    if node.args or any(item.arg is None for item in node.keywords):
        return _inside(code)
    return literals.as_json({str(item.arg): literals.value(item.value) for item in node.keywords})


def _inside(code: str) -> str:
    """What stands between the brackets of a call."""
    return code.partition("(")[2].removesuffix("]").removesuffix(")")
