"""Lists and maps of Java and JavaScript as the values that their syntax says, whatever commas and quotes they hold.

BFCL searches their text for patterns instead (`texts.py`), and loses the items of maps and of arrays of strings.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from tree_sitter import Node

_LIST_CALLS = ("Arrays.asList", "List.of", "Set.of")


def structure(node: Node) -> list[Any] | dict[str, Any] | None:
    """The list or map that an expression stands for; None where it stands for something else."""
    match node.type:
        case "array" | "array_initializer":
            return [value(child) for child in node.named_children]
        case "object":
            pairs = [child for child in node.named_children if child.type == "pair"]
            return {str(value(pair.named_children[0])): value(pair.named_children[1]) for pair in pairs}
        case "array_creation_expression":
            inside = node.child_by_field_name("value")
            return None if inside is None else structure(inside)
        case "method_invocation" if _text(node).partition("(")[0].strip() in _LIST_CALLS:
            return [value(child) for child in _given(node)]
        case "object_creation_expression" | "new_expression":
            return _created(node)
    return None


def value(node: Node) -> Any:
    """A list, a map, a number, a truth value, or the text of anything else, without its quotes."""
    found, text = structure(node), _text(node)
    if found is not None:
        return found
    if node.type in ("string_literal", "string", "character_literal"):
        return text[1:-1]
    try:
        number = json.loads(text.rstrip("lLfFdDn") if text[:1].isdigit() or text[:1] == "-" else text)
    except (ValueError, RecursionError):
        return text
    return text if number is None else number


def _created(node: Node) -> list[Any] | dict[str, Any] | None:
    """`new ArrayList<>(Arrays.asList(..))`, `new ArrayList<>() {{ add(..); }}`, `new HashMap<>() {{ put(..); }}`."""
    kind = _text(node.child_by_field_name("type") or node.child_by_field_name("constructor"))
    calls = _calls(node)
    if "Map" in kind:
        entries = [_given(call) for name, call in calls if name == "put"]
        return {str(value(entry[0])): value(entry[1]) for entry in entries if len(entry) == 2}
    if not kind.startswith(("ArrayList", "Array", "LinkedList")):
        return None
    if kind == "Array":
        return [value(child) for child in _given(node)]
    given = [structure(child) for child in _given(node)]
    added = [value(_given(call)[0]) for name, call in calls if name == "add" and _given(call)]
    return [*(item for found in given if isinstance(found, list) for item in found), *added]


def _calls(node: Node) -> list[tuple[str, Node]]:
    """(name, invocation) in the body of an object that is made here."""
    bodies = [child for child in node.named_children if child.type == "class_body"]
    blocks = [block for body in bodies for block in body.named_children if block.type == "block"]
    statements = [line for block in blocks for line in block.named_children if line.named_children]
    calls = [line.named_children[0] for line in statements if line.named_children[0].type == "method_invocation"]
    return [(_text(call.child_by_field_name("name")), call) for call in calls]


def _given(node: Node) -> Sequence[Node]:
    arguments = node.child_by_field_name("arguments")
    return arguments.named_children if arguments else ()


def _text(node: Node | None) -> str:
    return node.text.decode() if node is not None and node.text is not None else ""
