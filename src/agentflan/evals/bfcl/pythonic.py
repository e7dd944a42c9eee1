"""`[f(a=1), g(b="x")]` as Python: what bfcl_eval's `model_handler/utils.py::ast_parse` reads, without its `eval`."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from typing import Any

from agentflan.dialects.calls import literals

Call = tuple[str, dict[Any, Any]]

_ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
_GREATEST = 1_000
"""The largest base and exponent of a power: bounded work for `9**9**9`."""


class Undecodable(ValueError):
    """The reply is no list of calls."""


def calls(text: str, *, mended: bool = False) -> list[Call]:
    """The calls of a bracketed reply. A bare name stands for its own text. Raises Undecodable.

    `mended`: an argument without its parameter's name, which upstream leaves out, makes a reply undecodable.
    """
    body = literals.parsed(text.strip().strip("'")) if literals.modest(text) else None
    items = [body] if isinstance(body, ast.Call) else getattr(body, "elts", None)
    if items is None:
        raise Undecodable("no list of calls")
    if mended and any(isinstance(item, ast.Call) and item.args for item in items):
        raise Undecodable("an argument without a name")
    try:
        return [_call(item) for item in items]
    except literals.FAILURES as error:
        raise Undecodable(str(error)) from error


def _call(node: ast.expr) -> Call:
    if not isinstance(node, ast.Call):
        raise Undecodable("no call")
    parts, head = list[str](), node.func
    while isinstance(head, ast.Attribute):
        parts.append(head.attr)
        head = head.value
    if isinstance(head, ast.Name):
        parts.append(head.id)
    return ".".join(reversed(parts)), {item.arg: _value(item.value) for item in node.keywords}


def _value(node: ast.expr | None) -> Any:
    match node:
        case ast.Constant(value=value):
            return "..." if value is Ellipsis else value
        case ast.List(elts=items):
            return [_value(item) for item in items]
        case ast.Tuple(elts=items):
            return tuple(_value(item) for item in items)
        case ast.Dict(keys=keys, values=values):
            return {_value(key): _value(value) for key, value in zip(keys, values, strict=True)}
        case ast.Name(id=name):
            return name
        case ast.Call(keywords=keywords):
            return dict([_call(node)]) if keywords else ast.unparse(node)
        case ast.Subscript(value=value, slice=index):
            return f"{ast.unparse(value)}[{ast.unparse(index)}]"
        case ast.UnaryOp() | ast.BinOp():
            return _number(node)
    raise Undecodable(f"no value: {type(node).__name__}")


def _number(node: ast.expr) -> Any:
    """Arithmetic of literals; text may be joined, never multiplied."""
    match node:
        case ast.Constant(value=value) if isinstance(value, int | float | str):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            return -_number(inner)
        case ast.UnaryOp(op=ast.UAdd(), operand=inner):
            return +_number(inner)
        case ast.BinOp(left=left, op=sign, right=right):
            return _combined(_number(left), sign, _number(right))
    raise Undecodable("no arithmetic of literals")


def _combined(left: Any, sign: ast.operator, right: Any) -> Any:
    words = isinstance(left, str) + isinstance(right, str)
    if words and not (words == 2 and isinstance(sign, ast.Add)):
        raise Undecodable("arithmetic of text")
    try:
        if isinstance(sign, ast.Pow) and abs(left) <= _GREATEST and abs(right) <= _GREATEST:
            return left**right
        return _ARITHMETIC[type(sign)](left, right)
    except (ArithmeticError, KeyError) as error:
        raise Undecodable(f"no such arithmetic: {error}") from error
