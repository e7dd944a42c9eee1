"""Ledgers and scores as tables for a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns as wide as their widest cell, those of numbers to the right."""
    columns = []
    for title, *cells in zip(head, *rows, strict=True):
        width = max(map(len, (title, *cells)))
        right = all(cell.strip("-,.0123456789[] ") == "" for cell in cells)
        columns.append([cell.rjust(width) if right else cell.ljust(width) for cell in (title, *cells)])
    return "\n".join("  ".join(line).rstrip() for line in zip(*columns, strict=True))


def ledger_table(name: str, ledger: Mapping[str, Any]) -> str:
    """Every stage of a build: what came in, was made, went on, and left with its reason."""
    rows = [
        [
            stage["name"],
            f"{stage['in']:,}",
            f"{stage['made']:,}",
            f"{stage['out']:,}",
            f"{stage['pending']:,}",
            "; ".join(_reasons(stage)) or "-",
        ]
        for stage in ledger["stages"]
    ]
    body = table(["stage", "in", "made", "out", "pending", "left"], rows)
    characters = ledger["characters"]
    share = characters["trained"] / max(characters["total"], 1)
    mix = ", ".join(f"{kind} {count:,}" for kind, count in ledger["shares"].items())
    foot = (
        f"{ledger['conversations']:,} conversations ({mix}); "
        f"{characters['total']:,} characters, {share:.1%} of them trained"
    )
    return "\n".join(filter(None, [name, body, foot]))


def left_over(ledger: Mapping[str, Any]) -> int:
    """Rows in quarantine or pending."""
    return sum(stage["pending"] + sum(stage["quarantined"].values()) for stage in ledger["stages"])


def tokens_table(name: str, ledger: Mapping[str, Any]) -> str:
    tokens = ledger["tokens"]
    parts = ", ".join(f"{capability} {count:,}" for capability, count in tokens["by_capability"].items())
    return f"{name + ': ' if name else ''}{tokens['total']:,} tokens, {tokens['trained']:,} trained ({parts})"


def _reasons(stage: Mapping[str, Any]) -> list[str]:
    dropped = [f"{count:,} dropped: {reason}" for reason, count in stage["dropped"].items()]
    return dropped + [f"{count:,} quarantined: {reason}" for reason, count in stage["quarantined"].items()]
