"""`[f(a=new int[]{1}, b="x")]` as Java or JavaScript, by tree-sitter: each argument is the text of its value.

What `model_handler/parser/{java,js}_parser.py` of bfcl_eval read. A grammar, not a reader of our own: calls, generics,
lambdas and templates nest in each other, and a reply that is no Java at all must be told from one that is.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Literal

import tree_sitter_java
import tree_sitter_javascript
from tree_sitter import Language, Node, Parser

from agentflan.dialects.calls import literals
from agentflan.evals.bfcl.pythonic import Call, Undecodable
from agentflan.evals.bfcl.structures import structure

_LONG = 5_000
"""Characters of a reply: the converters behind this search for patterns, in up to quadratic time."""
_QUOTES = ('"', "'")


def calls(text: str, language: Literal["java", "javascript"], *, mended: bool = False) -> list[Call]:
    """The first call of a bracketed reply, as upstream. Raises Undecodable.

    `mended`: the only call, its lists and maps as such, not as text.
    """
    if len(text) > _LONG or not literals.modest(text):
        raise Undecodable("too long or too deep")
    root = _parser(language).parse(text[1:-1].encode(errors="replace")).root_node
    if "ERROR" in str(root):
        raise Undecodable(f"no {language}")
    if mended and root.named_child_count > 1:
        raise Undecodable("more than one call")
    found = _java(root, mended) if language == "java" else _javascript(root, mended)
    if found is None:
        raise Undecodable("no call")
    return [found]


@cache
def _parser(language: str) -> Parser:
    grammar = tree_sitter_java if language == "java" else tree_sitter_javascript
    return Parser(Language(grammar.language()))


def _text(node: Node | None) -> str:
    if node is None or node.text is None:
        raise Undecodable("a part is missing")
    return node.text.decode()


def _javascript(root: Node, mended: bool) -> Call | None:
    statements = [child for child in root.children if child.type == "expression_statement"]
    for node in (child for statement in statements for child in statement.children if child.type == "call_expression"):
        found: dict[str | None, Any] = {}
        for child in node.children[1].children:
            if child.type == "assignment_expression":
                held = structure(child.children[2]) if mended else None
                _add(found, _text(child.children[0]), _unquoted(_text(child.children[2])) if held is None else held)
            elif child.type in ("identifier", "true"):
                _add(found, None, _text(child))
        return _text(node.children[0]), found
    return None


def _java(root: Node, mended: bool) -> Call | None:
    """The first invocation on the way from the root to the leaves."""
    open_ = [root]
    while open_:
        node = open_.pop()
        if node.type == "method_invocation":
            return _invocation(node, mended)
        open_ += reversed(node.children)
    return None


def _invocation(node: Node, mended: bool) -> Call:
    owner, name = node.child_by_field_name("object"), _text(node.child_by_field_name("name"))
    arguments, found = node.child_by_field_name("arguments"), dict[str | None, Any]()
    for child in arguments.children if arguments else ():
        if child.type == "assignment_expression":
            held = structure(child.children[2]) if mended else None
            _add(found, _text(child.children[0]), _spelled(child.children[2]) if held is None else held)
        elif child.type in ("identifier", "class_literal"):
            _add(found, None, _spelled(child))
    return f"{_text(owner)}.{name}" if owner else name, found


def _add(found: dict[str | None, Any], name: str | None, value: Any) -> None:
    if name in found:
        raise Undecodable("an argument is given twice")
    found[name] = value


def _unquoted(text: str) -> str:
    return text[1:-1] if any(text.startswith(quote) and text.endswith(quote) for quote in _QUOTES) else text


def _spelled(node: Node, *, inside: bool = False) -> str:
    """A value as upstream spells it: text without its quotes, nothing between tokens, no class body."""
    match node.type:
        case "string_literal" | "character_literal":
            return _text(node) if inside else _text(node)[1:-1]
        case "identifier" | "class_literal" | "type_identifier" | "method_invocation":
            return _text(node)
        case "array_creation_expression":
            kind, value = node.child_by_field_name("type"), node.child_by_field_name("value")
            if kind is None or value is None:
                raise Undecodable("an array without its values")
            return f"new {_spelled(kind, inside=True)}[]{_spelled(value, inside=True)}"
        case "object_creation_expression":
            kind, given = node.child_by_field_name("type"), node.child_by_field_name("arguments")
            if kind is None:
                raise Undecodable("an object without its type")
            parts = [child for child in (given.children if given else ()) if child.type not in (",", "(", ")")]
            return f"new {_spelled(kind, inside=True)}({', '.join(_spelled(part, inside=True) for part in parts)})"
    if node.child_count:
        return "".join(_spelled(child, inside=True) for child in node.children)
    return _text(node)
