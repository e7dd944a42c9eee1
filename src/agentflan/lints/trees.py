"""Lints of ToolBench's answer trees (AF7xx): what the search tried beside the path that was kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from agentflan.lints.arguments import spelling
from agentflan.lints.finding import Finding


def in_tree(row: Any) -> Iterator[Finding]:
    """Of a decoded row; one that holds no tree has nothing."""
    tree = row.get("tree") if isinstance(row, dict) else None
    root = tree.get("tree") if isinstance(tree, dict) else None
    made = row.get("answer_generation") if isinstance(row, dict) else None
    if not (isinstance(root, dict) and isinstance(made, dict)):
        return
    listed = made.get("function")
    offered = {api.get("name") for api in listed if isinstance(api, dict)} if isinstance(listed, list) else set()
    for number, node in enumerate(_nodes(root), 1):
        for code in _codes(node, offered):
            yield Finding(code, f"node {number}")
    if made.get("valid_data") is True and made.get("finish_type") == "give_up":
        yield Finding("AF705")


def _nodes(root: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """All nodes, the first branch first; a search can be deeper than Python's stack."""
    waiting: list[Any] = [root]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            yield node
            children = node.get("children")
            waiting += children[::-1] if isinstance(children, list) else []


def _codes(node: dict[str, Any], offered: set[Any]) -> Iterator[str]:
    kind, text = node.get("node_type"), node.get("description")
    if node.get("pruned") is True:
        yield "AF701"
    if kind == "Action" and isinstance(text, str) and offered and text not in offered:
        yield "AF702"
    if kind == "Action Input" and isinstance(text, str) and spelling(text) != "object":
        yield "AF703"
    if kind == "Action Input" and node.get("observation_code") not in (None, 0, 3):
        yield "AF704"
